//! What a call is charged to once it is known who serves it, and budgets that only warn.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tollgate_openapi::money::NanoUsd;

use crate::counters::{Charged, Counters, ScopeId, Ticket};
use crate::ledger::Charge;
use crate::policy::{CallPolicy, Entity, Limited, SoftBudget};
use crate::telemetry::calls;

/// Whether a call that `provider` serves is charged to `scope`: everything but other providers.
pub(super) fn is_charged(scope: &ScopeId, provider: Option<&str>) -> bool {
    match scope.kind {
        "provider" => provider == Some(&*scope.id),
        "provider_model" => {
            let model = provider.and_then(|provider| scope.id.strip_prefix(provider));
            model.is_some_and(|model| model.starts_with('/'))
        }
        _ => true,
    }
}

/// The budget windows that a call is charged to that `provider` serves.
pub(super) fn charges(ticket: &Ticket, provider: Option<&str>) -> Vec<Charge> {
    let charge = |charged: &Charged| Charge {
        kind: charged.id.kind.into(),
        id: Arc::clone(&charged.id.id),
        window_start_us: charged.window_start.map_or(0, |start| start.timestamp_micros()),
    };
    ticket.charged().iter().filter(|charged| is_charged(&charged.id, provider)).map(charge).collect()
}

/// A budget of a call's that only warns.
#[derive(Debug)]
pub struct Soft {
    scope: ScopeId,
    name: Arc<str>,
    window_start: Option<DateTime<Utc>>,
    /// What was spent when its limits were read, where this process has not seen the window.
    spent_at_load: NanoUsd,
    budget: Arc<SoftBudget>,
}

impl Soft {
    /// Those of a call to `model` at `now`.
    #[must_use]
    pub fn of_call(policy: &CallPolicy, providers: &[Arc<Entity>], model: &str, now: DateTime<Utc>) -> Vec<Self> {
        let soft = |(limited, budget): (&Limited, &Arc<SoftBudget>)| {
            let scope = limited.scope(now);
            Self {
                name: Arc::clone(&limited.name),
                window_start: scope.window_start,
                spent_at_load: scope.spent_at_load,
                budget: Arc::clone(budget),
                scope: scope.id,
            }
        };
        policy.soft_budgets(model, providers).map(soft).collect()
    }

    /// Notes that a call of this `cost` ends; says so where the budget is used up with it.
    fn check(&self, counters: &Counters, cost: NanoUsd) -> Option<Value> {
        let spent = counters.spent(&self.scope, self.window_start).unwrap_or(self.spent_at_load) + cost;
        if spent < self.budget.amount {
            return None;
        }
        calls::soft_budget_exceeded(self.scope.kind);
        if self.budget.warns_first(self.window_start) {
            let (kind, name) = (self.scope.kind, &*self.name);
            tracing::warn!(kind, name, spent = %spent, soft_budget = %self.budget.amount, "a soft budget is used up");
        }
        Some(Value::from(format!("{} {}", self.scope.kind, self.name)))
    }
}

/// The budgets that only warn and are used up with a call of this `cost` that `provider` serves, for its log.
pub(super) fn used_up(soft: &[Soft], counters: &Counters, provider: Option<&str>, cost: NanoUsd) -> Option<Value> {
    let charged = soft.iter().filter(|soft| is_charged(&soft.scope, provider));
    let used_up: Vec<Value> = charged.filter_map(|soft| soft.check(counters, cost)).collect();
    (!used_up.is_empty()).then(|| Value::from(used_up))
}
