//! `GET /spend/keys`, `GET /spend/users` and `GET /spend/tags`: who spent what, as far as the caller may see.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::key::{KeyListQuery, KeySort, KeyView, SortOrder};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{DayRangeQuery, SpendUsersQuery, TagSpend};
use tollgate_openapi::user::UserView;

use super::dates;
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::usage::{self, Dimension, Of};
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::{Query, key, page_of, user};

/// Keys, users or tags of one answer.
const SHOWN_MAX: u64 = 100;

/// Keys that spent most
///
/// The hundred of those the caller may see that spent most since they were made.
#[utoipa::path(
    get,
    path = paths::SPEND_KEYS,
    operation_id = "spend_keys",
    tag = "spend",
    responses((status = 200, description = "The keys, the most expensive first", body = Vec<KeyView>)),
)]
pub async fn keys(app: web::Data<App>, principal: Principal) -> ApiResult<web::Json<Vec<KeyView>>> {
    principal.authorize_list(Action::KeyRead)?;
    let query = KeyListQuery { sort_by: KeySort::Spend, sort_order: SortOrder::Desc, ..KeyListQuery::default() };
    let page = page_of(db::key::order(&query), 1, SHOWN_MAX, None)?;
    let found = db::key::list(&app.db, &principal.scope(), &query, &page, app.clock.now()).await?;
    Ok(web::Json(key::view::views(&app, found.rows).await?))
}

/// Users with what they spent
///
/// The one that is named; else the newest hundred for who sees everything, and for everybody else themselves.
#[utoipa::path(
    get,
    path = paths::SPEND_USERS,
    operation_id = "spend_users",
    tag = "spend",
    params(SpendUsersQuery),
    responses(
        (status = 200, description = "The users", body = Vec<UserView>),
        (status = 404, description = "There is no such user", body = ErrorEnvelope),
    ),
)]
pub async fn users(
    app: web::Data<App>,
    principal: Principal,
    query: Query<SpendUsersQuery>,
) -> ApiResult<web::Json<Vec<UserView>>> {
    principal.authorize_list(Action::SpendRead)?;
    let named = query.0.user_id.or_else(|| (!principal.may_see_everything()).then(|| principal.user_id.clone()));
    let shown = match named {
        Some(user_id) => user::read::visible(&app, &principal, &user_id).await?,
        None => user::read::newest(&app, SHOWN_MAX).await?,
    };
    Ok(web::Json(shown))
}

/// Tags that cost most
///
/// Of the calls that the caller may see. A call with two tags counts for both.
#[utoipa::path(
    get,
    path = paths::SPEND_TAGS,
    operation_id = "spend_tags",
    tag = "spend",
    params(DayRangeQuery),
    responses((status = 200, description = "The hundred most expensive tags", body = Vec<TagSpend>)),
)]
pub async fn tags(
    app: web::Data<App>,
    principal: Principal,
    query: Query<DayRangeQuery>,
) -> ApiResult<web::Json<Vec<TagSpend>>> {
    principal.authorize_list(Action::SpendRead)?;
    let days = dates::of_query(&query.0, app.clock.now().date_naive())?;
    let token = app.ledger_token_of(query.0.api_key.as_deref()).await?;
    let scope = principal.scope();
    let of = Of { scope: &scope, filters: token.as_deref().map(|token| (Dimension::Key, token)).into_iter().collect() };
    let groups = usage::groups(&app.db, &of, days, Dimension::Tag, None, SHOWN_MAX).await?;
    let shown = groups.into_iter().map(|(tag, sums)| TagSpend {
        individual_request_tag: tag,
        log_count: sums.api_requests,
        total_spend: NanoUsd(sums.spend),
    });
    Ok(web::Json(shown.collect()))
}
