//! Users: people who own keys.

mod invite;

use leptos::prelude::*;
use tollgate_openapi::key::KeyListQuery;
use tollgate_openapi::policy::PolicyExplain;
use tollgate_openapi::session::UserRole;
use tollgate_openapi::user::{UserCreate, UserListQuery, UserPatch, UserView};

use crate::api;
use crate::api::{ApiError, Listed, STATUS_NOT_FOUND};
use crate::app::SessionSignal;
use crate::app::rail::role_name;
use crate::format;
use crate::pages::entity::column;
use crate::pages::entity::fact::{facts, teams};
use crate::pages::entity::{
    Choice, Done, Entity, EntityPatch, Extra, Find, History, Named, NewEntity, Offer, Words, common_fields,
};
use crate::pages::user::invite::{Invite, outcome};
use crate::ui::icon::Icon;
use crate::ui::table::Column;
use crate::url::parse_word;

static WORDS: Words = Words {
    nouns: ("user", "users"),
    title: "Users",
    lead: "Whoever owns keys. Limits of a user hold for all they call.",
    limits: "What limits this user",
    empty: "A user owns keys, is in teams and may have a budget of their own.",
    delete: "Their keys are deleted with them, and applications that use them are refused at once. What they spent stays in the ledger. This cannot be undone.",
    block: "They cannot sign in, their sessions end, and applications that use their keys are refused at once, until they are unblocked.",
    search: "Search by name, address or id",
    id: Some(Named { field: "user_id", label: "Id", hint: "It does not change later." }),
    name: Named { field: "user_alias", label: "Name", hint: "What people call them." },
    extras: &[
        Extra {
            named: Named { field: "user_email", label: "E-mail", hint: "They sign in with it, and letters go there." },
            placeholder: "ada@example.com",
            choice: None,
        },
        Extra {
            named: Named { field: "user_role", label: "Role", hint: "What they may do in the console and the API." },
            placeholder: "",
            choice: Some(Choice {
                options: || Box::pin(async { Ok(roles()) }),
                nothing: "As for every newcomer",
                stays: true,
            }),
        },
    ],
    offer: Some(Offer { field: "user_email", label: "Send an invitation: a link with which they set their password" }),
    has_models: true,
    tabs: &[("", "Limits"), ("explain", "Would a call pass?"), ("keys", "Keys"), ("details", "Details")],
    forms: &[],
};

static COLUMNS: &[Column<UserView>] = &[
    column::name("User"),
    column::id(),
    column::state(),
    Column { title: "Role", class: "minor", sort: None, cell: |user| role(user).into_any(), csv: role },
    column::budget_used(),
    column::max_budget(),
    column::total_spend(),
    Column {
        title: "Keys",
        class: "end third",
        sort: None,
        cell: |user| format::whole_u64(user.key_count).into_any(),
        csv: |user| user.key_count.to_string(),
    },
    column::created(),
];

/// Roles that a user is given; others follow from memberships.
fn roles() -> Vec<(String, String)> {
    [UserRole::InternalUser, UserRole::InternalUserViewer, UserRole::ProxyAdminViewer, UserRole::ProxyAdmin]
        .map(|role| (role.as_str().to_owned(), role_name(role).to_owned()))
        .to_vec()
}

/// The role as people say it; a name that nobody told us of stays.
fn role(user: &UserView) -> String {
    parse_word::<UserRole>(&user.user_role).map_or_else(|| user.user_role.clone(), |role| role_name(role).to_owned())
}

impl Entity for UserView {
    const WORDS: &'static Words = &WORDS;
    const ART: Icon = Icon::User;
    const IS_CALLER: bool = true;

    common_fields!();

    fn id(&self) -> &str {
        &self.user_id
    }

    fn name(&self) -> Option<&str> {
        self.user_alias.as_deref()
    }

    fn extra(&self, field: &str) -> Option<&str> {
        if field == "user_role" { Some(&self.user_role) } else { self.user_email.as_deref() }
    }

    fn history(&self) -> History<'_> {
        ((self.created_at, None), (self.updated_at, None))
    }

    /// Without a name, the address tells people apart better than an id.
    fn label(&self) -> String {
        let name = self.user_alias.as_deref().or(self.user_email.as_deref());
        name.unwrap_or_else(|| format::person(&self.user_id)).to_owned()
    }

    fn facts(&self) -> AnyView {
        let own = view! {
            {self.user_email.clone().map(|email| view! { <dt>"E-mail"</dt><dd>{email}</dd> })}
            <dt>"Role"</dt><dd>{role(self)}</dd>
            {teams(&self.teams)}
        };
        facts(self, own)
    }

    /// Who is blocked cannot sign in.
    fn head(&self, session: SessionSignal) -> Option<AnyView> {
        let is_possible = session.is_admin() && !self.blocked;
        is_possible.then(|| view! { <Invite user_id=self.user_id.clone() /> }.into_any())
    }

    fn is_blocked(&self) -> bool {
        self.blocked
    }

    fn set_blocked(id: String, is_blocked: bool) -> Option<Done> {
        Some(Box::pin(async move {
            let patch = UserPatch { user_id: Some(id), blocked: Some(is_blocked), ..UserPatch::default() };
            api::user::update(&patch, None).await
        }))
    }

    fn question(&self) -> Option<PolicyExplain> {
        Some(PolicyExplain { user_id: Some(self.user_id.clone()), ..PolicyExplain::default() })
    }

    fn keys(&self) -> KeyListQuery {
        KeyListQuery { user_id: Some(self.user_id.clone()), ..KeyListQuery::default() }
    }

    async fn list(find: Find) -> Result<Listed<Self>, ApiError> {
        let Find { search, page, page_size } = find;
        api::user::list(UserListQuery { search, page, page_size, ..UserListQuery::default() }).await
    }

    async fn info(id: String) -> Result<Self, ApiError> {
        let info = api::user::info(&id).await?;
        info.user_info.ok_or_else(|| ApiError::new(STATUS_NOT_FOUND, "Nobody of this id is registered."))
    }

    async fn create(new: NewEntity) -> Result<Option<ViewFn>, ApiError> {
        let (user_email, user_role) = (new.extra("user_email"), new.extra("user_role"));
        let NewEntity { id, name, takes_offer, models, limits, budget_id, .. } = new;
        // What was ticked before the address was taken away again is not meant.
        let send_invite_email = takes_offer && user_email.is_some();
        // Keys are made where keys are made, and shown there once.
        let auto_create_key = false;
        let user = UserCreate {
            user_id: id,
            user_alias: name,
            user_email,
            user_role: user_role.and_then(|role| parse_word(&role)),
            models,
            limits,
            budget_id,
            auto_create_key,
            send_invite_email,
            ..UserCreate::default()
        };
        let invitation = api::user::create(&user).await?.invitation;
        Ok(invitation.map(|invitation| ViewFn::from(move || outcome(invitation.clone()))))
    }

    async fn update(id: String, patch: EntityPatch) -> Result<(), ApiError> {
        let (user_email, user_role) = (patch.extra("user_email"), patch.extra("user_role"));
        let EntityPatch { seen, name, models, limits, budget_id, .. } = patch;
        let patch = UserPatch {
            user_id: Some(id),
            user_alias: name,
            user_email,
            user_role: user_role.as_set().and_then(|role| parse_word(role)),
            models,
            limits,
            budget_id,
            ..UserPatch::default()
        };
        api::user::update(&patch, seen).await
    }

    async fn delete(id: String) -> Result<(), ApiError> {
        api::user::delete(&id).await
    }
}
