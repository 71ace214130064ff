//! `GET /spend/logs` and `GET /spend/logs/v2`.

use actix_web::{Either, web};
use tollgate_openapi::paths;
use tollgate_openapi::spend::{SpendLogPage, SpendLogQuery, SpendLogView, SpendLogsDay, SpendLogsQuery};
use utoipa::PartialSchema as _;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};

use super::view::view;
use super::{by_day, dates};
use crate::app::App;
use crate::auth::{Credential, Principal};
use crate::db::spend_log::{self, Filter};
use crate::db::{daily_key_spend, spend_log_content};
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::{Query, page_of};

/// Calls of a search that are counted: counting millions takes longer than finding a page.
const COUNT_MAX: u64 = 10_000;
/// Calls of one answer where nothing is summed.
const RAW_CALLS_MAX: u64 = 1000;

/// Spend by day, or calls
///
/// With both dates: sums by day, days without calls included. Otherwise, or with `summarize=false`: the newest
/// thousand calls that match. A virtual key sees its own. With `request_id`: that call, with what was asked and answered
/// where prompts are kept.
#[utoipa::path(
    get,
    path = paths::SPEND_LOGS,
    operation_id = "spend_logs",
    tag = "spend",
    params(SpendLogsQuery),
    responses(
        (status = 200, description = "Calls, or sums by day", body = SpendLogs),
    ),
)]
pub async fn logs(
    app: web::Data<App>,
    principal: Principal,
    query: Query<SpendLogsQuery>,
) -> ApiResult<Either<web::Json<Vec<SpendLogsDay>>, web::Json<Vec<SpendLogView>>>> {
    let query = query.0;
    let api_key = app.ledger_token_of(query.api_key.as_deref()).await?;
    authorize(&principal, api_key.as_deref())?;
    let scope = principal.scope();
    let is_summed = query.summarize != Some(false) && query.request_id.is_none();
    if let (Some(first), Some(last), true) = (query.start_date, query.end_date, is_summed) {
        let days = dates::checked(first, last)?;
        let of = daily_key_spend::Filter { api_key: api_key.as_deref(), user_id: query.user_id.as_deref() };
        return Ok(Either::Left(web::Json(by_day::sums(&app, &scope, days, of).await?)));
    }
    let filter = Filter {
        start: query.start_date.map(|day| dates::start_of_day("start_date", day)).transpose()?,
        before: query.end_date.map(|day| dates::end_of_day("end_date", day)).transpose()?,
        api_key,
        user_id: query.user_id,
        request_id: query.request_id,
        ..Filter::default()
    };
    let is_one = filter.request_id.is_some();
    let calls = spend_log::newest(&scope, &app.db, &filter, RAW_CALLS_MAX).await?;
    let mut calls: Vec<SpendLogView> = calls.into_iter().map(view).collect();
    if is_one {
        add_contents(&app, &mut calls).await?;
    }
    Ok(Either::Right(web::Json(calls)))
}

/// Adds what was asked and answered, where it is kept.
async fn add_contents(app: &App, calls: &mut [SpendLogView]) -> ApiResult<()> {
    let ids: Vec<String> = calls.iter().map(|call| call.request_id.clone()).collect();
    let mut kept = spend_log_content::find_many(&app.db, &ids).await?;
    let parse = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    for call in calls {
        if let Some(content) = kept.remove(&call.request_id) {
            call.messages = parse(content.messages);
            call.response = parse(content.response);
        }
    }
    Ok(())
}

/// Answer of `GET /spend/logs`, as openapi.json describes it. An empty array is either.
#[derive(Debug)]
struct SpendLogs;

impl utoipa::PartialSchema for SpendLogs {
    fn schema() -> RefOr<Schema> {
        let array = |name: &str| ArrayBuilder::new().items(Ref::from_schema_name(name)).build();
        let either = AnyOfBuilder::new().item(array("SpendLogsDay")).item(array("SpendLogView"));
        either.description(Some("Sums by day, or calls")).into()
    }
}

impl utoipa::ToSchema for SpendLogs {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((SpendLogsDay::name().into_owned(), SpendLogsDay::schema()));
        SpendLogsDay::schemas(schemas);
        schemas.push((SpendLogView::name().into_owned(), SpendLogView::schema()));
        SpendLogView::schemas(schemas);
    }
}

/// A virtual key reads its own calls; that there are others is none of its business.
fn authorize(principal: &Principal, api_key: Option<&str>) -> ApiResult<()> {
    match &principal.credential {
        Credential::VirtualKey(own) => {
            let is_own = api_key.is_none_or(|key| key == own.token);
            principal.authorize_key(Action::SpendRead, is_own.then_some(own), &[])
        }
        Credential::MasterKey
        | Credential::Session { .. }
        | Credential::AccessToken { .. }
        | Credential::Provisioner(_) => principal.authorize_list(Action::SpendRead),
    }
}

/// Search calls
///
/// Those the caller may see, a page at a time: by number, or after the page before, which costs the same however far. They
/// are counted up to 10,000.
#[utoipa::path(
    get,
    path = paths::SPEND_LOGS_PAGE,
    operation_id = "spend_logs_page",
    tag = "spend",
    params(SpendLogQuery),
    responses(
        (status = 200, description = "A page of calls", body = SpendLogPage),
    ),
)]
pub async fn page(
    app: web::Data<App>,
    principal: Principal,
    query: Query<SpendLogQuery>,
) -> ApiResult<web::Json<SpendLogPage>> {
    let query = query.0;
    principal.authorize_list(Action::SpendRead)?;
    let sort = (query.sort_by, query.sort_order);
    let page = page_of(spend_log::order(sort), query.page, query.page_size, query.cursor.as_deref())?;
    let page_size = query.page_size;
    let filter = filter(&app, query).await?;
    let found = spend_log::page(&principal.scope(), &app.db, &filter, sort, &page.counted_to(COUNT_MAX)).await?;
    Ok(web::Json(SpendLogPage {
        data: found.rows.into_iter().map(view).collect(),
        total: found.total,
        total_is_capped: found.total >= COUNT_MAX,
        page: found.page,
        page_size,
        total_pages: found.total.div_ceil(page_size),
        next_cursor: found.next.map(|next| next.to_string()),
    }))
}

async fn filter(app: &App, query: SpendLogQuery) -> ApiResult<Filter> {
    let api_key = app.ledger_token_of(query.api_key.as_deref()).await?;
    Ok(Filter {
        start: query.start_date.map(|text| dates::start_of("start_date", &text)).transpose()?,
        before: query.end_date.map(|text| dates::end_of("end_date", &text)).transpose()?,
        api_key,
        key_alias: query.key_alias,
        user_id: query.user_id,
        team_id: query.team_id,
        end_user: query.end_user,
        model: query.model,
        model_id: query.model_id,
        status: query.status_filter,
        request_id: query.request_id,
        ..Filter::default()
    })
}
