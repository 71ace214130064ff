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
mod meter;
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
pub use queue::{Ended, Exports};
pub use telling::{Telling, TraceParent};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{Callback, CallbackSettings, Config, Variables};
use crate::crypto::Sealer;
use crate::outbound::Outbound;
use crate::policy::PolicyStore;
use destination::{Destination, Lookup};
use meter::Meter;
use metrics::counter;
use names::Names;
use own::{Opener, Own, OwnWorkers};
use queue::{Bounds, Queue};
use send::Client;
use trial::Trials;
use worker::{Means, Worker};

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
    /// The time.
    pub clock: &'a Clock,
}

/// Who exports what calls leave.
#[derive(Debug)]
pub struct Exporters {
    workers: Vec<Worker>,
    meter: Option<Meter>,
    own: OwnWorkers,
}

impl Exporters {
    /// Work until `stop`, and then for a while at what is left.
    pub async fn run(self, stop: CancellationToken) {
        let mut telling = JoinSet::new();
        for worker in self.workers {
            telling.spawn(worker.run(stop.clone()));
        }
        if let Some(meter) = self.meter {
            telling.spawn(meter.run(stop.clone()));
        }
        telling.spawn(self.own.run(stop));
        while telling.join_next().await.is_some() {}
    }
}

/// Where calls leave what is exported, and who exports it.
///
/// # Errors
/// When no connections can be made at all. A tool that is not set up is named in the log and left out.
pub fn start(config: &Config, surroundings: &Surroundings<'_>) -> Result<(Exports, Exporters), reqwest::Error> {
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
    begin(destinations.iter().map(|destination| destination.callback.as_str()));
    let content_bytes_max = usize::try_from(config.limits.stored_content_max_bytes).unwrap_or(usize::MAX);
    let names = Names::new(Arc::clone(surroundings.policy));
    let means = Means { client: Client::ours()?, names, share: None, content_bytes_max };
    let (mut queues, mut workers) = (Vec::new(), Vec::new());
    let trials = Trials::new(destinations.clone(), means.client.clone());
    let (measured, meter) = meter(callbacks, &lookup, &means.client, surroundings.clock).unzip();
    for destination in destinations {
        let (callback, told_of) = (destination.callback, (destination.on_success, destination.on_failure));
        let (queue, outlet) = queue::queue(callback.as_str(), told_of, bounds());
        queues.push((callback, queue));
        workers.push(Worker::new(callback.as_str(), Some(destination), outlet, means.clone()));
    }
    let guarded = Client::Guarded(Arc::new(Outbound::new(config)?));
    let opener = Opener::new(surroundings.sealer.clone(), guarded, &lookup);
    let (own, own_workers) = Own::new(opener, means);
    let exports = Exports::new(queues, measured, own, trials, content_bytes_max);
    Ok((exports, Exporters { workers, meter, own: own_workers }))
}

/// Where calls are measured, and who does it, where somebody asks for metrics.
fn meter(callbacks: &CallbackSettings, lookup: Lookup<'_>, client: &Client, clock: &Clock) -> Option<(Queue, Meter)> {
    let lists = [&callbacks.success, &callbacks.failure];
    let [on_success, on_failure] = lists.map(|list| list.contains(&Callback::Otel));
    if !on_success && !on_failure {
        return None;
    }
    let metrics = otlp::metrics(lookup)
        .inspect_err(|error| tracing::error!(callback = meter::NAME, %error, "metrics are not exported"))
        .ok()??;
    begin(std::iter::once(meter::NAME));
    let (queue, outlet) = queue::queue(meter::NAME, (on_success, on_failure), bounds());
    Some((queue, Meter::new(metrics, outlet, client.clone(), clock.clone())))
}

const fn bounds() -> Bounds {
    Bounds { calls: WAITING_MAX, bytes: WAITING_BYTES_MAX, share: None }
}

/// Metrics shown from the start.
fn begin(names: impl Iterator<Item = &'static str>) {
    for callback in names {
        for name in ["tollgate_export_sent_total", "tollgate_export_failed_total", "tollgate_export_dropped_total"] {
            counter!(name, "destination" => callback).absolute(0);
        }
        counter!("litellm_callback_logging_failures_metric_total", "callback_name" => callback).absolute(0);
    }
}
