//! `GET /global/spend/report`; in [`own`] the same for whoever does not see everything.

pub mod own;

use std::collections::BTreeMap;

use actix_web::web;
use chrono::NaiveDate;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{
    DayRangeQuery, ReportDay, ReportGroup, ReportItem, ReportKey, ReportKeyModel, ReportModel, ReportPart,
    SpendReportQuery,
};

use super::dates;
use super::names::{self, Names};
use crate::app::App;
use crate::auth::Principal;
use crate::db::Scope;
use crate::db::activity::{self, About, Of, Row};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Query;

/// Rows of sums that one report is made of.
const ROWS_MAX: u64 = 50_000;

/// Report on spend
///
/// By day and team or customer, each by model and key; or by key and model. For `api_key` and `internal_user_id` by
/// key, for `customer_id` by customer.
#[utoipa::path(
    get,
    path = paths::GLOBAL_SPEND_REPORT,
    operation_id = "global_spend_report",
    tag = "spend",
    params(SpendReportQuery),
    responses(
        (status = 200, description = "Days, oldest first; or keys, the most expensive first", body = Vec<ReportItem>),
        (status = 400, description = "The report would be too long", body = ErrorEnvelope),
        (status = 403, description = "The caller may not see the whole gateway's spend", body = ErrorEnvelope),
    ),
)]
pub async fn report(
    app: web::Data<App>,
    principal: Principal,
    query: Query<SpendReportQuery>,
) -> ApiResult<web::Json<Vec<ReportItem>>> {
    principal.authorize_all(Action::SpendReadAll)?;
    let query = query.0;
    let range = DayRangeQuery { start_date: query.start_date, end_date: query.end_date, api_key: None };
    let days = dates::of_query(&range, app.clock.now().date_naive())?;
    let token = app.ledger_token_of(query.api_key.as_deref()).await?;
    let (group, about, only) = subject(&query);
    let of = Of {
        about,
        scope: &Scope::All,
        days,
        only: only.map(|id| vec![id]),
        without: Vec::new(),
        model: None,
        api_key: token.as_deref(),
    };
    let rows = rows_of(&app, &of).await?;
    let items = match group {
        ReportGroup::Team => by_day(&rows, &team_names(&app, &rows).await?, true),
        ReportGroup::Customer => by_day(&rows, &Names::new(), false),
        ReportGroup::ApiKey => by_key(&rows, false).into_iter().map(ReportItem::Key).collect(),
    };
    Ok(web::Json(items))
}

async fn rows_of(app: &App, of: &Of<'_>) -> ApiResult<Vec<Row>> {
    let rows = activity::rows(&app.db, of, 0, ROWS_MAX + 1).await?;
    if u64::try_from(rows.len()).unwrap_or(u64::MAX) > ROWS_MAX {
        let message = format!("the report would have more than {ROWS_MAX} rows; ask for fewer days, or name a team");
        return Err(ApiError::bad_request("start_date", message));
    }
    Ok(rows)
}

/// What is grouped by what, and for whom. Whoever is named decides, as LiteLLM has it.
fn subject(query: &SpendReportQuery) -> (ReportGroup, About, Option<String>) {
    if let Some(customer) = &query.customer_id {
        return (ReportGroup::Customer, About::Customers, Some(customer.clone()));
    }
    if let Some(user) = &query.internal_user_id {
        return (ReportGroup::ApiKey, About::Users, Some(user.clone()));
    }
    if let Some(team) = &query.team_id {
        return (ReportGroup::Team, About::Teams, Some(team.clone()));
    }
    match query.group_by {
        _ if query.api_key.is_some() => (ReportGroup::ApiKey, About::Users, None),
        ReportGroup::Team => (ReportGroup::Team, About::Teams, None),
        ReportGroup::Customer => (ReportGroup::Customer, About::Customers, None),
        ReportGroup::ApiKey => (ReportGroup::ApiKey, About::Users, None),
    }
}

async fn team_names(app: &App, rows: &[Row]) -> ApiResult<Names> {
    let mut ids: Vec<String> = rows.iter().map(|row| row.entity.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    names::teams(app, &ids).await
}

fn by_day(rows: &[Row], names: &Names, is_by_team: bool) -> Vec<ReportItem> {
    let mut days: BTreeMap<NaiveDate, BTreeMap<&str, ReportPart>> = BTreeMap::new();
    for row in rows {
        let part = days.entry(row.date).or_default().entry(&row.entity).or_default();
        let spend = NanoUsd(row.sums.spend);
        part.total_spend += spend;
        let tokens = row.sums.prompt_tokens.saturating_add(row.sums.completion_tokens);
        let known = part.metadata.iter_mut().find(|one| one.model == row.model_group && one.api_key == row.api_key);
        if let Some(model) = known {
            model.spend += spend;
            model.total_tokens = model.total_tokens.saturating_add(tokens);
        } else {
            let (model, api_key) = (row.model_group.clone(), row.api_key.clone());
            part.metadata.push(ReportModel { model, spend, total_tokens: tokens, api_key });
        }
    }
    let day = |(group_by_day, parts): (NaiveDate, BTreeMap<&str, ReportPart>)| {
        let called = parts.into_iter().map(|(id, part)| match is_by_team {
            true => ReportPart { team_name: Some(names.get(id).map_or(id, String::as_str).to_owned()), ..part },
            false => ReportPart { customer: Some(id.to_owned()), ..part },
        });
        let (teams, customers) = if is_by_team { (called.collect(), vec![]) } else { (vec![], called.collect()) };
        ReportItem::Day(ReportDay { group_by_day, teams, customers })
    };
    days.into_iter().map(day).collect()
}

/// Keys, the most expensive first, each by model; and by team where that is asked for.
fn by_key(rows: &[Row], is_by_team: bool) -> Vec<ReportKey> {
    let mut keys: BTreeMap<&str, BTreeMap<(&str, &str), ReportKeyModel>> = BTreeMap::new();
    for row in rows {
        let team = if is_by_team { row.team_id.as_str() } else { "" };
        let model = keys.entry(&row.api_key).or_default().entry((&row.model_group, team)).or_default();
        model.model.clone_from(&row.model_group);
        model.team_id = Some(team.to_owned()).filter(|id| !id.is_empty());
        model.total_cost += NanoUsd(row.sums.spend);
        model.total_input_tokens = model.total_input_tokens.saturating_add(row.sums.prompt_tokens);
        model.total_output_tokens = model.total_output_tokens.saturating_add(row.sums.completion_tokens);
    }
    let mut shown: Vec<ReportKey> = keys
        .into_iter()
        .map(|(api_key, models)| {
            let mut key = ReportKey { api_key: api_key.to_owned(), ..ReportKey::default() };
            for model in models.into_values() {
                key.total_cost += model.total_cost;
                key.total_input_tokens = key.total_input_tokens.saturating_add(model.total_input_tokens);
                key.total_output_tokens = key.total_output_tokens.saturating_add(model.total_output_tokens);
                key.model_details.push(model);
            }
            key
        })
        .collect();
    shown.sort_by_key(|key| std::cmp::Reverse(key.total_cost));
    shown
}
