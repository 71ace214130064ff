//! `POST /second_factor/delete`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::second_factor::{SecondFactorDelete, SecondFactorView};
use tollgate_openapi::session::UserRole;

use super::{record, tell};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::user::Model;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::session::own_session;
use crate::management::user::password::confirm;

/// Remove a second factor
///
/// One's own with one's password, or that of a user who has lost theirs, whose sessions end then.
#[utoipa::path(
    post,
    path = paths::SECOND_FACTOR_DELETE,
    operation_id = "second_factor_delete",
    tag = "second_factor",
    request_body = SecondFactorDelete,
    responses(
        (status = 200, description = "There is none any more", body = SecondFactorView),
        (status = 400, description = "The password is wrong, or not exactly one of the two is sent", body = ErrorEnvelope),
        (status = 403, description = "Nobody is signed in, or administrators need one here", body = ErrorEnvelope),
        (status = 404, description = "There is no such user, or they have no second factor", body = ErrorEnvelope),
        (status = 429, description = "Too many failures; `Retry-After` says when to try again", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<SecondFactorDelete>,
) -> ApiResult<web::Json<SecondFactorView>> {
    let (user, is_own) = match body.0 {
        SecondFactorDelete { password: Some(password), user_id: None } => {
            (own(&app, &principal, password).await?, true)
        }
        SecondFactorDelete { password: None, user_id: Some(user_id) } => {
            principal.authorize_all(Action::UserWrite)?;
            let found = db::user::find(&app.db, &user_id).await?;
            (found.ok_or_else(|| ApiError::not_found("User not found."))?, false)
        }
        _ => return Err(ApiError::bad_request("password", "Exactly one of password and user_id is required.")),
    };
    let transaction = db::begin(&app.db).await?;
    if !db::second_factor::delete(&transaction, &user.user_id).await? {
        return Err(ApiError::not_found("There is no second factor."));
    }
    if !is_own {
        db::session::delete_of_user(&transaction, &user.user_id).await?;
    }
    record(&app, &transaction, &principal, if is_own { "deleted" } else { "reset" }, &user.user_id).await?;
    transaction.commit().await?;
    tell(&app, &user, "The second factor of your account on Tollgate was removed.");
    Ok(web::Json(SecondFactorView {
        user_id: user.user_id,
        is_on: false,
        since: None,
        recovery_codes_left: 0,
        is_required: false,
    }))
}

/// The caller, who has shown once more that they know their password.
async fn own(app: &App, principal: &Principal, password: String) -> ApiResult<Model> {
    own_session(principal)?;
    let user = confirm(app, principal, "password", password).await?;
    if app.identity.settings.second_factor_of_admins && principal.role == UserRole::ProxyAdmin {
        let message = "Administrators need a second factor here (require_second_factor_of_admins). Another one can reset \
                       yours.";
        return Err(ApiError::forbidden(message));
    }
    Ok(user)
}
