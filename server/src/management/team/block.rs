//! `POST /team/block` and `/team/unblock`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::team::{TeamBlock, TeamView};

use super::update::write;
use super::view::{snapshot, view};
use super::{NOT_FOUND, relations_to};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::stored_time;
use crate::db::team::Model;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, announce, record};
use crate::management::limit;

/// Block a team
///
/// Calls with its keys are refused from now on.
#[utoipa::path(
    post,
    path = paths::TEAM_BLOCK,
    operation_id = "team_block",
    tag = "team",
    request_body = TeamBlock,
    responses(
        (status = 200, description = "The team as it is now", body = TeamView),
        (status = 404, description = "There is no such team", body = ErrorEnvelope),
    ),
)]
pub async fn block(app: web::Data<App>, principal: Principal, body: Json<TeamBlock>) -> ApiResult<web::Json<TeamView>> {
    set_blocked(&app, &principal, &body.0.team_id, true).await
}

/// Unblock a team
///
/// Calls with its keys are served again.
#[utoipa::path(
    post,
    path = paths::TEAM_UNBLOCK,
    operation_id = "team_unblock",
    tag = "team",
    request_body = TeamBlock,
    responses(
        (status = 200, description = "The team as it is now", body = TeamView),
        (status = 404, description = "There is no such team", body = ErrorEnvelope),
    ),
)]
pub async fn unblock(
    app: web::Data<App>,
    principal: Principal,
    body: Json<TeamBlock>,
) -> ApiResult<web::Json<TeamView>> {
    set_blocked(&app, &principal, &body.0.team_id, false).await
}

async fn set_blocked(app: &App, principal: &Principal, id: &str, is_blocked: bool) -> ApiResult<web::Json<TeamView>> {
    let transaction = db::begin(&app.db).await?;
    let found = db::team::find_for_update(&transaction, id).await?;
    let relations = relations_to(principal, found.as_ref());
    principal.authorize_on(Action::TeamAdminister, &relations, NOT_FOUND)?;
    let before = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    let after = Model {
        blocked: is_blocked,
        updated_at: stored_time(app.clock.now()),
        updated_by: Some(principal.user_id.clone()),
        ..before.clone()
    };
    write(app, &transaction, principal, &before, &after).await?;
    let limits = limit::own(app, &transaction, limit::TEAM, id).await?;
    let change = Change {
        action: if is_blocked { "blocked" } else { "unblocked" },
        kind: "team",
        id,
        before: Some(snapshot(&before, &limits)),
        after: Some(snapshot(&after, &limits)),
    };
    record(app, &transaction, principal, change).await?;
    transaction.commit().await?;
    announce(app, "team", id);
    Ok(web::Json(view(app, after).await?))
}
