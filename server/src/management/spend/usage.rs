//! `GET /spend/usage`.

use std::collections::HashMap;

use actix_web::web;
use chrono::{Days as DayCount, NaiveDate};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::paths;
use tollgate_openapi::spend::{
    DayRangeQuery, Usage, UsageDay, UsageDimension, UsageGroup, UsagePart, UsageQuery, UsageSums,
};

use super::dates;
use super::names::{self, Names};
use crate::app::App;
use crate::auth::Principal;
use crate::db::daily_entity_spend::Days;
use crate::db::usage::{self, Dimension, Of, Sums};
use crate::db::{self, Scope};
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::Query;
use crate::policy::{MASTER_ALIAS, MASTER_TOKEN};

/// Parts of a group that are shown.
const PARTS_SHOWN: u64 = 20;

/// Usage of some days
///
/// Of the calls that the caller may see: by day, and by model, provider, organization, team, user, key, tag or cost
/// centre, and each of these by another, with what the same number of days before added up to. Days are UTC.
#[utoipa::path(
    get,
    path = paths::SPEND_USAGE,
    operation_id = "spend_usage",
    tag = "spend",
    params(UsageQuery),
    responses(
        (status = 200, description = "The usage", body = Usage),
        (status = 403, description = "A virtual key asks", body = ErrorEnvelope),
    ),
)]
pub async fn usage(app: web::Data<App>, principal: Principal, query: Query<UsageQuery>) -> ApiResult<web::Json<Usage>> {
    principal.authorize_list(Action::SpendRead)?;
    Ok(web::Json(read(&app, &principal.scope(), &query.0, None).await?))
}

/// Usage of the calls in this scope, compared with other days: where nobody says with which, as many just before.
pub(in crate::management) async fn read(
    app: &App,
    scope: &Scope,
    query: &UsageQuery,
    compared: Option<(NaiveDate, NaiveDate)>,
) -> ApiResult<Usage> {
    let range = DayRangeQuery { start_date: query.start_date, end_date: query.end_date, api_key: None };
    let days = dates::of_query(&range, app.clock.now().date_naive())?;
    let before = compared.map_or_else(|| before(days), |(first, last)| Days { first, last });
    let token = app.ledger_token_of(query.api_key.as_deref()).await?;
    let of = Of { scope, filters: filters(query, token.as_deref()) };
    let by = dimension(query.group_by);
    // One snapshot: what the groups leave of the whole is nobody's.
    let snapshot = db::begin_snapshot(&app.db).await?;
    let by_day = usage::by_day(&snapshot, &of, days).await?;
    let previous = usage::by_day(&snapshot, &of, before).await?;
    let groups = usage::groups(&snapshot, &of, days, by, None, query.limit).await?;
    let groups = with_nobodys(groups, &by_day, query.limit);
    let ids: Vec<String> = groups.iter().map(|(id, _)| id.clone()).collect();
    let mut earlier = usage::groups(&snapshot, &of, before, by, Some(&ids), query.limit).await?;
    if ids.iter().any(String::is_empty) && !earlier.iter().any(|(id, _)| id.is_empty()) {
        // What was nobody's then, where all that was somebody's is known.
        let all = usage::groups(&snapshot, &of, before, by, None, query.limit).await?;
        let all = with_nobodys(all, &previous, query.limit);
        earlier.extend(all.into_iter().filter(|(id, _)| id.is_empty()));
    }
    let then = query.then_by.map(dimension).filter(|then| *then != by);
    let parts = match then {
        Some(then) => usage::parts(&snapshot, &of, days, (by, then), &ids, PARTS_SHOWN).await?,
        None => Vec::new(),
    };
    snapshot.rollback().await?;
    let mut groups = named(app, by, groups, earlier.into_iter().collect()).await?;
    if let Some(then) = then {
        add_parts(app, &mut groups, then, parts).await?;
    }
    Ok(Usage {
        start_date: days.first,
        end_date: days.last,
        previous_start_date: before.first,
        previous_end_date: before.last,
        total: total(&by_day),
        previous: total(&previous),
        days: every(days, by_day),
        groups,
    })
}

/// Adds what the groups leave of the whole: the calls of none of them, where sums by one entity leave these out.
fn with_nobodys(mut groups: Vec<(String, Sums)>, by_day: &[(NaiveDate, Sums)], limit: u64) -> Vec<(String, Sums)> {
    let is_all = u64::try_from(groups.len()).is_ok_and(|count| count < limit);
    let rest = groups.iter().fold(whole(by_day), |rest, (_, sums)| rest.less(*sums));
    // Of calls with two tags there are more than there are calls.
    if is_all && rest.api_requests > 0 && rest.spend >= 0 && groups.iter().all(|(id, _)| !id.is_empty()) {
        let place = groups.iter().position(|(_, sums)| sums.spend < rest.spend).unwrap_or(groups.len());
        groups.insert(place, (String::new(), rest));
    }
    groups
}

/// As many days, just before.
fn before(days: Days) -> Days {
    let count = u64::try_from((days.last - days.first).num_days()).unwrap_or_default();
    let last = days.first.pred_opt().unwrap_or(days.first);
    Days { first: last.checked_sub_days(DayCount::new(count)).unwrap_or(last), last }
}

pub(super) fn filters<'a>(query: &'a UsageQuery, token: Option<&'a str>) -> Vec<(Dimension, &'a str)> {
    let all = [
        (Dimension::Organization, query.organization_id.as_deref()),
        (Dimension::Team, query.team_id.as_deref()),
        (Dimension::User, query.user_id.as_deref()),
        (Dimension::Key, token),
        (Dimension::Model, query.model.as_deref()),
        (Dimension::Provider, query.provider.as_deref()),
        (Dimension::Tag, query.tag.as_deref()),
        (Dimension::CostCenter, query.cost_center.as_deref()),
    ];
    all.into_iter().filter_map(|(dimension, value)| Some((dimension, value?))).collect()
}

const fn dimension(by: UsageDimension) -> Dimension {
    match by {
        UsageDimension::Model => Dimension::Model,
        UsageDimension::Provider => Dimension::Provider,
        UsageDimension::Organization => Dimension::Organization,
        UsageDimension::Team => Dimension::Team,
        UsageDimension::User => Dimension::User,
        UsageDimension::Key => Dimension::Key,
        UsageDimension::Tag => Dimension::Tag,
        UsageDimension::CostCenter => Dimension::CostCenter,
    }
}

fn every(days: Days, by_day: Vec<(NaiveDate, Sums)>) -> Vec<UsageDay> {
    let by_day: HashMap<_, _> = by_day.into_iter().collect();
    days.iter().map(|date| UsageDay { date, sums: shown(by_day.get(&date).copied().unwrap_or_default()) }).collect()
}

fn total(by_day: &[(NaiveDate, Sums)]) -> UsageSums {
    shown(whole(by_day))
}

fn whole(by_day: &[(NaiveDate, Sums)]) -> Sums {
    by_day.iter().fold(Sums::default(), |whole, (_, sums)| whole.plus(*sums))
}

pub(super) fn shown(sums: Sums) -> UsageSums {
    UsageSums {
        spend: NanoUsd(sums.spend),
        api_requests: sums.api_requests,
        failed_requests: sums.failed_requests,
        prompt_tokens: sums.prompt_tokens,
        completion_tokens: sums.completion_tokens,
        cache_read_input_tokens: sums.cache_read_tokens,
        cache_creation_input_tokens: sums.cache_creation_tokens,
        reasoning_tokens: sums.reasoning_tokens,
        saved_by_cache: NanoUsd(sums.saved_by_cache),
        saved_by_prompt_cache: NanoUsd(sums.saved_by_prompt_cache),
    }
}

async fn named(
    app: &App,
    by: Dimension,
    groups: Vec<(String, Sums)>,
    earlier: HashMap<String, Sums>,
) -> ApiResult<Vec<UsageGroup>> {
    let ids: Vec<String> = groups.iter().map(|(id, _)| id.clone()).collect();
    let mut names = names_of(app, by, &ids).await?;
    let shown = groups.into_iter().map(|(id, sums)| UsageGroup {
        name: names.remove(&id),
        previous_spend: NanoUsd(earlier.get(&id).map_or(0, |sums| sums.spend)),
        sums: shown(sums),
        parts: Vec::new(),
        id,
    });
    Ok(shown.collect())
}

/// Gives each group its parts.
async fn add_parts(
    app: &App,
    groups: &mut [UsageGroup],
    then: Dimension,
    parts: Vec<(String, String, Sums)>,
) -> ApiResult<()> {
    let mut of_group: HashMap<String, Vec<UsagePart>> = HashMap::new();
    for (group, id, sums) in parts {
        of_group.entry(group).or_default().push(UsagePart { id, name: None, sums: shown(sums) });
    }
    let mut ids: Vec<String> = of_group.values().flatten().map(|part| part.id.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let names = names_of(app, then, &ids).await?;
    for group in groups {
        group.parts = of_group.remove(&group.id).unwrap_or_default();
        group.parts.iter_mut().for_each(|part| part.name = names.get(&part.id).cloned());
    }
    Ok(())
}

/// What people call those of the ids that have another name.
async fn names_of(app: &App, by: Dimension, ids: &[String]) -> ApiResult<Names> {
    match by {
        Dimension::Key => {
            let master = (MASTER_TOKEN.to_owned(), MASTER_ALIAS.to_owned());
            let keys = db::key::find_many(&app.db, ids).await?.into_iter();
            Ok(keys.map(|key| (key.token, key.key_alias.unwrap_or(key.key_name))).chain([master]).collect())
        }
        Dimension::Team => names::teams(app, ids).await,
        Dimension::User => names::users(app, ids).await,
        Dimension::Organization => names::organizations(app, ids).await,
        Dimension::Model | Dimension::Provider | Dimension::Tag | Dimension::CostCenter => Ok(Names::new()),
    }
}
