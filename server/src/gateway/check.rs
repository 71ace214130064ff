//! Health checks: a deployment is asked for the least of what it does, and what it costs is booked.
//!
//! Nobody asked for these calls but the gateway, so they stand in the ledger under a key of their own that belongs to
//! nobody, and no budget stops them.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Map;
use tollgate_openapi::spend::CallStatus;

use super::ping::{self, Pong};
use super::upstream::Upstream;
use super::{Gateway, record};
use crate::ledger::event::Charge;
use crate::ledger::{Saved, SpendEvent};
use crate::provider::catalog::Catalog;
use crate::router::Deployment;
use crate::router::checks::Check;
use crate::router::deployment::Target;

/// The key that checks are booked to, and the kind of call they are, in the ledger.
const IDENTITY: &str = "health_check";

/// Asks `deployment` whether it answers, and remembers what it said.
pub async fn check(gateway: &Gateway, upstream: &Upstream, deployment: &Deployment) -> Check {
    let (start_time, started) = (gateway.clock.now(), gateway.clock.monotonic());
    let other = other_model(deployment);
    let asked = other.as_ref().unwrap_or(deployment);
    let answered = ping::ping(asked, upstream, &deployment.health_check).await;
    let duration = gateway.clock.monotonic().saturating_duration_since(started);
    let at = gateway.clock.now();
    if let Ok(pong) = &answered {
        book(gateway, deployment, asked, pong, start_time);
    }
    let failure = answered.err();
    let status = failure.as_ref().and_then(|failure| failure.status);
    let error = failure.map(|failure| failure.reason);
    let check = Check { at, duration_ms: duration.as_secs_f64() * 1000.0, error, status };
    deployment.health.checks().note(check.clone());
    check
}

/// The deployment with the model that is asked in the place of its own, where its configuration names one.
fn other_model(deployment: &Deployment) -> Option<Deployment> {
    let named = deployment.health_check.model.as_deref()?;
    let name = named.split_once('/').map_or(named, |(_, name)| name);
    deployment.as_model(name, Catalog::embedded().find(deployment.provider, name, None))
}

/// Writes a check down that was answered: one that failed costs nothing.
fn book(gateway: &Gateway, deployment: &Deployment, asked: &Deployment, pong: &Pong, start_time: DateTime<Utc>) {
    if !matches!(asked.target, Target::Provider(_)) {
        return;
    }
    let usage = pong.answer.usage.unwrap_or_default();
    let cost = asked.prices.as_ref().map(|prices| prices.cost(&usage, pong.answer.service_tier.unwrap_or_default()));
    record::record(
        gateway,
        &SpendEvent {
            request_id: Arc::from(gateway.call_ids.next(start_time)),
            call_type: Cow::Borrowed(IDENTITY),
            api_key: Arc::from(IDENTITY),
            key_alias: Some(Arc::from(IDENTITY)),
            user_id: None,
            team_id: None,
            organization_id: None,
            end_user: None,
            spend_nano: cost.unwrap_or_default().0,
            saved: Saved::default(),
            usage,
            start_time,
            end_time: gateway.clock.now().max(start_time),
            completion_start_time: None,
            overhead_us: 0,
            model_group: Arc::clone(&deployment.model_name),
            model: Arc::clone(&asked.upstream_model),
            model_id: Some(Arc::clone(&deployment.id)),
            provider: Some(Arc::clone(&deployment.provider_name)),
            api_base: deployment.api_base().cloned(),
            requester_ip_address: None,
            stream: false,
            status: CallStatus::Success,
            status_code: 200,
            cache_hit: false,
            response_id: pong.answer.response_id.clone(),
            provider_usage: pong.answer.raw_usage.clone(),
            metadata: Map::new(),
            tags: Vec::new(),
            charges: vec![Charge { kind: "key".into(), id: Arc::from(IDENTITY), window_start_us: 0 }],
        },
        None,
    );
}
