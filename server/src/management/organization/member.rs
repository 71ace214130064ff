//! Users who join and leave organizations.

use actix_web::http::StatusCode;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, ModelTrait};
use serde_json::Value;
use tollgate_openapi::organization::{OrganizationMember, OrganizationMembership, OrganizationRole};

use crate::app::App;
use crate::auth::Principal;
use crate::db::key::Owner;
use crate::db::organization_member::{Entity, Model};
use crate::db::{self, stored_time};
use crate::error::{ApiError, ApiResult};
use crate::management::change::{self, Change, record};
use crate::management::user::{self, Named};
use crate::management::{key, team};

/// Members shown with an organization.
pub(super) const MEMBERS_SHOWN_MAX: u64 = 1000;

/// Makes users members of an organization, in its transaction. Those who do not exist yet are made.
pub(super) async fn join(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    organization_id: &str,
    members: Vec<OrganizationMember>,
) -> ApiResult<Vec<Model>> {
    let mut joined = Vec::with_capacity(members.len());
    for member in members {
        let named = Named { user_id: member.user_id.as_deref(), user_email: member.user_email.as_deref() };
        let user = user::find_or_make(app, transaction, principal, named, Some(organization_id)).await?;
        let row = new_row(app, organization_id, user.user_id, member.role);
        let inserted = Entity::insert(row.clone().into_active_model()).exec_without_returning(transaction).await;
        inserted.map_err(|error| already_in(error, &row))?;
        record_created(app, transaction, principal, &row).await?;
        joined.push(row);
    }
    Ok(joined)
}

/// Makes those of the users members who are none yet: whoever is in a team of an organization is a member of it.
pub(in crate::management) async fn join_missing(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    organization_id: &str,
    user_ids: Vec<String>,
) -> ApiResult<()> {
    let rows = user_ids.into_iter().map(|id| new_row(app, organization_id, id, OrganizationRole::InternalUser));
    for row in db::organization_member::add_missing(transaction, rows.collect()).await? {
        record_created(app, transaction, principal, &row).await?;
    }
    Ok(())
}

/// What went with a member.
#[derive(Debug, Default)]
pub(in crate::management) struct Gone {
    /// Hashes of keys.
    pub(in crate::management) keys: Vec<String>,
    /// Memberships in teams, `team_id/user_id`.
    pub(in crate::management) team_members: Vec<String>,
}

/// Ends a membership, in its transaction: with the user's memberships in the organization's teams, and the keys that
/// they have in those and in the organization.
pub(super) async fn leave(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    member: Model,
) -> ApiResult<Gone> {
    let teams = db::team::ids_of_organization(transaction, &member.organization_id).await?;
    let mut in_teams = db::team_member::of_user(transaction, &member.user_id).await?;
    in_teams.retain(|one| teams.contains(&one.team_id));
    let team_members = in_teams.iter().map(db::team_member::Model::scope_id).collect();
    let mut keys = team::leave(app, transaction, principal, in_teams).await?;
    let owner = Owner::OrganizationMember { organization_id: &member.organization_id, user_id: &member.user_id };
    let own = db::key::all_for_update(transaction, owner).await?;
    keys.extend(key::delete::delete_all(app, transaction, principal, &own).await?);
    record_deleted(app, transaction, principal, member).await?;
    Ok(Gone { keys, team_members })
}

/// Deletes a membership alone.
pub(in crate::management) async fn record_deleted(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    member: Model,
) -> ApiResult<()> {
    let (id, before) = (scope_id(&member), Some(snapshot(&member)));
    member.delete(transaction).await?;
    let change = Change { action: "deleted", kind: "organization_member", id: &id, before, after: None };
    record(app, transaction, principal, change).await
}

async fn record_created(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    row: &Model,
) -> ApiResult<()> {
    let (id, after) = (scope_id(row), Some(snapshot(row)));
    let change = Change { action: "created", kind: "organization_member", id: &id, before: None, after };
    record(app, transaction, principal, change).await
}

fn new_row(app: &App, organization_id: &str, user_id: String, role: OrganizationRole) -> Model {
    Model {
        organization_id: organization_id.to_owned(),
        user_id,
        user_role: role.as_str().to_owned(),
        created_at: stored_time(app.clock.now()),
    }
}

/// The member that a body names by id or e-mail address.
pub(super) async fn find_named(
    db: &impl ConnectionTrait,
    organization_id: &str,
    user_id: Option<&str>,
    user_email: Option<&str>,
) -> ApiResult<Model> {
    let found = match user::id_of(db, user_id, user_email).await? {
        Some(user_id) => db::organization_member::find(db, organization_id, &user_id).await?,
        None => None,
    };
    let field = if user_email.is_some() { "user_email" } else { "user_id" };
    found.ok_or_else(|| ApiError::bad_request(field, "The user is not in the organization."))
}

/// Id of a membership in the audit chain.
pub(super) fn scope_id(member: &Model) -> String {
    format!("{}/{}", member.organization_id, member.user_id)
}

/// Shows memberships.
pub(super) async fn views(app: &App, members: Vec<Model>) -> ApiResult<Vec<OrganizationMembership>> {
    let ids: Vec<String> = members.iter().map(|member| member.user_id.clone()).collect();
    let users = db::user::find_many(&app.db, &ids).await?;
    let mut emails: std::collections::HashMap<_, _> =
        users.into_iter().map(|user| (user.user_id, user.user_email)).collect();
    let shown = members.into_iter().map(|member| {
        let email = emails.remove(&member.user_id).flatten();
        show(member, email)
    });
    Ok(shown.collect())
}

/// A membership as the audit chain keeps it.
pub(super) fn snapshot(member: &Model) -> Value {
    change::snapshot(&show(member.clone(), None))
}

fn show(member: Model, user_email: Option<String>) -> OrganizationMembership {
    OrganizationMembership {
        user_role: OrganizationRole::from_name(&member.user_role),
        organization_id: member.organization_id,
        user_id: member.user_id,
        user_email,
        created_at: member.created_at,
    }
}

fn already_in(error: sea_orm::DbErr, member: &Model) -> ApiError {
    match db::violation(&error) {
        Some(db::Violation::OrganizationMember) => {
            let message = format!("The user '{}' is in the organization already.", member.user_id);
            ApiError::new(StatusCode::BAD_REQUEST, "organization_member_already_in_organization", message)
                .with_param("user_id")
        }
        _ => error.into(),
    }
}
