//! Daily activity of all days at once: `GET /{user,team,organization,customer,tag}/daily/activity/aggregated`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{
    CustomerActivityQuery, DailyActivityPage, DayRangeQuery, OrganizationActivityQuery, TagActivityQuery,
    TeamActivityQuery, UserActivityQuery, WholeActivityQuery,
};

use super::{Whose, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db::activity::{self, Of};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Query;
use crate::management::spend::dates;

/// Rows of sums that one report is made of: no more names are looked up at once than either database takes values.
const ROWS_MAX: u64 = 20_000;

/// Activity of users on all days
///
/// The same as `/user/daily/activity`, on one page.
#[utoipa::path(
    get,
    path = paths::USER_DAILY_ACTIVITY_WHOLE,
    operation_id = "user_daily_activity_aggregated",
    tag = "spend",
    params(WholeActivityQuery, UserActivityQuery),
    responses(
        (status = 200, description = "Every day that had calls, the latest first", body = DailyActivityPage),
        (status = 400, description = "The report would be too long", body = ErrorEnvelope),
    ),
)]
pub async fn users(
    app: web::Data<App>,
    principal: Principal,
    query: Query<WholeActivityQuery>,
    whose: Query<UserActivityQuery>,
) -> ApiResult<web::Json<DailyActivityPage>> {
    whole(&app, &principal, query.0, Whose::users(&principal, whose.0)).await
}

/// Activity of teams on all days
///
/// The same as `/team/daily/activity`, on one page.
#[utoipa::path(
    get,
    path = paths::TEAM_DAILY_ACTIVITY_WHOLE,
    operation_id = "team_daily_activity_aggregated",
    tag = "spend",
    params(WholeActivityQuery, TeamActivityQuery),
    responses(
        (status = 200, description = "Every day that had calls, the latest first", body = DailyActivityPage),
        (status = 400, description = "The report would be too long", body = ErrorEnvelope),
    ),
)]
pub async fn teams(
    app: web::Data<App>,
    principal: Principal,
    query: Query<WholeActivityQuery>,
    whose: Query<TeamActivityQuery>,
) -> ApiResult<web::Json<DailyActivityPage>> {
    whole(&app, &principal, query.0, Whose::teams(&whose.0)).await
}

/// Activity of organizations on all days
///
/// The same as `/organization/daily/activity`, on one page.
#[utoipa::path(
    get,
    path = paths::ORGANIZATION_DAILY_ACTIVITY_WHOLE,
    operation_id = "organization_daily_activity_aggregated",
    tag = "spend",
    params(WholeActivityQuery, OrganizationActivityQuery),
    responses(
        (status = 200, description = "Every day that had calls, the latest first", body = DailyActivityPage),
        (status = 400, description = "The report would be too long", body = ErrorEnvelope),
    ),
)]
pub async fn organizations(
    app: web::Data<App>,
    principal: Principal,
    query: Query<WholeActivityQuery>,
    whose: Query<OrganizationActivityQuery>,
) -> ApiResult<web::Json<DailyActivityPage>> {
    whole(&app, &principal, query.0, Whose::organizations(&whose.0)).await
}

/// Activity of customers on all days
///
/// The same as `/customer/daily/activity`, on one page.
#[utoipa::path(
    get,
    path = paths::CUSTOMER_DAILY_ACTIVITY_WHOLE,
    operation_id = "customer_daily_activity_aggregated",
    tag = "spend",
    params(WholeActivityQuery, CustomerActivityQuery),
    responses(
        (status = 200, description = "Every day that had calls, the latest first", body = DailyActivityPage),
        (status = 400, description = "The report would be too long", body = ErrorEnvelope),
    ),
)]
pub async fn customers(
    app: web::Data<App>,
    principal: Principal,
    query: Query<WholeActivityQuery>,
    whose: Query<CustomerActivityQuery>,
) -> ApiResult<web::Json<DailyActivityPage>> {
    whole(&app, &principal, query.0, Whose::customers(&whose.0)).await
}

/// Activity of tags on all days
///
/// The same as `/tag/daily/activity`, on one page.
#[utoipa::path(
    get,
    path = paths::TAG_DAILY_ACTIVITY_WHOLE,
    operation_id = "tag_daily_activity_aggregated",
    tag = "spend",
    params(WholeActivityQuery, TagActivityQuery),
    responses(
        (status = 200, description = "Every day that had calls, the latest first", body = DailyActivityPage),
        (status = 400, description = "The report would be too long", body = ErrorEnvelope),
    ),
)]
pub async fn tags(
    app: web::Data<App>,
    principal: Principal,
    query: Query<WholeActivityQuery>,
    whose: Query<TagActivityQuery>,
) -> ApiResult<web::Json<DailyActivityPage>> {
    whole(&app, &principal, query.0, Whose::tags(&whose.0)).await
}

async fn whole(
    app: &App,
    principal: &Principal,
    query: WholeActivityQuery,
    whose: Whose,
) -> ApiResult<web::Json<DailyActivityPage>> {
    principal.authorize_list(Action::SpendRead)?;
    let range = DayRangeQuery { start_date: query.start_date, end_date: query.end_date, api_key: None };
    let days = dates::of_query(&range, app.clock.now().date_naive())?;
    let token = app.ledger_token_of(query.api_key.as_deref()).await?;
    let scope = principal.scope();
    let Whose { about, only, without } = whose;
    let of = Of { about, scope: &scope, days, only, without, model: query.model.as_deref(), api_key: token.as_deref() };
    let rows = activity::rows(&app.db, &of, 0, ROWS_MAX + 1).await?;
    if u64::try_from(rows.len()).unwrap_or(u64::MAX) > ROWS_MAX {
        let message = format!(
            "The report would have more than {ROWS_MAX} rows. Ask for fewer days, for it by pages, or for /spend/export."
        );
        return Err(ApiError::bad_request("start_date", message));
    }
    let names = view::Names::of(app, principal, about, &rows).await?;
    let mut page = view::page(&rows, about, &names);
    page.metadata.page = 1;
    page.metadata.total_pages = 1;
    Ok(web::Json(page))
}
