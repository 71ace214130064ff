//! `POST /second_factor/recovery_codes/new`.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::second_factor::{SecondFactorConfirmed, SecondFactorCreate};

use super::{record, tell};
use crate::app::App;
use crate::auth::{Principal, second_factor};
use crate::db;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::session::own_session;
use crate::management::user::password::confirm;

/// Make other recovery codes
///
/// They take the place of those before, used or not.
#[utoipa::path(
    post,
    path = paths::SECOND_FACTOR_RECOVERY_CODES_NEW,
    operation_id = "second_factor_recovery_codes_new",
    tag = "second_factor",
    request_body = SecondFactorCreate,
    responses(
        (status = 200, description = "The codes", body = SecondFactorConfirmed),
        (status = 400, description = "The password is wrong", body = ErrorEnvelope),
        (status = 403, description = "Nobody is signed in, or not with a password", body = ErrorEnvelope),
        (status = 404, description = "There is no second factor", body = ErrorEnvelope),
        (status = 429, description = "Too many failures; `Retry-After` says when to try again", body = ErrorEnvelope),
    ),
)]
pub async fn new(app: web::Data<App>, principal: Principal, body: Json<SecondFactorCreate>) -> ApiResult<HttpResponse> {
    own_session(&principal)?;
    let user = confirm(&app, &principal, "password", body.0.password).await?;
    let (recovery_codes, hashes) = second_factor::recovery_codes()?;
    let transaction = db::begin(&app.db).await?;
    let found = db::second_factor::find_for_update(&transaction, &user.user_id).await?;
    if found.is_none_or(|factor| factor.confirmed_at.is_none()) {
        return Err(ApiError::not_found("There is no second factor."));
    }
    db::second_factor::keep_recovery(&transaction, &user.user_id, hashes).await?;
    record(&app, &transaction, &principal, "recovery_codes_created", &user.user_id).await?;
    transaction.commit().await?;
    tell(&app, &user, "Other recovery codes were made for your account on Tollgate. Those before no longer count.");
    let answer = SecondFactorConfirmed { recovery_codes };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(answer))
}
