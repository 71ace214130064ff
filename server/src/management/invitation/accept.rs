//! `POST /invitation/accept`.

use actix_web::http::header::{CACHE_CONTROL, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::invitation::{InvitationAccept, InvitationAccepted};
use tollgate_openapi::paths;

use crate::app::App;
use crate::auth::session::{self, Method, set_cookie};
use crate::auth::{SignedIn, check_origin, client_address, password};
use crate::crypto::KeyDigest;
use crate::db::audit::{Actor, Entry};
use crate::db::{self, stored_time};
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::user::password::{known_of, set};

/// Accept an invitation
///
/// Sets the password and signs in: the answer sets the session's cookie.
#[utoipa::path(
    post,
    path = paths::INVITATION_ACCEPT,
    operation_id = "invitation_accept",
    tag = "invitation",
    request_body = InvitationAccept,
    responses(
        (status = 200, description = "The password is set", body = InvitationAccepted),
        (status = 400, description = "The invitation was used or is too old, or the password will not do",
            body = ErrorEnvelope),
        (status = 403, description = "The request comes from another site", body = ErrorEnvelope),
    ),
    security(()),
)]
pub async fn accept(
    app: web::Data<App>,
    request: HttpRequest,
    body: Json<InvitationAccept>,
) -> ApiResult<HttpResponse> {
    check_origin(&request)?;
    let InvitationAccept { token, password } = body.0;
    let found = db::invitation::find_by_token(&app.db, &KeyDigest::of(&token).to_hex()).await?;
    let now = stored_time(app.clock.now());
    let open = found.filter(|row| !row.is_accepted && row.expires_at > now).ok_or_else(over)?;
    let user = db::user::find(&app.db, &open.user_id).await?.filter(|user| !user.blocked).ok_or_else(over)?;
    let chars_min = app.identity.settings.password_chars_min;
    let hash = password::accept("password", password, chars_min, known_of(&user)).await?;

    let transaction = db::begin(&app.db).await?;
    if !db::invitation::close(&transaction, &open.id, &open.user_id, now).await? {
        return Err(over());
    }
    set(&transaction, &user.user_id, hash, now).await?;
    let actor = Actor { kind: "invitation", id: user.user_id.clone(), ip_address: client_address(&app, &request) };
    let entry = Entry {
        at: now,
        actor: &actor,
        action: "accepted",
        resource: "invitation",
        resource_id: &open.id,
        before: None,
        after: None,
    };
    db::audit::record(&transaction, entry).await?;
    transaction.commit().await?;
    answer(&app, &request, user).await
}

async fn answer(app: &App, request: &HttpRequest, user: db::user::Model) -> ApiResult<HttpResponse> {
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "no-store"));
    // Who has a second factor signs in with it.
    let has_second_factor = db::second_factor::in_force(&app.db, &user.user_id).await?.is_some();
    let Some(role) = user.role().filter(|_| !has_second_factor) else {
        return Ok(response.json(InvitationAccepted { session: None }));
    };
    let user = SignedIn { user_id: user.user_id, user_email: user.user_email, role };
    let begun = session::begin(app, request, user, &Method::Invitation).await?;
    response.insert_header((SET_COOKIE, set_cookie(&begun.token, app.identity.is_https)));
    Ok(response.json(InvitationAccepted { session: Some(begun.view) }))
}

fn over() -> ApiError {
    ApiError::bad_request("token", "This invitation was used or is too old. Ask for another one.")
}
