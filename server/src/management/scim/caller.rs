//! Which directory calls.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use chrono::TimeDelta;

use super::error::{ScimError, ScimResult};
use crate::app::App;
use crate::auth::{Principal, client_address};
use crate::crypto::KeyDigest;
use crate::db;

/// `last_used_at` is written at most this often.
const USED_PRECISION: TimeDelta = TimeDelta::minutes(1);

/// The directory behind the request's token.
pub(super) async fn caller(app: &App, request: &HttpRequest) -> ScimResult<Principal> {
    let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    let unknown = || ScimError::new(StatusCode::UNAUTHORIZED, "The request needs a directory's token.");
    let token_hash = KeyDigest::of(token.ok_or_else(unknown)?).to_hex();
    let found = db::scim_token::find(&app.db, &token_hash).await?.ok_or_else(unknown)?;
    let now = app.clock.now();
    if found.last_used_at.is_none_or(|at| now - at >= USED_PRECISION) {
        db::scim_token::touch(&app.db, &token_hash, db::stored_time(now)).await?;
    }
    Ok(Principal::provisioner("scim", &found.token_id, client_address(app, request)))
}
