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

/// The reader's own page: in the account's menu, not in the rail.
pub(crate) const PROFILE: &str = "/ui/profile";

/// A page, as the rail and the palette list it.
pub(crate) struct PageLink {
    pub(crate) name: &'static str,
    pub(crate) href: &'static str,
    art: Icon,
    /// A phone has no room for it in its bar: the account's menu lists it.
    is_minor: bool,
    /// Who may see it.
    readers: Readers,
}

/// Who may see a page.
#[derive(Clone, Copy)]
enum Readers {
    Everybody,
    /// Who administers something: the gateway or an organization.
    Administrators,
    /// Who sees everything.
    Gateway,
    /// Who does not: people who look after their own.
    Persons,
}

impl Readers {
    fn include(self, session: SessionSignal) -> bool {
        match self {
            Self::Everybody => true,
            Self::Administrators => session.sees_everything() || session.administers_any(),
            Self::Gateway => session.sees_everything(),
            Self::Persons => !session.sees_everything(),
        }
    }
}

const fn link(name: &'static str, href: &'static str, art: Icon) -> PageLink {
    PageLink { name, href, art, is_minor: false, readers: Readers::Everybody }
}

static PAGES: &[PageLink] = &[
    PageLink { readers: Readers::Gateway, ..link("Overview", "/ui", Icon::Overview) },
    PageLink { readers: Readers::Persons, ..link("Home", "/ui", Icon::Home) },
    link("Keys", "/ui/keys", Icon::Key),
    PageLink { is_minor: true, ..link("Playground", "/ui/playground", Icon::Chat) },
    PageLink { is_minor: true, ..link("Teams", "/ui/teams", Icon::Team) },
    PageLink { is_minor: true, readers: Readers::Administrators, ..link("Users", "/ui/users", Icon::User) },
    PageLink { is_minor: true, readers: Readers::Gateway, ..link("Customers", "/ui/customers", Icon::Customer) },
    PageLink {
        is_minor: true,
        readers: Readers::Administrators,
        ..link("Organizations", "/ui/organizations", Icon::Organization)
    },
    PageLink { is_minor: true, readers: Readers::Gateway, ..link("Tags", "/ui/tags", Icon::Tag) },
    PageLink { is_minor: true, readers: Readers::Gateway, ..link("Budgets", "/ui/budgets", Icon::Budget) },
    link("Models", "/ui/models", Icon::Model),
    PageLink { is_minor: true, ..link("Spend", "/ui/spend", Icon::Spend) },
    PageLink { is_minor: true, ..link("Reports", "/ui/reports", Icon::Report) },
    link("Usage", "/ui/usage", Icon::Usage),
    link("Logs", "/ui/logs", Icon::Log),
    PageLink { is_minor: true, ..link("Alerts", "/ui/alerts", Icon::Alert) },
    PageLink { is_minor: true, readers: Readers::Gateway, ..link("Audit log", "/ui/audit", Icon::Audit) },
    PageLink { is_minor: true, readers: Readers::Gateway, ..link("Settings", "/ui/settings", Icon::Settings) },
    PageLink { is_minor: true, readers: Readers::Gateway, ..link("Single sign-on", "/ui/settings/sso", Icon::SignIn) },
];

/// The pages that the reader may see.
pub(crate) fn pages(session: SessionSignal) -> impl Iterator<Item = &'static PageLink> {
    PAGES.iter().filter(move |page| page.readers.include(session))
}

#[component]
pub(crate) fn Rail(on_palette: Callback<()>) -> impl IntoView {
    let path = use_location().pathname;
    let session = use_session();
    let links = pages(session).map(|page| rail_link(page, path)).collect_view();
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

fn rail_link(page: &'static PageLink, path: Memo<String>) -> impl IntoView {
    let is_here = move || path.with(|path| path.trim_end_matches('/') == page.href);
    view! {
        <a
            href=page.href
            class="rail-link"
            class:rail-minor=page.is_minor
            aria-current=move || is_here().then_some("page")
        >
            {icon(page.art)}
            <span>{page.name}</span>
        </a>
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
    let minor = pages(session).filter(|page| page.is_minor).map(|page| {
        view! { <a class="menu-item" href=page.href on:click=|_| browser::hide_popover("#user-menu")>{page.name}</a> }
    });
    view! {
        <div class="user">
            <button class="rail-link user-button" type="button" popovertarget="user-menu" aria-haspopup="dialog">
                {icon(Icon::User)}
                <span class="user-name">{name}</span>
                <span class="user-phone">"More"</span>
            </button>
            <div id="user-menu" class="menu" popover="auto" role="dialog" aria-label="Account">
                <p class="menu-head">
                    <strong>{name}</strong>
                    <span class="muted">{role}</span>
                </p>
                <nav class="menu-pages" aria-label="More pages">{minor.collect_view()}</nav>
                <a class="menu-item" href=PROFILE on:click=|_| browser::hide_popover("#user-menu")>"Profile"</a>
                <ThemeChoice />
                <button class="menu-item" type="button" on:click=move |_| sign_out(session, toasts)>"Sign out"</button>
            </div>
        </div>
    }
}

/// What the reader is called.
pub(crate) fn name_of(view: &SessionView) -> String {
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

pub(crate) const fn role_name(role: UserRole) -> &'static str {
    match role {
        UserRole::ProxyAdmin => "Administrator",
        UserRole::ProxyAdminViewer => "Viewer",
        UserRole::OrgAdmin => "Organization administrator",
        UserRole::InternalUser => "User",
        UserRole::InternalUserViewer => "User, read only",
    }
}
