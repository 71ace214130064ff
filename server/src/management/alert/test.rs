//! `POST /alert/channel/test`.

use actix_web::web;
use tollgate_openapi::alert::{AlertChannelTest, AlertChannelTested};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::NOT_FOUND;
use super::rules::authorize;
use crate::alerts::{Channel, Message};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;

/// Try a channel
///
/// Tells it something at once, muted or not, and says whether it was taken.
#[utoipa::path(
    post,
    path = paths::ALERT_CHANNEL_TEST,
    operation_id = "alert_channel_test",
    tag = "alert",
    request_body = AlertChannelTest,
    responses(
        (status = 200, description = "Whether it was taken", body = AlertChannelTested),
        (status = 404, description = "There is no such channel", body = ErrorEnvelope),
    ),
)]
pub async fn test(
    app: web::Data<App>,
    principal: Principal,
    body: Json<AlertChannelTest>,
) -> ApiResult<web::Json<AlertChannelTested>> {
    let channel = find(&app, &principal, &body.0.channel_id).await?;
    let actor = principal.user_email.as_deref().unwrap_or(&principal.user_id);
    let message = Message::test(actor, app.clock.now());
    let tried = app.alerts.try_out(&channel, &message).await;
    Ok(web::Json(AlertChannelTested { is_sent: tried.is_ok(), error: tried.err() }))
}

async fn find(app: &App, principal: &Principal, channel_id: &str) -> ApiResult<Channel> {
    let row = db::alert_channel::find(&app.db, channel_id).await?;
    let of = row.as_ref().map_or((None, None), |row| (row.organization_id.as_deref(), row.team_id.as_deref()));
    authorize(&app.db, principal, Action::AlertWrite, of).await?;
    let found = match row {
        Some(row) => Channel::of_row(row, &app.alerts.settings.load()),
        None => app.alerts.configured().into_iter().find(|channel| channel.id == channel_id),
    };
    found.ok_or_else(|| ApiError::not_found(NOT_FOUND))
}
