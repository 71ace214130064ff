//! The app: who is signed in, which page shows, what is the same on every page.

pub(crate) mod keys;
pub(crate) mod palette;
pub(crate) mod rail;
pub(crate) mod theme;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::hooks::use_location;
use leptos_router::path;
use tollgate_openapi::customer::CustomerView;
use tollgate_openapi::organization::{OrganizationRole, OrganizationView};
use tollgate_openapi::session::{SessionOrganization, SessionView, UserRole};
use tollgate_openapi::tag::TagView;
use tollgate_openapi::team::{MemberRole, TeamView};
use tollgate_openapi::user::UserView;

use crate::api;
use crate::app::keys::listen_keys;
use crate::app::palette::Palette;
use crate::app::rail::{Rail, name_of, sign_out};
use crate::app::theme::provide_theme;
use crate::pages::alert::AlertPage;
use crate::pages::audit::ChangesPage;
use crate::pages::budget::BudgetPage;
use crate::pages::credential::CredentialPage;
use crate::pages::entity::EntityPage;
use crate::pages::home::HomePage;
use crate::pages::key::KeyPage;
use crate::pages::log::LogPage;
use crate::pages::model::ModelPage;
use crate::pages::overview::OverviewPage;
use crate::pages::playground::PlaygroundPage;
use crate::pages::profile::ProfilePage;
use crate::pages::profile::second_factor::SecondFactor;
use crate::pages::report::ReportPage;
use crate::pages::session::new_password::{Link, NewPassword};
use crate::pages::session::{Gate, SignIn};
use crate::pages::settings::SettingsPage;
use crate::pages::spend::SpendPage;
use crate::pages::sso::{SsoPage, SsoProblemPage, is_problem_page};
use crate::pages::statement::StatementPage;
use crate::pages::usage::UsagePage;
use crate::ui::empty::{Empty, Unavailable};
use crate::ui::icon::Icon;
use crate::ui::page::Page;
use crate::ui::toast::{ToastRegion, provide_toasts, use_toasts};

/// Where the server serves the console.
pub(crate) const ROOT: &str = "/ui";

/// What is known about the reader.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Session {
    /// Not asked yet.
    Unknown,
    /// The server did not answer.
    Unreachable(String),
    SignedOut,
    SignedIn(SessionView),
}

/// The session, owned by the app, so it outlives every page.
#[derive(Clone, Copy)]
pub(crate) struct SessionSignal(RwSignal<Session>);

impl SessionSignal {
    pub(crate) fn set(self, session: Session) {
        self.0.set(session);
    }

    pub(crate) fn view(self) -> Option<SessionView> {
        self.0.with(|session| match session {
            Session::SignedIn(view) => Some(view.clone()),
            _ => None,
        })
    }

    /// May the reader change anything? The server decides; this only hides what it would refuse.
    pub(crate) fn can_write(self) -> bool {
        self.has_role(|role| !matches!(role, UserRole::ProxyAdminViewer | UserRole::InternalUserViewer))
    }

    /// May the reader change what belongs to everybody: teams, budgets? The server decides, as above.
    pub(crate) fn is_admin(self) -> bool {
        self.has_role(|role| role == UserRole::ProxyAdmin)
    }

    /// Does the reader administer this organization? The server decides, as above.
    pub(crate) fn administers(self, organization_id: &str) -> bool {
        self.is_in_organizations(|one| one.organization_id == organization_id)
    }

    /// Does the reader administer any organization?
    pub(crate) fn administers_any(self) -> bool {
        self.is_in_organizations(|_| true)
    }

    /// Does the reader administer any team?
    pub(crate) fn leads_any(self) -> bool {
        self.0.with_untracked(|session| match session {
            Session::SignedIn(view) => view.teams.iter().any(|one| one.role == MemberRole::Admin),
            _ => false,
        })
    }

    fn is_in_organizations(self, is_meant: impl Fn(&SessionOrganization) -> bool) -> bool {
        self.0.with_untracked(|session| match session {
            Session::SignedIn(view) => {
                view.organizations.iter().any(|one| one.role == OrganizationRole::OrgAdmin && is_meant(one))
            }
            _ => false,
        })
    }

    /// May the reader see what belongs to everybody?
    pub(crate) fn sees_everything(self) -> bool {
        self.has_role(|role| matches!(role, UserRole::ProxyAdmin | UserRole::ProxyAdminViewer))
    }

    fn has_role(self, is_meant: impl Fn(UserRole) -> bool) -> bool {
        // Untracked: another session draws the whole shell anew.
        self.0.with_untracked(|session| match session {
            Session::SignedIn(view) => is_meant(view.user_role),
            _ => false,
        })
    }

    /// The server no longer knows the session. A refused sign-in says the same and changes nothing.
    fn end(self) {
        if self.0.with_untracked(|session| *session != Session::SignedOut) {
            self.set(Session::SignedOut);
        }
    }

    fn load(self) {
        spawn_local(async move {
            match api::session::info().await {
                Ok(view) => self.set(Session::SignedIn(view)),
                Err(error) if error.is_unauthorized() => self.end(),
                Err(error) => self.set(Session::Unreachable(error.message)),
            }
        });
    }
}

pub(crate) fn use_session() -> SessionSignal {
    use_context().unwrap_or_else(|| SessionSignal(RwSignal::new(Session::Unknown)))
}

#[component]
pub(crate) fn App() -> impl IntoView {
    let session = SessionSignal(RwSignal::new(Session::Unknown));
    provide_context(session);
    provide_toasts();
    provide_theme();
    // The page stays where it is and the sign-in takes its place: the URL is the return address.
    api::on_unauthorized(move || session.end());
    session.load();
    view! {
        <Router base=ROOT>
            <Door session=session />
            <ToastRegion />
        </Router>
    }
}

/// What is behind depends on who stands in front of it.
#[component]
fn Door(session: SessionSignal) -> impl IntoView {
    let location = use_location();
    // Who came by a letter's link sees its page, whatever becomes known of the session meanwhile.
    let place = Memo::new(move |_| {
        Porch::of(&location.pathname.get(), &location.hash.get()).map_or_else(|| Ok(session.0.get()), Err)
    });
    move || match place.get() {
        Err(Porch::Letter(link, token)) => view! { <NewPassword link=link token=token /> }.into_any(),
        Err(Porch::SsoProblem) => view! { <SsoProblemPage /> }.into_any(),
        Ok(Session::Unknown) => ().into_any(),
        Ok(Session::Unreachable(message)) => unreachable_view(session, message),
        Ok(Session::SignedOut) => view! { <SignIn /> }.into_any(),
        Ok(Session::SignedIn(view)) if view.needs_second_factor => view! { <Enrol session=session /> }.into_any(),
        Ok(Session::SignedIn(_)) => view! { <Shell /> }.into_any(),
    }
}

/// A page for whoever is signed in or not.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Porch {
    /// What a letter's link leads to, and the secret that it carries behind `#`: no server and no log sees that part.
    Letter(Link, String),
    /// A sign-in that came to nothing.
    SsoProblem,
}

impl Porch {
    fn of(path: &str, hash: &str) -> Option<Self> {
        if is_problem_page(path) {
            return Some(Self::SsoProblem);
        }
        Some(Self::Letter(Link::of(path)?, hash.trim_start_matches('#').to_owned()))
    }
}

/// All that an administrator may do here without a second factor: get one.
#[component]
fn Enrol(session: SessionSignal) -> impl IntoView {
    let toasts = use_toasts();
    let name = session.view().map(|view| name_of(&view)).unwrap_or_default();
    view! {
        <Gate is_wide=true>
            <div class="sign-in-form">
                <h1>"A second factor is needed here"</h1>
                <p class="muted">
                    "Administrators of this gateway sign in with one: a code of an app on their phone, asked for after the password. You set it up once."
                </p>
                <SecondFactor is_needed=true on_change=Callback::new(move |()| session.load()) />
            </div>
            <p class="sign-in-who muted">
                <span>"Signed in as "{name}</span>
                <button class="link-button" type="button" on:click=move |_| sign_out(session, toasts)>"Sign out"</button>
            </p>
        </Gate>
    }
    .into_any()
}

fn unreachable_view(session: SessionSignal, message: String) -> AnyView {
    view! {
        <main class="lonely">
            <Unavailable message=Signal::stored(message) on_retry=Callback::new(move |()| session.load()) />
        </main>
    }
    .into_any()
}

/// A key for the playground, in memory for as long as somebody is signed in.
#[derive(Clone, Copy)]
pub(crate) struct HeldKey(pub(crate) RwSignal<String>);

pub(crate) fn use_held_key() -> HeldKey {
    use_context().unwrap_or_else(|| HeldKey(RwSignal::new(String::new())))
}

#[component]
fn Shell() -> impl IntoView {
    provide_context(HeldKey(RwSignal::new(String::new())));
    let is_palette_open = RwSignal::new(false);
    listen_keys(is_palette_open);
    view! {
        <a class="skip" href="#main">"Skip to content"</a>
        <div class="shell">
            <Rail on_palette=Callback::new(move |()| is_palette_open.set(true)) />
            <main id="main" tabindex="-1">
                <FlatRoutes fallback=not_found>
                    <Route path=path!("/*page") view=page />
                </FlatRoutes>
            </main>
        </div>
        {move || is_palette_open.get().then(|| view! { <Palette is_open=is_palette_open /> })}
    }
}

/// The page of the address. One route for all of them: the router's code for a route is a kilobyte or two each.
fn page() -> AnyView {
    let path = use_location().pathname;
    let page = Memo::new(move |_| {
        let path = path.get();
        path.trim_end_matches('/').strip_prefix(ROOT).unwrap_or("?").to_owned()
    });
    (move || page_of(&page.get())).into_any()
}

fn page_of(path: &str) -> AnyView {
    match path {
        "" => first_page(),
        "/playground" => view! { <PlaygroundPage /> }.into_any(),
        "/keys" => view! { <KeyPage /> }.into_any(),
        "/teams" => view! { <EntityPage<TeamView> /> }.into_any(),
        "/users" => view! { <EntityPage<UserView> /> }.into_any(),
        "/customers" => view! { <EntityPage<CustomerView> /> }.into_any(),
        "/organizations" => view! { <EntityPage<OrganizationView> /> }.into_any(),
        "/tags" => view! { <EntityPage<TagView> /> }.into_any(),
        "/budgets" => view! { <BudgetPage /> }.into_any(),
        "/models" => view! { <ModelPage /> }.into_any(),
        "/credentials" => view! { <CredentialPage /> }.into_any(),
        "/profile" => view! { <ProfilePage /> }.into_any(),
        "/settings/sso" => view! { <SsoPage /> }.into_any(),
        "/logs" => view! { <LogPage /> }.into_any(),
        "/spend" => view! { <SpendPage /> }.into_any(),
        "/spend/statement" => view! { <StatementPage /> }.into_any(),
        "/usage" => view! { <UsagePage /> }.into_any(),
        "/reports" => view! { <ReportPage /> }.into_any(),
        "/alerts" => view! { <AlertPage /> }.into_any(),
        "/audit" => view! { <ChangesPage /> }.into_any(),
        "/settings" => view! { <SettingsPage /> }.into_any(),
        _ => not_found(),
    }
}

/// Who sees everything begins with everything, everybody else with what is theirs.
fn first_page() -> AnyView {
    match use_session().sees_everything() {
        true => view! { <OverviewPage /> }.into_any(),
        false => view! { <HomePage /> }.into_any(),
    }
}

fn not_found() -> AnyView {
    view! {
        <Page title="There is no such page">
            <Empty art=Icon::Search title="Nothing here" text="The address may be old or mistyped.">
                <a class="button" href=ROOT>"Go to the overview"</a>
            </Empty>
        </Page>
    }
    .into_any()
}
