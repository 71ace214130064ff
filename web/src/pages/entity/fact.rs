//! What else is known of a team, user, customer, organization or tag: the facts that all of them have, around their own.

use leptos::prelude::*;

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
