//! The whole gateway's spend: `/global/spend`, `/global/spend/{logs,keys,models}` and `/global/activity`; in
//! [`entities`] everything else below them.

pub mod entities;

use std::collections::HashMap;

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{
    Activity, DayActivity, DayRangeQuery, DaySpend, GlobalSpend, KeySpend, ModelSpend, TopQuery,
};

use super::dates::{self, RECENT_DAYS};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::daily_entity_spend::{self, DaySums, Days, Kind, Of};
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::{Query, limit};
use crate::policy::{GATEWAY, MASTER_ALIAS, MASTER_TOKEN};

/// Spend of the last 30 days
#[utoipa::path(
    get,
    path = paths::GLOBAL_SPEND,
    operation_id = "global_spend",
    tag = "spend",
    responses(
        (status = 200, description = "Spend of the last 30 days", body = GlobalSpend),
        (status = 403, description = "The caller may not see the whole gateway's spend", body = ErrorEnvelope),
    ),
)]
pub async fn total(app: web::Data<App>, principal: Principal) -> ApiResult<web::Json<GlobalSpend>> {
    principal.authorize_all(Action::SpendReadAll)?;
    let days = daily_entity_spend::by_day(&app.db, recent(&app), Of::Everyone).await?;
    let limits = db::limit::effective(&app.db, limit::GATEWAY.scope, GATEWAY).await?;
    Ok(web::Json(GlobalSpend {
        spend: days.iter().map(|day| NanoUsd(day.spend)).sum(),
        max_budget: limits.and_then(|limits| limits.max_budget).map(NanoUsd),
    }))
}

/// Spend by day
///
/// Days without calls included.
#[utoipa::path(
    get,
    path = paths::GLOBAL_SPEND_LOGS,
    operation_id = "global_spend_logs",
    tag = "spend",
    params(DayRangeQuery),
    responses(
        (status = 200, description = "Spend of each day, oldest first", body = Vec<DaySpend>),
        (status = 403, description = "The caller may not see the whole gateway's spend", body = ErrorEnvelope),
    ),
)]
pub async fn by_day(
    app: web::Data<App>,
    principal: Principal,
    query: Query<DayRangeQuery>,
) -> ApiResult<web::Json<Vec<DaySpend>>> {
    principal.authorize_all(Action::SpendReadAll)?;
    let (days, sums) = sums_of(&app, &query.0).await?;
    let spend: HashMap<_, _> = sums.into_iter().map(|sums| (sums.date, NanoUsd(sums.spend))).collect();
    let shown = days.iter().map(|date| DaySpend { date, spend: spend.get(&date).copied().unwrap_or_default() });
    Ok(web::Json(shown.collect()))
}

/// Requests and tokens by day
#[utoipa::path(
    get,
    path = paths::GLOBAL_ACTIVITY,
    operation_id = "global_activity",
    tag = "spend",
    params(DayRangeQuery),
    responses(
        (status = 200, description = "Requests and tokens of days that had calls", body = Activity),
        (status = 403, description = "The caller may not see the whole gateway's spend", body = ErrorEnvelope),
    ),
)]
pub async fn activity(
    app: web::Data<App>,
    principal: Principal,
    query: Query<DayRangeQuery>,
) -> ApiResult<web::Json<Activity>> {
    principal.authorize_all(Action::SpendReadAll)?;
    let (_, sums) = sums_of(&app, &query.0).await?;
    Ok(web::Json(Activity {
        sum_api_requests: sums.iter().map(|day| day.api_requests).sum(),
        sum_total_tokens: sums.iter().map(|day| day.total_tokens).sum(),
        daily_data: sums
            .into_iter()
            .map(|day| DayActivity { date: day.date, api_requests: day.api_requests, total_tokens: day.total_tokens })
            .collect(),
    }))
}

/// Keys that spent most in the last 30 days
#[utoipa::path(
    get,
    path = paths::GLOBAL_SPEND_KEYS,
    operation_id = "global_spend_keys",
    tag = "spend",
    params(TopQuery),
    responses(
        (status = 200, description = "The keys, the most expensive first", body = Vec<KeySpend>),
        (status = 403, description = "The caller may not see the whole gateway's spend", body = ErrorEnvelope),
    ),
)]
pub async fn top_keys(
    app: web::Data<App>,
    principal: Principal,
    query: Query<TopQuery>,
) -> ApiResult<web::Json<Vec<KeySpend>>> {
    principal.authorize_all(Action::SpendReadAll)?;
    Ok(web::Json(keys_that_spent_most(&app, query.0.limit).await?))
}

/// Models that cost most in the last 30 days
#[utoipa::path(
    get,
    path = paths::GLOBAL_SPEND_MODELS,
    operation_id = "global_spend_models",
    tag = "spend",
    params(TopQuery),
    responses(
        (status = 200, description = "The public models, the most expensive first", body = Vec<ModelSpend>),
        (status = 403, description = "The caller may not see the whole gateway's spend", body = ErrorEnvelope),
    ),
)]
pub async fn top_models(
    app: web::Data<App>,
    principal: Principal,
    query: Query<TopQuery>,
) -> ApiResult<web::Json<Vec<ModelSpend>>> {
    principal.authorize_all(Action::SpendReadAll)?;
    Ok(web::Json(models_that_cost_most(&app, query.0.limit).await?))
}

pub(super) async fn keys_that_spent_most(app: &App, limit: u64) -> ApiResult<Vec<KeySpend>> {
    let shares = daily_entity_spend::top(&app.db, recent(app), Kind::Key, limit).await?;
    let tokens: Vec<String> = shares.iter().map(|share| share.id.clone()).collect();
    let keys = db::key::find_many(&app.db, &tokens).await?;
    let mut names: HashMap<_, _> =
        keys.into_iter().map(|key| (key.token, (key.key_alias, Some(key.key_name)))).collect();
    // The master key is no row: it is known by LiteLLM's alias for it.
    names.insert(MASTER_TOKEN.to_owned(), (Some(MASTER_ALIAS.to_owned()), None));
    let shown = shares.into_iter().map(|share| {
        let (key_alias, key_name) = names.remove(&share.id).unwrap_or_default();
        KeySpend {
            api_key: share.id,
            key_alias,
            key_name,
            spend: NanoUsd(share.spend),
            api_requests: share.api_requests,
        }
    });
    Ok(shown.collect())
}

pub(super) async fn models_that_cost_most(app: &App, limit: u64) -> ApiResult<Vec<ModelSpend>> {
    let shares = daily_entity_spend::top(&app.db, recent(app), Kind::Model, limit).await?;
    let shown = shares.into_iter().map(|share| ModelSpend {
        model: share.id,
        spend: NanoUsd(share.spend),
        api_requests: share.api_requests,
    });
    Ok(shown.collect())
}

fn recent(app: &App) -> Days {
    dates::recent(app.clock.now().date_naive(), RECENT_DAYS)
}

async fn sums_of(app: &App, query: &DayRangeQuery) -> ApiResult<(Days, Vec<DaySums>)> {
    let days = dates::of_query(query, app.clock.now().date_naive())?;
    let api_key = app.ledger_token_of(query.api_key.as_deref()).await?;
    let of = api_key.as_deref().map_or(Of::Everyone, Of::Key);
    Ok((days, daily_entity_spend::by_day(&app.db, days, of).await?))
}
