//! Who may make a key, and where it may belong.

use sea_orm::ConnectionTrait;
use serde_json::Value;
use tollgate_openapi::key::KeyCreate;

use super::bounds::SETTINGS;
use crate::app::App;
use crate::auth::Principal;
use crate::config::TEAM_ROLES;
use crate::db::{self, JsonMap};
use crate::domain::key_bounds::Makers;
use crate::domain::permission::{Action, Relation};
use crate::error::{ApiError, ApiResult};

/// Roles that make keys of a team where nothing says otherwise.
const TEAM_ROLES_DEFAULT: [&str; 1] = ["admin"];
/// The field of [`SETTINGS`] that says who makes keys of a team.
const ROLES_FIELD: &str = "allowed_team_member_roles";

/// To whom a key belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) user_id: Option<&'a str>,
    pub(super) team_id: Option<&'a str>,
    pub(super) organization_id: Option<&'a str>,
}

impl<'a> Place<'a> {
    pub(super) fn of(
        user_id: &'a Option<String>,
        team_id: &'a Option<String>,
        organization_id: &'a Option<String>,
    ) -> Self {
        Self { user_id: user_id.as_deref(), team_id: team_id.as_deref(), organization_id: organization_id.as_deref() }
    }
}

/// What a team and its organization say of who makes its keys.
struct Said {
    by_team: Makers,
    by_organization: Makers,
}

impl Said {
    fn read(team: &JsonMap, organization: Option<&JsonMap>) -> Self {
        Self { by_team: makers(team), by_organization: organization.map(makers).unwrap_or_default() }
    }

    /// The roles of members that make keys: the nearest that says so counts.
    fn roles(self, app: &App) -> Vec<String> {
        let configured = app.settings.config().litellm.keys.team.roles.clone();
        let said = self.by_team.roles.or(self.by_organization.roles).or(configured);
        said.unwrap_or_else(|| TEAM_ROLES_DEFAULT.map(str::to_owned).to_vec())
    }
}

fn makers(other: &JsonMap) -> Makers {
    let members = other.0.get(SETTINGS).and_then(Value::as_object);
    members.and_then(|members| Makers::read(members, ROLES_FIELD, &TEAM_ROLES).ok()).unwrap_or_default()
}

/// Goes on where the caller may make a key that belongs where `body` says.
pub(super) async fn authorize(
    app: &App,
    db: &impl ConnectionTrait,
    principal: &Principal,
    body: &KeyCreate,
) -> ApiResult<()> {
    principal.authorize_somewhere(Action::KeyCreate)?;
    if principal.is_admin() {
        return Ok(());
    }
    match (&body.team_id, &body.organization_id) {
        (Some(team_id), _) => in_team(app, db, principal, team_id, body).await,
        (None, Some(organization_id)) => in_organization(db, principal, organization_id, body).await,
        (None, None) => personal(app, principal, body),
    }
}

/// A key of an organization, and of none of its teams.
async fn in_organization(
    db: &impl ConnectionTrait,
    principal: &Principal,
    organization_id: &str,
    body: &KeyCreate,
) -> ApiResult<()> {
    if !principal.memberships.administers(organization_id) {
        let message = "Only administrators of an organization put keys into it, besides those of its teams.";
        return Err(ApiError::forbidden(message).with_param("organization_id"));
    }
    match body.user_id.as_deref().filter(|owner| *owner != principal.user_id) {
        Some(owner) if db::organization_member::find(db, organization_id, owner).await?.is_none() => {
            let message = format!("user_id: expected a member of the organization {organization_id}");
            Err(ApiError::bad_request("user_id", message))
        }
        _ => Ok(()),
    }
}

fn personal(app: &App, principal: &Principal, body: &KeyCreate) -> ApiResult<()> {
    principal.authorize_on(Action::KeyCreate, &[Relation::Own], "Key not found.")?;
    if body.user_id.as_ref().is_some_and(|owner| *owner != principal.user_id) {
        return Err(ApiError::forbidden("Only an administrator gives a key to another user.").with_param("user_id"));
    }
    match &app.settings.config().litellm.keys.personal.roles {
        Some(roles) if !roles.iter().any(|role| role == principal.role.as_str()) => {
            let message = format!(
                "Keys of one's own are made by the roles {}, as key_generation_settings.personal_key_generation of the \
                 gateway says; yours is {}.",
                roles.join(", "),
                principal.role.as_str()
            );
            Err(ApiError::forbidden(message).with_param("team_id"))
        }
        _ => Ok(()),
    }
}

async fn in_team(
    app: &App,
    db: &impl ConnectionTrait,
    principal: &Principal,
    team_id: &str,
    body: &KeyCreate,
) -> ApiResult<()> {
    let not_found = || ApiError::not_found("Team not found.").with_param("team_id");
    let team = db::team::find(db, team_id).await?.ok_or_else(not_found)?;
    let organization = match &team.organization_id {
        Some(id) => db::organization::find(db, id).await?,
        None => None,
    };
    if body.organization_id.as_ref().is_some_and(|id| Some(id) != team.organization_id.as_ref()) {
        let message = "organization_id: expected the team's organization, or nothing";
        return Err(ApiError::bad_request("organization_id", message));
    }
    let is_administered = team.organization_id.as_deref().is_some_and(|id| principal.memberships.administers(id));
    if !is_administered {
        let role = match principal.memberships.to_team(team_id) {
            Relation::Team => "admin",
            Relation::Member => "user",
            _ => return Err(not_found()),
        };
        let said = Said::read(&team.other, organization.as_ref().map(|organization| &organization.other));
        as_member(app, principal, (team_id, role), said, body)?;
    }
    match body.user_id.as_deref().filter(|owner| *owner != principal.user_id) {
        Some(owner) if db::team_member::find(db, team_id, owner).await?.is_none() => {
            let message = format!("user_id: expected a member of the team {team_id}");
            Err(ApiError::bad_request("user_id", message))
        }
        _ => Ok(()),
    }
}

/// Goes on where a member of a team, with this role, may make the key.
fn as_member(
    app: &App,
    principal: &Principal,
    (team_id, role): (&str, &str),
    said: Said,
    body: &KeyCreate,
) -> ApiResult<()> {
    principal.authorize_on(Action::KeyCreate, &[Relation::Own], "Key not found.")?;
    let roles = said.roles(app);
    if !roles.iter().any(|allowed| allowed == role) {
        let message = format!(
            "Keys of the team {team_id} are made by its members with the role {}, as {SETTINGS} says; yours is {role}.",
            roles.join(", ")
        );
        return Err(ApiError::forbidden(message).with_param("team_id"));
    }
    if role == "user" && body.user_id.as_deref() != Some(principal.user_id.as_str()) {
        let message = "Only an administrator of the team gives its keys to others, or to nobody.";
        return Err(ApiError::forbidden(message).with_param("user_id"));
    }
    Ok(())
}

/// The fields that a key which belongs there must set, for this caller.
pub(super) async fn required(
    app: &App,
    db: &impl ConnectionTrait,
    principal: &Principal,
    place: Place<'_>,
) -> ApiResult<Vec<String>> {
    if principal.is_admin() {
        return Ok(Vec::new());
    }
    let Some(team_id) = place.team_id else { return Ok(app.settings.config().litellm.keys.personal.required.clone()) };
    let mut required = app.settings.config().litellm.keys.team.required.clone();
    if let Some(team) = db::team::find(db, team_id).await? {
        let organization = match &team.organization_id {
            Some(id) => db::organization::find(db, id).await?,
            None => None,
        };
        let said = Said::read(&team.other, organization.as_ref().map(|organization| &organization.other));
        required.extend(said.by_organization.required.into_iter().chain(said.by_team.required));
    }
    required.sort_unstable();
    required.dedup();
    Ok(required)
}

/// Goes on where `body` sets all of the fields.
pub(super) fn check_required(body: &KeyCreate, required: &[String]) -> ApiResult<()> {
    let set = serde_json::to_value(body).unwrap_or_default();
    let is_set = |field: &&String| match set.get(field.as_str()) {
        None | Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    };
    match required.iter().find(|field| !is_set(field)) {
        Some(field) => {
            let message = format!("{field}: Field required, as {SETTINGS} says of such keys");
            Err(ApiError::bad_request(field.clone(), message))
        }
        None => Ok(()),
    }
}
