//! Tokens of directories: `/scim/token/…`.

use actix_web::web;
use sea_orm::{EntityTrait, IntoActiveModel, ModelTrait};
use serde_json::json;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::scim::{ScimTokenCreate, ScimTokenCreated, ScimTokenDelete, ScimTokenView};

use crate::app::App;
use crate::auth::Principal;
use crate::crypto::{KeyDigest, random_base62};
use crate::db::scim_token::{Entity, Model};
use crate::db::{self, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, record};
use crate::management::{Json, new_id};

/// Length of a token: 256 bits and more.
const TOKEN_CHARS: usize = 43;
/// Tokens there may be.
const TOKENS_MAX: usize = 100;

/// List the tokens of directories
#[utoipa::path(
    get,
    path = paths::SCIM_TOKEN_LIST,
    operation_id = "scim_token_list",
    tag = "scim",
    responses((status = 200, description = "All of them, without the tokens themselves", body = Vec<ScimTokenView>)),
)]
pub async fn list(app: web::Data<App>, principal: Principal) -> ApiResult<web::Json<Vec<ScimTokenView>>> {
    principal.authorize_all(Action::SsoRead)?;
    Ok(web::Json(db::scim_token::all(&app.db).await?.into_iter().map(view).collect()))
}

/// Make a token for a directory
///
/// The answer is the only place where it is shown. Whoever has it makes and deletes users and teams.
#[utoipa::path(
    post,
    path = paths::SCIM_TOKEN_NEW,
    operation_id = "scim_token_new",
    tag = "scim",
    request_body = ScimTokenCreate,
    responses((status = 200, description = "The token", body = ScimTokenCreated)),
)]
pub async fn new(
    app: web::Data<App>,
    principal: Principal,
    body: Json<ScimTokenCreate>,
) -> ApiResult<web::Json<ScimTokenCreated>> {
    principal.authorize_all(Action::SsoWrite)?;
    if db::scim_token::all(&app.db).await?.len() >= TOKENS_MAX {
        let message = format!("There are {TOKENS_MAX} tokens already, which is the most there may be.");
        return Err(ApiError::bad_request("name", message));
    }
    let token = format!("scim-{}", random_base62(TOKEN_CHARS).map_err(ApiError::internal)?);
    let row = Model {
        token_hash: KeyDigest::of(&token).to_hex(),
        token_id: new_id(),
        name: body.0.name,
        created_at: stored_time(app.clock.now()),
        created_by: Some(principal.user_id.clone()),
        last_used_at: None,
    };
    let transaction = db::begin(&app.db).await?;
    Entity::insert(row.clone().into_active_model()).exec_without_returning(&transaction).await?;
    let after = Some(json!({"name": row.name}));
    let change = Change { action: "created", kind: "scim", id: &row.token_id, before: None, after };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    let base_url = format!("{}{}", app.identity.base_url, super::BASE);
    Ok(web::Json(ScimTokenCreated { token, base_url, view: view(row) }))
}

/// Delete the token of a directory
///
/// The directory is refused at once; what it made stays.
#[utoipa::path(
    post,
    path = paths::SCIM_TOKEN_DELETE,
    operation_id = "scim_token_delete",
    tag = "scim",
    request_body = ScimTokenDelete,
    responses(
        (status = 200, description = "The token as it was", body = ScimTokenView),
        (status = 404, description = "There is no such token", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<ScimTokenDelete>,
) -> ApiResult<web::Json<ScimTokenView>> {
    principal.authorize_all(Action::SsoWrite)?;
    let transaction = db::begin(&app.db).await?;
    let found = db::scim_token::find_by_id(&transaction, &body.0.token_id).await?;
    let row = found.ok_or_else(|| ApiError::not_found("There is no such token."))?;
    row.clone().delete(&transaction).await?;
    let before = Some(json!({"name": row.name}));
    let change = Change { action: "deleted", kind: "scim", id: &row.token_id, before, after: None };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    Ok(web::Json(view(row)))
}

fn view(row: Model) -> ScimTokenView {
    ScimTokenView {
        token_id: row.token_id,
        name: row.name,
        created_at: row.created_at,
        created_by: row.created_by,
        last_used_at: row.last_used_at,
    }
}
