//! Who somebody is here whom a provider vouches for: a user who is known by that subject, one whose verified address it
//! is, or a newcomer.

use actix_web::http::StatusCode;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use tollgate_openapi::limit::LimitPatch;
use tollgate_openapi::patch::Patch;
use tollgate_openapi::session::UserRole;
use tollgate_openapi::sso::SsoProblem;

use super::groups::{self, Moved};
use super::refused::Refused;
use crate::app::App;
use crate::auth::Principal;
use crate::auth::sign_in::SignedIn;
use crate::db::audit::Entry;
use crate::db::sso_identity::Model as Identity;
use crate::db::user::Model as User;
use crate::db::{self, Strings, stored_time};
use crate::domain::sso::Person;
use crate::error::ApiError;
use crate::management::change::announce;
use crate::management::limit::Wanted;
use crate::management::{new_id, organization, user};
use crate::oidc::{Claims, Provider};

/// Longest id and name that are taken from a claim, in bytes.
const TEXT_BYTES_MAX: usize = 255;
/// Longest address, in bytes.
const EMAIL_BYTES_MAX: usize = 320;

/// Everything about one sign-in that does not change.
struct Arrival<'a> {
    app: &'a App,
    provider: &'a Provider,
    claims: &'a Claims,
    person: Person,
    principal: Principal,
}

/// Finds or makes the user that `claims` are about, and gives them the teams and the role that follow from them.
pub(super) async fn accept(
    app: &App,
    provider: &Provider,
    claims: &Claims,
    ip_address: Option<String>,
) -> Result<SignedIn, Refused> {
    let person = Person::of(&provider.settings, &claims.all);
    let principal = Principal::provisioner("sso", &provider.id, ip_address);
    let arrival = Arrival { app, provider, claims, person, principal };
    arrival.check_domain()?;
    let transaction = db::begin(&app.db).await?;
    let (found, mut identity, mut moved) = arrival.find_or_make(&transaction).await?;
    if found.blocked {
        return Err(Refused::new(SsoProblem::Blocked, format!("the user {} is blocked", found.user_id)));
    }
    let found = arrival.give_role(&transaction, found).await?;
    let of_groups =
        groups::follow(app, &transaction, &arrival.principal, provider, &arrival.person, &mut identity).await?;
    moved.extend(of_groups);
    identity.last_seen_at = stored_time(app.clock.now());
    identity.provider_id.clone_from(&provider.id);
    let (teams, seen, by) = (identity.teams.clone(), identity.last_seen_at, identity.provider_id.clone());
    let mut row = identity.into_active_model();
    row.teams = sea_orm::Set(teams);
    row.last_seen_at = sea_orm::Set(seen);
    row.provider_id = sea_orm::Set(by);
    row.update(&transaction).await?;
    arrival.record(&transaction, "signed_in", &found).await?;
    transaction.commit().await?;
    announce(app, "user", &found.user_id);
    moved.settle(app);
    let role = found.role().ok_or_else(|| Refused::new(SsoProblem::Unavailable, "the user has no role"))?;
    Ok(SignedIn { user_id: found.user_id, user_email: found.user_email, role })
}

impl Arrival<'_> {
    /// Refuses people of other domains, and those whose domain nobody vouches for.
    fn check_domain(&self) -> Result<(), Refused> {
        let allowed = &self.provider.settings.allowed_domains;
        if allowed.is_empty() {
            return Ok(());
        }
        let Some(domain) = self.person.domain() else {
            return Err(Refused::new(SsoProblem::NoEmail, "only some domains are allowed, and no address is told"));
        };
        if !self.person.is_email_verified {
            return Err(self.unverified());
        }
        if allowed.iter().any(|one| one == domain) {
            return Ok(());
        }
        Err(Refused::new(SsoProblem::DomainNotAllowed, format!("{domain} is not among the allowed domains")))
    }

    fn unverified(&self) -> Refused {
        let email = self.person.email.as_deref().unwrap_or_default();
        Refused::new(SsoProblem::UnverifiedEmail, format!("the provider does not say that {email} is verified"))
    }

    async fn find_or_make(&self, transaction: &DatabaseTransaction) -> Result<(User, Identity, Moved), Refused> {
        let Claims { issuer, subject, .. } = self.claims;
        if let Some(identity) = db::sso_identity::find(transaction, issuer, subject).await? {
            let found = db::user::find_for_update(transaction, &identity.user_id).await?;
            let gone = || Refused::new(SsoProblem::Unavailable, "the user of this subject is gone");
            return Ok((found.ok_or_else(gone)?, identity, Moved::default()));
        }
        let of_address = match &self.person.email {
            Some(_) if !self.person.is_email_verified => return Err(self.unverified()),
            Some(email) => db::user::find_by_email(transaction, email).await?,
            None => None,
        };
        if let Some(user) = of_address {
            if db::sso_identity::is_known(transaction, issuer, &user.user_id).await? {
                let detail = format!("the user {} is known by another subject of {issuer}", user.user_id);
                return Err(Refused::new(SsoProblem::TwoAccounts, detail));
            }
            let identity = self.remember(transaction, &user).await?;
            self.record(transaction, "linked", &user).await?;
            self.join_organization(transaction, &user).await?;
            return Ok((user, identity, Moved::default()));
        }
        if !self.provider.settings.create_users {
            return Err(Refused::new(SsoProblem::NoAccount, "there is no account, and newcomers get none here"));
        }
        let user = self.make(transaction).await?;
        self.join_organization(transaction, &user).await?;
        let teams = groups::of_newcomers(self.app, self.provider);
        let moved = groups::join_all(self.app, transaction, &self.principal, &user.user_id, teams).await?;
        let identity = self.remember(transaction, &user).await?;
        Ok((user, identity, moved))
    }

    /// Whoever first signs in at an organization's provider is a member of it. Later sign-ins leave what its administrators
    /// have made of that.
    async fn join_organization(&self, transaction: &DatabaseTransaction, user: &User) -> Result<(), Refused> {
        let Some(id) = &self.provider.settings.organization_id else { return Ok(()) };
        if db::organization::find(transaction, id).await?.is_none() {
            tracing::warn!(organization_id = id, provider = self.provider.id, "the provider's organization is gone");
            return Ok(());
        }
        let user_ids = vec![user.user_id.clone()];
        Ok(organization::join_missing(self.app, transaction, &self.principal, id, user_ids).await?)
    }

    async fn make(&self, transaction: &DatabaseTransaction) -> Result<User, Refused> {
        let fits = |text: &&String| text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control);
        let config = self.app.settings.config();
        let newcomers = &config.litellm.default_internal_user_params;
        let user_id = self.person.user_id.as_ref().filter(fits).cloned().unwrap_or_else(new_id);
        let email = self.person.email.clone().filter(|email| email.len() <= EMAIL_BYTES_MAX);
        let mut user = user::blank(self.app, user_id, email);
        user.user_alias = self.person.name.as_ref().filter(fits).cloned();
        user.user_role = self.role_of_newcomers().as_str().to_owned();
        user.models = Strings(newcomers.models.clone());
        user.other.0.insert("sso_user_id".to_owned(), Value::from(self.claims.subject.clone()));
        let limits = LimitPatch {
            max_budget: newcomers.max_budget.map_or(Patch::Absent, Patch::Set),
            budget_duration: newcomers.budget_duration.map_or(Patch::Absent, |span| Patch::Set(span.to_string())),
            ..LimitPatch::default()
        };
        let wanted = Wanted { limits, ..Wanted::default() };
        let made = user::make(self.app, transaction, &self.principal, user, wanted).await;
        made.map_err(|error| match error.status() {
            StatusCode::CONFLICT => Refused::new(SsoProblem::TwoAccounts, error.message()),
            _ => error.into(),
        })
    }

    fn role_of_newcomers(&self) -> UserRole {
        let settings = &self.provider.settings;
        settings
            .default_role
            .or(self.app.settings.config().litellm.default_internal_user_params.user_role)
            .unwrap_or(UserRole::InternalUser)
    }

    /// The role by the mappings, where there are any.
    async fn give_role(&self, transaction: &DatabaseTransaction, found: User) -> Result<User, Refused> {
        let is_admin = |id: &String| *id == found.user_id || *id == self.claims.subject;
        let role = match self.app.sso.admin_id.as_ref().filter(|id| is_admin(id)) {
            Some(_) => Some(UserRole::ProxyAdmin),
            None => self.person.mapped_role(&self.provider.settings, self.role_of_newcomers()),
        };
        let Some(role) = role.filter(|role| role.as_str() != found.user_role) else { return Ok(found) };
        let after = User { user_role: role.as_str().to_owned(), ..found.clone() };
        Ok(user::save(self.app, transaction, &self.principal, &found, after).await?)
    }

    async fn remember(&self, transaction: &DatabaseTransaction, user: &User) -> Result<Identity, Refused> {
        let now = stored_time(self.app.clock.now());
        let identity = Identity {
            issuer: self.claims.issuer.clone(),
            subject: self.claims.subject.clone(),
            user_id: user.user_id.clone(),
            provider_id: self.provider.id.clone(),
            teams: Strings::default(),
            created_at: now,
            last_seen_at: now,
        };
        let row = identity.clone().into_active_model();
        db::sso_identity::Entity::insert(row).exec_without_returning(transaction).await?;
        Ok(identity)
    }

    async fn record(
        &self,
        transaction: &DatabaseTransaction,
        action: &'static str,
        user: &User,
    ) -> Result<(), ApiError> {
        let said = json!({
            "user_id": user.user_id,
            "user_role": user.user_role,
            "issuer": self.claims.issuer,
            "subject": self.claims.subject,
            "email": self.person.email,
        });
        let entry = Entry {
            at: self.app.clock.now(),
            actor: &self.principal.actor(),
            action,
            resource: "sso",
            resource_id: &self.provider.id,
            before: None,
            after: Some(said),
        };
        Ok(db::audit::record(transaction, entry).await?)
    }
}
