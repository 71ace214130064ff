//! Step 1: whose call is it?

use std::sync::Arc;

use actix_web::http::header::HeaderMap;

use super::Gateway;
use super::error::GatewayError;
use crate::crypto::{KeyDigest, presented_key};
use crate::domain::allowed_routes::RouteKind;
use crate::policy::Policy;
use crate::telemetry::limits;

/// The policy of the key a call presents, when the key is good.
///
/// # Errors
/// When there is no key, or it is unknown, blocked, expired, or not for the route at `path`.
pub async fn authenticate(gateway: &Gateway, path: &str, headers: &HeaderMap) -> Result<Arc<Policy>, GatewayError> {
    find(gateway, path, headers).await.inspect_err(count)
}

/// Such a call is in no ledger: it is nobody's.
fn count(error: &GatewayError) {
    limits::unauthenticated(match error {
        GatewayError::NoKey(_) => "no_key",
        GatewayError::BlockedKey => "blocked",
        GatewayError::ExpiredKey { .. } => "expired",
        GatewayError::RouteNotAllowed { .. } => "route",
        GatewayError::Policy(_) => "database",
        _ => "unknown",
    });
}

async fn find(gateway: &Gateway, path: &str, headers: &HeaderMap) -> Result<Arc<Policy>, GatewayError> {
    let key = presented_key(|name| headers.get(name)?.to_str().ok()).map_err(GatewayError::NoKey)?;
    let policy = gateway.policy.resolve(&KeyDigest::of(key)).await?;
    if policy.is_blocked {
        return Err(GatewayError::BlockedKey);
    }
    if let Some(routes) = policy.routes.as_ref().filter(|routes| !routes.allows(path, RouteKind::Llm)) {
        return Err(GatewayError::RouteNotAllowed { path: path.to_owned(), allowed: routes.listed() });
    }
    match policy.expires_at.into_iter().chain(policy.secret.as_ref().and_then(|secret| secret.ends_at)).min() {
        Some(expired_at) if expired_at <= gateway.clock.now() => {
            Err(GatewayError::ExpiredKey { key_name: policy.key_name.to_string(), expired_at })
        }
        _ => Ok(policy),
    }
}
