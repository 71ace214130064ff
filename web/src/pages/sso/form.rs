//! A provider's form, with only the fields that its kind needs.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::session::UserRole;
use tollgate_openapi::sso::{SsoKind, SsoProvider, SsoTestView};
use tollgate_openapi::team::TeamListQuery;

use super::draft::Draft;
use crate::api;
use crate::app::rail::role_name;
use crate::browser;
use crate::pages::team::organizations;
use crate::ui::badge::{Badge, Tone};
use crate::ui::drawer::Drawer;
use crate::ui::field::{CheckField, ChipsField, CodeField, SelectField, TextField};
use crate::ui::form::{FormAlert, FormState};
use crate::ui::load::Load;
use crate::ui::toast::use_toasts;
use crate::url::{parse_word, word_of};

/// The fields' wire names.
const FIELDS: &[&[&str]] = &[&[
    "provider_id",
    "display_name",
    "client_id",
    "client_secret",
    "issuer",
    "tenant",
    "allowed_domains",
    "organization_id",
    "scope",
    "groups_attribute",
    "team_mappings",
    "role_mappings",
    "default_teams",
]];

#[derive(Clone, Copy)]
struct Fields {
    kind: RwSignal<String>,
    provider_id: RwSignal<String>,
    display_name: RwSignal<String>,
    client_id: RwSignal<String>,
    client_secret: RwSignal<String>,
    issuer: RwSignal<String>,
    tenant: RwSignal<String>,
    domains: RwSignal<Vec<String>>,
    organization_id: RwSignal<String>,
    scope: RwSignal<String>,
    groups_attribute: RwSignal<String>,
    teams: RwSignal<String>,
    roles: RwSignal<String>,
    default_role: RwSignal<String>,
    default_teams: RwSignal<Vec<String>>,
    trust_email: RwSignal<bool>,
    create_users: RwSignal<bool>,
    enabled: RwSignal<bool>,
}

impl Fields {
    fn new(draft: Draft) -> Self {
        Self {
            kind: RwSignal::new(word_of(&draft.kind)),
            provider_id: RwSignal::new(draft.provider_id),
            display_name: RwSignal::new(draft.display_name),
            client_id: RwSignal::new(draft.client_id),
            client_secret: RwSignal::new(draft.client_secret),
            issuer: RwSignal::new(draft.issuer),
            tenant: RwSignal::new(draft.tenant),
            domains: RwSignal::new(draft.domains),
            organization_id: RwSignal::new(draft.organization_id),
            scope: RwSignal::new(draft.scope),
            groups_attribute: RwSignal::new(draft.groups_attribute),
            teams: RwSignal::new(draft.teams),
            roles: RwSignal::new(draft.roles),
            default_role: RwSignal::new(draft.default_role),
            default_teams: RwSignal::new(draft.default_teams),
            trust_email: RwSignal::new(draft.trust_email),
            create_users: RwSignal::new(draft.create_users),
            enabled: RwSignal::new(draft.enabled),
        }
    }

    fn kind(self) -> SsoKind {
        parse_word(&self.kind.get_untracked()).unwrap_or_default()
    }

    fn draft(self) -> Draft {
        Draft {
            kind: self.kind(),
            provider_id: self.provider_id.get_untracked(),
            display_name: self.display_name.get_untracked(),
            client_id: self.client_id.get_untracked(),
            client_secret: self.client_secret.get_untracked(),
            issuer: self.issuer.get_untracked(),
            tenant: self.tenant.get_untracked(),
            domains: self.domains.get_untracked(),
            organization_id: self.organization_id.get_untracked(),
            scope: self.scope.get_untracked(),
            groups_attribute: self.groups_attribute.get_untracked(),
            teams: self.teams.get_untracked(),
            roles: self.roles.get_untracked(),
            default_role: self.default_role.get_untracked(),
            default_teams: self.default_teams.get_untracked(),
            trust_email: self.trust_email.get_untracked(),
            create_users: self.create_users.get_untracked(),
            enabled: self.enabled.get_untracked(),
        }
    }
}

/// A new provider, or a change of one.
#[component]
pub(super) fn ProviderForm(
    /// What it is now; none: a new one.
    before: Option<SsoProvider>,
    on_close: Callback<()>,
    on_saved: Callback<()>,
) -> impl IntoView {
    let toasts = use_toasts();
    let is_new = before.is_none();
    let before = before.unwrap_or_else(SsoProvider::default_settings);
    let mut draft = Draft::from(&before);
    if is_new {
        draft.kind = SsoKind::Google;
    }
    let (fields, state) = (Fields::new(draft), FormState::new(FIELDS));
    let tested = RwSignal::new(None::<SsoTestView>);
    let before = StoredValue::new(before);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let provider = match fields.draft().parse(&before.get_value()) {
            Ok(provider) => provider,
            Err(errors) => return state.refuse(errors),
        };
        state.is_busy.set(true);
        spawn_local(async move {
            let saved = if is_new { api::sso::create(&provider).await } else { api::sso::update(&provider).await };
            match saved {
                Ok(view) => {
                    toasts.done(format!("Saved {}.", view.settings.provider_id.unwrap_or_default()));
                    on_saved.try_run(());
                }
                Err(error) => state.fail(error),
            }
        });
    };
    let test = move |_| {
        let provider = match fields.draft().parse(&before.get_value()) {
            Ok(provider) => provider,
            Err(errors) => return state.refuse(errors),
        };
        tested.set(None);
        spawn_local(async move {
            match api::sso::test(&provider).await {
                Ok(view) => {
                    let _ = tested.try_set(Some(view));
                }
                Err(error) => state.fail(error),
            }
        });
    };
    let title = if is_new { "Add a provider" } else { "Change the provider" };
    view! {
        <Drawer title=Signal::stored(title.to_owned()) is_sticky=true is_form=true on_close=on_close>
            <form class="drawer-form" on:submit=submit novalidate>
                <div class="drawer-body">
                    <FormAlert state=state />
                    <Client fields=fields state=state is_new=is_new />
                    <TestResult tested=tested />
                    <People fields=fields state=state />
                </div>
                <footer class="drawer-footer">
                    <button class="button" type="button" on:click=test>"Test"</button>
                    <span class="toolbar-space"></span>
                    <button class="button" type="button" on:click=move |_| on_close.run(())>"Cancel"</button>
                    <button class="button button-primary" type="submit" disabled=state.is_busy>"Save"</button>
                </footer>
            </form>
        </Drawer>
    }
}

/// Who the provider is, and what it knows Tollgate as.
#[component]
fn Client(fields: Fields, state: FormState, is_new: bool) -> impl IntoView {
    let kinds = SsoKind::ALL.map(|kind| {
        let label = if kind == SsoKind::Generic { "Another one, by OpenID Connect" } else { kind.label() };
        (kind.as_str().to_owned(), label.to_owned())
    });
    let secret_hint = if is_new { "It is sealed, and never shown again." } else { "Left empty, it stays as it is." };
    // Google knows where it is; Microsoft needs its tenant; all others their address.
    let own = move || {
        match fields.kind.with(|kind| parse_word(kind).unwrap_or_default()) {
        SsoKind::Google => ().into_any(),
        SsoKind::Microsoft => {
            view! { <TextField label="Tenant" name="tenant" value=fields.tenant errors=state.errors placeholder="acme.onmicrosoft.com" hint="Id or domain of the directory whose people may sign in." /> }.into_any()
        }
        kind => {
            let placeholder = match kind {
                SsoKind::Okta => "https://acme.okta.com",
                SsoKind::Auth0 => "https://acme.eu.auth0.com/",
                SsoKind::Keycloak => "https://keycloak.acme.com/realms/acme",
                _ => "https://login.acme.com",
            };
            view! { <TextField label="Issuer" name="issuer" value=fields.issuer errors=state.errors kind="url" placeholder=placeholder hint="The provider's address; all else is discovered from it." /> }.into_any()
        }
    }
    };
    let id = move || fields.provider_id.get().trim().to_owned();
    let redirect = move || {
        let id = id();
        let id = if id.is_empty() { fields.kind.get() } else { id };
        format!("{}/sso/callback/{id}", browser::origin())
    };
    view! {
        <SelectField label="Provider" name="kind" value=fields.kind options=kinds.to_vec() on_choose=Callback::new(move |kind| fields.kind.set(kind)) />
        {is_new.then(|| view! { <TextField label="Id" name="provider_id" value=fields.provider_id errors=state.errors placeholder="acme" hint="A part of addresses, which does not change. Left empty: the provider's name." /> })}
        <p class="hint">"Redirect address to register at the provider: "<code>{redirect}</code></p>
        {own}
        <TextField label="Client id" name="client_id" value=fields.client_id errors=state.errors />
        <TextField label="Client secret" name="client_secret" value=fields.client_secret errors=state.errors kind="password" autocomplete="new-password" hint=secret_hint />
        <TextField label="Name on the button" name="display_name" value=fields.display_name errors=state.errors placeholder="Acme" />
    }
}

/// Who may sign in, and what follows for them.
#[component]
fn People(fields: Fields, state: FormState) -> impl IntoView {
    let nothing = Signal::stored(Vec::<String>::new());
    let roles =
        [UserRole::InternalUser, UserRole::InternalUserViewer, UserRole::ProxyAdminViewer, UserRole::ProxyAdmin];
    let mut options = vec![(String::new(), "The gateway's default".to_owned())];
    options.extend(roles.map(|role| (role.as_str().to_owned(), role_name(role).to_owned())));
    let organizations = Load::new(organizations);
    let organization = move || {
        let chosen = fields.organization_id.get_untracked();
        let mut options = vec![(String::new(), "None".to_owned())];
        options.extend(organizations.data.get().unwrap_or_default());
        if !options.iter().any(|(id, _)| *id == chosen) {
            options.push((chosen.clone(), chosen));
        }
        let choose = Callback::new(move |id| fields.organization_id.set(id));
        view! { <SelectField label="Organization" name="organization_id" value=fields.organization_id options=options on_choose=choose errors=state.errors hint="Where only its people sign in by it. It has no button then: an address leads to it." /> }
    };
    let teams = Load::new(|| api::team::list(TeamListQuery::default()));
    let teams = teams.map(|teams| teams.rows.iter().map(|team| team.team_id.clone()).collect::<Vec<_>>());
    view! {
        <h3>"Who may sign in"</h3>
        <ChipsField label="E-mail domains" name="allowed_domains" values=fields.domains errors=state.errors suggestions=nothing everything="all" hint="Only these may sign in here, and who types such an address is led here." />
        {organization}
        <CheckField label="Addresses count as verified where the provider does not say" value=fields.trust_email />
        <CheckField label="Make accounts for newcomers" value=fields.create_users />
        <CheckField label="Switched on" value=fields.enabled />
        <h3>"What follows from groups"</h3>
        <TextField label="Scopes" name="scope" value=fields.scope errors=state.errors placeholder="openid email profile" hint="What is asked for, separated by spaces. Some providers tell groups only for a scope of their own." />
        <TextField label="Groups claim" name="groups_attribute" value=fields.groups_attribute errors=state.errors placeholder="groups" />
        <CodeField label="Teams" name="team_mappings" value=fields.teams errors=state.errors placeholder="engineering = TEAM_ID\nleads = TEAM_ID admin" hint="A line a group. Who leaves the group leaves the team at the next sign-in." />
        <CodeField label="Roles" name="role_mappings" value=fields.roles errors=state.errors placeholder="llm-admins = proxy_admin" hint="A line a group. With any, roles are set at each sign-in." />
        <SelectField label="Role of everybody else" name="default_role" value=fields.default_role options=options on_choose=Callback::new(move |role| fields.default_role.set(role)) />
        <ChipsField label="Teams of newcomers" name="default_teams" values=fields.default_teams errors=state.errors suggestions=teams everything="none" hint="Ids of teams." />
    }
}

/// What asking the provider found.
#[component]
pub(super) fn TestResult(tested: RwSignal<Option<SsoTestView>>) -> impl IntoView {
    let shown = move || {
        tested.get().map(|view| {
            let (tone, word) = if view.ok { (Tone::Good, "Answers") } else { (Tone::Bad, "Does not work") };
            let facts = view.authorization_endpoint.map(|address| {
                view! {
                    <dl class="facts">
                        <dt>"Issuer"</dt><dd class="wrap">{view.issuer.unwrap_or_else(|| "none".to_owned())}</dd>
                        <dt>"Sign-in at"</dt><dd class="wrap">{address}</dd>
                        <dt>"Keys"</dt><dd class="number">{view.keys}</dd>
                    </dl>
                }
            });
            view! { <p><Badge tone=tone text=word /> " " {view.message}</p> {facts} }
        })
    };
    view! { <div role="status">{shown}</div> }
}
