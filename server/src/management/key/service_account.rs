//! `POST /key/service-account/generate`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::key::{KeyCreate, KeyCreated};
use tollgate_openapi::paths;

use super::create::{Owner, make};
use crate::app::App;
use crate::auth::Principal;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;

/// Make a key of a team's own
///
/// It belongs to the team and to no user: it stays when people leave, and only the team's limits hold for it.
#[utoipa::path(
    post,
    path = paths::KEY_SERVICE_ACCOUNT_GENERATE,
    operation_id = "key_service_account_generate",
    tag = "key",
    request_body = KeyCreate,
    responses(
        (status = 200, description = "The new key", body = KeyCreated),
        (status = 400, description = "No team is named, or a user is", body = ErrorEnvelope),
    ),
)]
pub async fn generate(
    app: web::Data<App>,
    principal: Principal,
    body: Json<KeyCreate>,
) -> ApiResult<web::Json<KeyCreated>> {
    if body.0.team_id.is_none() {
        return Err(ApiError::bad_request("team_id", "team_id is required: a service account belongs to a team."));
    }
    if body.0.user_id.is_some() {
        return Err(ApiError::bad_request("user_id", "A service account belongs to no user: leave user_id out."));
    }
    make(&app, &principal, body.0, Owner::Team).await
}
