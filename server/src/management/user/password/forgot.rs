//! `POST /user/password/forgot`.

use actix_web::{HttpRequest, web};
use chrono::TimeDelta;
use sea_orm::{EntityTrait, IntoActiveModel};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::user::password::{PasswordForgot, PasswordForgotten};

use crate::app::App;
use crate::auth::{check_origin, client_address, letters, sign_in};
use crate::crypto::{KeyDigest, random_base62};
use crate::db::audit::{Actor, Entry};
use crate::db::password_reset::{Entity, Model};
use crate::db::{self, stored_time};
use crate::error::{ApiError, ApiResult};
use crate::management::Json;

/// How long a link works.
const AGE_MAX: TimeDelta = TimeDelta::hours(1);
/// Length of a token: 256 bits and more.
const TOKEN_CHARS: usize = 43;

/// Forget one's password
///
/// Sends a letter with a link that sets another. The answer, and the time it takes, are the same whether there is such an
/// account or not.
#[utoipa::path(
    post,
    path = paths::USER_PASSWORD_FORGOT,
    operation_id = "user_password_forgot",
    tag = "user",
    request_body = PasswordForgot,
    responses(
        (status = 200, description = "What happens now", body = PasswordForgotten),
        (status = 403, description = "The request comes from another site", body = ErrorEnvelope),
        (status = 429, description = "Too many requests; `Retry-After` says when to try again", body = ErrorEnvelope),
    ),
    security(()),
)]
pub async fn forgot(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<PasswordForgot>,
) -> ApiResult<web::Json<PasswordForgotten>> {
    check_origin(&request)?;
    let PasswordForgot { user_email } = body.0;
    let ip_address = client_address(&app, &request);
    // Beside those of sign-ins, not among them: nobody is kept out of their account by others who ask for letters.
    let account = format!("reset {user_email}");
    app.sign_ins.attempt(&account, ip_address.as_deref(), app.clock.monotonic()).map_err(sign_in::too_many)?;
    // Off the request: how long it takes would tell whether there is such an account.
    actix_web::rt::spawn(async move {
        if let Err(error) = send_link(&app, &user_email, ip_address).await {
            tracing::error!(%error, "a link to set a password could not be sent");
        }
    });
    let message = "If there is an account with this address, a letter is on its way.".to_owned();
    Ok(web::Json(PasswordForgotten { message }))
}

async fn send_link(app: &App, user_email: &str, ip_address: Option<String>) -> ApiResult<()> {
    if !app.mailer.is_on() {
        tracing::warn!(
            "somebody forgot their password, and no e-mail is set up (SMTP_HOST): an administrator can invite them"
        );
        return Ok(());
    }
    let user = db::user::find_by_email(&app.db, user_email).await?;
    // Who signs in elsewhere gets no password by this.
    let able = user.filter(|user| user.password_hash.is_some() && !user.blocked);
    let Some((user, address)) = able.and_then(|user| user.user_email.clone().map(|address| (user, address))) else {
        return Ok(());
    };
    let now = stored_time(app.clock.now());
    let token = random_base62(TOKEN_CHARS).map_err(ApiError::internal)?;
    let row = Model {
        token_hash: KeyDigest::of(&token).to_hex(),
        user_id: user.user_id.clone(),
        created_at: now,
        expires_at: now + AGE_MAX,
    };
    let link = format!("{}/ui/reset#{token}", app.identity.base_url);
    let letter = letters::reset(&address, ip_address.as_deref(), &link);
    let transaction = db::begin(&app.db).await?;
    db::password_reset::delete_of_user(&transaction, &user.user_id, now).await?;
    Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
    let entry = Entry {
        at: now,
        actor: &Actor { kind: "anonymous", id: String::new(), ip_address },
        action: "forgotten",
        resource: "password",
        resource_id: &user.user_id,
        before: None,
        after: None,
    };
    db::audit::record(&transaction, entry).await?;
    transaction.commit().await?;
    // One that is not taken has been logged.
    let _ = app.mailer.send(letter);
    Ok(())
}
