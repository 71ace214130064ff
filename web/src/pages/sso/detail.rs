//! One provider: what it needs to know, what is known of it, and what can be done with it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::sso::{SsoProviderView, SsoSource};

use super::form::TestResult;
use super::list::{kind_name, name_of, source_name};
use crate::api;
use crate::app::rail::role_name;
use crate::app::use_session;
use crate::ui::confirm::Confirm;
use crate::ui::copy::CopyButton;
use crate::ui::drawer::{Drawer, focus_title};
use crate::ui::location::use_url;
use crate::ui::toast::use_toasts;

#[component]
pub(super) fn ProviderDetail(view: SsoProviderView, on_close: Callback<()>, on_gone: Callback<()>) -> impl IntoView {
    Effect::new(|_| focus_title());
    let is_admin = use_session().is_admin();
    let settings = view.settings.clone();
    let listed = |items: &[String], none: &str| if items.is_empty() { none.to_owned() } else { items.join(", ") };
    let issuer = settings.issuer.clone().or_else(|| settings.tenant.clone());
    let uri = view.redirect_uri.clone();
    let tested = RwSignal::new(None);
    let asked = settings.clone();
    let toasts = use_toasts();
    let test = move |_| {
        let provider = asked.clone();
        tested.set(None);
        spawn_local(async move {
            match api::sso::test(&provider).await {
                Ok(found) => {
                    let _ = tested.try_set(Some(found));
                }
                Err(error) => toasts.error(error.message),
            }
        });
    };
    let teams = settings.team_mappings.iter().map(|mapping| format!("{} → {}", mapping.group, mapping.team_id));
    let teams: Vec<String> = teams.collect();
    let roles = settings.role_mappings.iter();
    let roles: Vec<String> = roles.map(|one| format!("{} → {}", one.group, role_name(one.user_role))).collect();
    let is_ours = view.source == SsoSource::Database;
    view! {
        <Drawer title=Signal::stored(name_of(&view)) on_close=on_close>
            <div class="drawer-body">
                <h3>"Register at the provider"</h3>
                <div class="secret">
                    <output class="code" aria-label="Redirect address">{uri.clone()}</output>
                    <CopyButton text=Signal::stored(uri) label="Copy" />
                </div>
                <h3>"Settings"</h3>
                <dl class="facts">
                    <dt>"Kind"</dt><dd>{kind_name(settings.kind)}</dd>
                    <dt>"Set in"</dt><dd>{source_name(view.source)}</dd>
                    <dt>"Issuer"</dt><dd class="wrap">{issuer.unwrap_or_else(|| "its own".to_owned())}</dd>
                    <dt>"Client id"</dt><dd class="wrap">{settings.client_id.clone()}</dd>
                    <dt>"Client secret"</dt><dd>{if view.has_client_secret { "set" } else { "none" }}</dd>
                    <dt>"E-mail domains"</dt><dd>{listed(&settings.allowed_domains, "all")}</dd>
                    <dt>"Organization"</dt><dd>{settings.organization_id.clone().unwrap_or_else(|| "none".to_owned())}</dd>
                    <dt>"Teams by group"</dt><dd class="wrap">{listed(&teams, "none")}</dd>
                    <dt>"Roles by group"</dt><dd class="wrap">{listed(&roles, "none")}</dd>
                    <dt>"Teams of newcomers"</dt><dd class="wrap">{listed(&settings.default_teams, "none")}</dd>
                </dl>
                <TestResult tested=tested />
            </div>
            {is_admin.then(|| view! { <Actions id=settings.provider_id.clone().unwrap_or_default() is_ours=is_ours on_test=Callback::new(test) on_gone=on_gone /> })}
        </Drawer>
    }
}

#[component]
fn Actions(
    id: String,
    /// It can be changed here.
    is_ours: bool,
    on_test: Callback<()>,
    on_gone: Callback<()>,
) -> impl IntoView {
    let (url, toasts) = (use_url(), use_toasts());
    let (is_asked, is_busy) = (RwSignal::new(false), RwSignal::new(false));
    let id = StoredValue::new(id);
    let delete = Callback::new(move |()| {
        is_busy.set(true);
        let id = id.get_value();
        spawn_local(async move {
            let deleted = api::sso::delete(&id).await;
            let _ = is_busy.try_set(false);
            let _ = is_asked.try_set(false);
            match deleted {
                Ok(()) => {
                    toasts.done(format!("Deleted {id}."));
                    on_gone.try_run(());
                }
                Err(error) => toasts.error(error.message),
            }
        });
    });
    let question = move || {
        is_asked.get().then(|| {
            let title = format!("Delete {}?", id.get_value());
            let text = "Nobody signs in by it any more. Accounts stay, and so does who is signed in.";
            view! { <Confirm title=title text=text action="Delete provider" is_busy=is_busy on_confirm=delete on_close=Callback::new(move |()| is_asked.set(false)) /> }
        })
    };
    view! {
        <footer class="drawer-footer">
            {is_ours.then(|| view! { <button class="button button-quiet-danger" type="button" on:click=move |_| is_asked.set(true)>"Delete"</button> })}
            <span class="toolbar-space"></span>
            <button class="button" type="button" on:click=move |_| on_test.run(())>"Test"</button>
            {is_ours.then(|| view! { <button class="button button-primary" type="button" on:click=move |_| url.replace(&[("edit", "1")])>"Edit"</button> })}
        </footer>
        {question}
    }
}
