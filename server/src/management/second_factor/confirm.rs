//! `POST /second_factor/confirm`.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::second_factor::{SecondFactorConfirm, SecondFactorConfirmed};

use super::{record, tell};
use crate::app::App;
use crate::auth::{Principal, second_factor, sign_in};
use crate::db::{self, stored_time};
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::session::own_session;

/// Confirm a second factor
///
/// With a code of it, which shows that the app has the secret. From now on it is asked for at sign-in; the user's other
/// sessions end.
#[utoipa::path(
    post,
    path = paths::SECOND_FACTOR_CONFIRM,
    operation_id = "second_factor_confirm",
    tag = "second_factor",
    request_body = SecondFactorConfirm,
    responses(
        (status = 200, description = "Codes for who loses their app", body = SecondFactorConfirmed),
        (status = 400, description = "The code is wrong, or no second factor was begun", body = ErrorEnvelope),
        (status = 403, description = "Nobody is signed in", body = ErrorEnvelope),
        (status = 429, description = "Too many failures; `Retry-After` says when to try again", body = ErrorEnvelope),
    ),
)]
pub async fn confirm(
    app: web::Data<App>,
    principal: Principal,
    body: Json<SecondFactorConfirm>,
) -> ApiResult<HttpResponse> {
    let (session, _) = own_session(&principal)?;
    let (user_id, address) = (&principal.user_id, principal.ip_address.as_deref());
    let user = db::user::find(&app.db, user_id).await?;
    let pending = db::second_factor::find(&app.db, user_id).await?.filter(|factor| factor.confirmed_at.is_none());
    let (Some(user), Some(pending)) = (user, pending) else {
        return Err(ApiError::bad_request("code", "No second factor was begun. Begin with /second_factor/new."));
    };
    app.sign_ins.attempt(user_id, address, app.clock.monotonic()).map_err(sign_in::too_many)?;
    let now = stored_time(app.clock.now());
    let step = second_factor::step_of(&app, &pending, &body.0.code, now)?;
    let step = step.ok_or_else(|| {
        ApiError::bad_request(
            "code",
            "The code is wrong. It changes every 30 seconds; is the clock of the phone right?",
        )
    })?;
    app.sign_ins.forgive(user_id, address);
    let (recovery_codes, hashes) = second_factor::recovery_codes()?;
    let transaction = db::begin(&app.db).await?;
    db::second_factor::take_step(&transaction, user_id, step).await?;
    db::second_factor::confirm(&transaction, user_id, hashes, now).await?;
    db::session::delete_others(&transaction, user_id, session).await?;
    record(&app, &transaction, &principal, "confirmed", user_id).await?;
    transaction.commit().await?;
    tell(&app, &user, "Your account on Tollgate asks for a second factor at sign-in from now on.");
    let confirmed = SecondFactorConfirmed { recovery_codes };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(confirmed))
}
