//! Rows of sums as LiteLLM shows them: by day, and each day by everything.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{
    ActivityBreakdown, ActivityKey, ActivityKeyMetadata, ActivityMetrics, ActivityPart, ActivityTotals, DailyActivity,
    DailyActivityPage,
};

use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::activity::{About, Row};
use crate::db::usage::Sums;
use crate::error::ApiResult;
use crate::management::spend::names;
use crate::policy::{MASTER_ALIAS, MASTER_TOKEN};

/// What people call the keys and entities of some rows.
#[derive(Debug, Default)]
pub(super) struct Names {
    keys: names::Names,
    entities: names::Names,
}

impl Names {
    pub(super) async fn of(app: &App, principal: &Principal, about: About, rows: &[Row]) -> ApiResult<Self> {
        let tokens = ids(rows.iter().map(|row| &row.api_key));
        let entities = ids(rows.iter().map(|row| &row.entity));
        let keys = db::key::find_many(&app.db, &tokens).await?.into_iter();
        let master = (MASTER_TOKEN.to_owned(), MASTER_ALIAS.to_owned());
        let keys = keys.filter_map(|key| Some((key.token, key.key_alias?))).chain([master]).collect();
        Ok(Self { keys, entities: entity_names(app, principal, about, &entities).await? })
    }
}

pub(super) fn ids<'a>(all: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut ids: Vec<String> = all.filter(|id| !id.is_empty()).cloned().collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

pub(super) async fn entity_names(
    app: &App,
    principal: &Principal,
    about: About,
    ids: &[String],
) -> ApiResult<names::Names> {
    match about {
        About::Users => names::users(app, ids).await,
        About::Teams => names::teams(app, ids).await,
        About::Organizations => names::organizations(app, ids).await,
        // A customer is nobody's: what administrators call it is not for everybody whose calls name it.
        About::Customers if principal.may_see_everything() => names::customers(app, ids).await,
        About::Customers | About::Tags => Ok(names::Names::new()),
    }
}

/// LiteLLM's name for what an entity is called.
const fn name_field(about: About) -> &'static str {
    match about {
        About::Users => "user_email",
        About::Teams => "team_alias",
        About::Organizations => "organization_alias",
        About::Customers | About::Tags => "alias",
    }
}

/// The page that `rows` make.
pub(super) fn page(rows: &[Row], about: About, names: &Names) -> DailyActivityPage {
    let mut days: BTreeMap<NaiveDate, DailyActivity> = BTreeMap::new();
    let mut total = ActivityMetrics::default();
    for row in rows {
        let metrics = metrics(row.sums);
        add(&mut total, metrics);
        let day = days.entry(row.date).or_insert_with(|| DailyActivity {
            date: row.date,
            metrics: ActivityMetrics::default(),
            breakdown: ActivityBreakdown::default(),
        });
        add(&mut day.metrics, metrics);
        break_down(&mut day.breakdown, row, metrics, about, names);
    }
    DailyActivityPage { results: days.into_values().rev().collect(), metadata: totals(total) }
}

fn break_down(into: &mut ActivityBreakdown, row: &Row, metrics: ActivityMetrics, about: About, names: &Names) {
    let key = || ActivityKey {
        metrics: ActivityMetrics::default(),
        metadata: ActivityKeyMetadata {
            key_alias: names.keys.get(&row.api_key).cloned(),
            team_id: Some(row.team_id.clone()).filter(|id| !id.is_empty()),
        },
    };
    let ActivityBreakdown { models, model_groups, providers, api_keys, entities, .. } = into;
    let parts =
        [(models, &row.model), (model_groups, &row.model_group), (providers, &row.provider), (entities, &row.entity)];
    for (map, name) in parts.into_iter().filter(|(_, name)| !name.is_empty()) {
        let part = map.entry(name.clone()).or_default();
        add(&mut part.metrics, metrics);
        add(&mut part.api_key_breakdown.entry(row.api_key.clone()).or_insert_with(key).metrics, metrics);
    }
    if let (Some(name), Some(part)) = (names.entities.get(&row.entity), into.entities.get_mut(&row.entity)) {
        called(part, about, name);
    }
    add(&mut api_keys.entry(row.api_key.clone()).or_insert_with(key).metrics, metrics);
}

fn called(part: &mut ActivityPart, about: About, name: &str) {
    part.metadata.entry(name_field(about).to_owned()).or_insert_with(|| name.to_owned());
}

fn metrics(sums: Sums) -> ActivityMetrics {
    ActivityMetrics {
        spend: NanoUsd(sums.spend),
        prompt_tokens: sums.prompt_tokens,
        completion_tokens: sums.completion_tokens,
        cache_read_input_tokens: sums.cache_read_tokens,
        cache_creation_input_tokens: sums.cache_creation_tokens,
        total_tokens: sums.prompt_tokens.saturating_add(sums.completion_tokens),
        successful_requests: sums.api_requests.saturating_sub(sums.failed_requests),
        failed_requests: sums.failed_requests,
        api_requests: sums.api_requests,
    }
}

fn add(to: &mut ActivityMetrics, more: ActivityMetrics) {
    to.spend += more.spend;
    for (total, part) in [
        (&mut to.prompt_tokens, more.prompt_tokens),
        (&mut to.completion_tokens, more.completion_tokens),
        (&mut to.cache_read_input_tokens, more.cache_read_input_tokens),
        (&mut to.cache_creation_input_tokens, more.cache_creation_input_tokens),
        (&mut to.total_tokens, more.total_tokens),
        (&mut to.successful_requests, more.successful_requests),
        (&mut to.failed_requests, more.failed_requests),
        (&mut to.api_requests, more.api_requests),
    ] {
        *total = total.saturating_add(part);
    }
}

fn totals(total: ActivityMetrics) -> ActivityTotals {
    ActivityTotals {
        total_spend: total.spend,
        total_prompt_tokens: total.prompt_tokens,
        total_completion_tokens: total.completion_tokens,
        total_cache_read_input_tokens: total.cache_read_input_tokens,
        total_cache_creation_input_tokens: total.cache_creation_input_tokens,
        total_tokens: total.total_tokens,
        total_successful_requests: total.successful_requests,
        total_failed_requests: total.failed_requests,
        total_api_requests: total.api_requests,
        ..ActivityTotals::default()
    }
}
