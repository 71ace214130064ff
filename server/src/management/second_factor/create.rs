//! `POST /second_factor/new`.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::second_factor::{SecondFactorCreate, SecondFactorCreated};

use super::record;
use crate::app::App;
use crate::auth::{Principal, second_factor};
use crate::db::second_factor::Model;
use crate::db::{self, Strings, stored_time};
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::session::own_session;
use crate::management::user::password::confirm;

/// Begin a second factor
///
/// The answer is the only place where its secret is shown. It is not asked for until a code of it was sent to
/// `/second_factor/confirm`.
#[utoipa::path(
    post,
    path = paths::SECOND_FACTOR_NEW,
    operation_id = "second_factor_new",
    tag = "second_factor",
    request_body = SecondFactorCreate,
    responses(
        (status = 200, description = "What goes into an authenticator app", body = SecondFactorCreated),
        (status = 400, description = "The password is wrong, or there is a second factor already", body = ErrorEnvelope),
        (status = 403, description = "Nobody is signed in, or not with a password", body = ErrorEnvelope),
        (status = 429, description = "Too many failures; `Retry-After` says when to try again", body = ErrorEnvelope),
    ),
)]
pub async fn new(app: web::Data<App>, principal: Principal, body: Json<SecondFactorCreate>) -> ApiResult<HttpResponse> {
    own_session(&principal)?;
    let user = confirm(&app, &principal, "password", body.0.password).await?;
    let enrolment = second_factor::enrol(&app, &user)?;
    let transaction = db::begin(&app.db).await?;
    if db::second_factor::in_force(&transaction, &user.user_id).await?.is_some() {
        return Err(ApiError::bad_request("password", "You have a second factor already. Remove it first."));
    }
    let factor = Model {
        user_id: user.user_id.clone(),
        sealed_secret: enrolment.sealed_secret,
        created_at: stored_time(app.clock.now()),
        confirmed_at: None,
        last_step: 0,
        recovery_hashes: Strings::default(),
    };
    db::second_factor::replace(&transaction, factor).await?;
    record(&app, &transaction, &principal, "created", &user.user_id).await?;
    transaction.commit().await?;
    let created = SecondFactorCreated { secret: enrolment.secret, url: enrolment.url, qr_svg: enrolment.picture };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(created))
}
