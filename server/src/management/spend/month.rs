//! `GET /spend/month/list` and `POST /spend/month/close`.

use std::collections::HashMap;

use actix_web::web;
use chrono::{DateTime, Months, NaiveDate, Utc};
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
use crate::db::spend_adjustment::When;
use crate::db::usage::{self, Of, Sums};
use crate::db::{self, Scope, closed_month, spend_adjustment, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::snapshot;

/// Months that are listed.
const MONTHS_SHOWN: u32 = 24;

/// List months
///
/// Those of the last two years from the first with calls that the caller may see, the latest first: what each cost, and
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
    let first = current.checked_sub_months(Months::new(MONTHS_SHOWN - 1)).unwrap_or(current);
    let by_day = usage::by_day(&app.db, &of, Days { first, last: monthly_spend::days_of(current).last }).await?;
    let mut sums: HashMap<NaiveDate, Sums> = HashMap::new();
    for (day, day_sums) in by_day {
        let month = sums.entry(month_of(day)).or_default();
        *month = month.plus(day_sums);
    }
    let closed: HashMap<NaiveDate, _> =
        closed_month::all(&app.db).await?.into_iter().map(|row| (row.month, row)).collect();
    let frozen: HashMap<_, _> = monthly_spend::frozen(&app.db, &of).await?.into_iter().collect();
    let booked = spend_adjustment::by_month(&app.db, &of).await?;
    let entries = |month: NaiveDate, is_later: bool| -> NanoUsd {
        let meant = booked.iter().filter(|one| one.month == month && (one.counted_in != month) == is_later);
        meant.map(|one| NanoUsd(one.spend)).sum()
    };
    let known = |month: &NaiveDate| {
        sums.contains_key(month) || closed.contains_key(month) || booked.iter().any(|one| one.month == *month)
    };
    let months = (0..MONTHS_SHOWN).rev().filter_map(|back| current.checked_sub_months(Months::new(back)));
    // From the first on every one: a month without calls is closed like the others.
    let listed = months.skip_while(|month| *month != current && !known(month)).map(|month| {
        let row = closed.get(&month);
        let figures = shown(match row {
            Some(_) => frozen.get(&month).copied().unwrap_or_default(),
            None => sums.get(&month).copied().unwrap_or_default(),
        });
        MonthView {
            month: Month::of(month),
            state: state_of(month, current, row.is_some()),
            closed_at: row.map(|row| row.closed_at),
            closed_by: row.and_then(|row| row.closed_by.clone()).filter(|_| scope == Scope::All),
            spend: figures.spend,
            api_requests: figures.api_requests,
            corrections: entries(month, false),
            adjustments: entries(month, true),
        }
    });
    let mut months: Vec<MonthView> = listed.collect();
    months.reverse();
    Ok(web::Json(MonthList { months }))
}

pub(super) fn state_of(month: NaiveDate, current: NaiveDate, is_closed: bool) -> MonthState {
    match (is_closed, month < current) {
        (true, _) => MonthState::Closed,
        (false, true) => MonthState::Open,
        (false, false) => MonthState::Current,
    }
}

/// Close a month
///
/// Freezes its figures, with the cost centres, names and owners of now, once and for all. Months are closed one after the
/// other; the first may be any that is over. What is heard of the
/// month later is booked as an adjustment, call by call, and appears in the statement of the month in which it is.
#[utoipa::path(
    post,
    path = paths::SPEND_MONTH_CLOSE,
    operation_id = "spend_month_close",
    tag = "spend",
    request_body = MonthClose,
    responses(
        (status = 200, description = "The month as it is closed", body = MonthView),
        (status = 400, description = "The month is not over, is closed already, or is not the next to close", body = ErrorEnvelope),
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
    check_order(month, closed_month::all(&transaction).await?.into_iter().map(|row| row.month).max())?;
    let closed = closed_month::close(&transaction, month.first_day(), now, &principal.user_id).await;
    let row = closed.map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => {
            ApiError::bad_request("month", format!("{month} is closed already. Its figures stay as they are."))
        }
        _ => error.into(),
    })?;
    let of = Of { scope: &Scope::All, filters: Vec::new() };
    let total = shown(monthly_spend::total(&transaction, &of, Figures::Frozen(row.month)).await?);
    let (_, corrections) = spend_adjustment::sum(&transaction, &of, When::corrects(row.month)).await?;
    let view = MonthView {
        month,
        state: MonthState::Closed,
        closed_at: Some(row.closed_at),
        closed_by: row.closed_by,
        spend: total.spend,
        api_requests: total.api_requests,
        corrections: NanoUsd(corrections),
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

/// A statement tells the month before, too: that is closed by then, or was before the first that was.
fn check_order(month: Month, last: Option<NaiveDate>) -> ApiResult<()> {
    let Some(last) = last else { return Ok(()) };
    let next = last.checked_add_months(Months::new(1)).map(Month::of);
    match month.first_day() {
        first if first > last && next != Some(month) => {
            let next = next.map(|next| next.to_string()).unwrap_or_default();
            Err(ApiError::bad_request(
                "month",
                format!("month: expected {next}, the one after the last that is closed"),
            ))
        }
        first if first < last => {
            let last = Month::of(last);
            Err(ApiError::bad_request("month", format!("month: expected one after {last}, the last that is closed")))
        }
        _ => Ok(()),
    }
}
