//! The navigation rail; on a phone, a bar at the bottom.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;
use tollgate_openapi::session::{SessionView, UserRole};

use crate::api;
use crate::app::theme::{Theme, use_theme};
use crate::app::{ROOT, Session, SessionSignal, use_session};
use crate::browser;
use crate::format;
use crate::ui::icon::{Icon, icon};
use crate::ui::toast::{Toasts, use_toasts};

/// The pages, as the rail and the palette list them: name, path, icon.
pub(crate) const PAGES: &[(&str, &str, Icon)] = &[
    ("Overview", "/ui", Icon::Overview),
    ("Keys", "/ui/keys", Icon::Key),
    ("Models", "/ui/models", Icon::Model),
    ("Logs", "/ui/logs", Icon::Log),
];

#[component]
pub(crate) fn Rail(on_palette: Callback<()>) -> impl IntoView {
    let path = use_location().pathname;
    let links = PAGES
        .iter()
        .map(|(name, href, art)| {
            let is_here = move || path.with(|path| path.trim_end_matches('/') == *href);
            view! {
                <a href=*href class="rail-link" aria-current=move || is_here().then_some("page")>
                    {icon(*art)}
                    <span>{*name}</span>
                </a>
            }
        })
        .collect_view();
    view! {
        <aside class="rail">
            <a class="brand" href=ROOT>{brand_mark()}<span>"Tollgate"</span></a>
            <button class="rail-search" type="button" on:click=move |_| on_palette.run(())>
                {icon(Icon::Search)}
                <span>"Go to…"</span>
                <kbd aria-hidden="true">{if browser::is_mac() { "⌘ K" } else { "Ctrl K" }}</kbd>
            </button>
            <nav class="rail-links" aria-label="Main">{links}</nav>
            <UserMenu />
        </aside>
    }
}

pub(crate) fn brand_mark() -> impl IntoView {
    view! {
        <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="8"></rect>
            <path d="M9 8v16M23 8v16M9 13h14M9 19h7"></path>
        </svg>
    }
}

#[component]
fn UserMenu() -> impl IntoView {
    let (session, toasts) = (use_session(), use_toasts());
    let name = move || session.view().map(|view| name_of(&view)).unwrap_or_default();
    // Where the name already is the role, it is said once.
    let role = move || session.view().map(|view| role_name(view.user_role)).filter(|role| *role != name());
    view! {
        <div class="user">
            <button class="rail-link user-button" type="button" popovertarget="user-menu" aria-haspopup="dialog">
                {icon(Icon::User)}
                <span class="user-name">{name}</span>
                <span class="user-phone">"Account"</span>
            </button>
            <div id="user-menu" class="menu" popover="auto" role="dialog" aria-label="Account">
                <p class="menu-head">
                    <strong>{name}</strong>
                    <span class="muted">{role}</span>
                </p>
                <ThemeChoice />
                <button class="menu-item" type="button" on:click=move |_| sign_out(session, toasts)>"Sign out"</button>
            </div>
        </div>
    }
}

fn name_of(view: &SessionView) -> String {
    view.user_email.clone().unwrap_or_else(|| format::person(&view.user_id).to_owned())
}

#[component]
fn ThemeChoice() -> impl IntoView {
    let theme = use_theme();
    let choices = Theme::ALL.map(|choice| {
        view! {
            <button
                type="button"
                aria-pressed=move || (theme.get() == choice).to_string()
                on:click=move |_| theme.choose(choice)
            >
                {choice.name()}
            </button>
        }
    });
    view! { <div class="segments" role="group" aria-label="Theme">{choices.collect_view()}</div> }
}

/// Ends the session here and on the server.
pub(crate) fn sign_out(session: SessionSignal, toasts: Toasts) {
    spawn_local(async move {
        match api::session::delete().await {
            Ok(()) => session.set(Session::SignedOut),
            Err(error) if error.is_unauthorized() => {}
            Err(error) => toasts.error(error.message),
        }
    });
}

const fn role_name(role: UserRole) -> &'static str {
    match role {
        UserRole::ProxyAdmin => "Administrator",
        UserRole::ProxyAdminViewer => "Viewer",
        UserRole::OrgAdmin => "Organization administrator",
        UserRole::InternalUser => "User",
        UserRole::InternalUserViewer => "User, read only",
    }
}
