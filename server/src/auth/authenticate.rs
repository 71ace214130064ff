//! The middleware that finds out who calls.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, web};
use chrono::{DateTime, Utc};
use tollgate_openapi::paths;
use tollgate_openapi::session::UserRole;

use super::sign_in::CODE_REQUIRED;
use super::{Credential, DEFAULT_USER_ID, Memberships, Principal, access_token, csrf, session};
use crate::app::App;
use crate::crypto::{KeyDigest, presented_key};
use crate::db;
use crate::domain::allowed_routes::RouteKind;
use crate::error::{ApiError, ApiResult};

/// What an administrator may do who needs a second factor and has none.
const PATHS_WITHOUT_SECOND_FACTOR: [&str; 6] = [
    paths::SESSION_INFO,
    paths::SESSION_DELETE,
    paths::SECOND_FACTOR_INFO,
    paths::SECOND_FACTOR_NEW,
    paths::SECOND_FACTOR_CONFIRM,
    paths::USER_PASSWORD_CHANGE,
];

/// Lets only known callers through and leaves their [`Principal`] with the request. Others are answered 401 (nobody, or
/// an unknown, blocked or expired key or session) or 403 (a write that another site could have made).
///
/// # Errors
/// What the operation itself fails with.
pub async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    match identify(request.request()).await {
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            next.call(request).await.map(ServiceResponse::map_into_left_body)
        }
        // An answer, not an error: the middleware around this one adds its headers to it.
        Err(refusal) => Ok(request.error_response(refusal).map_into_right_body()),
    }
}

/// Address of the client: that of the connection, or what trusted proxies say of it.
pub(crate) fn client_address(app: &App, request: &HttpRequest) -> Option<String> {
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let peer = request.peer_addr()?.ip();
    Some(app.identity.proxies.client(peer, forwarded).to_string())
}

/// Who calls, where they may do anything at all.
///
/// # Errors
/// 401 for nobody, 403 for a write that another site could have made and for who needs a second factor first.
pub(crate) async fn identify(request: &HttpRequest) -> ApiResult<Principal> {
    let principal = present(request).await?;
    let may_do_this = PATHS_WITHOUT_SECOND_FACTOR.contains(&request.path());
    if matches!(principal.credential, Credential::Session { needs_second_factor: true, .. }) && !may_do_this {
        let message = "Administrators need a second factor here. Set it up in your profile (/second_factor/new).";
        return Err(ApiError::new(StatusCode::FORBIDDEN, CODE_REQUIRED, message));
    }
    Ok(principal)
}

/// Who calls, whatever they may do.
async fn present(request: &HttpRequest) -> ApiResult<Principal> {
    let app =
        request.app_data::<web::Data<App>>().ok_or_else(|| ApiError::internal("the app's data is not mounted"))?;
    let ip_address = client_address(app, request);
    let no_key = match presented_key(|name| request.headers().get(name)?.to_str().ok()) {
        Ok(key) if access_token::is_one(key) => {
            let (user, role, credential) = access_token::owner(app, key, request).await?;
            let memberships = Memberships::of(&app.db, &user.user_id).await?;
            let (user_id, user_email) = (user.user_id, user.user_email);
            return Ok(Principal { credential, user_id, user_email, role, memberships, ip_address });
        }
        Ok(key) => return identify_key(app, key, request.path(), ip_address).await,
        Err(reason) => reason,
    };
    let token = session::token_in_cookie(request.headers()).ok_or(no_key)?;
    let principal = session::resume(app, &token, ip_address).await?;
    csrf::check(request)?;
    Ok(principal)
}

async fn identify_key(app: &App, key: &str, path: &str, ip_address: Option<String>) -> ApiResult<Principal> {
    let digest = KeyDigest::of(key);
    if app.identity.master_key.matches(&digest) {
        return Ok(Principal {
            credential: Credential::MasterKey,
            user_id: DEFAULT_USER_ID.to_owned(),
            user_email: None,
            role: UserRole::ProxyAdmin,
            memberships: Memberships::default(),
            ip_address,
        });
    }
    let (found, secret_until) = db::key_secret::find_key(&app.db, digest).await?.ok_or_else(ApiError::unknown_key)?;
    check_usable(&found, secret_until, app.clock.now())?;
    if let Some(routes) = found.allowed_routes().filter(|routes| !routes.allows(path, RouteKind::Info)) {
        let message = format!("The key may not call {path}. Its allowed_routes are {}.", routes.listed());
        return Err(ApiError::forbidden(message));
    }
    Ok(Principal {
        user_id: found.user_id.clone().unwrap_or_else(|| found.token.clone()),
        user_email: None,
        // What a virtual key may do is decided by what it is, not by this.
        role: UserRole::InternalUserViewer,
        memberships: Memberships::default(),
        ip_address,
        credential: Credential::VirtualKey(Box::new(found)),
    })
}

fn check_usable(key: &db::key::Model, secret_until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> ApiResult<()> {
    if key.blocked {
        return Err(ApiError::blocked_key());
    }
    match key.expires_at.into_iter().chain(secret_until).min() {
        Some(expires_at) if expires_at <= now => Err(ApiError::expired_key(&key.key_name, expires_at)),
        _ => Ok(()),
    }
}
