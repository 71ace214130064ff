//! `POST /invitation/delete`.

use actix_web::web;
use serde_json::json;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::invitation::{InvitationDelete, InvitationView};
use tollgate_openapi::paths;

use super::{NOT_FOUND, show};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::audit::Entry;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;

/// Delete an invitation
///
/// Its link works no more.
#[utoipa::path(
    post,
    path = paths::INVITATION_DELETE,
    operation_id = "invitation_delete",
    tag = "invitation",
    request_body = InvitationDelete,
    responses(
        (status = 200, description = "The invitation as it was", body = InvitationView),
        (status = 404, description = "There is no such invitation", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<InvitationDelete>,
) -> ApiResult<web::Json<InvitationView>> {
    principal.authorize_all(Action::UserWrite)?;
    let transaction = db::begin(&app.db).await?;
    let found = db::invitation::find(&transaction, &body.0.invitation_id).await?;
    let row = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    db::invitation::delete(&transaction, &row.id).await?;
    let entry = Entry {
        at: app.clock.now(),
        actor: &principal.actor(),
        action: "deleted",
        resource: "invitation",
        resource_id: &row.id,
        before: Some(json!({ "user_id": row.user_id, "is_accepted": row.is_accepted })),
        after: None,
    };
    db::audit::record(&transaction, entry).await?;
    transaction.commit().await?;
    Ok(web::Json(show(row)))
}
