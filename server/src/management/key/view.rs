//! Keys as they are shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tollgate_openapi::key::KeyView;
use tollgate_openapi::money::NanoUsd;

use crate::app::App;
use crate::counters::ScopeId;
use crate::db;
use crate::db::key::Model;
use crate::error::ApiResult;

/// What the ledger knows of a key.
#[derive(Clone, Debug, Default)]
struct Usage {
    window_spend: NanoUsd,
    total_spend: NanoUsd,
    last_used_at: Option<DateTime<Utc>>,
}

/// Shows one key with its spend.
pub(super) async fn view(app: &App, key: Model) -> ApiResult<KeyView> {
    let views = views(app, vec![key]).await?;
    views.into_iter().next().ok_or_else(|| crate::error::ApiError::internal("a key was shown as none"))
}

/// Shows keys with their spend, in two queries however many there are.
pub(super) async fn views(app: &App, keys: Vec<Model>) -> ApiResult<Vec<KeyView>> {
    let now = app.clock.now();
    let tokens: Vec<String> = keys.iter().map(|key| key.token.clone()).collect();
    let windows: Vec<_> =
        keys.iter().map(|key| key.budget_window(now, app.timezone).map(|window| window.start)).collect();
    let totals = db::spend_total::of_many(&app.db, "key", &tokens).await?;
    let spent =
        db::budget_spend::spent_of_many(&app.db, "key", tokens.iter().cloned().zip(windows.iter().copied())).await?;
    let shown = keys.into_iter().zip(windows).map(|(key, window_start)| {
        let total = totals.get(&key.token);
        let window_key = (key.token.clone(), db::budget_spend::window_key(window_start));
        let in_ledger = spent.get(&window_key).copied().unwrap_or_default();
        let usage = Usage {
            // This process is ahead of the ledger with its own calls, the ledger with those of other nodes.
            window_spend: app
                .counters
                .spent(&ScopeId::key(&key.token), window_start)
                .unwrap_or(in_ledger)
                .max(in_ledger),
            total_spend: total.map(|total| NanoUsd(total.spend)).unwrap_or_default(),
            last_used_at: total.map(|total| total.last_used_at),
        };
        show(app, key, usage)
    });
    Ok(shown.collect())
}

/// A key as the audit chain keeps it: without spend, which is the ledger's.
pub(super) fn snapshot(app: &App, key: &Model) -> Value {
    let mut shown = serde_json::to_value(show(app, key.clone(), Usage::default())).unwrap_or_default();
    if let Some(members) = shown.as_object_mut() {
        for name in ["spend", "total_spend", "last_used_at", "budget_reset_at"] {
            members.remove(name);
        }
    }
    shown
}

fn show(app: &App, key: Model, usage: Usage) -> KeyView {
    let window = key.budget_window(app.clock.now(), app.timezone);
    KeyView {
        spend: usage.window_spend,
        total_spend: usage.total_spend,
        max_budget: key.max_budget(),
        soft_budget: key.soft_budget(),
        budget_reset_at: window.map(|window| window.end),
        last_used_at: usage.last_used_at,
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
        metadata: key.metadata.0,
        blocked: key.blocked,
        expires: key.expires_at,
        created_at: key.created_at,
        created_by: key.created_by,
        updated_at: key.updated_at,
        updated_by: key.updated_by,
        other: key.other.0.into_iter().collect::<BTreeMap<_, _>>(),
    }
}
