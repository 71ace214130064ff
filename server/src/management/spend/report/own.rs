//! `GET /{key,user,team,organization}/spend/report`: what the caller may see of one of them, by key and model.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{DayRangeQuery, OrganizationReportQuery, ReportKey, TeamReportQuery, UserReportQuery};

use super::{by_key, rows_of};
use crate::app::App;
use crate::auth::Principal;
use crate::db::activity::{About, Of};
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::Query;
use crate::management::spend::dates;

/// Report on spend of keys
///
/// Of the calls that the caller may see, by key and model.
#[utoipa::path(
    get,
    path = paths::KEY_SPEND_REPORT,
    operation_id = "key_spend_report",
    tag = "spend",
    params(DayRangeQuery),
    responses(
        (status = 200, description = "Keys, the most expensive first", body = Vec<ReportKey>),
        (status = 400, description = "The report would be too long", body = ErrorEnvelope),
    ),
)]
pub async fn keys(
    app: web::Data<App>,
    principal: Principal,
    query: Query<DayRangeQuery>,
) -> ApiResult<web::Json<Vec<ReportKey>>> {
    report(&app, &principal, &query.0, (About::Users, None)).await
}

/// Report on spend of users
///
/// Of the calls that the caller may see, by key and model. Without `internal_user_id`: everybody's for who sees
/// everything, else the caller's own.
#[utoipa::path(
    get,
    path = paths::USER_SPEND_REPORT,
    operation_id = "user_spend_report",
    tag = "spend",
    params(DayRangeQuery, UserReportQuery),
    responses(
        (status = 200, description = "Keys, the most expensive first", body = Vec<ReportKey>),
        (status = 400, description = "The report would be too long", body = ErrorEnvelope),
    ),
)]
pub async fn users(
    app: web::Data<App>,
    principal: Principal,
    query: Query<DayRangeQuery>,
    whose: Query<UserReportQuery>,
) -> ApiResult<web::Json<Vec<ReportKey>>> {
    let own = || (!principal.may_see_everything()).then(|| principal.user_id.clone());
    let only = whose.0.internal_user_id.or_else(own);
    report(&app, &principal, &query.0, (About::Users, only)).await
}

/// Report on spend of teams
///
/// Of the calls that the caller may see, by key and model.
#[utoipa::path(
    get,
    path = paths::TEAM_SPEND_REPORT,
    operation_id = "team_spend_report",
    tag = "spend",
    params(DayRangeQuery, TeamReportQuery),
    responses(
        (status = 200, description = "Keys, the most expensive first", body = Vec<ReportKey>),
        (status = 400, description = "The report would be too long", body = ErrorEnvelope),
    ),
)]
pub async fn teams(
    app: web::Data<App>,
    principal: Principal,
    query: Query<DayRangeQuery>,
    whose: Query<TeamReportQuery>,
) -> ApiResult<web::Json<Vec<ReportKey>>> {
    report(&app, &principal, &query.0, (About::Teams, whose.0.team_id)).await
}

/// Report on spend of organizations
///
/// Of the calls that the caller may see, by key, model and team.
#[utoipa::path(
    get,
    path = paths::ORGANIZATION_SPEND_REPORT,
    operation_id = "organization_spend_report",
    tag = "spend",
    params(DayRangeQuery, OrganizationReportQuery),
    responses(
        (status = 200, description = "Keys, the most expensive first", body = Vec<ReportKey>),
        (status = 400, description = "The report would be too long", body = ErrorEnvelope),
    ),
)]
pub async fn organizations(
    app: web::Data<App>,
    principal: Principal,
    query: Query<DayRangeQuery>,
    whose: Query<OrganizationReportQuery>,
) -> ApiResult<web::Json<Vec<ReportKey>>> {
    report(&app, &principal, &query.0, (About::Organizations, whose.0.organization_id)).await
}

async fn report(
    app: &App,
    principal: &Principal,
    query: &DayRangeQuery,
    (about, only): (About, Option<String>),
) -> ApiResult<web::Json<Vec<ReportKey>>> {
    principal.authorize_list(Action::SpendRead)?;
    let days = dates::of_query(query, app.clock.now().date_naive())?;
    let token = app.ledger_token_of(query.api_key.as_deref()).await?;
    let scope = principal.scope();
    let only = only.map(|id| vec![id]);
    let of = Of { about, scope: &scope, days, only, without: Vec::new(), model: None, api_key: token.as_deref() };
    Ok(web::Json(by_key(&rows_of(app, &of).await?, about == About::Organizations)))
}
