//! Who tells one tool of calls: in batches, again where it is away for a moment, and at the end what is left.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use metrics::counter;
use reqwest::Client;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::call::Call;
use super::destination::Destination;
use super::names::Names;
use super::queue::{Ended, Outlet, Waiting};
use super::send::{self, NotTaken};

/// Calls of one batch at most.
const BATCH_CALLS_MAX: usize = 100;
/// What they asked and were answered at most, in bytes: Langfuse takes 3.5 MB, in which it is told everything twice.
const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// How long the first call of a batch waits for others.
const BATCH_WAIT: Duration = Duration::from_secs(1);
/// How often a batch is sent before it is given up.
const ATTEMPTS_MAX: usize = 6;
/// First pause after a failure; it doubles.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// Longest pause, whatever a tool asks for.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long what is left may take when the gateway stops.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Tells one tool of calls.
#[derive(Debug)]
pub struct Worker {
    destination: Arc<Destination>,
    outlet: Outlet,
    client: Client,
    names: Names,
    content_bytes_max: Option<usize>,
    batch: Vec<Waiting>,
    is_away: bool,
}

impl Worker {
    pub(super) fn new(
        destination: Destination,
        outlet: Outlet,
        client: Client,
        names: Names,
        content_bytes_max: Option<usize>,
    ) -> Self {
        let destination = Arc::new(destination);
        Self { destination, outlet, client, names, content_bytes_max, batch: Vec::new(), is_away: false }
    }

    /// Works until `stop`, and then for a while at what is left.
    pub async fn run(mut self, stop: CancellationToken) {
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
        let mut bytes = self.size(&first.ended);
        self.batch.push(first);
        let until = Instant::now() + BATCH_WAIT;
        while self.batch.len() < BATCH_CALLS_MAX && bytes < BATCH_BYTES_MAX {
            let next = match stop.run_until_cancelled(timeout_at(until, self.outlet.receiver.recv())).await {
                Some(next) => next.ok().flatten(),
                None => self.outlet.receiver.try_recv().ok(),
            };
            let Some(next) = next else { return };
            bytes += self.size(&next.ended);
            self.batch.push(next);
        }
    }

    /// What is told of a call, in bytes: about.
    fn size(&self, ended: &Ended) -> usize {
        let max = self.content_bytes_max.unwrap_or(0);
        ended.request.len().min(max).saturating_add(max.min(ended.answer.len(max)))
    }

    async fn deliver(&mut self, stop: &CancellationToken) {
        let calls = self.batch.len();
        let Some(body) = self.body().await else {
            self.done(0, calls);
            return;
        };
        let mut pause = PAUSE_MIN;
        for attempt in 1..=ATTEMPTS_MAX {
            let not_taken = match send::send(&self.client, &self.destination, body.clone()).await {
                Ok(answer) => return self.taken(calls, &answer),
                Err(not_taken) => not_taken,
            };
            let is_last = attempt == ATTEMPTS_MAX || !not_taken.may_pass;
            self.warn(&not_taken, is_last);
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
        self.done(0, calls);
    }

    /// The batch as it is sent, worded on a thread for such work.
    async fn body(&self) -> Option<Bytes> {
        let teams = self.batch.iter().filter_map(|waiting| waiting.ended.event.team_id.clone());
        let names = self.names.of_teams(teams).await;
        let ended: Vec<Arc<Ended>> = self.batch.iter().map(|waiting| Arc::clone(&waiting.ended)).collect();
        let (destination, bytes_max) = (Arc::clone(&self.destination), self.content_bytes_max);
        let word = move || {
            let call = |ended: Arc<Ended>| {
                let names = ended.event.team_id.as_ref().and_then(|team| names.get(team)).cloned();
                Call::new(ended, names.unwrap_or_default(), bytes_max)
            };
            let calls: Vec<Call> = ended.into_iter().map(call).collect();
            Bytes::from(destination.body(&calls).to_string())
        };
        let worded = tokio::task::spawn_blocking(word).await;
        worded.inspect_err(|error| tracing::error!(%error, "calls could not be worded for a callback")).ok()
    }

    fn taken(&mut self, calls: usize, answer: &[u8]) {
        if std::mem::take(&mut self.is_away) {
            tracing::info!(callback = self.destination.callback.as_str(), "calls are exported again");
        }
        let rejected = self.destination.rejected(answer);
        if rejected.calls > 0 {
            let (callback, reason) = (self.destination.callback.as_str(), &rejected.reason);
            tracing::warn!(callback, calls = rejected.calls, %reason, "a callback did not take some calls of a batch");
        }
        let failed = rejected.calls.min(calls);
        self.done(calls - failed, failed);
    }

    /// Once when a tool goes away, and whenever calls are given up.
    fn warn(&mut self, not_taken: &NotTaken, is_given_up: bool) {
        let (callback, reason) = (self.destination.callback.as_str(), &not_taken.reason);
        if is_given_up {
            tracing::warn!(callback, %reason, calls = self.batch.len(), "these calls are not exported");
        } else if !self.is_away {
            tracing::warn!(callback, %reason, "calls wait to be exported");
        }
        self.is_away = true;
    }

    /// Counts what became of the batch, and makes room for others.
    fn done(&mut self, sent: usize, failed: usize) {
        self.count("tollgate_export_sent_total", sent);
        self.count("tollgate_export_failed_total", failed);
        for waiting in self.batch.drain(..) {
            self.outlet.freed(waiting.bytes);
        }
    }

    fn leave_out_the_rest(&mut self) {
        self.outlet.receiver.close();
        let mut left = self.batch.len();
        while self.outlet.receiver.try_recv().is_ok() {
            left += 1;
        }
        if left > 0 {
            self.count("tollgate_export_failed_total", left);
            let callback = self.destination.callback.as_str();
            tracing::warn!(callback, calls = left, "the gateway stops before these calls are exported");
        }
    }

    fn count(&self, metric: &'static str, calls: usize) {
        let calls = u64::try_from(calls).unwrap_or(u64::MAX);
        let callback = self.destination.callback.as_str();
        counter!(metric, "destination" => callback).increment(calls);
        if metric == "tollgate_export_failed_total" {
            counter!("litellm_callback_logging_failures_metric_total", "callback_name" => callback).increment(calls);
        }
    }
}
