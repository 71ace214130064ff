//! Limits as they are shown.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use serde_json::{Map, Value};
use tollgate_openapi::limit::{LimitStanding, LimitView, LimitsInForce};
use tollgate_openapi::money::NanoUsd;

use super::carry::fill;
use super::{Calendars, Columns, Kind, LimitColumns};
use crate::app::App;
use crate::counters::ScopeId;
use crate::db;
use crate::db::key::Model as Key;
use crate::db::limit::Model as Limit;
use crate::domain::window::BudgetWindow;
use crate::error::ApiResult;

/// Limits as they are set.
pub(in crate::management) fn limit_view(mut row: impl LimitColumns) -> LimitView {
    let Columns {
        max_budget,
        soft_budget,
        budget_duration,
        max_parallel_requests,
        rpm_limit,
        tpm_limit,
        model_limits,
        ..
    } = row.columns();
    let mut by_model = |name: &str| match model_limits.0.shift_remove(name) {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    LimitView {
        max_budget: max_budget.map(NanoUsd),
        soft_budget: soft_budget.map(NanoUsd),
        budget_duration: budget_duration.take(),
        max_parallel_requests: *max_parallel_requests,
        rpm_limit: *rpm_limit,
        tpm_limit: *tpm_limit,
        model_max_budget: by_model("model_max_budget"),
        model_rpm_limit: by_model("model_rpm_limit"),
        model_tpm_limit: by_model("model_tpm_limit"),
    }
}

/// What is shown of a scope's limits.
#[derive(Clone, Debug, Default)]
pub(in crate::management) struct Limited {
    /// Its own.
    pub(in crate::management) limits: LimitView,
    /// How they stand.
    pub(in crate::management) standing: LimitStanding,
}

impl Limited {
    /// A scope's own limits, for those who need not know what is spent.
    pub(in crate::management) fn unspent(own: Limit) -> Self {
        let standing = LimitStanding { budget_id: own.budget_id.clone(), ..LimitStanding::default() };
        Self { limits: limit_view(own), standing }
    }
}

/// What is limited for each of the scopes of a kind, and what of it is used, by id: a few queries however many there are.
pub(in crate::management) async fn limited_views(
    app: &App,
    db: &impl ConnectionTrait,
    kind: Kind,
    ids: &[String],
) -> ApiResult<HashMap<String, Limited>> {
    let (now, calendars) = (app.clock.now(), Calendars::load(app, db).await?);
    let own = db::limit::of_kind(db, kind.scope, ids).await?;
    let limited: Vec<String> = own.iter().map(|row| row.scope_id.clone()).collect();
    let time_zones = calendars.of_scopes(db, kind, &limited).await?;
    let in_force = fill(db, own.clone()).await?;
    let limited = own.into_iter().zip(in_force).map(|(own, limits)| {
        let window = limits.budget_window(now, calendars.pick(&time_zones, &own.scope_id));
        let id = own.scope_id.clone();
        let in_force = LimitsInForce { budget_id: limits.budget_id.clone(), limits: limit_view(limits) };
        let mut view = Limited::unspent(own);
        view.standing.litellm_budget_table = Some(in_force);
        view.standing.budget_reset_at = window.map(|window| window.end);
        (id, (window.map(|window| window.start), view))
    });
    let mut limited: HashMap<_, _> = limited.collect();
    let shown: Vec<_> = ids.iter().map(|id| (id, limited.remove(id).unwrap_or_default())).collect();

    let windows = shown.iter().map(|(id, (start, _))| ((*id).clone(), *start));
    let spent = db::budget_spend::spent_of_many(db, kind.scope, windows).await?;
    let totals = totals(db, kind, ids).await?;
    let with_spend = shown.into_iter().map(|(id, (window_start, mut view))| {
        let window = (id.clone(), db::budget_spend::window_key(window_start));
        let in_ledger = spent.get(&window).copied().unwrap_or_default();
        let scope = ScopeId { kind: kind.scope, id: id.as_str().into() };
        view.standing.spend = app.counters.spent_with(&scope, window_start, in_ledger);
        view.standing.total_spend = totals.get(id).copied().unwrap_or_default();
        (id.clone(), view)
    });
    Ok(with_spend.collect())
}

/// Shows rows that need nothing else with their limits and spend, in a few queries however many there are.
pub(in crate::management) async fn show_limited<M, V>(
    app: &App,
    kind: Kind,
    rows: Vec<M>,
    id: fn(&M) -> &str,
    show: fn(M, Limited) -> V,
) -> ApiResult<Vec<V>> {
    let ids: Vec<String> = rows.iter().map(|row| id(row).to_owned()).collect();
    let mut limited = limited_views(app, &app.db, kind, &ids).await?;
    let shown = rows.into_iter().map(|row| {
        let limited = limited.remove(id(&row)).unwrap_or_default();
        show(row, limited)
    });
    Ok(shown.collect())
}

/// Of each of the keys, in their order: what is in force where it is attached to a budget, and its budget window.
pub(in crate::management) async fn of_keys(
    app: &App,
    db: &impl ConnectionTrait,
    keys: &[Key],
) -> ApiResult<Vec<(Option<LimitsInForce>, Option<BudgetWindow>)>> {
    let (now, calendars) = (app.clock.now(), Calendars::load(app, db).await?);
    let time_zones = calendars.of_keys(db, keys).await?;
    let in_force = fill(db, keys.iter().map(Limit::of_key).collect()).await?;
    let shown = in_force.into_iter().zip(time_zones).map(|(limits, time_zone)| {
        let window = limits.budget_window(now, time_zone);
        let budget_id = limits.budget_id.clone();
        let in_force = budget_id.map(|id| LimitsInForce { budget_id: Some(id), limits: limit_view(limits) });
        (in_force, window)
    });
    Ok(shown.collect())
}

async fn totals(db: &impl ConnectionTrait, kind: Kind, ids: &[String]) -> ApiResult<HashMap<String, NanoUsd>> {
    let Some(entity_kind) = kind.total else {
        return Ok(db::budget_spend::total_of_many(db, kind.scope, ids).await?);
    };
    let totals = db::spend_total::of_many(db, entity_kind, ids).await?;
    Ok(totals.into_iter().map(|(id, total)| (id, NanoUsd(total.spend))).collect())
}
