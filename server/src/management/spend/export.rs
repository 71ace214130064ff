//! `GET /spend/export`: spend as a file of any length.
//!
//! Rows are read a page at a time, each page from where the one before ended, and the next one only when the client has
//! taken those before: memory does not grow with the file, and no transaction is open while somebody reads slowly.

mod calls;
pub(in crate::management) mod cell;
pub(in crate::management) mod csv;
mod days;
mod file;
mod focus;
pub(in crate::management) mod jsonl;
mod named;

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use tollgate_openapi::paths;
use tollgate_openapi::spend::{DayRangeQuery, ExportFormat, ExportLevel, SpendExportQuery};

pub(in crate::management) use self::file::File;
use self::file::Source;
use super::dates;
use crate::app::App;
use crate::auth::Principal;
use crate::db::daily_entity_spend::Days;
use crate::db::day_row::{self, Narrowed};
use crate::db::{Scope, spend_log};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Query;
use crate::management::extract::problem;

/// Export spend
///
/// Of the calls that the caller may see, as a file of any length: by day, from the same sums as `/spend/usage`, or call
/// by call, oldest first; or as a dataset of FOCUS 1.2, which is by day. Days are UTC. Money is in dollars with up to nine decimals. What people wrote and a spreadsheet
/// would run as a formula has an apostrophe in front. A file that breaks off is not whole.
#[utoipa::path(
    get,
    path = paths::SPEND_EXPORT,
    operation_id = "spend_export",
    tag = "spend",
    params(SpendExportQuery),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/csv", example = "date,organization_id,…,spend,…\r\n2026-11-21,acme,…,0.015,…\r\n"),
            (String = "application/x-ndjson", example = "{\"date\":\"2026-11-21\",\"spend\":0.015}\n"),
        )),
    ),
)]
pub async fn export(
    http: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    query: Query<SpendExportQuery>,
) -> ApiResult<HttpResponse> {
    principal.authorize_list(Action::SpendRead)?;
    let query = query.0;
    let range = DayRangeQuery { start_date: query.start_date, end_date: query.end_date, api_key: None };
    let days = dates::of_query(&range, app.clock.now().date_naive())?;
    let (format, name) = (query.format, file_name(&query, days));
    let file = file_of(app, principal.scope(), query, days).await?;
    let pages = stream::try_unfold(file, async |mut file| Ok(file.next().await?.map(|page| (page, file))));
    sent(&http, content_type(format), &name, pages).await
}

/// Sends a file page by page. An error ends the connection before the body does: what was sent cannot be taken for a
/// whole file.
pub(in crate::management) async fn sent(
    http: &HttpRequest,
    content_type: &str,
    name: &str,
    pages: impl Stream<Item = ApiResult<Bytes>> + 'static,
) -> ApiResult<HttpResponse> {
    let mut response = HttpResponse::Ok();
    response
        .content_type(content_type)
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((CACHE_CONTROL, "no-store"));
    if *http.method() == Method::HEAD {
        return Ok(response.streaming(stream::empty::<ApiResult<Bytes>>()));
    }
    let mut pages = Box::pin(pages);
    // Read before the head is sent: that the database is away is then told as by any other operation.
    let first = pages.next().await.transpose()?;
    let rest = pages.inspect_err(|error| {
        let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        tracing::error!(error = %cause, "an export broke off");
    });
    Ok(response.streaming(stream::iter(first.map(Ok)).chain(rest)))
}

/// The file of these days that is asked for.
async fn file_of(app: web::Data<App>, scope: Scope, query: SpendExportQuery, days: Days) -> ApiResult<File> {
    let format = query.format;
    let source = source(&app, query, days).await?;
    Ok(File::new(app, scope, source, format))
}

/// A file of days or calls in this scope, to be read page by page.
pub(in crate::management) async fn open(app: web::Data<App>, scope: Scope, query: SpendExportQuery) -> ApiResult<File> {
    let range = DayRangeQuery { start_date: query.start_date, end_date: query.end_date, api_key: None };
    let days = dates::of_query(&range, app.clock.now().date_naive())?;
    file_of(app, scope, query, days).await
}

async fn source(app: &App, query: SpendExportQuery, days: Days) -> ApiResult<Source> {
    let api_key = app.ledger_token_of(query.api_key.as_deref()).await?;
    let SpendExportQuery { organization_id, team_id, user_id, model, provider, tag, end_user, cost_center, .. } = query;
    if query.level == ExportLevel::Calls {
        if query.format == ExportFormat::Focus {
            return Err(refused("level", "expected days: a charge of FOCUS is what a day cost"));
        }
        let filter = spend_log::Filter {
            start: Some(dates::start_of_day("start_date", days.first)?),
            before: Some(dates::end_of_day("end_date", days.last)?),
            organization_id,
            team_id,
            user_id,
            api_key,
            model_group: model,
            provider,
            end_user,
            cost_center,
            ..spend_log::Filter::default()
        };
        return Ok(Source::Calls { filter: Box::new(filter), tag, last: None });
    }
    let narrowed = match (tag, end_user) {
        (Some(_), Some(_)) => {
            let message = "expected no tag beside it: days are known by tag or by end user; ask for level=calls";
            return Err(refused("end_user", message));
        }
        (Some(tag), None) => Some(Narrowed::Tag(tag)),
        (None, end_user) => end_user.map(Narrowed::EndUser),
    };
    let filter = day_row::Filter {
        organization_id,
        team_id,
        user_id,
        api_key,
        model_group: model,
        provider,
        cost_center,
        narrowed,
    };
    Ok(Source::Days { days, filter: Box::new(filter), last: None })
}

fn refused(parameter: &str, message: &str) -> ApiError {
    ApiError::validation(vec![problem("value_error", &["query", parameter], message)])
}

pub(in crate::management) const fn content_type(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Csv | ExportFormat::Focus => "text/csv; charset=utf-8",
        ExportFormat::Jsonl => "application/x-ndjson; charset=utf-8",
    }
}

fn file_name(query: &SpendExportQuery, days: Days) -> String {
    let Days { first, last } = days;
    match (query.format, query.level.as_str()) {
        (ExportFormat::Focus, _) => format!("tollgate-focus-1.2-{first}-to-{last}.csv"),
        (ExportFormat::Csv, level) => format!("tollgate-spend-{level}-{first}-to-{last}.csv"),
        (ExportFormat::Jsonl, level) => format!("tollgate-spend-{level}-{first}-to-{last}.jsonl"),
    }
}
