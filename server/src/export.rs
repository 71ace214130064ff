//! Ended calls on their way to observability tools: Langfuse, Helicone, Lunary, OpenTelemetry, and whatever takes JSON.
//!
//! A call that has ended is left in a queue for each tool that wants it, and never waits. What it is made of is only looked
//! at here, away from the calls. Calls that are exported are worth less than calls that are made and booked: they wait in
//! memory and not in the spool, a tool that is away for long misses some, and a metric says how many.

mod call;
mod destination;
mod headers;
mod helicone;
mod langfuse;
mod lunary;
mod names;
mod otlp;
mod queue;
mod said;
mod send;
mod telling;
mod webhook;
mod worker;

use std::sync::Arc;

pub use destination::DestinationError;
pub use queue::{Ended, Exports};
pub use telling::{Telling, TraceParent};
pub use worker::Worker;

use crate::config::{Config, Variables};
use crate::policy::PolicyStore;
use destination::Destination;
use metrics::counter;
use names::Names;

/// Where calls leave what is exported, and who exports it; `None` where nothing is.
///
/// # Errors
/// When no connections can be made at all. A tool that is not set up is named in the log and left out.
pub fn start(
    config: &Config,
    variables: &Variables,
    policy: &Arc<PolicyStore>,
) -> Result<(Option<Exports>, Vec<Worker>), reqwest::Error> {
    let callbacks = &config.litellm.callbacks;
    let lookup = |name: &str| {
        let own = config.environment.get(name).map(|secret| secret.expose().to_owned());
        own.or_else(|| variables.get(name)).filter(|value| !value.is_empty())
    };
    let named = Destination::named_in(callbacks).filter_map(|callback| {
        Destination::read(callback, callbacks, &lookup)
            .inspect_err(|error| tracing::error!(callback = callback.as_str(), %error, "calls are not exported there"))
            .ok()
    });
    let destinations: Vec<Destination> = named.collect();
    if destinations.is_empty() {
        return Ok((None, Vec::new()));
    }
    begin(&destinations);
    let bytes_max = usize::try_from(config.limits.stored_content_max_bytes).unwrap_or(usize::MAX);
    let client = send::client()?;
    let (mut queues, mut workers) = (Vec::new(), Vec::new());
    for destination in destinations {
        let (queue, waiting) = queue::queue(&destination);
        let names = Names::new(Arc::clone(policy));
        queues.push(queue);
        workers.push(Worker::new(destination, waiting, client.clone(), names, bytes_max));
    }
    Ok((Some(Exports::new(queues, bytes_max)), workers))
}

/// Metrics shown from the start.
fn begin(destinations: &[Destination]) {
    for destination in destinations {
        let callback = destination.callback.as_str();
        for name in ["tollgate_export_sent_total", "tollgate_export_failed_total", "tollgate_export_dropped_total"] {
            counter!(name, "destination" => callback).absolute(0);
        }
        counter!("litellm_callback_logging_failures_metric_total", "callback_name" => callback).absolute(0);
    }
}
