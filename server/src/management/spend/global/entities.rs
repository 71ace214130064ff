//! The whole gateway's spend by team, provider, customer and tag, and its activity by model.

use std::collections::{BTreeMap, HashMap};

use actix_web::web;
use chrono::NaiveDate;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{
    CustomerSpend, CustomerSpendQuery, DayActivity, DayRangeQuery, ModelActivity, ProviderSpend, TagNames, TagShare,
    TagShares, TagsQuery, TeamSpend, TeamsDay, TeamsSpend,
};

use super::recent;
use crate::app::App;
use crate::auth::Principal;
use crate::db::activity::customers_of_key;
use crate::db::daily_entity_spend::{self, Days, Kind};
use crate::db::usage::{self, Dimension, Of};
use crate::db::{Scope, spend_total};
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::spend::{dates, names, split};
use crate::management::{Json, Query};

/// Teams, customers, models and tags of one answer.
const SHOWN_MAX: u64 = 100;
/// Names of tags of one answer.
const NAMES_MAX: u64 = 10_000;

/// Teams that spent most in the last 30 days
#[utoipa::path(
    get,
    path = paths::GLOBAL_SPEND_TEAMS,
    operation_id = "global_spend_teams",
    tag = "spend",
    responses(
        (status = 200, description = "The hundred that spent most, by day and in total", body = TeamsSpend),
        (status = 403, description = "The caller may not see the whole gateway's spend", body = ErrorEnvelope),
    ),
)]
pub async fn top_teams(app: web::Data<App>, principal: Principal) -> ApiResult<web::Json<TeamsSpend>> {
    principal.authorize_all(Action::SpendReadAll)?;
    let days = recent(&app);
    let top = daily_entity_spend::top(&app.db, days, Kind::Team, SHOWN_MAX).await?;
    let ids: Vec<String> = top.iter().map(|share| share.id.clone()).collect();
    let shares = daily_entity_spend::shares_of(&app.db, days, Kind::Team, &ids).await?;
    let names = names::teams(&app, &ids).await?;
    let name = |id: &String| names.get(id).unwrap_or(id).clone();
    let mut by_day: BTreeMap<NaiveDate, BTreeMap<String, NanoUsd>> = BTreeMap::new();
    for share in &shares {
        *by_day.entry(share.date).or_default().entry(name(&share.id)).or_default() += NanoUsd(share.spend);
    }
    Ok(web::Json(TeamsSpend {
        daily_spend: by_day.into_iter().map(|(date, teams)| TeamsDay { date, teams }).collect(),
        teams: ids.iter().map(name).collect(),
        total_spend_per_team: top
            .iter()
            .map(|share| TeamSpend { team_id: name(&share.id), total_spend: NanoUsd(share.spend) })
            .collect(),
    }))
}

/// Spend by provider
#[utoipa::path(
    get,
    path = paths::GLOBAL_SPEND_PROVIDER,
    operation_id = "global_spend_provider",
    tag = "spend",
    params(DayRangeQuery),
    responses(
        (status = 200, description = "The providers, the most expensive first", body = Vec<ProviderSpend>),
        (status = 403, description = "The caller may not see the whole gateway's spend", body = ErrorEnvelope),
    ),
)]
pub async fn by_provider(
    app: web::Data<App>,
    principal: Principal,
    query: Query<DayRangeQuery>,
) -> ApiResult<web::Json<Vec<ProviderSpend>>> {
    principal.authorize_all(Action::SpendReadAll)?;
    let days = dates::of_query(&query.0, app.clock.now().date_naive())?;
    let token = app.ledger_token_of(query.0.api_key.as_deref()).await?;
    let filters = token.as_deref().map(|token| (Dimension::Key, token)).into_iter().collect();
    let of = Of { scope: &Scope::All, filters };
    let groups = usage::groups(&app.db, &of, days, Dimension::Provider, None, SHOWN_MAX).await?;
    let named = groups.into_iter().filter(|(provider, _)| !provider.is_empty());
    Ok(web::Json(named.map(|(provider, sums)| ProviderSpend { provider, spend: NanoUsd(sums.spend) }).collect()))
}

/// Customers that cost most
///
/// By days: of the instants only their days matter.
#[utoipa::path(
    post,
    path = paths::GLOBAL_SPEND_END_USERS,
    operation_id = "global_spend_end_users",
    tag = "spend",
    request_body = CustomerSpendQuery,
    responses(
        (status = 200, description = "The hundred that cost most", body = Vec<CustomerSpend>),
        (status = 403, description = "The caller may not see the whole gateway's spend", body = ErrorEnvelope),
    ),
)]
pub async fn top_customers(
    app: web::Data<App>,
    principal: Principal,
    body: Json<CustomerSpendQuery>,
) -> ApiResult<web::Json<Vec<CustomerSpend>>> {
    principal.authorize_all(Action::SpendReadAll)?;
    let CustomerSpendQuery { api_key, start_time, end_time } = body.0;
    let day = |time: chrono::DateTime<chrono::Utc>| time.date_naive();
    let range = DayRangeQuery { start_date: start_time.map(day), end_date: end_time.map(day), api_key: None };
    let days = dates::of_query(&range, app.clock.now().date_naive())?;
    let shown = match api_key {
        Some(key) => {
            let found = customers_of_key(&app.db, days, &app.ledger_token(&key).await?, SHOWN_MAX).await?.into_iter();
            found.map(|one| customer(one.end_user, one.api_requests, one.spend)).collect()
        }
        None => {
            let top = daily_entity_spend::top(&app.db, days, Kind::Customer, SHOWN_MAX).await?.into_iter();
            top.map(|share| customer(share.id, share.api_requests, share.spend)).collect()
        }
    };
    Ok(web::Json(shown))
}

fn customer(end_user: String, total_count: i64, spend: i64) -> CustomerSpend {
    CustomerSpend { end_user, total_count, total_spend: NanoUsd(spend) }
}

/// Spend by tag
///
/// A call with two tags counts for both.
#[utoipa::path(
    get,
    path = paths::GLOBAL_SPEND_TAGS,
    operation_id = "global_spend_tags",
    tag = "spend",
    params(TagsQuery),
    responses(
        (status = 200, description = "The hundred most expensive tags", body = TagShares),
        (status = 403, description = "The caller may not see the whole gateway's spend", body = ErrorEnvelope),
    ),
)]
pub async fn by_tag(
    app: web::Data<App>,
    principal: Principal,
    query: Query<TagsQuery>,
) -> ApiResult<web::Json<TagShares>> {
    principal.authorize_all(Action::SpendReadAll)?;
    let TagsQuery { start_date, end_date, tags } = query.0;
    let range = DayRangeQuery { start_date, end_date, api_key: None };
    let days = dates::of_query(&range, app.clock.now().date_naive())?;
    // The console of LiteLLM asks for "all-tags".
    let tags = tags.as_deref().map(split).filter(|tags| tags.iter().all(|tag| tag != "all-tags"));
    let of = Of { scope: &Scope::All, filters: Vec::new() };
    let groups = usage::groups(&app.db, &of, days, Dimension::Tag, tags.as_deref(), SHOWN_MAX).await?;
    let share = |(name, sums): (String, usage::Sums)| TagShare {
        name,
        spend: NanoUsd(sums.spend),
        log_count: sums.api_requests,
    };
    Ok(web::Json(TagShares { spend_per_tag: groups.into_iter().map(share).collect() }))
}

/// Names of tags
#[utoipa::path(
    get,
    path = paths::GLOBAL_SPEND_ALL_TAG_NAMES,
    operation_id = "global_spend_all_tag_names",
    tag = "spend",
    responses(
        (status = 200, description = "Every tag that calls have had, at most ten thousand", body = TagNames),
        (status = 403, description = "The caller may not see the whole gateway's spend", body = ErrorEnvelope),
    ),
)]
pub async fn all_tag_names(app: web::Data<App>, principal: Principal) -> ApiResult<web::Json<TagNames>> {
    principal.authorize_all(Action::SpendReadAll)?;
    Ok(web::Json(TagNames { tag_names: spend_total::ids(&app.db, "tag", NAMES_MAX).await? }))
}

/// Requests and tokens by model and day
#[utoipa::path(
    get,
    path = paths::GLOBAL_ACTIVITY_MODEL,
    operation_id = "global_activity_model",
    tag = "spend",
    params(DayRangeQuery),
    responses(
        (status = 200, description = "The hundred most expensive models", body = Vec<ModelActivity>),
        (status = 403, description = "The caller may not see the whole gateway's spend", body = ErrorEnvelope),
    ),
)]
pub async fn activity_by_model(
    app: web::Data<App>,
    principal: Principal,
    query: Query<DayRangeQuery>,
) -> ApiResult<web::Json<Vec<ModelActivity>>> {
    principal.authorize_all(Action::SpendReadAll)?;
    let days: Days = dates::of_query(&query.0, app.clock.now().date_naive())?;
    let top = daily_entity_spend::top(&app.db, days, Kind::Model, SHOWN_MAX).await?;
    let ids: Vec<String> = top.iter().map(|share| share.id.clone()).collect();
    let mut by_model: HashMap<String, Vec<DayActivity>> = HashMap::new();
    for share in daily_entity_spend::shares_of(&app.db, days, Kind::Model, &ids).await? {
        let day = DayActivity { date: share.date, api_requests: share.api_requests, total_tokens: share.total_tokens };
        by_model.entry(share.id).or_default().push(day);
    }
    let model = |model: String| {
        let daily_data = by_model.remove(&model).unwrap_or_default();
        ModelActivity {
            model,
            sum_api_requests: daily_data.iter().map(|day| day.api_requests).sum(),
            sum_total_tokens: daily_data.iter().map(|day| day.total_tokens).sum(),
            daily_data,
        }
    };
    Ok(web::Json(ids.into_iter().map(model).collect()))
}
