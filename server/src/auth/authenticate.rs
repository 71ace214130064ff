//! The middleware that finds out who calls.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, web};
use chrono::{DateTime, SecondsFormat, Utc};
use tollgate_openapi::session::UserRole;

use super::principal::no_key;
use super::{Credential, DEFAULT_USER_ID, Principal, csrf, session};
use crate::app::App;
use crate::crypto::KeyDigest;
use crate::db;
use crate::error::{ApiError, ApiResult};

/// Headers that may carry a key, after `Authorization`, in LiteLLM's order.
const KEY_HEADERS: [&str; 4] = ["x-litellm-api-key", "api-key", "x-api-key", "x-goog-api-key"];

/// Lets only known callers through and leaves their [`Principal`] with the request.
///
/// # Errors
/// 401 for nobody or an unknown, blocked or expired key or session, 403 for a write that another site could have made.
pub async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let principal = identify(request.request()).await?;
    request.extensions_mut().insert(principal);
    next.call(request).await
}

/// Address of the client: that of the connection.
pub(crate) fn client_address(request: &HttpRequest) -> Option<String> {
    request.peer_addr().map(|address| address.ip().to_string())
}

async fn identify(request: &HttpRequest) -> ApiResult<Principal> {
    let app =
        request.app_data::<web::Data<App>>().ok_or_else(|| ApiError::internal("the app's data is not mounted"))?;
    let ip_address = client_address(request);
    if let Some(key) = key_in_headers(request.headers())? {
        return identify_key(app, key, ip_address).await;
    }
    let token = session::token_in_cookie(request.headers()).ok_or_else(no_key)?;
    let principal = session::resume(app, &token, ip_address).await?;
    csrf::check(request)?;
    Ok(principal)
}

/// The key that the request carries. `Authorization` wins; an empty header is as good as none.
fn key_in_headers(headers: &HeaderMap) -> ApiResult<Option<&str>> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let text = value.to_str().unwrap_or_default().trim();
        let Some(key) = strip_bearer(text) else {
            return Err(ApiError::unauthorized(
                "Authentication Error, expected the header \"Authorization: Bearer <key>\".",
            ));
        };
        if !key.is_empty() {
            return Ok(Some(key));
        }
    }
    let values = KEY_HEADERS.iter().filter_map(|name| headers.get(*name)?.to_str().ok());
    let mut keys = values.map(|text| strip_bearer(text).unwrap_or(text).trim()).filter(|key| !key.is_empty());
    Ok(keys.next())
}

fn strip_bearer(text: &str) -> Option<&str> {
    if text.eq_ignore_ascii_case("bearer") {
        return Some("");
    }
    let (scheme, key) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

async fn identify_key(app: &App, key: &str, ip_address: Option<String>) -> ApiResult<Principal> {
    let digest = KeyDigest::of(key);
    if app.identity.master_key.matches(&digest) {
        return Ok(Principal {
            credential: Credential::MasterKey,
            user_id: DEFAULT_USER_ID.to_owned(),
            user_email: None,
            role: UserRole::ProxyAdmin,
            ip_address,
        });
    }
    let found = db::key::find(&app.db, &digest.to_hex()).await?.ok_or_else(unknown_key)?;
    check_usable(&found, app.clock.now())?;
    Ok(Principal {
        user_id: found.user_id.clone().unwrap_or_else(|| found.token.clone()),
        user_email: None,
        // What a virtual key may do is decided by what it is, not by this.
        role: UserRole::InternalUserViewer,
        ip_address,
        credential: Credential::VirtualKey(Box::new(found)),
    })
}

fn unknown_key() -> ApiError {
    let message = "Authentication Error, Invalid API key provided.";
    ApiError::new(StatusCode::UNAUTHORIZED, "token_not_found_in_db", message).with_param("key")
}

fn check_usable(key: &db::key::Model, now: DateTime<Utc>) -> ApiResult<()> {
    if key.blocked {
        return Err(ApiError::unauthorized("Authentication Error, Key is blocked."));
    }
    match key.expires_at {
        Some(expires_at) if expires_at <= now => {
            let at = expires_at.to_rfc3339_opts(SecondsFormat::Secs, true);
            let message = format!("Authentication Error - Expired Key. Key Expiry time {at}.");
            let error = ApiError::new(StatusCode::UNAUTHORIZED, "expired_key", message);
            Err(error.with_param(key.key_name.clone()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    #[test]
    fn a_key_is_found_in_the_order_of_the_contract() {
        let all = [
            ("authorization", "Bearer sk-1"),
            ("x-litellm-api-key", "Bearer sk-2"),
            ("api-key", "sk-3"),
            ("x-api-key", "sk-4"),
            ("x-goog-api-key", "sk-5"),
        ];
        for (skipped, expected) in ["sk-1", "sk-2", "sk-3", "sk-4", "sk-5"].into_iter().enumerate() {
            assert_eq!(key_in_headers(&headers(&all[skipped..])).unwrap(), Some(expected));
        }
        assert_eq!(key_in_headers(&headers(&[])).unwrap(), None);
    }

    #[test]
    fn the_bearer_scheme_is_read_as_http_says() {
        assert_eq!(key_in_headers(&headers(&[("authorization", "bEARER   sk-1 ")])).unwrap(), Some("sk-1"));
        assert_eq!(key_in_headers(&headers(&[("authorization", "Bearer")])).unwrap(), None);
        assert!(key_in_headers(&headers(&[("authorization", "Basic YTpi")])).is_err());
        assert!(key_in_headers(&headers(&[("authorization", "sk-1")])).is_err());
    }
}
