//! `GET /user/info` and `GET /user/list`.

use std::collections::HashSet;

use actix_web::web;
use sea_orm::ConnectionTrait;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::key::KeyListQuery;
use tollgate_openapi::paths;
use tollgate_openapi::user::{UserInfo, UserInfoQuery, UserListQuery, UserPage, UserView};

use super::NOT_FOUND;
use super::view::views;
use crate::app::App;
use crate::auth::{DEFAULT_USER_ID, Principal};
use crate::db::user::Filter;
use crate::db::{self, Scope};
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
    let relations = relations_to(&app.db, &principal, &user_id).await?;
    principal.authorize_on(Action::UserRead, &relations, NOT_FOUND)?;
    let mut user_info = match db::user::find(&app.db, &user_id).await? {
        Some(user) => views(&app, &principal.scope(), vec![user]).await?,
        // Behind the master key there is nobody, but it owns keys.
        None if user_id == DEFAULT_USER_ID => Vec::new(),
        None => return Err(ApiError::not_found(NOT_FOUND)),
    };
    let teams = visible_teams(&app, &principal, &mut user_info).await?;
    let query = KeyListQuery { user_id: Some(user_id.clone()), ..KeyListQuery::default() };
    let page = page_of("keys of a user", 1, KEYS_SHOWN_MAX, None)?;
    let keys = db::key::list(&app.db, &principal.scope(), &query, &page, app.clock.now()).await?.rows;
    Ok(web::Json(UserInfo {
        user_id,
        user_info: user_info.pop(),
        keys: key::view::views(&app, keys).await?,
        teams: team::view::views(&app, teams).await?,
    }))
}

/// A user with those of their teams that the caller sees, where the caller sees the user.
pub(in crate::management) async fn visible(
    app: &App,
    principal: &Principal,
    user_id: &str,
) -> ApiResult<Vec<UserView>> {
    let relations = relations_to(&app.db, principal, user_id).await?;
    principal.authorize_on(Action::UserRead, &relations, NOT_FOUND)?;
    let found = db::user::find(&app.db, user_id).await?;
    let mut shown = views(app, &principal.scope(), found.into_iter().collect()).await?;
    visible_teams(app, principal, &mut shown).await?;
    Ok(shown)
}

/// The users that were made last, for who sees everything.
pub(in crate::management) async fn newest(app: &App, limit: u64) -> ApiResult<Vec<UserView>> {
    let filter = Filter { role: None, user_ids: None, user_email: None, search: None, team_id: None, seen_by: None };
    let page = page_of("users", 1, limit, None)?;
    views(app, &Scope::All, db::user::list(&app.db, &filter, &page).await?.rows).await
}

/// How the caller stands to a user.
pub(in crate::management) async fn relations_to(
    db: &impl ConnectionTrait,
    principal: &Principal,
    user_id: &str,
) -> ApiResult<Vec<Relation>> {
    let mut relations = principal.relations(Some(user_id), None, None);
    if principal.memberships.administers_any() {
        for membership in db::organization_member::of_user(db, user_id).await? {
            relations.extend(principal.relations(None, None, Some(&membership.organization_id)));
        }
    }
    if principal.memberships.leads_any() {
        for membership in db::team_member::of_user(db, user_id).await? {
            relations.extend(principal.relations(None, Some(&membership.team_id), None));
        }
    }
    Ok(relations)
}

/// The teams of users, without those that the caller does not see: of these the users' own lists are rid too.
async fn visible_teams(app: &App, principal: &Principal, users: &mut [UserView]) -> ApiResult<Vec<db::team::Model>> {
    let mut ids: Vec<String> = users.iter().flat_map(|user| user.teams.iter().cloned()).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut teams = db::team::find_many(&app.db, &ids).await?;
    if !principal.may_see_everything() {
        let is_seen = |team: &db::team::Model| {
            let relations = principal.relations(None, Some(&team.team_id), team.organization_id.as_deref());
            principal.authorize_on(Action::TeamRead, &relations, NOT_FOUND).is_ok()
        };
        teams.retain(is_seen);
        let seen: HashSet<&str> = teams.iter().map(|team| team.team_id.as_str()).collect();
        users.iter_mut().for_each(|user| user.teams.retain(|id| seen.contains(id.as_str())));
    }
    Ok(teams)
}

/// List users
///
/// Newest first. Who administers organizations or teams sees the members of these.
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
    let scope = principal.scope();
    let seen_by = match &scope {
        Scope::All => None,
        Scope::Person(sight) if !sight.teams.is_empty() || !sight.organizations.is_empty() => Some(sight),
        Scope::Person(_) | Scope::Key(_) => {
            return Err(ApiError::forbidden("Only administrators list users. /user/info shows who you are."));
        }
    };
    let split = |text: &str| text.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect();
    let user_ids: Option<Vec<String>> = query.user_ids.as_deref().map(split);
    let filter = Filter {
        role: query.role,
        user_ids: user_ids.as_deref(),
        user_email: query.user_email.as_deref(),
        search: query.search.as_deref(),
        team_id: query.team.as_deref(),
        seen_by,
    };
    let page = page_of("users", query.page, query.page_size, query.cursor.as_deref())?;
    let found = db::user::list(&app.db, &filter, &page).await?;
    let mut users = views(&app, &scope, found.rows).await?;
    if seen_by.is_some() {
        visible_teams(&app, &principal, &mut users).await?;
    }
    Ok(web::Json(UserPage {
        users,
        total: found.total,
        page: found.page,
        page_size: query.page_size,
        total_pages: found.total.div_ceil(query.page_size),
        next_cursor: found.next.map(|next| next.to_string()),
    }))
}
