//! Ended calls on their way to observability tools: Langfuse, Helicone, Lunary, OpenTelemetry, files,
//! and whatever takes JSON.
//!
//! A call that has ended is left in a queue for each tool that wants it, and never waits. What it is made of is only looked
//! at here, away from the calls. Calls that are exported are worth less than calls that are made and booked: they wait in
//! memory and not in the spool, a tool that is away for long misses some, and a metric says how many.

mod call;
mod destination;
mod files;
mod headers;
mod helicone;
mod langfuse;
mod lunary;
mod names;
mod otlp;
mod own;
mod queue;
mod said;
mod send;
mod share;
mod telling;
mod trial;
mod webhook;
mod worker;

use std::sync::Arc;

pub use destination::DestinationError;
pub use own::OwnWorkers;
pub use queue::{Ended, Exports};
pub use telling::{Telling, TraceParent};
pub use worker::Worker;

use crate::config::{Config, Variables};
use crate::crypto::Sealer;
use crate::outbound::Outbound;
use crate::policy::PolicyStore;
use destination::Destination;
use metrics::counter;
use names::Names;
use own::{Opener, Own};
use queue::Bounds;
use send::Client;
use trial::Trials;
use worker::Means;

/// Calls that wait for a tool of the configuration at most.
const WAITING_MAX: usize = 10_000;
/// What they asked and were answered at most, in bytes.
const WAITING_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// What the exports need of the process.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// Variables of the process.
    pub variables: &'a Variables,
    /// Who knows what teams are called.
    pub policy: &'a Arc<PolicyStore>,
    /// Opens the secrets of keys and teams.
    pub sealer: &'a Sealer,
}

/// Where calls leave what is exported, and who exports it.
///
/// # Errors
/// When no connections can be made at all. A tool that is not set up is named in the log and left out.
pub fn start(
    config: &Config,
    surroundings: &Surroundings<'_>,
) -> Result<(Exports, Vec<Worker>, OwnWorkers), reqwest::Error> {
    let mut callbacks = config.litellm.callbacks.clone();
    callbacks.s3.storage = config.limits.call_storage.clone().or(callbacks.s3.storage);
    let callbacks = &callbacks;
    let lookup = |name: &str| {
        let own = config.environment.get(name).map(|secret| secret.expose().to_owned());
        own.or_else(|| surroundings.variables.get(name)).filter(|value| !value.is_empty())
    };
    let named = Destination::named_in(callbacks).filter_map(|callback| {
        Destination::read(callback, callbacks, &lookup)
            .inspect_err(|error| tracing::error!(callback = callback.as_str(), %error, "calls are not exported there"))
            .ok()
    });
    let destinations: Vec<Arc<Destination>> = named.map(Arc::new).collect();
    begin(&destinations);
    let content_bytes_max = usize::try_from(config.limits.stored_content_max_bytes).unwrap_or(usize::MAX);
    let names = Names::new(Arc::clone(surroundings.policy));
    let means = Means { client: Client::ours()?, names, share: None, content_bytes_max };
    let (mut queues, mut workers) = (Vec::new(), Vec::new());
    let trials = Trials::new(destinations.clone(), means.client.clone());
    for destination in destinations {
        let (callback, told_of) = (destination.callback, (destination.on_success, destination.on_failure));
        let bounds = Bounds { calls: WAITING_MAX, bytes: WAITING_BYTES_MAX, share: None };
        let (queue, outlet) = queue::queue(callback.as_str(), told_of, bounds);
        queues.push((callback, queue));
        workers.push(Worker::new(callback.as_str(), Some(destination), outlet, means.clone()));
    }
    let guarded = Client::Guarded(Arc::new(Outbound::new(config)?));
    let opener = Opener::new(surroundings.sealer.clone(), guarded, &lookup);
    let (own, own_workers) = Own::new(opener, means);
    Ok((Exports::new(queues, own, trials, content_bytes_max), workers, own_workers))
}

/// Metrics shown from the start.
fn begin(destinations: &[Arc<Destination>]) {
    for destination in destinations {
        let callback = destination.callback.as_str();
        for name in ["tollgate_export_sent_total", "tollgate_export_failed_total", "tollgate_export_dropped_total"] {
            counter!(name, "destination" => callback).absolute(0);
        }
        counter!("litellm_callback_logging_failures_metric_total", "callback_name" => callback).absolute(0);
    }
}
