//! Daily activity as a file: `GET /{user,team,organization,customer,tag}/daily/activity/export`, in LiteLLM's columns.

mod file;

use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{
    ActivityExportFormat, ActivityExportQuery, CustomerActivityQuery, DayRangeQuery, OrganizationActivityQuery,
    TagActivityQuery, TeamActivityQuery, UserActivityQuery, WholeActivityQuery,
};

use self::file::File;
use super::Whose;
use crate::app::App;
use crate::auth::Principal;
use crate::db::activity::About;
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::Query;
use crate::management::spend::{dates, export};

/// Export activity of users by day
///
/// Of the calls that `/user/daily/activity` shows, as a file of any length, the first day first. A file that breaks off is
/// not whole.
#[utoipa::path(
    get,
    path = paths::USER_DAILY_ACTIVITY_EXPORT,
    operation_id = "user_daily_activity_export",
    tag = "spend",
    params(WholeActivityQuery, ActivityExportQuery, UserActivityQuery),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/csv", example = "date,entity_id,entity_alias,…,spend,…\r\n2026-11-21,acme,…,0.015,…\r\n"),
            (Vec<Value> = "application/json", example = json!([{"date": "2026-11-21", "spend": 0.015}])),
        )),
    ),
)]
pub async fn users(
    http: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    query: Query<WholeActivityQuery>,
    shape: Query<ActivityExportQuery>,
    whose: Query<UserActivityQuery>,
) -> ApiResult<HttpResponse> {
    let whose = Whose::users(&principal, whose.0);
    send(&http, app, principal, (query.0, shape.0), whose).await
}

/// Export activity of teams by day
///
/// Of the calls that `/team/daily/activity` shows, as a file of any length, the first day first. A file that breaks off is
/// not whole.
#[utoipa::path(
    get,
    path = paths::TEAM_DAILY_ACTIVITY_EXPORT,
    operation_id = "team_daily_activity_export",
    tag = "spend",
    params(WholeActivityQuery, ActivityExportQuery, TeamActivityQuery),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/csv", example = "date,entity_id,entity_alias,…,spend,…\r\n2026-11-21,acme,…,0.015,…\r\n"),
            (Vec<Value> = "application/json", example = json!([{"date": "2026-11-21", "spend": 0.015}])),
        )),
    ),
)]
pub async fn teams(
    http: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    query: Query<WholeActivityQuery>,
    shape: Query<ActivityExportQuery>,
    whose: Query<TeamActivityQuery>,
) -> ApiResult<HttpResponse> {
    let whose = Whose::teams(&whose.0);
    send(&http, app, principal, (query.0, shape.0), whose).await
}

/// Export activity of organizations by day
///
/// Of the calls that `/organization/daily/activity` shows, as a file of any length, the first day first. A file that breaks off is
/// not whole.
#[utoipa::path(
    get,
    path = paths::ORGANIZATION_DAILY_ACTIVITY_EXPORT,
    operation_id = "organization_daily_activity_export",
    tag = "spend",
    params(WholeActivityQuery, ActivityExportQuery, OrganizationActivityQuery),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/csv", example = "date,entity_id,entity_alias,…,spend,…\r\n2026-11-21,acme,…,0.015,…\r\n"),
            (Vec<Value> = "application/json", example = json!([{"date": "2026-11-21", "spend": 0.015}])),
        )),
    ),
)]
pub async fn organizations(
    http: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    query: Query<WholeActivityQuery>,
    shape: Query<ActivityExportQuery>,
    whose: Query<OrganizationActivityQuery>,
) -> ApiResult<HttpResponse> {
    let whose = Whose::organizations(&whose.0);
    send(&http, app, principal, (query.0, shape.0), whose).await
}

/// Export activity of customers by day
///
/// Of the calls that `/customer/daily/activity` shows, as a file of any length, the first day first. A file that breaks off is
/// not whole.
#[utoipa::path(
    get,
    path = paths::CUSTOMER_DAILY_ACTIVITY_EXPORT,
    operation_id = "customer_daily_activity_export",
    tag = "spend",
    params(WholeActivityQuery, ActivityExportQuery, CustomerActivityQuery),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/csv", example = "date,entity_id,entity_alias,…,spend,…\r\n2026-11-21,acme,…,0.015,…\r\n"),
            (Vec<Value> = "application/json", example = json!([{"date": "2026-11-21", "spend": 0.015}])),
        )),
    ),
)]
pub async fn customers(
    http: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    query: Query<WholeActivityQuery>,
    shape: Query<ActivityExportQuery>,
    whose: Query<CustomerActivityQuery>,
) -> ApiResult<HttpResponse> {
    let whose = Whose::customers(&whose.0);
    send(&http, app, principal, (query.0, shape.0), whose).await
}

/// Export activity of tags by day
///
/// Of the calls that `/tag/daily/activity` shows, as a file of any length, the first day first. A file that breaks off is
/// not whole.
#[utoipa::path(
    get,
    path = paths::TAG_DAILY_ACTIVITY_EXPORT,
    operation_id = "tag_daily_activity_export",
    tag = "spend",
    params(WholeActivityQuery, ActivityExportQuery, TagActivityQuery),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/csv", example = "date,entity_id,entity_alias,…,spend,…\r\n2026-11-21,acme,…,0.015,…\r\n"),
            (Vec<Value> = "application/json", example = json!([{"date": "2026-11-21", "spend": 0.015}])),
        )),
    ),
)]
pub async fn tags(
    http: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    query: Query<WholeActivityQuery>,
    shape: Query<ActivityExportQuery>,
    whose: Query<TagActivityQuery>,
) -> ApiResult<HttpResponse> {
    let whose = Whose::tags(&whose.0);
    send(&http, app, principal, (query.0, shape.0), whose).await
}

async fn send(
    http: &HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    (query, shape): (WholeActivityQuery, ActivityExportQuery),
    whose: Whose,
) -> ApiResult<HttpResponse> {
    principal.authorize_list(Action::SpendRead)?;
    let range = DayRangeQuery { start_date: query.start_date, end_date: query.end_date, api_key: None };
    let days = dates::of_query(&range, app.clock.now().date_naive())?;
    let api_key = app.ledger_token_of(query.api_key.as_deref()).await?;
    let (content_type, ending) = match shape.format {
        ActivityExportFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        ActivityExportFormat::Json => ("application/json", "json"),
    };
    // LiteLLM's.
    let name =
        format!("{}-usage-{}-{}-{}.{ending}", name_of(whose.about), days.first, days.last, shape.export_type.as_str());
    let file = File::new(app, principal, (whose, days), (query.model, api_key), shape);
    let pages = stream::try_unfold(file, async |mut file| Ok(file.next().await?.map(|page| (page, file))));
    export::sent(http, content_type, &name, pages).await
}

const fn name_of(about: About) -> &'static str {
    match about {
        About::Users => "user",
        About::Teams => "team",
        About::Organizations => "organization",
        About::Customers => "customer",
        About::Tags => "tag",
    }
}
