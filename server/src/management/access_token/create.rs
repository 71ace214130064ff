//! `POST /access_token/new`.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use chrono::TimeDelta;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::json;
use tollgate_openapi::access_token::{AccessTokenCreate, AccessTokenCreated};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::show;
use crate::app::App;
use crate::auth::{Principal, access_token};
use crate::crypto::KeyDigest;
use crate::db::access_token::{Entity, Model};
use crate::db::audit::Entry;
use crate::db::{self, stored_time};
use crate::domain::window::Span;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;

/// How long a token works where nobody says.
const AGE: TimeDelta = TimeDelta::days(90);
/// The longest it may.
const AGE_MAX: TimeDelta = TimeDelta::days(366);
/// Tokens of one user.
const TOKENS_MAX: u64 = 50;

/// Make an access token
///
/// For calls of the management API as `Authorization: Bearer`; models are called with keys. It has its owner's rights as
/// they are at each call. The answer is the only place where it is shown.
#[utoipa::path(
    post,
    path = paths::ACCESS_TOKEN_NEW,
    operation_id = "access_token_new",
    tag = "access_token",
    request_body = AccessTokenCreate,
    responses(
        (status = 200, description = "The token", body = AccessTokenCreated),
        (status = 400, description = "The duration will not do, or there are too many tokens", body = ErrorEnvelope),
        (status = 403, description = "Nobody is signed in, or with UI_USERNAME", body = ErrorEnvelope),
    ),
)]
pub async fn new(app: web::Data<App>, principal: Principal, body: Json<AccessTokenCreate>) -> ApiResult<HttpResponse> {
    principal.require_session()?;
    let AccessTokenCreate { name, duration, read_only } = body.0;
    let age = age(duration.as_deref())?;
    let user = db::user::find(&app.db, &principal.user_id).await?;
    let user =
        user.ok_or_else(|| ApiError::forbidden("UI_USERNAME has no access tokens: the master key is its key."))?;
    let (token, token_name) = access_token::generate().map_err(ApiError::internal)?;
    let now = stored_time(app.clock.now());
    let row = Model {
        token_hash: KeyDigest::of(&token).to_hex(),
        token_name,
        name,
        user_id: user.user_id,
        is_read_only: read_only,
        created_at: now,
        expires_at: now + age,
        last_used_at: None,
    };
    let transaction = db::begin(&app.db).await?;
    // Those of one user are made one after the other.
    db::user::find_for_update(&transaction, &row.user_id).await?;
    let others = db::access_token::of_user(&transaction, &row.user_id, TOKENS_MAX).await?;
    if u64::try_from(others.len()).unwrap_or(u64::MAX) >= TOKENS_MAX {
        let message = format!("You have {TOKENS_MAX} access tokens. Revoke one first.");
        return Err(ApiError::bad_request("name", message));
    }
    Entity::insert(row.clone().into_active_model()).exec_without_returning(&transaction).await?;
    let entry = Entry {
        at: now,
        actor: &principal.actor(),
        action: "created",
        resource: "access_token",
        resource_id: &row.token_hash,
        before: None,
        after: Some(json!({ "name": row.name, "read_only": read_only, "expires_at": row.expires_at })),
    };
    db::audit::record(&transaction, entry).await?;
    transaction.commit().await?;
    let created = AccessTokenCreated { access_token: token, view: show(row) };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(created))
}

fn age(duration: Option<&str>) -> ApiResult<TimeDelta> {
    let Some(text) = duration else { return Ok(AGE) };
    let refused = |expected: String| ApiError::bad_request("duration", format!("duration: {expected}"));
    let span = Span::parse(text).map_err(|error| refused(error.to_string()))?;
    let age = TimeDelta::from_std(span.length()).unwrap_or(TimeDelta::MAX);
    if age > AGE_MAX {
        return Err(refused("expected a year at most, such as 365d".to_owned()));
    }
    Ok(age)
}
