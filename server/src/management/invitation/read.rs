//! `GET /invitation/info`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::invitation::{InvitationInfoQuery, InvitationView};
use tollgate_openapi::paths;

use super::{NOT_FOUND, show};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Query;

/// Show an invitation
#[utoipa::path(
    get,
    path = paths::INVITATION_INFO,
    operation_id = "invitation_info",
    tag = "invitation",
    params(InvitationInfoQuery),
    responses(
        (status = 200, description = "The invitation", body = InvitationView),
        (status = 404, description = "There is no such invitation", body = ErrorEnvelope),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    query: Query<InvitationInfoQuery>,
) -> ApiResult<web::Json<InvitationView>> {
    principal.authorize_all(Action::UserWrite)?;
    let found = db::invitation::find(&app.db, &query.0.invitation_id).await?;
    Ok(web::Json(show(found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?)))
}
