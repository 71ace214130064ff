//! The data plane: one file a step of a call's life.
//!
//! authenticate → admit → route → upstream → stream → settle → record. Nothing here names the database, the
//! management API or console sessions.

pub mod admit;
pub mod authenticate;
mod cache;
mod call;
pub mod call_id;
pub mod charge;
pub mod chat;
pub mod check;
mod client;
pub mod completions;
mod converse;
pub mod drain;
pub mod error;
mod estimate;
mod exchange;
mod failure;
mod first_event;
#[cfg(test)]
mod golden;
mod headers;
mod incoming;
mod media;
pub mod messages;
mod mock;
pub mod models;
pub mod pass_through;
mod outgoing;
pub mod ping;
pub mod record;
pub mod responses;
pub mod route;
pub mod settle;
pub mod stream;
pub mod suitable;
mod tags;
mod telling;
pub mod task;
pub mod upstream;
mod usable;
pub mod usual_delay;
pub mod usual_length;
pub mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use arc_swap::ArcSwap;

use crate::cache::ResponseCache;
use crate::clock::Clock;
use crate::config::{Config, FetchSettings, RouterSettings};
use crate::counters::Counters;
use crate::export::Exports;
use crate::ledger::Spool;
use crate::ledger::contents::Contents;
use crate::outbound::Outbound;
use crate::policy::PolicyStore;
use crate::router::Router;
use call_id::CallIds;
use drain::Drains;
use responses::id::ResponseIds;
use usual_delay::UsualDelays;
use usual_length::UsualLengths;
use waiting::WaitingCalls;

/// What every call needs; one a process.
#[derive(Debug)]
pub struct Gateway {
    /// Time.
    pub clock: Clock,
    /// Gives every call an id.
    pub call_ids: CallIds,
    /// What each key may do.
    pub policy: Arc<PolicyStore>,
    /// What each scope has spent and reserved.
    pub counters: Arc<Counters>,
    /// Where settled calls go.
    pub spool: Arc<Spool>,
    /// Answers that are given again, where they are.
    pub cache: Option<Arc<ResponseCache>>,
    /// Where prompts and answers go, if they are kept.
    pub contents: Option<Contents>,
    /// Where ended calls go that are exported.
    pub exports: Exports,
    /// Which deployment serves a call.
    pub router: Arc<Router>,
    /// How often a call is tried, and what stands in for models that fail.
    pub routing: ArcSwap<RouterSettings>,
    /// Fetches what calls link to.
    pub outbound: Arc<Outbound>,
    /// Makes and opens ids of responses that providers keep.
    pub response_ids: ResponseIds,
    /// How long answers usually are.
    pub usual_lengths: UsualLengths,
    /// How long calls that are hedged usually wait.
    pub usual_delays: UsualDelays,
    /// Answers that are read to their end though their client has left.
    pub drains: Drains,
    /// Bounds and choices of the configuration.
    pub settings: ArcSwap<Settings>,
    /// Calls in flight, counted.
    pub in_flight: InFlightCount,
    /// Calls in flight whose answer has not begun.
    pub waiting: Arc<WaitingCalls>,
}

/// Bounds and choices of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A longer request body is refused, in bytes.
    pub max_body_bytes: usize,
    /// Longest silence inside a stream.
    pub stream_idle_timeout: Duration,
    /// How long a call may take where neither it nor the configuration says.
    pub timeout: Duration,
    /// How long a call waits for money that others have reserved.
    pub budget_wait: Duration,
    /// Parameters that a provider does not take are left out instead of refused.
    pub drop_params: bool,
    /// Status of a refusal for money.
    pub budget_exceeded_status: StatusCode,
    /// Deployments are asked in the background whether they answer.
    pub checks_in_background: bool,
    /// What was asked and answered is told to nobody and kept nowhere, where a call does not say otherwise.
    pub turn_off_message_logging: bool,
    /// A call may say that some tools are not told of it.
    pub calls_disable_callbacks: bool,
    /// A call may say that no tool is told of it.
    pub calls_go_unlogged: bool,
    /// Bounds on what is fetched for a call.
    pub fetch: FetchSettings,
}

impl Settings {
    /// Those of `config`.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            max_body_bytes: usize::try_from(config.limits.max_body_bytes).unwrap_or(usize::MAX),
            stream_idle_timeout: config.limits.stream_idle_timeout,
            timeout: config.limits.first_byte_timeout,
            budget_wait: config.limits.budget_wait,
            drop_params: config.litellm.drop_params,
            budget_exceeded_status: StatusCode::from_u16(config.litellm.budget_exceeded_status_code)
                .unwrap_or(StatusCode::BAD_REQUEST),
            checks_in_background: config.general.background_health_checks,
            turn_off_message_logging: config.litellm.turn_off_message_logging,
            calls_disable_callbacks: config.litellm.allow_dynamic_callback_disabling,
            calls_go_unlogged: !config.litellm.global_disable_no_log_param,
            fetch: config.limits.fetch.clone(),
        }
    }
}

impl Gateway {
    /// The model that `name` is another name of (`model_group_alias`).
    #[must_use]
    pub fn model_of_alias(&self, name: &str) -> Option<String> {
        self.routing.load().model_group_alias.get(name).map(|alias| alias.model.clone())
    }
}

/// Calls in flight; shutting down waits for them.
#[derive(Debug, Default)]
pub struct InFlightCount {
    count: AtomicU64,
    is_draining: AtomicBool,
}

impl InFlightCount {
    /// Calls in flight.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Refuses new calls from now on.
    pub fn start_draining(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Whether new calls are refused.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    fn enter(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn leave(&self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A call that shutting down waits for.
#[derive(Debug)]
struct Counted(Arc<Gateway>);

impl Counted {
    fn enter(gateway: &Arc<Gateway>) -> Self {
        gateway.in_flight.enter();
        Self(Arc::clone(gateway))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.in_flight.leave();
    }
}
