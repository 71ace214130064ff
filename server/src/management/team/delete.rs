//! `POST /team/delete`.

use actix_web::web;
use sea_orm::{DatabaseTransaction, ModelTrait};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::team::{TeamDelete, TeamsDeleted};

use super::view::snapshot;
use super::{NOT_FOUND, leave, relations_to};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, record};
use crate::management::{key, limit};

/// Delete teams
///
/// All of them or none, with their keys and memberships. Their calls and totals stay in the ledger.
#[utoipa::path(
    post,
    path = paths::TEAM_DELETE,
    operation_id = "team_delete",
    tag = "team",
    request_body = TeamDelete,
    responses(
        (status = 200, description = "What was deleted", body = TeamsDeleted),
        (status = 404, description = "One of the teams does not exist; nothing was deleted", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<TeamDelete>,
) -> ApiResult<web::Json<TeamsDeleted>> {
    let mut team_ids = body.0.team_ids;
    // In one order, so that two deletions of the same teams do not wait for each other.
    team_ids.sort_unstable();
    team_ids.dedup();
    let transaction = db::begin(&app.db).await?;
    for team_id in &team_ids {
        let found = db::team::find(&transaction, team_id).await?;
        let relations = relations_to(&principal, found.as_ref());
        principal.authorize_on(Action::TeamAdminister, &relations, NOT_FOUND)?;
    }
    let keys = delete_all(&app, &transaction, &principal, &team_ids).await?;
    transaction.commit().await?;
    forget_all(&app, &team_ids, &keys);
    Ok(web::Json(TeamsDeleted { deleted_keys: keys.len().try_into().unwrap_or(u64::MAX), deleted_teams: team_ids }))
}

/// Deletes teams with their keys and memberships, in their transaction, and tells the hashes of the keys.
pub(in crate::management) async fn delete_all(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    team_ids: &[String],
) -> ApiResult<Vec<String>> {
    let mut deleted = Vec::new();
    for team_id in team_ids {
        let found = db::team::find_for_update(transaction, team_id).await?;
        let team = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
        let members = db::team_member::of_team(transaction, team_id).await?;
        deleted.extend(leave(app, transaction, principal, members).await?);
        let keys = db::key::all_for_update(transaction, db::key::Owner::Team(team_id)).await?;
        deleted.extend(key::delete::delete_all(app, transaction, principal, &keys).await?);
        let limits = limit::remove(app, transaction, limit::TEAM, team_id).await?;
        let before = Some(snapshot(&team, &limits));
        db::scim_group::delete(transaction, team_id).await?;
        db::alert_channel::delete_of(transaction, db::alert_channel::Column::TeamId, team_id).await?;
        db::report::unshare(transaction, db::report::Column::TeamId, team_id).await?;
        team.delete(transaction).await?;
        let change = Change { action: "deleted", kind: "team", id: team_id, before, after: None };
        record(app, transaction, principal, change).await?;
    }
    Ok(deleted)
}

/// Lets this node forget deleted teams and their keys, once the transaction is committed.
pub(in crate::management) fn forget_all(app: &App, team_ids: &[String], tokens: &[String]) {
    key::delete::forget_all(app, tokens);
    team_ids.iter().for_each(|team_id| limit::forget(app, limit::TEAM, team_id));
}
