//! Spend and the log of calls.

use chrono::NaiveDate;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{
    AdjustmentCreate, AdjustmentView, ForecastQuery, Month, MonthClose, MonthList, MonthView, Overview,
    SpendExportQuery, SpendForecast, SpendLogPage, SpendLogQuery, SpendLogView, SpendLogsDay, SpendLogsQuery,
    Statement, StatementQuery, Usage, UsageQuery,
};

use super::{ApiError, get, post};
use crate::url::search_of;

pub(crate) async fn overview() -> Result<Overview, ApiError> {
    get(paths::SPEND_OVERVIEW, &()).await
}

pub(crate) async fn usage(query: UsageQuery) -> Result<Usage, ApiError> {
    get(paths::SPEND_USAGE, &query).await
}

pub(crate) async fn forecast(query: ForecastQuery) -> Result<SpendForecast, ApiError> {
    get(paths::SPEND_FORECAST, &query).await
}

pub(crate) async fn months() -> Result<MonthList, ApiError> {
    get(paths::SPEND_MONTH_LIST, &()).await
}

pub(crate) async fn close_month(month: Month) -> Result<MonthView, ApiError> {
    post(paths::SPEND_MONTH_CLOSE, &MonthClose { month }).await
}

pub(crate) async fn book(entry: &AdjustmentCreate) -> Result<AdjustmentView, ApiError> {
    post(paths::SPEND_ADJUSTMENT, entry).await
}

pub(crate) async fn statement(query: StatementQuery) -> Result<Statement, ApiError> {
    get(paths::SPEND_STATEMENT, &query).await
}

/// Where the browser itself fetches a file of any length.
pub(crate) fn export_href(query: &SpendExportQuery) -> String {
    format!("{}{}", paths::SPEND_EXPORT, search_of(query).unwrap_or_default())
}

pub(crate) async fn logs(query: SpendLogQuery) -> Result<SpendLogPage, ApiError> {
    get(paths::SPEND_LOGS_PAGE, &query).await
}

/// One call, wherever it is in the list; `None` when the ledger does not know it.
pub(crate) async fn log(request_id: &str) -> Result<Option<SpendLogView>, ApiError> {
    let query = SpendLogQuery { page_size: 1, request_id: Some(request_id.to_owned()), ..SpendLogQuery::default() };
    Ok(logs(query).await?.data.into_iter().next())
}

/// What a user spent on each day; without one, all that the reader may see.
pub(crate) async fn days_of(
    user_id: Option<String>,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Vec<SpendLogsDay>, ApiError> {
    let query = SpendLogsQuery { user_id, start_date: Some(first), end_date: Some(last), ..SpendLogsQuery::default() };
    get(paths::SPEND_LOGS, &query).await
}
