//! Limits that the configuration sets, in the form in which others are kept.

use chrono::DateTime;

use crate::config::{Config, ScopeLimits};
use crate::db::JsonMap;
use crate::db::budget::Model as Budget;
use crate::policy::Defaults;

/// Those of `config`.
pub(super) fn of(config: &Config) -> Defaults {
    let litellm = &config.litellm;
    let customer =
        litellm.max_end_user_budget.map(|max| ScopeLimits { max_budget: Some(max), ..ScopeLimits::default() });
    Defaults {
        customer: customer.as_ref().map(budget),
        customer_budget_id: litellm.max_end_user_budget_id.clone(),
        tags: litellm.tag_budget_config.iter().map(|(name, limits)| (name.clone(), budget(limits))).collect(),
    }
}

fn budget(limits: &ScopeLimits) -> Budget {
    // Windows that follow no calendar count from 1970, so that every node and every start agree.
    let epoch = DateTime::UNIX_EPOCH;
    Budget {
        budget_id: String::new(),
        max_budget: limits.max_budget.map(|money| money.0),
        soft_budget: limits.soft_budget.map(|money| money.0),
        budget_duration: limits.budget_duration.map(|span| span.to_string()),
        budget_anchor_at: epoch,
        max_parallel_requests: limits.max_parallel_requests.map(i64::from),
        rpm_limit: limits.rpm_limit.map(i64::from),
        tpm_limit: limits.tpm_limit.map(i64::from),
        model_limits: JsonMap(limits.model_limits.clone()),
        other: JsonMap::default(),
        created_at: epoch,
        created_by: None,
        updated_at: epoch,
        updated_by: None,
    }
}
