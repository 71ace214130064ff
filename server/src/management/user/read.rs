//! `GET /user/info` and `GET /user/list`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::user::{UserInfo, UserInfoQuery, UserListQuery, UserPage};

use super::NOT_FOUND;
use super::view::{view, views};
use crate::app::App;
use crate::auth::{DEFAULT_USER_ID, Principal};
use crate::db;
use crate::db::key::Owner;
use crate::db::user::Filter;
use crate::domain::permission::{Action, Relation};
use crate::error::{ApiError, ApiResult};
use crate::management::{Query, key, page_of, team};

/// Keys shown with a user.
const KEYS_SHOWN_MAX: u64 = 100;

/// Show a user
///
/// With their keys and teams. Without `user_id`: the caller.
#[utoipa::path(
    get,
    path = paths::USER_INFO,
    operation_id = "user_info",
    tag = "user",
    params(UserInfoQuery),
    responses(
        (status = 200, description = "The user", body = UserInfo),
        (status = 403, description = "A virtual key asks", body = ErrorEnvelope),
        (status = 404, description = "There is no such user", body = ErrorEnvelope),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    query: Query<UserInfoQuery>,
) -> ApiResult<web::Json<UserInfo>> {
    let user_id = query.0.user_id.unwrap_or_else(|| principal.user_id.clone());
    let relation = if user_id == principal.user_id { Relation::Own } else { Relation::None };
    principal.authorize_on(Action::UserRead, relation, NOT_FOUND)?;
    let user_info = match db::user::find(&app.db, &user_id).await? {
        Some(user) => Some(view(&app, user).await?),
        // Behind the master key there is nobody, but it owns keys.
        None if user_id == DEFAULT_USER_ID => None,
        None => return Err(ApiError::not_found(NOT_FOUND)),
    };
    let keys = db::key::newest(&app.db, Owner::User(&user_id), KEYS_SHOWN_MAX).await?;
    let team_ids = user_info.as_ref().map(|user| user.teams.clone()).unwrap_or_default();
    let teams = db::team::find_many(&app.db, &team_ids).await?;
    Ok(web::Json(UserInfo {
        user_id,
        user_info,
        keys: key::view::views(&app, keys).await?,
        teams: team::view::views(&app, teams).await?,
    }))
}

/// List users
///
/// Newest first.
#[utoipa::path(
    get,
    path = paths::USER_LIST,
    operation_id = "user_list",
    tag = "user",
    params(UserListQuery),
    responses(
        (status = 200, description = "A page of users", body = UserPage),
    ),
)]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<UserListQuery>,
) -> ApiResult<web::Json<UserPage>> {
    let query = query.0;
    if !principal.may_see_everything() {
        return Err(ApiError::forbidden("Only administrators list users. /user/info shows who you are."));
    }
    let split = |text: &str| text.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect();
    let user_ids: Option<Vec<String>> = query.user_ids.as_deref().map(split);
    let filter = Filter {
        role: query.role,
        user_ids: user_ids.as_deref(),
        user_email: query.user_email.as_deref(),
        search: query.search.as_deref(),
        team_id: query.team.as_deref(),
    };
    let page = page_of("users", query.page, query.page_size, query.cursor.as_deref())?;
    let found = db::user::list(&app.db, &filter, &page).await?;
    Ok(web::Json(UserPage {
        users: views(&app, found.rows).await?,
        total: found.total,
        page: found.page,
        page_size: query.page_size,
        total_pages: found.total.div_ceil(query.page_size),
        next_cursor: found.next.map(|next| next.to_string()),
    }))
}
