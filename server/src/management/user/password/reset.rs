//! `POST /user/password/reset`.

use actix_web::{HttpRequest, web};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::user::password::{PasswordChanged, PasswordReset};

use super::{known_of, set, tell_changed};
use crate::app::App;
use crate::auth::{check_origin, client_address, password};
use crate::crypto::KeyDigest;
use crate::db::audit::{Actor, Entry};
use crate::db::{self, stored_time};
use crate::error::{ApiError, ApiResult};
use crate::management::Json;

/// Set a forgotten password
///
/// With the link of a letter, which works once, for an hour. All sessions of the user end; they sign in with the new
/// password, and with their second factor, where they have one.
#[utoipa::path(
    post,
    path = paths::USER_PASSWORD_RESET,
    operation_id = "user_password_reset",
    tag = "user",
    request_body = PasswordReset,
    responses(
        (status = 200, description = "The password is set", body = PasswordChanged),
        (status = 400, description = "The link was used or is too old, or the password will not do",
            body = ErrorEnvelope),
        (status = 403, description = "The request comes from another site", body = ErrorEnvelope),
    ),
    security(()),
)]
pub async fn reset(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<PasswordReset>,
) -> ApiResult<web::Json<PasswordChanged>> {
    check_origin(&request)?;
    let PasswordReset { token, password } = body.0;
    let token_hash = KeyDigest::of(&token).to_hex();
    let now = stored_time(app.clock.now());
    let link = db::password_reset::find(&app.db, &token_hash, now).await?.ok_or_else(over)?;
    let user = db::user::find(&app.db, &link.user_id).await?.filter(|user| !user.blocked).ok_or_else(over)?;
    let chars_min = app.identity.settings.password_chars_min;
    let hash = password::accept("password", password, chars_min, known_of(&user)).await?;

    let transaction = db::begin(&app.db).await?;
    if !db::password_reset::take(&transaction, &token_hash, now).await? {
        return Err(over());
    }
    let revoked = set(&transaction, &user.user_id, hash, now).await?;
    let ip_address = client_address(&app, &request);
    let entry = Entry {
        at: now,
        actor: &Actor { kind: "reset", id: user.user_id.clone(), ip_address },
        action: "reset",
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

fn over() -> ApiError {
    ApiError::bad_request("token", "This link was used or is too old. Ask for another one.")
}
