//! The caller, and what it may do.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use tollgate_openapi::session::UserRole;

use super::Memberships;
use crate::crypto::NoKey;
use crate::db;
use crate::db::audit::Actor;
use crate::domain::permission::{Action, Decision, Relation, decide};
use crate::error::{ApiError, ApiResult};

/// User id of the master key and of `UI_USERNAME`: LiteLLM's.
pub const DEFAULT_USER_ID: &str = "default_user_id";

/// How the caller showed who it is.
#[derive(Clone, Debug)]
pub enum Credential {
    /// The master key.
    MasterKey,
    /// The console's cookie.
    Session {
        /// Id of the session.
        token_hash: String,
        /// When it ends however much it is used.
        expires_at: DateTime<Utc>,
        /// How its user signed in.
        method: String,
        /// It may do nothing until its user has a second factor.
        needs_second_factor: bool,
    },
    /// An access token, which may what its owner may.
    AccessToken {
        /// Id of the token.
        token_hash: String,
    },
    /// A virtual key, which may look at itself and its models, and at nothing else.
    VirtualKey(Box<db::key::Model>),
    /// Nobody's: the gateway itself acts on the word of a provider of single sign-on or a directory, of this kind.
    Provisioner(&'static str),
}

/// The caller.
#[derive(Clone, Debug)]
pub struct Principal {
    /// How it showed who it is.
    pub credential: Credential,
    /// Its user id; for a virtual key its owner's, or the key's hash.
    pub user_id: String,
    /// E-mail address, where one is known.
    pub user_email: Option<String>,
    /// What it may do.
    pub role: UserRole,
    /// Its teams and organizations; a virtual key and the master key have none.
    pub memberships: Memberships,
    /// Where the request came from.
    pub ip_address: Option<String>,
}

impl Principal {
    /// What acts on the word of others: `sso` for a provider, `scim` for a directory, with the id of whichever it is. It
    /// is an administrator, since it does only what one has set up.
    pub(crate) fn provisioner(kind: &'static str, id: &str, ip_address: Option<String>) -> Self {
        Self {
            credential: Credential::Provisioner(kind),
            user_id: id.to_owned(),
            user_email: None,
            role: UserRole::ProxyAdmin,
            ip_address,
            memberships: Memberships::default(),
        }
    }

    /// A user on whose behalf the gateway reads what they may see; `None`: they are blocked or gone.
    ///
    /// # Errors
    /// When the database is away.
    pub(crate) async fn reading_for(db: &impl ConnectionTrait, user_id: &str) -> Result<Option<Self>, DbErr> {
        let mut reader = Self::provisioner("report", user_id, None);
        if user_id == DEFAULT_USER_ID {
            return Ok(Some(reader));
        }
        let Some(user) = db::user::find(db, user_id).await? else { return Ok(None) };
        let Some(role) = user.role() else { return Ok(None) };
        reader.role = role;
        reader.user_email = user.user_email;
        reader.memberships = Memberships::of(db, user_id).await?;
        Ok(Some(reader))
    }

    /// Goes on where the table of permissions allows `action` on `key`, to which the caller stands as `relations` say.
    ///
    /// # Errors
    /// 404 where the key does not exist for this caller, 403 where it does but the action is not allowed.
    pub fn authorize_key(&self, action: Action, key: Option<&db::key::Model>, relations: &[Relation]) -> ApiResult<()> {
        let decision = match &self.credential {
            Credential::VirtualKey(own) => Self::decide_for_key(own, action, key),
            Credential::MasterKey
            | Credential::Session { .. }
            | Credential::AccessToken { .. }
            | Credential::Provisioner(_) => self.decide(action, relations),
        };
        self.enforce(decision, action, "Key not found.")
    }

    /// Goes on where the table of permissions allows `action` on an object that the caller stands to as `relations` say;
    /// none of them: as a stranger.
    ///
    /// # Errors
    /// 404 with the text `not_found` where the object does not exist for this caller, 403 where it does but the action
    /// is not allowed.
    pub fn authorize_on(&self, action: Action, relations: &[Relation], not_found: &'static str) -> ApiResult<()> {
        let decision = match &self.credential {
            Credential::VirtualKey(_) => Decision::Forbid,
            Credential::MasterKey
            | Credential::Session { .. }
            | Credential::AccessToken { .. }
            | Credential::Provisioner(_) => self.decide(action, relations),
        };
        self.enforce(decision, action, not_found)
    }

    /// Goes on where the table of permissions allows `action` whatever the object.
    ///
    /// # Errors
    /// 403 where it does not.
    pub fn authorize_all(&self, action: Action) -> ApiResult<()> {
        self.authorize_on(action, &[], "Not found.")
    }

    /// Goes on where the caller may see which models there are, as everybody who is known may.
    ///
    /// # Errors
    /// 403 where it may not.
    pub fn authorize_models(&self) -> ApiResult<()> {
        self.authorize_key(Action::ModelRead, None, &[])
    }

    /// How the caller stands to what is of this user, team and organization.
    #[must_use]
    pub fn relations(
        &self,
        owner: Option<&str>,
        team_id: Option<&str>,
        organization_id: Option<&str>,
    ) -> Vec<Relation> {
        let own = owner.filter(|owner| *owner == self.user_id).map(|_| Relation::Own);
        let team = team_id.map(|id| self.memberships.to_team(id));
        let administered = organization_id.filter(|id| self.memberships.administers(id));
        [own, team, administered.map(|_| Relation::Organization)].into_iter().flatten().collect()
    }

    /// The best that any of the relations allows.
    fn decide(&self, action: Action, relations: &[Relation]) -> Decision {
        let decisions = relations.iter().map(|relation| decide(self.role, action, *relation));
        decisions.fold(decide(self.role, action, Relation::None), Decision::best)
    }

    fn enforce(&self, decision: Decision, action: Action, not_found: &'static str) -> ApiResult<()> {
        match decision {
            Decision::Allow => Ok(()),
            Decision::Forbid => Err(self.refuse(action)),
            Decision::Hide => Err(ApiError::not_found(not_found)),
        }
    }

    /// Goes on where the caller may do this somewhere: to what is its own, or in an organization that it administers.
    /// Where exactly is still to be asked.
    ///
    /// # Errors
    /// 403 where it may not.
    pub fn authorize_somewhere(&self, action: Action) -> ApiResult<()> {
        let is_person = !matches!(self.credential, Credential::VirtualKey(_));
        let administered = self.memberships.administers_any().then_some(Relation::Organization);
        let mut relations = [Some(Relation::Own), administered].into_iter().flatten();
        let is_allowed = is_person && relations.any(|relation| decide(self.role, action, relation).is_allowed());
        if is_allowed { Ok(()) } else { Err(self.refuse(action)) }
    }

    /// Goes on where the caller may list objects; which of them it sees is a matter of its [`Self::scope`].
    ///
    /// # Errors
    /// 403 where it may not.
    pub fn authorize_list(&self, action: Action) -> ApiResult<()> {
        self.authorize_somewhere(action)
    }

    /// Whose rows the caller sees.
    #[must_use]
    pub fn scope(&self) -> db::Scope {
        match &self.credential {
            Credential::VirtualKey(own) => db::Scope::Key(own.token.clone()),
            Credential::MasterKey
            | Credential::Session { .. }
            | Credential::AccessToken { .. }
            | Credential::Provisioner(_)
                if self.may_see_everything() =>
            {
                db::Scope::All
            }
            Credential::MasterKey
            | Credential::Session { .. }
            | Credential::AccessToken { .. }
            | Credential::Provisioner(_) => db::Scope::Person(self.memberships.sight(&self.user_id)),
        }
    }

    /// True for those who see every tenant's rows.
    #[must_use]
    pub fn may_see_everything(&self) -> bool {
        let is_user = !matches!(self.credential, Credential::VirtualKey(_));
        is_user && decide(self.role, Action::SpendReadAll, Relation::None).is_allowed()
    }

    /// True where the caller runs a team or an organization that somebody with these memberships is in.
    #[must_use]
    pub fn runs_what_is_of(&self, other: &Memberships) -> bool {
        let teams = other.teams().into_iter().map(|one| self.memberships.to_team(&one.team_id) == Relation::Team);
        let organizations = other.organizations().into_iter();
        let organizations = organizations.map(|one| self.memberships.administers(&one.organization_id));
        teams.chain(organizations).any(|runs| runs)
    }

    /// True for the gateway's own administrators.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role == UserRole::ProxyAdmin && !matches!(self.credential, Credential::VirtualKey(_))
    }

    /// How the audit chain names the caller.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let kind = match self.credential {
            Credential::MasterKey => "master_key",
            Credential::Session { .. } => "session",
            Credential::AccessToken { .. } => "access_token",
            Credential::VirtualKey(_) => "key",
            Credential::Provisioner(kind) => kind,
        };
        Actor { kind, id: self.user_id.clone(), ip_address: self.ip_address.clone() }
    }

    fn decide_for_key(own: &db::key::Model, action: Action, key: Option<&db::key::Model>) -> Decision {
        if action == Action::ModelRead {
            return Decision::Allow;
        }
        let is_own = key.is_some_and(|key| key.token == own.token);
        let is_reading = matches!(action, Action::KeyRead | Action::SpendRead);
        if is_own && is_reading { Decision::Allow } else { Decision::Forbid }
    }

    fn refuse(&self, action: Action) -> ApiError {
        match self.credential {
            Credential::VirtualKey(_) => {
                ApiError::forbidden("A virtual key may only read /v1/model/info and its own /key/info and /spend/logs.")
            }
            Credential::MasterKey
            | Credential::Session { .. }
            | Credential::AccessToken { .. }
            | Credential::Provisioner(_) => {
                ApiError::forbidden(format!("The role {} may not do this ({action:?}).", self.role.as_str()))
            }
        }
    }
}

impl FromRequest for Principal {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Absent only where a route was mounted without the middleware: then nobody is let in.
        ready(request.extensions().get::<Self>().cloned().ok_or_else(|| NoKey::Absent.into()))
    }
}
