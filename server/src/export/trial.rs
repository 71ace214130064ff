//! Trying a tool of the configuration out: it is told of a call that nobody made, at once and once.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, json};
use tollgate_openapi::spend::CallStatus;
use uuid::Uuid;

use super::call::Call;
use super::destination::Destination;
use super::queue::Ended;
use super::send::{self, Client};
use crate::config::Callback;
use crate::domain::usage::Usage;
use crate::ledger::contents::AnswerContent;
use crate::ledger::{Saved, SpendEvent};

/// What the call is booked to, as far as tools know.
const NAME: &str = "tollgate-test";
/// What it took.
const TOOK: TimeDelta = TimeDelta::milliseconds(1);
/// What is told of it at most, in bytes: it is short.
const BYTES_MAX: usize = 64 * 1024;

/// The tools that can be tried out.
#[derive(Debug)]
pub(super) struct Trials {
    destinations: Vec<Arc<Destination>>,
    client: Client,
}

impl Trials {
    pub(super) const fn new(destinations: Vec<Arc<Destination>>, client: Client) -> Self {
        Self { destinations, client }
    }

    /// Tells the tool of a call that nobody made; `None`: it is not set up.
    pub(super) async fn tell(&self, callback: Callback, actor: &str, now: DateTime<Utc>) -> Option<Result<(), String>> {
        let destination = self.destinations.iter().find(|one| one.callback == callback)?;
        let call = Call::new(Arc::new(ended(actor, now)), super::names::TeamNames::default(), BYTES_MAX);
        for message in destination.messages(std::slice::from_ref(&call)) {
            let answer = match send::send(&self.client, &message).await {
                Ok(answer) => answer,
                Err(not_taken) => return Some(Err(not_taken.reason)),
            };
            let rejected = destination.rejected(&answer);
            if rejected.calls > 0 {
                return Some(Err(rejected.reason));
            }
        }
        Some(Ok(()))
    }
}

/// A call that was answered and cost nothing.
fn ended(actor: &str, now: DateTime<Utc>) -> Ended {
    let text = format!("This is a test, sent by {actor}. Calls of this gateway are told here.");
    let request = json!({"model": NAME, "messages": [{"role": "user", "content": text}]});
    let answer = json!({"choices": [{
        "index": 0, "message": {"role": "assistant", "content": "It has arrived."}, "finish_reason": "stop",
    }]});
    let answer = AnswerContent::Assembled(Arc::new(answer));
    Ended::new(event(now), Bytes::from(request.to_string()), answer, Arc::default())
}

fn event(now: DateTime<Utc>) -> SpendEvent {
    SpendEvent {
        request_id: Uuid::new_v4().simple().to_string().into(),
        call_type: Cow::Borrowed("acompletion"),
        api_key: NAME.into(),
        key_alias: None,
        user_id: None,
        team_id: None,
        organization_id: None,
        end_user: None,
        spend_nano: 0,
        saved: Saved::default(),
        usage: Usage::default(),
        start_time: now - TOOK,
        end_time: now,
        completion_start_time: None,
        overhead_us: 0,
        model_group: NAME.into(),
        model: NAME.into(),
        model_id: None,
        provider: None,
        api_base: None,
        requester_ip_address: None,
        stream: false,
        status: CallStatus::Success,
        status_code: 200,
        cache_hit: false,
        response_id: None,
        provider_usage: None,
        metadata: Map::new(),
        tags: vec![NAME.into()],
        charges: Vec::new(),
    }
}
