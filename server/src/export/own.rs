//! Tools that keys and teams name: a queue and a worker for each while calls are told to it, and for a while after.
//!
//! Calls only leave themselves in a queue. Secrets are opened by who starts the workers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::destination::{Destination, DestinationError};
use super::queue::{self, Bounds, Ended, Outlet, Queue};
use super::send::Client;
use super::share::{Owner, Share, Shares, ToolPlace};
use super::worker::{Means, Worker};
use crate::config::{Callback, CallbackSettings};
use crate::crypto::Sealer;
use crate::policy::OwnCallback;
use crate::policy::callback_variables::{Kind, SEALED, kind_of};

/// Tools that wait to be started.
const STARTS_MAX: usize = 256;
/// Calls that wait for one of them at most.
const WAITING_MAX: usize = 1_000;
/// What they asked and were answered at most, in bytes.
const WAITING_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// How long a tool's worker waits for another call.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// How often idle ones are looked for.
const IDLE_CHECK_EVERY: Duration = Duration::from_secs(15);
/// Variables that the configuration may have for the tools of others, too: none is a secret, and none leads one elsewhere.
const SHARED: [&str; 4] = ["LANGFUSE_HOST", "HELICONE_API_BASE", "LUNARY_API_URL", "OTEL_SERVICE_NAME"];

/// Where calls leave themselves for tools of keys and teams.
#[derive(Clone, Debug)]
pub(super) struct Own {
    tools: Arc<Mutex<Tools>>,
    starts: mpsc::Sender<Start>,
}

#[derive(Debug)]
struct Tools {
    told: HashMap<[u8; 32], Tool>,
    shares: Shares,
}

#[derive(Debug)]
struct Tool {
    queue: Queue,
    last_used: Instant,
}

/// A tool that calls wait for, and nobody tells it of them yet.
#[derive(Debug)]
struct Start {
    callback: Arc<OwnCallback>,
    outlet: Outlet,
    place: ToolPlace,
}

/// Starts and ends the workers.
#[derive(Debug)]
pub(super) struct OwnWorkers {
    own: Own,
    starts: mpsc::Receiver<Start>,
    opener: Opener,
    means: Means,
}

/// Reads where a tool is from what its key or team says.
#[derive(Debug)]
pub(super) struct Opener {
    sealer: Sealer,
    shared: HashMap<&'static str, String>,
    guarded: Client,
}

impl Opener {
    pub(super) fn new(sealer: Sealer, guarded: Client, lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let shared = SHARED.into_iter().filter_map(|name| Some((name, lookup(name)?))).collect();
        Self { sealer, shared, guarded }
    }

    /// The tool, and whether its key or team says where it is.
    fn open(&self, own: &OwnCallback) -> Result<(Destination, bool), DestinationError> {
        let mut is_theirs = false;
        let mut opened = HashMap::new();
        for (name, value) in &own.variables {
            is_theirs |= kind_of(own.callback, name) == Some(Kind::Address);
            let value = match value.strip_prefix(SEALED) {
                Some(sealed) => self.sealer.open(&own.place, sealed).map_err(|_| DestinationError::Sealed)?,
                None => value.clone(),
            };
            let name = if name == "langfuse_secret" { "langfuse_secret_key" } else { name };
            opened.insert(name.to_ascii_uppercase(), value);
        }
        let lookup = |name: &str| opened.get(name).or_else(|| self.shared.get(name)).cloned();
        let only = [own.callback];
        let settings = CallbackSettings {
            success: if own.on_success { only.to_vec() } else { Vec::new() },
            failure: if own.on_failure { only.to_vec() } else { Vec::new() },
            ..CallbackSettings::default()
        };
        Ok((Destination::read(own.callback, &settings, &lookup)?, is_theirs))
    }
}

impl Own {
    pub(super) fn new(opener: Opener, means: Means) -> (Self, OwnWorkers) {
        let (sender, starts) = mpsc::channel(STARTS_MAX);
        let tools = Tools { told: HashMap::new(), shares: Shares::new() };
        let own = Self { tools: Arc::new(Mutex::new(tools)), starts: sender };
        (own.clone(), OwnWorkers { own, starts, opener, means })
    }

    /// Leaves a call for the tool, which is told of it by somebody who may have to be started first.
    pub(super) fn push(&self, callback: &Arc<OwnCallback>, ended: Arc<Ended>, bytes: u64) {
        let mut tools = self.tools.lock();
        // Within the lock: who is idle is ended within it, too, and misses nothing.
        if let Some(tool) = tools.told.get_mut(&callback.id) {
            tool.last_used = Instant::now();
            tool.queue.push(ended, bytes);
            return;
        }
        let metric = metric_name(callback.callback);
        let Some(place) = tools.shares.place(Owner::of(&ended.event)) else {
            counter!("tollgate_export_dropped_total", "destination" => metric).increment(1);
            return;
        };
        let share = Some(Arc::clone(&place.share));
        let bounds = Bounds { calls: WAITING_MAX, bytes: WAITING_BYTES_MAX, share };
        let (queue, outlet) = queue::queue(metric, (callback.on_success, callback.on_failure), bounds);
        queue.push(ended, bytes);
        // Shown from the first call on.
        for name in ["tollgate_export_sent_total", "tollgate_export_failed_total", "tollgate_export_dropped_total"] {
            counter!(name, "destination" => metric).increment(0);
        }
        let start = Start { callback: Arc::clone(callback), outlet, place };
        if self.starts.try_send(start).is_ok() {
            tools.told.insert(callback.id, Tool { queue, last_used: Instant::now() });
        } else {
            counter!("tollgate_export_dropped_total", "destination" => metric).increment(1);
        }
    }

    /// Ends those that nobody has left a call for since `then`: what waits is still told.
    fn end_idle(&self, then: Instant) {
        let mut tools = self.tools.lock();
        tools.told.retain(|_, tool| tool.last_used > then);
        tools.shares.prune();
    }
}

impl OwnWorkers {
    /// Works until `stop`, and then for a while at what is left.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut workers = JoinSet::new();
        let mut ticks = interval(IDLE_CHECK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(start) = self.starts.recv() => drop(workers.spawn(self.tell(start, stop.clone()))),
                Some(_) = workers.join_next() => {}
                now = ticks.tick() => {
                    if let Some(then) = now.checked_sub(IDLE_MAX) {
                        self.own.end_idle(then);
                    }
                }
            }
        }
        while let Ok(start) = self.starts.try_recv() {
            workers.spawn(self.tell(start, stop.clone()));
        }
        while workers.join_next().await.is_some() {}
    }

    /// Tells a tool of calls until nobody leaves one for it any more.
    fn tell(&self, start: Start, stop: CancellationToken) -> impl Future<Output = ()> + Send + use<> {
        let Start { callback, outlet, place } = start;
        let worker = self.worker(&callback, outlet, Arc::clone(&place.share));
        async move {
            worker.run(stop).await;
            drop(place);
        }
    }

    fn worker(&self, callback: &OwnCallback, outlet: Outlet, share: Arc<Share>) -> Worker {
        let metric = metric_name(callback.callback);
        match self.opener.open(callback) {
            Ok((destination, is_theirs)) => {
                let client = if is_theirs { self.opener.guarded.clone() } else { self.means.client.clone() };
                let means = Means { client, share: Some(share), ..self.means.clone() };
                Worker::new(metric, Some(Arc::new(destination)), outlet, means)
            }
            Err(error) => {
                let (place, name) = (callback.place.as_str(), callback.callback.as_str());
                tracing::warn!(callback = name, of = place, %error, "calls are not exported there");
                Worker::new(metric, None, outlet, self.means.clone())
            }
        }
    }
}

/// What metrics call the tools of keys and teams, all of a kind together.
const fn metric_name(callback: Callback) -> &'static str {
    match callback {
        Callback::Langfuse => "own_langfuse",
        Callback::Otel => "own_otel",
        Callback::GenericApi => "own_generic_api",
        Callback::Helicone => "own_helicone",
        Callback::Lunary => "own_lunary",
        Callback::S3 => "own_s3",
    }
}
