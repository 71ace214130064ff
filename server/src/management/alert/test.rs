//! `POST /alert/channel/test`.

use actix_web::web;
use tollgate_openapi::alert::{AlertChannelTest, AlertChannelTested};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::rules::channel_to_tell;
use crate::alerts::Message;
use crate::app::App;
use crate::auth::Principal;
use crate::error::ApiResult;
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
    let channel = channel_to_tell(&app, &app.db, &principal, &body.0.channel_id).await?;
    let actor = principal.user_email.as_deref().unwrap_or(&principal.user_id);
    let message = Message::test(actor, app.clock.now());
    let tried = app.alerts.tell_now(&channel, &message).await;
    Ok(web::Json(AlertChannelTested { is_sent: tried.is_ok(), error: tried.err() }))
}
