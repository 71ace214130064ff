//! What else is known of a team, user, customer, organization or tag: the facts that all of them have, around their own.

use leptos::prelude::*;

use crate::app::use_session;
use crate::format;
use crate::pages::entity::{Entity, Event};
use crate::ui::time;
use crate::url::encode;

/// Id, models, `own` facts, history.
pub(crate) fn facts<E: Entity>(entity: &E, own: impl IntoView) -> AnyView {
    let models = entity.models();
    let models = if models.is_empty() { "all models".to_owned() } else { models.join(", ") };
    let (created, changed) = entity.history();
    view! {
        <dl class="facts">
            <dt>"Id"</dt><dd class="code">{entity.id().to_owned()}</dd>
            {E::WORDS.has_models.then(|| view! { <dt>"Models"</dt><dd>{models}</dd> })}
            {own}
            <dt>"Created"</dt><dd>{event(created)}</dd>
            <dt>"Changed"</dt><dd>{event(changed)}</dd>
        </dl>
    }
    .into_any()
}

/// Where something that is named by its id has its page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageOf {
    path: &'static str,
    /// Only who sees everything has the page.
    is_restricted: bool,
}

pub(crate) const TEAM: PageOf = PageOf { path: "/ui/teams?team=", is_restricted: false };
pub(crate) const USER: PageOf = PageOf { path: "/ui/users?user=", is_restricted: true };
pub(crate) const ORGANIZATION: PageOf = PageOf { path: "/ui/organizations?organization=", is_restricted: true };
pub(crate) const BUDGET: PageOf = PageOf { path: "/ui/budgets?budget=", is_restricted: true };

/// To whom or what something belongs, with a link where the reader has the page of it.
pub(crate) fn owner(label: &'static str, id: Option<&str>, page: PageOf) -> impl IntoView + use<> {
    id.filter(|id| !id.is_empty()).map(|id| {
        let name = format::person(id).to_owned();
        // Behind the master key there is nobody with a page.
        let has_page = name == id && (!page.is_restricted || use_session().sees_everything());
        let named = if has_page {
            view! { <a href=format!("{}{}", page.path, encode(id))>{name}</a> }.into_any()
        } else {
            name.into_any()
        };
        view! { <dt>{label}</dt><dd>{named}</dd> }
    })
}

/// The teams that it has or is in.
pub(crate) fn teams(ids: &[String]) -> impl IntoView + use<> {
    let links = ids.iter().map(|id| {
        view! { <a class="chip ellipsis" title=id.clone() href=format!("/ui/teams?team={}", encode(id))>{id.clone()}</a> }
    });
    let links = links.collect_view();
    (!ids.is_empty()).then(|| view! { <dt>"Teams"</dt><dd class="chip-list">{links}</dd> })
}

fn event((at, by): Event<'_>) -> impl IntoView + use<> {
    let by = by.map(|who| format!(" by {}", format::person(who)));
    view! { {time::full(at)}{by} }
}
