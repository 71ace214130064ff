//! `GET /access_token/list`.

use actix_web::web;
use tollgate_openapi::access_token::{AccessTokenList, AccessTokenListQuery};
use tollgate_openapi::paths;

use super::show;
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::Query;

/// Tokens listed of one user.
const LISTED_MAX: u64 = 100;

/// List access tokens
///
/// The caller's own or, for administrators, somebody else's.
#[utoipa::path(
    get,
    path = paths::ACCESS_TOKEN_LIST,
    operation_id = "access_token_list",
    tag = "access_token",
    params(AccessTokenListQuery),
    responses((status = 200, description = "The tokens, newest first", body = AccessTokenList)),
)]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<AccessTokenListQuery>,
) -> ApiResult<web::Json<AccessTokenList>> {
    let user_id = query.0.user_id.unwrap_or_else(|| principal.user_id.clone());
    let is_own = user_id == principal.user_id;
    principal.authorize_all(if is_own { Action::Session } else { Action::UserWrite })?;
    let rows = db::access_token::of_user(&app.db, &user_id, LISTED_MAX).await?;
    Ok(web::Json(AccessTokenList { access_tokens: rows.into_iter().map(show).collect() }))
}
