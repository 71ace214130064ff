//! Daily activity: `GET /{user,team,organization,customer,tag}/daily/activity`; in [`whole`] all of it at once,
//! in [`export`] as a file.

pub mod export;
mod view;
pub mod whole;

use actix_web::web;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{
    ActivityQuery, CustomerActivityQuery, DailyActivityPage, DayRangeQuery, OrganizationActivityQuery,
    TagActivityQuery, TeamActivityQuery, UserActivityQuery,
};

use super::{dates, split};
use crate::app::App;
use crate::auth::Principal;
use crate::db::activity::{self, About, Of};
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::Query;

/// Activity of users by day
///
/// Of the calls that the caller may see. Without `user_id`: everybody's for who sees everything, else the caller's own.
#[utoipa::path(
    get,
    path = paths::USER_DAILY_ACTIVITY,
    operation_id = "user_daily_activity",
    tag = "spend",
    params(ActivityQuery, UserActivityQuery),
    responses((status = 200, description = "A page of days, the latest first", body = DailyActivityPage)),
)]
pub async fn users(
    app: web::Data<App>,
    principal: Principal,
    query: Query<ActivityQuery>,
    whose: Query<UserActivityQuery>,
) -> ApiResult<web::Json<DailyActivityPage>> {
    page(&app, &principal, query.0, Whose::users(&principal, whose.0)).await
}

/// Activity of teams by day
///
/// Of the calls that the caller may see: all of the teams they administer, of others their own.
#[utoipa::path(
    get,
    path = paths::TEAM_DAILY_ACTIVITY,
    operation_id = "team_daily_activity",
    tag = "spend",
    params(ActivityQuery, TeamActivityQuery),
    responses((status = 200, description = "A page of days, the latest first", body = DailyActivityPage)),
)]
pub async fn teams(
    app: web::Data<App>,
    principal: Principal,
    query: Query<ActivityQuery>,
    whose: Query<TeamActivityQuery>,
) -> ApiResult<web::Json<DailyActivityPage>> {
    page(&app, &principal, query.0, Whose::teams(&whose.0)).await
}

/// Activity of organizations by day
///
/// Of the calls that the caller may see: all of the organizations they administer, of others their own.
#[utoipa::path(
    get,
    path = paths::ORGANIZATION_DAILY_ACTIVITY,
    operation_id = "organization_daily_activity",
    tag = "spend",
    params(ActivityQuery, OrganizationActivityQuery),
    responses((status = 200, description = "A page of days, the latest first", body = DailyActivityPage)),
)]
pub async fn organizations(
    app: web::Data<App>,
    principal: Principal,
    query: Query<ActivityQuery>,
    whose: Query<OrganizationActivityQuery>,
) -> ApiResult<web::Json<DailyActivityPage>> {
    page(&app, &principal, query.0, Whose::organizations(&whose.0)).await
}

/// Activity of customers by day
///
/// Of the calls that the caller may see.
#[utoipa::path(
    get,
    path = paths::CUSTOMER_DAILY_ACTIVITY,
    operation_id = "customer_daily_activity",
    tag = "spend",
    params(ActivityQuery, CustomerActivityQuery),
    responses((status = 200, description = "A page of days, the latest first", body = DailyActivityPage)),
)]
pub async fn customers(
    app: web::Data<App>,
    principal: Principal,
    query: Query<ActivityQuery>,
    whose: Query<CustomerActivityQuery>,
) -> ApiResult<web::Json<DailyActivityPage>> {
    page(&app, &principal, query.0, Whose::customers(&whose.0)).await
}

/// Activity of tags by day
///
/// Of the calls that the caller may see. A call with two tags counts for both.
#[utoipa::path(
    get,
    path = paths::TAG_DAILY_ACTIVITY,
    operation_id = "tag_daily_activity",
    tag = "spend",
    params(ActivityQuery, TagActivityQuery),
    responses((status = 200, description = "A page of days, the latest first", body = DailyActivityPage)),
)]
pub async fn tags(
    app: web::Data<App>,
    principal: Principal,
    query: Query<ActivityQuery>,
    whose: Query<TagActivityQuery>,
) -> ApiResult<web::Json<DailyActivityPage>> {
    page(&app, &principal, query.0, Whose::tags(&whose.0)).await
}

/// What a report is about, and whose activity it shows.
struct Whose {
    about: About,
    only: Option<Vec<String>>,
    without: Vec<String>,
}

impl Whose {
    /// Whoever does not see everything looks at themselves, unless they ask for another.
    fn users(principal: &Principal, query: UserActivityQuery) -> Self {
        let own = || (!principal.may_see_everything()).then(|| principal.user_id.clone());
        let only = query.user_id.or_else(own).map(|user_id| vec![user_id]);
        Self { about: About::Users, only, without: Vec::new() }
    }

    fn teams(query: &TeamActivityQuery) -> Self {
        Self::listed(About::Teams, query.team_ids.as_deref(), query.exclude_team_ids.as_deref())
    }

    fn organizations(query: &OrganizationActivityQuery) -> Self {
        let without = query.exclude_organization_ids.as_deref();
        Self::listed(About::Organizations, query.organization_ids.as_deref(), without)
    }

    fn customers(query: &CustomerActivityQuery) -> Self {
        Self::listed(About::Customers, query.end_user_ids.as_deref(), query.exclude_end_user_ids.as_deref())
    }

    fn tags(query: &TagActivityQuery) -> Self {
        Self::listed(About::Tags, query.tags.as_deref(), None)
    }

    /// Those that lists name whose parts are divided by commas.
    fn listed(about: About, only: Option<&str>, without: Option<&str>) -> Self {
        Self { about, only: only.map(split), without: without.map(split).unwrap_or_default() }
    }
}

async fn page(
    app: &App,
    principal: &Principal,
    query: ActivityQuery,
    whose: Whose,
) -> ApiResult<web::Json<DailyActivityPage>> {
    principal.authorize_list(Action::SpendRead)?;
    let range = DayRangeQuery { start_date: query.start_date, end_date: query.end_date, api_key: None };
    let days = dates::of_query(&range, app.clock.now().date_naive())?;
    let token = app.ledger_token_of(query.api_key.as_deref()).await?;
    let scope = principal.scope();
    let Whose { about, only, without } = whose;
    let of = Of { about, scope: &scope, days, only, without, model: query.model.as_deref(), api_key: token.as_deref() };
    let offset = query.page.saturating_sub(1).saturating_mul(query.page_size);
    let (rows, count) =
        futures_util::try_join!(activity::rows(&app.db, &of, offset, query.page_size), activity::count(&app.db, &of),)?;
    let names = view::Names::of(app, principal, about, &rows).await?;
    let mut page = view::page(&rows, about, &names);
    page.metadata.page = query.page;
    page.metadata.total_pages = count.div_ceil(query.page_size.max(1));
    page.metadata.has_more = query.page < page.metadata.total_pages;
    Ok(web::Json(page))
}
