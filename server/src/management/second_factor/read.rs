//! `GET /second_factor/info`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::second_factor::{SecondFactorQuery, SecondFactorView};

use crate::app::App;
use crate::auth::{Credential, Principal};
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Query;

/// Show whether there is a second factor
///
/// The caller's own or, for administrators, somebody else's.
#[utoipa::path(
    get,
    path = paths::SECOND_FACTOR_INFO,
    operation_id = "second_factor_info",
    tag = "second_factor",
    params(SecondFactorQuery),
    responses(
        (status = 200, description = "Whether there is one", body = SecondFactorView),
        (status = 404, description = "There is no such user", body = ErrorEnvelope),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    query: Query<SecondFactorQuery>,
) -> ApiResult<web::Json<SecondFactorView>> {
    let user_id = query.0.user_id.unwrap_or_else(|| principal.user_id.clone());
    let is_own = user_id == principal.user_id;
    principal.authorize_all(if is_own { Action::Session } else { Action::UserWrite })?;
    if !is_own && db::user::find(&app.db, &user_id).await?.is_none() {
        return Err(ApiError::not_found("User not found."));
    }
    let found = db::second_factor::in_force(&app.db, &user_id).await?;
    let is_required = is_own && matches!(principal.credential, Credential::Session { needs_second_factor: true, .. });
    Ok(web::Json(SecondFactorView {
        user_id,
        is_on: found.is_some(),
        since: found.as_ref().and_then(|found| found.confirmed_at),
        recovery_codes_left: found.map_or(0, |found| found.recovery_hashes.0.len().try_into().unwrap_or(u64::MAX)),
        is_required,
    }))
}
