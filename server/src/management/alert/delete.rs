//! `POST /alert/channel/delete`.

use actix_web::web;
use sea_orm::ModelTrait;
use tollgate_openapi::alert::{AlertChannelDelete, AlertChannelDeleted};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::rules::authorize;
use super::{KIND, NOT_FOUND, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, record};

/// Delete a channel
///
/// What waits to be told there is given up.
#[utoipa::path(
    post,
    path = paths::ALERT_CHANNEL_DELETE,
    operation_id = "alert_channel_delete",
    tag = "alert",
    request_body = AlertChannelDelete,
    responses(
        (status = 200, description = "It is gone", body = AlertChannelDeleted),
        (status = 404, description = "There is no such channel", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<AlertChannelDelete>,
) -> ApiResult<web::Json<AlertChannelDeleted>> {
    let transaction = db::begin(&app.db).await?;
    let found = db::alert_channel::find_for_update(&transaction, &body.0.channel_id).await?;
    let of = found.as_ref().map_or((None, None), |row| (row.organization_id.as_deref(), row.team_id.as_deref()));
    authorize(&transaction, &principal, Action::AlertWrite, of).await?;
    let row = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    row.clone().delete(&transaction).await?;
    db::alert_channel_state::delete(&transaction, &row.channel_id).await?;
    db::report::forget_channel(&transaction, &row.channel_id).await?;
    let before = view::snapshot(&app, &row);
    let change = Change { action: "deleted", kind: KIND, id: &row.channel_id, before, after: None };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    Ok(web::Json(AlertChannelDeleted { message: format!("Channel '{}' is deleted.", row.name) }))
}
