//! A user's own password: changed, or set anew by who forgot it.

pub mod forgot;
pub mod reset;

use actix_web::web;
use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::user::password::{PasswordChange, PasswordChanged};

use crate::app::App;
use crate::auth::{Principal, letters, password, sign_in};
use crate::db::audit::Entry;
use crate::db::user::Model;
use crate::db::{self, stored_time};
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::session::own_session;

/// Change one's password
///
/// Ends the user's other sessions.
#[utoipa::path(
    post,
    path = paths::USER_PASSWORD_CHANGE,
    operation_id = "user_password_change",
    tag = "user",
    request_body = PasswordChange,
    responses(
        (status = 200, description = "The password is changed", body = PasswordChanged),
        (status = 400, description = "The current password is wrong, or the new one will not do", body = ErrorEnvelope),
        (status = 403, description = "Nobody is signed in, or not with a password", body = ErrorEnvelope),
        (status = 429, description = "Too many failures; `Retry-After` says when to try again", body = ErrorEnvelope),
    ),
)]
pub async fn change(
    app: web::Data<App>,
    principal: Principal,
    body: Json<PasswordChange>,
) -> ApiResult<web::Json<PasswordChanged>> {
    let (session, _) = own_session(&principal)?;
    let PasswordChange { current_password, new_password } = body.0;
    let user = confirm(&app, &principal, "current_password", current_password).await?;
    let chars_min = app.identity.settings.password_chars_min;
    let hash = password::accept("new_password", new_password, chars_min, known_of(&user)).await?;

    let now = stored_time(app.clock.now());
    let transaction = db::begin(&app.db).await?;
    let revoked = db::session::delete_others(&transaction, &user.user_id, session).await?;
    set_hash(&transaction, &user.user_id, hash, now).await?;
    let entry = Entry {
        at: now,
        actor: &principal.actor(),
        action: "changed",
        resource: "password",
        resource_id: &user.user_id,
        before: None,
        after: None,
    };
    db::audit::record(&transaction, entry).await?;
    transaction.commit().await?;
    tell_changed(&app, &user);
    Ok(web::Json(PasswordChanged { revoked }))
}

/// Sets a password with which its owner signs in anew: all sessions end. Returns how many there were.
pub(in crate::management) async fn set(
    transaction: &DatabaseTransaction,
    user_id: &str,
    hash: String,
    now: DateTime<Utc>,
) -> ApiResult<u64> {
    set_hash(transaction, user_id, hash, now).await?;
    Ok(db::session::delete_of_user(transaction, user_id).await?)
}

async fn set_hash(transaction: &DatabaseTransaction, user_id: &str, hash: String, now: DateTime<Utc>) -> ApiResult<()> {
    db::user::set_password(transaction, user_id, hash, now).await?;
    // Links that were sent before do not set it once more.
    Ok(db::password_reset::delete_of_user(transaction, user_id, now).await?)
}

fn tell_changed(app: &App, user: &Model) {
    if let Some(address) = &user.user_email {
        // Where no e-mail is set up nobody is told.
        let _ = app.mailer.send(letters::notice(address, "The password of your account on Tollgate was changed."));
    }
}

/// The signed-in user, who has shown once more that they know their password: for what a borrowed browser must not do.
pub(in crate::management) async fn confirm(
    app: &App,
    principal: &Principal,
    field: &'static str,
    secret: String,
) -> ApiResult<Model> {
    let user = db::user::find(&app.db, &principal.user_id).await?;
    let Some((user, stored)) = user.and_then(|user| user.password_hash.clone().map(|hash| (user, hash))) else {
        return Err(ApiError::forbidden("You do not sign in with a password that is kept here."));
    };
    let address = principal.ip_address.as_deref();
    app.sign_ins.attempt(&user.user_id, address, app.clock.monotonic()).map_err(sign_in::too_many)?;
    if !password::verify(secret, Some(stored)).await.map_err(ApiError::internal)? {
        return Err(ApiError::bad_request(field, "This is not your current password."));
    }
    app.sign_ins.forgive(&user.user_id, address);
    Ok(user)
}

/// What others know of a user, and a password must not be made of.
pub(in crate::management) fn known_of(user: &Model) -> Vec<String> {
    let known = [Some(user.user_id.clone()), user.user_email.clone(), user.user_alias.clone()];
    known.into_iter().flatten().collect()
}
