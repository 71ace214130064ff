//! Whose call is judged, and what of the judgement the caller may see.

use std::sync::Arc;

use tollgate_openapi::policy::PolicyExplain;

use crate::app::App;
use crate::auth::{Credential, Principal};
use crate::crypto::KeyDigest;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::gateway::Gateway;
use crate::gateway::error::GatewayError;
use crate::management::key;
use crate::policy::{CallPolicy, Policy};

/// All that would limit the call.
pub(super) async fn policy_of(
    app: &App,
    gateway: &Gateway,
    principal: &Principal,
    question: &PolicyExplain,
) -> ApiResult<CallPolicy> {
    let (user_id, team_id) = (question.user_id.as_deref(), question.team_id.as_deref());
    let key = match (&question.key, user_id.or(team_id)) {
        (Some(_), Some(_)) => {
            let message = "Name either a key or a principal: a key has its user and team already.";
            return Err(ApiError::bad_request("key", message));
        }
        (None, Some(_)) => {
            authorize_principal(app, principal, user_id, team_id).await?;
            gateway.policy.of_principal(user_id, team_id)
        }
        (key, None) => policy_of_key(app, gateway, principal, key.as_deref()).await?,
    };
    let mut tags: Vec<Arc<str>> = question.tags.iter().map(|tag| Arc::from(tag.as_str())).collect();
    tags.extend(key.tags.iter().cloned());
    tags.sort_unstable();
    tags.dedup();
    let call = gateway.policy.call(key, question.end_user.as_deref(), &tags).await;
    Ok(call.map_err(GatewayError::from)?)
}

async fn policy_of_key(
    app: &App,
    gateway: &Gateway,
    principal: &Principal,
    key: Option<&str>,
) -> ApiResult<Arc<Policy>> {
    let digest = match (key, &principal.credential) {
        (Some(key), _) => KeyDigest::from_key_or_hex(key),
        (None, Credential::VirtualKey(own)) => KeyDigest::from_key_or_hex(&own.token),
        (None, _) => {
            let message = "One of key, user_id and team_id is required: it says whose call it would be.";
            return Err(ApiError::bad_request("key", message));
        }
    };
    let token = db::key_secret::token_of(&app.db, digest).await?;
    let found = db::key::find(&app.db, &token).await?;
    key::access::authorize(&app.db, principal, Action::KeyRead, found.as_ref()).await?;
    found.ok_or_else(|| ApiError::not_found("Key not found in database"))?;
    Ok(gateway.policy.resolve(&digest).await.map_err(GatewayError::from)?)
}

/// Whether the caller administers a team, or its organization.
fn manages(principal: &Principal, team: &db::team::Model) -> bool {
    let relations = principal.relations(None, Some(&team.team_id), team.organization_id.as_deref());
    principal.authorize_on(Action::TeamMembers, &relations, "Team not found.").is_ok()
}

/// Everybody may ask for themself, and for the teams they are in; who administers a team also for its members.
async fn authorize_principal(
    app: &App,
    principal: &Principal,
    user_id: Option<&str>,
    team_id: Option<&str>,
) -> ApiResult<()> {
    if matches!(principal.credential, Credential::VirtualKey(_)) {
        return Err(ApiError::forbidden("A virtual key may only ask for itself."));
    }
    let no_user = || ApiError::not_found("User not found.").with_param("user_id");
    let no_team = || ApiError::not_found("Team not found.").with_param("team_id");
    let team = match team_id {
        Some(team_id) => db::team::find(&app.db, team_id).await?,
        None => None,
    };
    if principal.may_see_everything() {
        if team_id.is_some() && team.is_none() {
            return Err(no_team());
        }
        // Who signs in by the environment alone is nobody that the database knows.
        return match user_id.filter(|user_id| *user_id != principal.user_id) {
            Some(user_id) if db::user::find(&app.db, user_id).await?.is_none() => Err(no_user()),
            _ => Ok(()),
        };
    }
    let administers = team.as_ref().is_some_and(|team| manages(principal, team));
    if let (true, Some(user_id), Some(team_id)) = (administers, user_id, team_id)
        && db::team_member::find(&app.db, team_id, user_id).await?.is_some()
    {
        return Ok(());
    }
    if user_id.is_some_and(|user_id| user_id != principal.user_id) {
        return Err(no_user());
    }
    match team_id {
        Some(team_id) if !administers && !is_member(app, principal, team_id).await? => Err(no_team()),
        _ => Ok(()),
    }
}

/// A key is of its team; a person is a member.
async fn is_member(app: &App, principal: &Principal, team_id: &str) -> ApiResult<bool> {
    match &principal.credential {
        Credential::VirtualKey(own) => Ok(own.team_id.as_deref() == Some(team_id)),
        _ => Ok(db::team_member::find(&app.db, team_id, &principal.user_id).await?.is_some()),
    }
}

/// Scopes whose figures the caller may see.
#[derive(Debug)]
pub(super) struct Visible {
    all: bool,
    user: bool,
    team: bool,
}

impl Visible {
    /// Whether the figures of scopes of this kind are shown. Those that other tenants share are an administrator's.
    pub(super) fn shows(&self, scope: &str) -> bool {
        match scope.strip_suffix("_model").unwrap_or(scope) {
            "key" => true,
            "user" | "team_member" | "organization_member" => self.all || self.user,
            "team" => self.all || self.team,
            _ => self.all,
        }
    }
}

/// What the caller may see of a call by `key`.
pub(super) async fn visible_scopes(app: &App, principal: &Principal, key: &Policy) -> ApiResult<Visible> {
    let own_key = matches!(&principal.credential, Credential::VirtualKey(own) if *own.token == *key.token);
    let team = match key.team_id.as_deref() {
        Some(team_id) => is_member(app, principal, team_id).await?,
        None => false,
    };
    let user = own_key || key.user_id.as_deref() == Some(&*principal.user_id);
    Ok(Visible { all: principal.may_see_everything(), user, team })
}
