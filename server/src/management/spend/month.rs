//! `GET /spend/month/list` and `POST /spend/month/close`.

use std::collections::HashMap;

use actix_web::web;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::SqlErr;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{Month, MonthClose, MonthList, MonthState, MonthView};

use super::usage::shown;
use crate::app::App;
use crate::auth::Principal;
use crate::db::audit::Entry;
use crate::db::daily_entity_spend::Days;
use crate::db::monthly_spend::{self, Figures, month_of};
use crate::db::spend_adjustment::{self, When};
use crate::db::usage::{self, Of};
use crate::db::{self, Scope, closed_month, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::snapshot;

/// Months that are listed.
const MONTHS_SHOWN: u32 = 24;

/// List months
///
/// Those of the last two years with calls that the caller may see, and this one, the latest first: what each cost, and
/// whether its figures may still change. Months are UTC.
#[utoipa::path(
    get,
    path = paths::SPEND_MONTH_LIST,
    operation_id = "spend_month_list",
    tag = "spend",
    responses(
        (status = 200, description = "The months", body = MonthList),
        (status = 403, description = "A virtual key asks", body = ErrorEnvelope),
    ),
)]
pub async fn list(app: web::Data<App>, principal: Principal) -> ApiResult<web::Json<MonthList>> {
    principal.authorize_list(Action::SpendRead)?;
    let scope = principal.scope();
    let of = Of { scope: &scope, filters: Vec::new() };
    let current = month_of(app.clock.now().date_naive());
    let first = current.checked_sub_months(chrono::Months::new(MONTHS_SHOWN - 1)).unwrap_or(current);
    let by_day = usage::by_day(&app.db, &of, Days { first, last: monthly_spend::days_of(current).last }).await?;
    let mut sums: HashMap<NaiveDate, (i64, i64)> = HashMap::from([(current, (0, 0))]);
    for (day, day_sums) in by_day {
        let month = sums.entry(month_of(day)).or_default();
        *month = (month.0 + day_sums.spend, month.1 + day_sums.api_requests);
    }
    let closed = closed_month::all(&app.db).await?.into_iter();
    let mut closed: HashMap<NaiveDate, closed_month::Model> = closed.map(|row| (row.month, row)).collect();
    let mut months = Vec::with_capacity(sums.len());
    for (month, (spend, api_requests)) in sums {
        let view = MonthView {
            month: Month::of(month),
            state: if month == current { MonthState::Current } else { MonthState::Open },
            closed_at: None,
            closed_by: None,
            spend: NanoUsd(spend),
            api_requests,
            adjustments: NanoUsd::ZERO,
        };
        months.push(match closed.remove(&month) {
            Some(row) => as_closed(&app, &of, row, view).await?,
            None => view,
        });
    }
    months.sort_by_key(|view| std::cmp::Reverse(view.month));
    Ok(web::Json(MonthList { months }))
}

async fn as_closed(app: &App, of: &Of<'_>, row: closed_month::Model, view: MonthView) -> ApiResult<MonthView> {
    let frozen = shown(monthly_spend::total(&app.db, of, Figures::Frozen(row.month)).await?);
    let (_, adjustments) = spend_adjustment::sum(&app.db, of, When::About(row.month)).await?;
    Ok(MonthView {
        state: MonthState::Closed,
        closed_at: Some(row.closed_at),
        closed_by: row.closed_by,
        spend: frozen.spend,
        api_requests: frozen.api_requests,
        adjustments: NanoUsd(adjustments),
        ..view
    })
}

/// Close a month
///
/// Freezes its figures, with the cost centres, names and owners of now, once and for all. What the ledger hears of the
/// month later is booked as an adjustment, call by call, and appears in the statement of the month in which it is.
#[utoipa::path(
    post,
    path = paths::SPEND_MONTH_CLOSE,
    operation_id = "spend_month_close",
    tag = "spend",
    request_body = MonthClose,
    responses(
        (status = 200, description = "The month as it is closed", body = MonthView),
        (status = 400, description = "The month is not over, or is closed already", body = ErrorEnvelope),
        (status = 403, description = "The caller is not the gateway's administrator", body = ErrorEnvelope),
    ),
)]
pub async fn close(
    app: web::Data<App>,
    principal: Principal,
    body: Json<MonthClose>,
) -> ApiResult<web::Json<MonthView>> {
    principal.authorize_all(Action::MonthClose)?;
    let now = stored_time(app.clock.now());
    let month = body.0.month;
    check_over(month, now)?;
    let transaction = db::begin(&app.db).await?;
    let row =
        closed_month::Model { month: month.first_day(), closed_at: now, closed_by: Some(principal.user_id.clone()) };
    let closed = closed_month::close(&transaction, row.clone()).await;
    closed.map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => {
            ApiError::bad_request("month", format!("{month} is closed already. Its figures stay as they are."))
        }
        _ => error.into(),
    })?;
    let of = Of { scope: &Scope::All, filters: Vec::new() };
    let total = shown(monthly_spend::total(&transaction, &of, Figures::Frozen(row.month)).await?);
    let view = MonthView {
        month,
        state: MonthState::Closed,
        closed_at: Some(row.closed_at),
        closed_by: row.closed_by,
        spend: total.spend,
        api_requests: total.api_requests,
        adjustments: NanoUsd::ZERO,
    };
    let entry = Entry {
        at: now,
        actor: &principal.actor(),
        action: "closed",
        resource: "month",
        resource_id: &month.to_string(),
        before: None,
        after: Some(serde_json::json!({ "figures": snapshot(&total), "spend": total.spend })),
    };
    db::audit::record(&transaction, entry).await?;
    transaction.commit().await?;
    Ok(web::Json(view))
}

fn check_over(month: Month, now: DateTime<Utc>) -> ApiResult<()> {
    if month.first_day() < month_of(now.date_naive()) {
        return Ok(());
    }
    Err(ApiError::bad_request("month", format!("month: expected one that is over; {month} is not (months are UTC's)")))
}
