//! `GET /team/info`, `GET /team/list` and `GET /v2/team/list`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::page::PAGE_SIZE_DEFAULT;
use tollgate_openapi::paths;
use tollgate_openapi::team::{TeamInfo, TeamInfoQuery, TeamListQuery, TeamPage, TeamView};

use super::view::{memberships, view, views};
use super::{NOT_FOUND, relations_to};
use crate::app::App;
use crate::auth::Principal;
use crate::db::key::Owner;
use crate::db::team::{Filter, Model};
use crate::db::{self, Page, Scope};
use crate::domain::permission::{Action, Relation};
use crate::error::{ApiError, ApiResult};
use crate::management::{Listed, Query, key, listed, page_of};

/// Keys shown with a team unless the query says otherwise.
const KEYS_SHOWN: u64 = 100;
/// Memberships shown with a team.
const MEMBERSHIPS_SHOWN_MAX: u64 = 1000;
/// Teams a page of `/v2/team/list` unless the query says otherwise: LiteLLM's figure.
const PAGE_SIZE: u64 = 10;

/// Show a team
///
/// With its keys and memberships. Members who do not manage the team see of these their own.
#[utoipa::path(
    get,
    path = paths::TEAM_INFO,
    operation_id = "team_info",
    tag = "team",
    params(TeamInfoQuery),
    responses(
        (status = 200, description = "The team", body = TeamInfo),
        (status = 403, description = "A virtual key asks", body = ErrorEnvelope),
        (status = 404, description = "There is no such team", body = ErrorEnvelope),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    query: Query<TeamInfoQuery>,
) -> ApiResult<web::Json<TeamInfo>> {
    let (team_id, key_limit) = (query.0.team_id, query.0.key_limit.unwrap_or(KEYS_SHOWN));
    let found = db::team::find(&app.db, &team_id).await?;
    let relations = relations_to(&principal, found.as_ref());
    principal.authorize_on(Action::TeamRead, &relations, NOT_FOUND)?;
    let team = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    let manages = |relation: &Relation| matches!(relation, Relation::Team | Relation::Organization);
    let sees_all = principal.may_see_everything() || relations.iter().any(manages);
    let (owner, members) = if sees_all {
        let members =
            db::team_member::of_teams(&app.db, std::slice::from_ref(&team_id), Some(MEMBERSHIPS_SHOWN_MAX)).await?;
        (Owner::Team(&team_id), members)
    } else {
        let own = db::team_member::find(&app.db, &team_id, &principal.user_id).await?;
        (Owner::Member { team_id: &team_id, user_id: &principal.user_id }, own.into_iter().collect())
    };
    let keys = db::key::newest(&app.db, owner, key_limit).await?;
    Ok(web::Json(TeamInfo {
        team_info: view(&app, team).await?,
        keys: key::view::views(&app, keys).await?,
        team_memberships: memberships(&app, members).await?,
        team_id,
    }))
}

/// List teams
///
/// Those the caller may see, newest first.
#[utoipa::path(
    get,
    path = paths::TEAM_LIST,
    operation_id = "team_list",
    tag = "team",
    params(TeamListQuery),
    responses(
        (status = 200, description = "A page of teams; `x-total-count` says how many there are", body = Vec<TeamView>),
        (status = 403, description = "A virtual key asks", body = ErrorEnvelope),
    ),
)]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<TeamListQuery>,
) -> ApiResult<Listed<TeamView>> {
    let size = query.0.page_size.unwrap_or(PAGE_SIZE_DEFAULT);
    let found = find(&app, &principal, &query.0, size).await?;
    Ok(listed(views(&app, found.rows).await?, found.total, found.next))
}

/// List teams by pages
///
/// Those the caller may see, newest first.
#[utoipa::path(
    get,
    path = paths::TEAM_LIST_PAGE,
    operation_id = "team_list_page",
    tag = "team",
    params(TeamListQuery),
    responses(
        (status = 200, description = "A page of teams", body = TeamPage),
        (status = 403, description = "A virtual key asks", body = ErrorEnvelope),
    ),
)]
pub async fn page(
    app: web::Data<App>,
    principal: Principal,
    query: Query<TeamListQuery>,
) -> ApiResult<web::Json<TeamPage>> {
    let page_size = query.0.page_size.unwrap_or(PAGE_SIZE);
    let found = find(&app, &principal, &query.0, page_size).await?;
    Ok(web::Json(TeamPage {
        teams: views(&app, found.rows).await?,
        total: found.total,
        page: found.page,
        page_size,
        total_pages: found.total.div_ceil(page_size),
        next_cursor: found.next.map(|next| next.to_string()),
    }))
}

async fn find(app: &App, principal: &Principal, query: &TeamListQuery, size: u64) -> ApiResult<Page<Model>> {
    // Everybody may list; which teams they see is a matter of their memberships.
    principal.authorize_on(Action::TeamRead, &[Relation::Member], NOT_FOUND)?;
    let scope = principal.scope();
    let filter = Filter {
        user_id: query.user_id.as_deref(),
        seen_by: match &scope {
            Scope::Person(sight) => Some(sight),
            Scope::All | Scope::Key(_) => None,
        },
        organization_id: query.organization_id.as_deref(),
        team_id: query.team_id.as_deref(),
        team_alias: query.team_alias.as_deref(),
        search: query.search.as_deref(),
    };
    let page = page_of("teams", query.page.unwrap_or(1), size, query.cursor.as_deref())?;
    Ok(db::team::list(&app.db, &filter, &page).await?)
}
