//! Who tells one tool of calls: in batches, again where it is away for a moment, and at the end what is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use metrics::counter;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::call::Call;
use super::destination::{Destination, Message, Pace, USUAL};
use super::names::Names;
use super::queue::{Ended, Outlet, Waiting};
use super::send::{self, Client, NotTaken};
use super::share::Share;

/// Messages of a batch that are under way at once, where a tool takes calls one at a time.
pub(super) const SENDING_MAX: usize = 8;
/// How often a message is sent before it is given up.
const ATTEMPTS_MAX: usize = 6;
/// First pause after a failure; it doubles.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// Longest pause, whatever a tool asks for.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long what is left may take when the gateway stops.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// What every tool is told with.
#[derive(Clone, Debug)]
pub(super) struct Means {
    pub(super) client: Client,
    pub(super) names: Names,
    /// What its owner has, where it is one of a key or a team.
    pub(super) share: Option<Arc<Share>>,
    /// Of what was asked, and of what was answered, of one call.
    pub(super) content_bytes_max: usize,
}

/// Tells one tool of calls.
#[derive(Debug)]
pub(super) struct Worker {
    /// What metrics and the log call it.
    name: &'static str,
    /// `None`: it is not set up, and misses all.
    destination: Option<Arc<Destination>>,
    outlet: Outlet,
    means: Means,
    pace: Pace,
    batch: Vec<Waiting>,
    /// Calls of the batch of which nobody knows yet what becomes of them.
    open: AtomicUsize,
    is_away: AtomicBool,
}

impl Worker {
    pub(super) fn new(name: &'static str, destination: Option<Arc<Destination>>, outlet: Outlet, means: Means) -> Self {
        let pace = destination.as_ref().map_or(USUAL, |destination| destination.pace());
        Self {
            name,
            destination,
            outlet,
            means,
            pace,
            batch: Vec::new(),
            open: AtomicUsize::new(0),
            is_away: AtomicBool::new(false),
        }
    }

    /// Works until `stop`, and then for a while at what is left.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let time_is_up = async {
            stop.cancelled().await;
            sleep(FLUSH_TIMEOUT).await;
        };
        tokio::select! {
            () = self.work(&stop) => {}
            () = time_is_up => self.leave_out_the_rest(),
        }
    }

    async fn work(&mut self, stop: &CancellationToken) {
        loop {
            self.fill(stop).await;
            if self.batch.is_empty() {
                return;
            }
            self.deliver(stop).await;
        }
    }

    /// Takes what there is for a batch; nothing at the end.
    async fn fill(&mut self, stop: &CancellationToken) {
        let first = match stop.run_until_cancelled(self.outlet.receiver.recv()).await {
            Some(first) => first,
            None => {
                self.outlet.receiver.close();
                self.outlet.receiver.recv().await
            }
        };
        let Some(first) = first else { return };
        // What a batch takes of the room for those that wait: what is left of it afterwards may be far less.
        let mut bytes = first.bytes;
        self.batch.push(first);
        let until = Instant::now() + self.pace.wait;
        while self.batch.len() < self.pace.calls && bytes < self.pace.bytes {
            let next = match stop.run_until_cancelled(timeout_at(until, self.outlet.receiver.recv())).await {
                Some(next) => next.ok().flatten(),
                None => self.outlet.receiver.try_recv().ok(),
            };
            let Some(next) = next else { return };
            bytes = bytes.saturating_add(next.bytes);
            self.batch.push(next);
        }
    }

    async fn deliver(&mut self, stop: &CancellationToken) {
        let calls = self.batch.len();
        self.open.store(calls, Ordering::Relaxed);
        match (self.messages().await, self.destination.clone()) {
            (Some(messages), Some(destination)) => {
                let (this, destination) = (&*self, &*destination);
                let deliver = |message: Message| async move { this.deliver_one(destination, &message, stop).await };
                let sent = stream::iter(messages).map(deliver);
                sent.buffer_unordered(SENDING_MAX).collect::<()>().await;
            }
            _ => self.done(0, calls),
        }
        for waiting in self.batch.drain(..) {
            self.outlet.freed(waiting.bytes);
        }
    }

    /// Sends a message until it is taken or given up.
    async fn deliver_one(&self, destination: &Destination, message: &Message, stop: &CancellationToken) {
        let mut pause = PAUSE_MIN;
        for attempt in 1..=ATTEMPTS_MAX {
            let not_taken = match self.send(message).await {
                Ok(answer) => return self.taken(destination, message.calls, &answer),
                Err(not_taken) => not_taken,
            };
            let is_last = attempt == ATTEMPTS_MAX || !not_taken.may_pass;
            self.warn(message.calls, &not_taken, is_last);
            if is_last {
                break;
            }
            let wait = not_taken.retry_after.unwrap_or(pause).min(PAUSE_MAX);
            if stop.is_cancelled() {
                sleep(PAUSE_MIN).await;
            } else {
                stop.run_until_cancelled(sleep(wait)).await;
            }
            pause *= 2;
        }
        self.done(0, message.calls);
    }

    /// Sends a message once, when its owner has a place for it.
    async fn send(&self, message: &Message) -> Result<Vec<u8>, NotTaken> {
        let _place = match &self.means.share {
            Some(share) => share.places.acquire().await.ok(),
            None => None,
        };
        send::send(&self.means.client, message).await
    }

    /// The batch as it is sent, worded on a thread for such work.
    async fn messages(&self) -> Option<Vec<Message>> {
        let teams = self.batch.iter().filter_map(|waiting| waiting.ended.event.team_id.clone());
        let names = self.means.names.of_teams(teams).await;
        let ended: Vec<Arc<Ended>> = self.batch.iter().map(|waiting| Arc::clone(&waiting.ended)).collect();
        let (destination, bytes_max) = (Arc::clone(self.destination.as_ref()?), self.means.content_bytes_max);
        let word = move || {
            let call = |ended: Arc<Ended>| {
                let names = ended.event.team_id.as_ref().and_then(|team| names.get(team)).cloned();
                Call::new(ended, names.unwrap_or_default(), bytes_max)
            };
            let calls: Vec<Call> = ended.into_iter().map(call).collect();
            destination.messages(&calls)
        };
        let worded = tokio::task::spawn_blocking(word).await;
        worded.inspect_err(|error| tracing::error!(%error, "calls could not be worded for a callback")).ok()
    }

    fn taken(&self, destination: &Destination, calls: usize, answer: &[u8]) {
        if self.is_away.swap(false, Ordering::Relaxed) {
            tracing::info!(callback = self.name, "calls are exported again");
        }
        let rejected = destination.rejected(answer);
        if rejected.calls > 0 {
            let (callback, reason) = (self.name, &rejected.reason);
            tracing::warn!(callback, calls = rejected.calls, %reason, "a callback did not take some calls of a batch");
        }
        let failed = rejected.calls.min(calls);
        self.done(calls - failed, failed);
    }

    /// Once when a tool goes away, and whenever calls are given up.
    fn warn(&self, calls: usize, not_taken: &NotTaken, is_given_up: bool) {
        let (callback, reason) = (self.name, &not_taken.reason);
        if is_given_up {
            tracing::warn!(callback, %reason, calls, "these calls are not exported");
        } else if !self.is_away.load(Ordering::Relaxed) {
            tracing::warn!(callback, %reason, "calls wait to be exported");
        }
        self.is_away.store(true, Ordering::Relaxed);
    }

    /// Counts what became of calls.
    fn done(&self, sent: usize, failed: usize) {
        self.open.fetch_sub(sent + failed, Ordering::Relaxed);
        self.count("tollgate_export_sent_total", sent);
        self.count("tollgate_export_failed_total", failed);
    }

    fn leave_out_the_rest(&mut self) {
        self.outlet.receiver.close();
        let mut left = self.open.load(Ordering::Relaxed);
        while let Ok(waiting) = self.outlet.receiver.try_recv() {
            self.outlet.freed(waiting.bytes);
            left += 1;
        }
        if left > 0 {
            self.count("tollgate_export_failed_total", left);
            let callback = self.name;
            tracing::warn!(callback, calls = left, "the gateway stops before these calls are exported");
        }
    }

    fn count(&self, metric: &'static str, calls: usize) {
        let calls = u64::try_from(calls).unwrap_or(u64::MAX);
        let callback = self.name;
        counter!(metric, "destination" => callback).increment(calls);
        if metric == "tollgate_export_failed_total" {
            counter!("litellm_callback_logging_failures_metric_total", "callback_name" => callback).increment(calls);
        }
    }
}
