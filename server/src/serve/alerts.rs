//! Budgets of the configuration, as alerts of them need to know them.

use std::collections::BTreeMap;

use chrono::DateTime;

use crate::config::{Config, ScopeLimits};
use crate::ledger::watch::{BudgetLine, ConfiguredBudgets};

/// Those of `config`.
pub(super) fn budgets(config: &Config) -> ConfiguredBudgets {
    let litellm = &config.litellm;
    let whole = |max, span| BudgetLine { max: Some(max), soft: None, span, anchor: DateTime::UNIX_EPOCH };
    ConfiguredBudgets {
        gateway: litellm.max_budget.map(|max| whole(max, litellm.budget_duration)),
        customer: litellm.max_end_user_budget.map(|max| whole(max, None)),
        tags: lines(&litellm.tag_budget_config),
        providers: lines(&config.router.provider_budget_config),
        timezone: litellm.timezone,
    }
}

fn lines(limits: &BTreeMap<String, ScopeLimits>) -> BTreeMap<String, BudgetLine> {
    let line = |limits: &ScopeLimits| BudgetLine {
        max: limits.max_budget,
        soft: None,
        span: limits.budget_duration,
        // As the windows themselves, which every node counts alike.
        anchor: DateTime::UNIX_EPOCH,
    };
    limits.iter().map(|(name, limits)| (name.clone(), line(limits))).collect()
}
