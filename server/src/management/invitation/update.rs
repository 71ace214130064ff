//! `POST /invitation/update`.

use actix_web::web;
use serde_json::json;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::invitation::{InvitationPatch, InvitationView};
use tollgate_openapi::paths;

use super::{NOT_FOUND, show};
use crate::app::App;
use crate::auth::Principal;
use crate::db::audit::Entry;
use crate::db::{self, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;

/// Close an invitation
///
/// Its link works no more. One that was used or closed does not open again: invite once more instead.
#[utoipa::path(
    post,
    path = paths::INVITATION_UPDATE,
    operation_id = "invitation_update",
    tag = "invitation",
    request_body = InvitationPatch,
    responses(
        (status = 200, description = "The invitation as it is now", body = InvitationView),
        (status = 400, description = "It would have to open again", body = ErrorEnvelope),
        (status = 404, description = "There is no such invitation", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    body: Json<InvitationPatch>,
) -> ApiResult<web::Json<InvitationView>> {
    principal.authorize_all(Action::UserWrite)?;
    let InvitationPatch { invitation_id, is_accepted } = body.0;
    let now = stored_time(app.clock.now());
    let transaction = db::begin(&app.db).await?;
    let find = || db::invitation::find(&transaction, &invitation_id);
    let before = find().await?.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    if before.is_accepted && !is_accepted {
        let message = "is_accepted: this invitation was used or closed; invite the user once more instead";
        return Err(ApiError::bad_request("is_accepted", message));
    }
    if is_accepted && db::invitation::close(&transaction, &invitation_id, &principal.user_id, now).await? {
        let entry = Entry {
            at: now,
            actor: &principal.actor(),
            action: "updated",
            resource: "invitation",
            resource_id: &invitation_id,
            before: Some(json!({ "is_accepted": false })),
            after: Some(json!({ "is_accepted": true })),
        };
        db::audit::record(&transaction, entry).await?;
    }
    let after = find().await?.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    transaction.commit().await?;
    Ok(web::Json(show(after)))
}
