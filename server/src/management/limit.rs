//! Limits of all that carries them besides keys: set, attached to a budget, shown with what is spent.

mod calendar;
mod carry;
pub mod configured;
mod view;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use tollgate_openapi::limit::LimitPatch;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::patch::Patch;

use crate::app::App;
use crate::counters::{Correction, ScopeId};
use crate::db;
use crate::db::JsonMap;
use crate::db::limit::Model as Limit;
use crate::db::stored_time;
use crate::error::{ApiError, ApiResult};
use crate::management::change;

pub(super) use calendar::Calendars;
use carry::carry_over;
pub(super) use carry::{Windows, attached_windows, set_spend};
pub(super) use configured::{GATEWAY, PROVIDER};
pub(super) use view::{Limited, limit_view, limited_views, of_keys, show_limited};

/// A kind of entity that carries limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// What it is called in `limits` and in the ledger's `budget_spend`.
    pub(super) scope: &'static str,
    /// What its limits for a single model are called there.
    pub(super) model_scope: &'static str,
    /// What it is called in the ledger's totals, where it has one.
    pub(super) total: Option<&'static str>,
}

impl Kind {
    /// Every kind.
    const ALL: [Self; 10] =
        [KEY, TEAM_MEMBER, ORGANIZATION_MEMBER, USER, TEAM, ORGANIZATION, CUSTOMER, TAG, PROVIDER, GATEWAY];
}

/// A virtual key, whose limits are kept with the key itself.
pub(super) const KEY: Kind = Kind { scope: "key", model_scope: "key_model", total: Some("key") };
/// A user in a team; its id is `team_id/user_id`.
pub(super) const TEAM_MEMBER: Kind = Kind { scope: "team_member", model_scope: "team_member_model", total: None };
/// A user in an organization; its id is `organization_id/user_id`. Charged only where it has limits.
pub(super) const ORGANIZATION_MEMBER: Kind =
    Kind { scope: "organization_member", model_scope: "organization_member_model", total: None };
/// The owner of keys.
pub(super) const USER: Kind = Kind { scope: "user", model_scope: "user_model", total: Some("user") };
/// A team.
pub(super) const TEAM: Kind = Kind { scope: "team", model_scope: "team_model", total: Some("team") };
/// An organization.
pub(super) const ORGANIZATION: Kind =
    Kind { scope: "organization", model_scope: "organization_model", total: Some("organization") };
/// The end user that a call names.
pub(super) const CUSTOMER: Kind = Kind { scope: "customer", model_scope: "customer_model", total: Some("end_user") };
/// A tag of a call.
pub(super) const TAG: Kind = Kind { scope: "tag", model_scope: "tag_model", total: Some("tag") };

/// What a body asks of the limits of a scope.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Its own limits.
    pub(super) limits: LimitPatch,
    /// The budget to attach it to.
    pub(super) budget_id: Patch<String>,
    /// What it is to have spent in its current window.
    pub(super) spend: Option<NanoUsd>,
}

/// What became of the limits of a scope.
#[derive(Debug)]
pub(super) struct Changed {
    /// Its own limits as they were.
    pub(super) before: Limit,
    /// And as they are.
    pub(super) after: Limit,
    /// What the counters have to hear of, once the transaction is committed.
    pub(super) corrections: Vec<Correction>,
}

/// Sets what a body asks for; what the scope has spent goes along where its windows change.
pub(super) async fn set(
    app: &App,
    transaction: &DatabaseTransaction,
    kind: Kind,
    id: &str,
    wanted: Wanted,
) -> ApiResult<Changed> {
    let now = stored_time(app.clock.now());
    let none = Limit::none(kind.scope, id, now);
    let before = db::limit::find(transaction, kind.scope, id).await?.unwrap_or_else(|| none.clone());
    let windows_before = Windows::of_one(app, transaction, kind, id).await?;
    let mut after = before.clone();
    apply(&mut after, wanted.limits, now);
    if let Some(budget_id) = wanted.budget_id.as_set() {
        check_budget(transaction, budget_id).await?;
    }
    wanted.budget_id.apply(&mut after.budget_id);
    let has_limits = after != Limit { budget_anchor_at: after.budget_anchor_at, ..none };
    match (after == before, has_limits) {
        (true, _) => {}
        (false, true) => db::limit::set(transaction, after.clone()).await?,
        (false, false) => db::limit::delete(transaction, kind.scope, id).await?,
    }

    let windows = Windows::of_one(app, transaction, kind, id).await?;
    let corrections = correct(app, transaction, [&windows_before, &windows], wanted.spend).await?;
    Ok(Changed { before, after, corrections })
}

/// Carries what a scope has spent over into its windows of `after`, and makes it `target` in that of the scope as a whole,
/// where one is given. Tells which windows the counters have to hear of, once it is committed.
pub(super) async fn correct(
    app: &App,
    transaction: &DatabaseTransaction,
    [before, after]: [&Windows; 2],
    target: Option<NanoUsd>,
) -> ApiResult<Vec<Correction>> {
    let mut corrections = carry_over(app, transaction, before, after).await?;
    let Some(target) = target else { return Ok(corrections) };
    let (scope, window_start) = (after.scope(), after.start());
    let counted = set_spend(app, transaction, &scope, window_start, target).await?;
    match corrections.iter_mut().find(|correction| correction.scope == scope).map(|correction| &mut correction.moved) {
        // Counters that go on to the new window begin with it.
        Some(Some(moved)) => moved.spent = target,
        _ if counted == NanoUsd::ZERO => {}
        _ => corrections.push(Correction { scope, window_start, counted, moved: None }),
    }
    Ok(corrections)
}

/// A scope's own limits.
pub(super) async fn own(app: &App, db: &impl ConnectionTrait, kind: Kind, id: &str) -> ApiResult<Limit> {
    let found = db::limit::find(db, kind.scope, id).await?;
    Ok(found.unwrap_or_else(|| Limit::none(kind.scope, id, app.clock.now())))
}

/// Removes the limits of a scope that is deleted, and tells what they were.
pub(super) async fn remove(app: &App, transaction: &DatabaseTransaction, kind: Kind, id: &str) -> ApiResult<Limit> {
    let limits = own(app, transaction, kind, id).await?;
    db::limit::delete(transaction, kind.scope, id).await?;
    Ok(limits)
}

/// Lets this node forget a scope that was deleted, once the transaction is committed.
pub(super) fn forget(app: &App, kind: Kind, id: &str) {
    change::announce(app, kind.scope, id);
    app.counters.forget(&ScopeId { kind: kind.scope, id: id.into() });
}

/// Writes what was sent into `limits`.
pub(super) fn apply(limits: &mut impl LimitColumns, patch: LimitPatch, now: DateTime<Utc>) {
    let columns = limits.columns();
    let money = |patch: Patch<NanoUsd>, field: &mut Option<i64>| match patch {
        Patch::Absent => {}
        Patch::Clear => *field = None,
        Patch::Set(money) => *field = Some(money.0),
    };
    money(patch.max_budget, columns.max_budget);
    money(patch.soft_budget, columns.soft_budget);
    patch.max_parallel_requests.apply(columns.max_parallel_requests);
    patch.rpm_limit.apply(columns.rpm_limit);
    patch.tpm_limit.apply(columns.tpm_limit);
    if !patch.budget_duration.is_absent() && patch.budget_duration.as_set() != columns.budget_duration.as_ref() {
        *columns.budget_anchor_at = now;
        patch.budget_duration.apply(columns.budget_duration);
    }
    for (name, patch) in [
        ("model_max_budget", patch.model_max_budget),
        ("model_rpm_limit", patch.model_rpm_limit),
        ("model_tpm_limit", patch.model_tpm_limit),
    ] {
        match patch {
            Patch::Absent => {}
            Patch::Set(by_model) if !by_model.is_empty() => {
                columns.model_limits.0.insert(name.to_owned(), by_model.into());
            }
            Patch::Clear | Patch::Set(_) => drop(columns.model_limits.0.shift_remove(name)),
        }
    }
}

/// The columns that budgets and limits have in common.
pub(super) struct Columns<'a> {
    max_budget: &'a mut Option<i64>,
    soft_budget: &'a mut Option<i64>,
    budget_duration: &'a mut Option<String>,
    budget_anchor_at: &'a mut DateTime<Utc>,
    max_parallel_requests: &'a mut Option<i64>,
    rpm_limit: &'a mut Option<i64>,
    tpm_limit: &'a mut Option<i64>,
    model_limits: &'a mut JsonMap,
}

/// A row with limits.
pub(super) trait LimitColumns {
    /// Its limits.
    fn columns(&mut self) -> Columns<'_>;
}

macro_rules! has_limit_columns {
    ($($row:ty),+) => {
        $(impl LimitColumns for $row {
            fn columns(&mut self) -> Columns<'_> {
                Columns {
                    max_budget: &mut self.max_budget,
                    soft_budget: &mut self.soft_budget,
                    budget_duration: &mut self.budget_duration,
                    budget_anchor_at: &mut self.budget_anchor_at,
                    max_parallel_requests: &mut self.max_parallel_requests,
                    rpm_limit: &mut self.rpm_limit,
                    tpm_limit: &mut self.tpm_limit,
                    model_limits: &mut self.model_limits,
                }
            }
        })+
    };
}

has_limit_columns!(Limit, db::budget::Model);

/// Refuses a budget that does not exist; one that does stays until the transaction ends.
pub(super) async fn check_budget(transaction: &DatabaseTransaction, budget_id: &str) -> ApiResult<()> {
    match db::budget::find_for_update(transaction, budget_id).await? {
        Some(_) => Ok(()),
        None => Err(ApiError::bad_request("budget_id", format!("budget_id: there is no budget '{budget_id}'"))),
    }
}
