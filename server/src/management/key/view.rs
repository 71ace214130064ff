//! Keys as they are shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tollgate_openapi::key::KeyView;
use tollgate_openapi::limit::LimitsInForce;
use tollgate_openapi::money::NanoUsd;

use crate::app::App;
use crate::counters::ScopeId;
use crate::db;
use crate::db::key::Model;
use crate::domain::window::BudgetWindow;
use crate::error::ApiResult;
use crate::management::{callback, change, limit};

/// What is known of a key besides its row.
#[derive(Clone, Debug, Default)]
struct Usage {
    window: Option<BudgetWindow>,
    /// Where it is attached to a budget: its limits, filled up from that.
    in_force: Option<LimitsInForce>,
    window_spend: NanoUsd,
    total_spend: NanoUsd,
    last_used_at: Option<DateTime<Utc>>,
    rotated_at: Option<DateTime<Utc>>,
    grace_ends_at: Option<DateTime<Utc>>,
}

/// Shows one key with its spend.
pub(super) async fn view(app: &App, key: Model) -> ApiResult<KeyView> {
    let views = views(app, vec![key]).await?;
    views.into_iter().next().ok_or_else(|| crate::error::ApiError::internal("a key was shown as none"))
}

/// Shows keys with their spend, in a few queries however many there are.
pub(in crate::management) async fn views(app: &App, keys: Vec<Model>) -> ApiResult<Vec<KeyView>> {
    let tokens: Vec<String> = keys.iter().map(|key| key.token.clone()).collect();
    let limits = limit::of_keys(app, &app.db, &keys).await?;
    let totals = db::spend_total::of_many(&app.db, "key", &tokens).await?;
    let starts = limits.iter().map(|(_, window)| window.map(|window| window.start));
    let spent = db::budget_spend::spent_of_many(&app.db, "key", tokens.iter().cloned().zip(starts)).await?;
    let (secrets, now) = (db::key_secret::of_many(&app.db, &tokens).await?, app.clock.now());
    let shown = keys.into_iter().zip(limits).map(|(key, (in_force, window))| {
        let secrets = secrets.get(&key.token).map(Vec::as_slice).unwrap_or_default();
        let total = totals.get(&key.token);
        let window_start = window.map(|window| window.start);
        let window_key = (key.token.clone(), db::budget_spend::window_key(window_start));
        let in_ledger = spent.get(&window_key).copied().unwrap_or_default();
        let usage = Usage {
            window,
            in_force,
            window_spend: app.counters.spent_with(&ScopeId::key(&key.token), window_start, in_ledger),
            total_spend: total.map(|total| NanoUsd(total.spend)).unwrap_or_default(),
            last_used_at: total.map(|total| total.last_used_at),
            rotated_at: secrets.iter().find(|secret| secret.expires_at.is_none()).map(|secret| secret.created_at),
            grace_ends_at: secrets.iter().filter_map(|secret| secret.expires_at).filter(|end| *end > now).max(),
        };
        show(key, usage)
    });
    Ok(shown.collect())
}

/// A key as the audit chain keeps it: without spend, which is the ledger's.
pub(in crate::management) fn snapshot(key: &Model) -> Value {
    let mut shown = change::snapshot(&show(key.clone(), Usage::default()));
    callback::mark(&mut shown, &key.metadata);
    shown
}

fn show(key: Model, usage: Usage) -> KeyView {
    KeyView {
        spend: usage.window_spend,
        total_spend: usage.total_spend,
        max_budget: key.max_budget(),
        soft_budget: key.soft_budget(),
        budget_reset_at: usage.window.map(|window| window.end),
        litellm_budget_table: usage.in_force,
        last_used_at: usage.last_used_at,
        rotated_at: usage.rotated_at,
        grace_ends_at: usage.grace_ends_at,
        temp_budget_increase: key.temp_budget_increase.map(NanoUsd),
        temp_budget_expiry: key.temp_budget_expiry,
        token: key.token,
        key_name: key.key_name,
        key_alias: key.key_alias,
        budget_duration: key.budget_duration,
        models: key.models.0,
        user_id: key.user_id,
        team_id: key.team_id,
        organization_id: key.organization_id,
        max_parallel_requests: key.max_parallel_requests,
        rpm_limit: key.rpm_limit,
        tpm_limit: key.tpm_limit,
        metadata: callback::masked(key.metadata.0),
        blocked: key.blocked,
        expires: key.expires_at,
        created_at: key.created_at,
        created_by: key.created_by,
        updated_at: key.updated_at,
        updated_by: key.updated_by,
        other: key.other.0.into_iter().collect::<BTreeMap<_, _>>(),
    }
}
