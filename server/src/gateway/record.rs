//! Step 7: the call is written down: in the spool, and in the metrics.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use tollgate_openapi::spend::CallStatus;

use super::Gateway;
use crate::domain::usage::Usage;
use crate::error::ApiError;
use crate::export::{Ended, Telling};
use crate::ledger::contents::AnswerContent;
use crate::ledger::event::TEXT_BYTES_MAX;
use crate::ledger::{Saved, SpendEvent};
use crate::policy::{CallPolicy, EntityKind};
use crate::router::Deployment;
use crate::telemetry::{Aliases, calls};

/// Who calls, when, from where, for what.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Id of the call.
    pub request_id: Arc<str>,
    /// When it arrived.
    pub start_time: DateTime<Utc>,
    /// Address of the client.
    pub ip_address: Option<String>,
    /// Kind of call.
    pub call_type: &'static str,
}

/// The event of a call that has only just been read.
#[must_use]
pub fn new_event(caller: &Caller, policy: &CallPolicy, model: &str, user: Option<&str>, is_stream: bool) -> SpendEvent {
    let model: Arc<str> = Arc::from(cut(model));
    SpendEvent {
        request_id: Arc::clone(&caller.request_id),
        call_type: Cow::Borrowed(caller.call_type),
        api_key: Arc::clone(&policy.key.token),
        key_alias: policy.key.key_alias.clone(),
        user_id: policy.key.user_id.clone(),
        team_id: policy.key.team_id.clone(),
        organization_id: policy.organization_id.clone(),
        end_user: user.map(|user| cut(user).to_owned()),
        spend_nano: 0,
        saved: Saved::default(),
        usage: Usage::default(),
        start_time: caller.start_time,
        end_time: caller.start_time,
        completion_start_time: None,
        overhead_us: 0,
        model_group: Arc::clone(&model),
        model,
        model_id: None,
        provider: None,
        api_base: None,
        requester_ip_address: caller.ip_address.clone(),
        stream: is_stream,
        status: CallStatus::Failure,
        status_code: 0,
        cache_hit: false,
        response_id: None,
        provider_usage: None,
        metadata: Map::new(),
        tags: Vec::new(),
        charges: Vec::new(),
    }
}

/// The name, cut to what the ledger keeps of it: clients choose it, and it waits in the spool.
fn cut(name: &str) -> &str {
    name.get(..name.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default()
}

/// Writes an ended call down. `provider_time` is how long the provider took for its answer, where it gave one.
pub fn record(gateway: &Gateway, event: &SpendEvent, provider_time: Option<Duration>) {
    if let Err(error) = gateway.spool.end(event) {
        tracing::error!(%error, request_id = %event.request_id, "a call's end is not in the spool");
    }
    calls::record(event, provider_time, || aliases(gateway, event));
}

/// How people call the team and the organization of a call, as far as that is in memory.
pub(super) fn aliases(gateway: &Gateway, event: &SpendEvent) -> Aliases {
    let alias = |kind, id: &Option<Arc<str>>| gateway.policy.known_entity(kind, id.as_deref()?)?.alias();
    Aliases {
        team: alias(EntityKind::Team, &event.team_id),
        organization: alias(EntityKind::Organization, &event.organization_id),
    }
}

/// What a refused call to a model that does not exist is booked under: anybody may name anything, and every name has
/// sums of its own.
const UNKNOWN_MODEL: &str = "unknown";

/// Writes down a call that was refused before it was made.
pub fn record_refusal(gateway: &Gateway, mut event: SpendEvent, error: &ApiError, telling: &Arc<Telling>) {
    if !gateway.router.has_model(&event.model_group) {
        event.metadata.insert("requested_model".to_owned(), Value::from(&*event.model_group));
        event.model_group = Arc::from(UNKNOWN_MODEL);
        event.model = Arc::clone(&event.model_group);
    }
    event.end_time = gateway.clock.now().max(event.start_time);
    event.status_code = error.status().as_u16();
    event.metadata.insert("error".to_owned(), Value::from(error.message()));
    event.metadata.insert("error_type".to_owned(), Value::from(error.kind()));
    record(gateway, &event, None);
    let (request, answer, telling) = (Bytes::new(), AnswerContent::None, Arc::clone(telling));
    gateway.exports.push(Ended::new(event, request, answer, telling));
}

/// Counts a call whose price nobody knows: it cost nothing here and something there.
pub fn unpriced(deployment: &Deployment) {
    calls::unpriced(&deployment.model_name, &deployment.upstream_model);
}
