//! Metrics of calls on their way to a collector: calls are measured as they end, away from them, and what was measured is
//! sent from time to time.

use std::time::Duration;

use metrics::counter;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use super::destination::{Message, Place};
use super::otlp::points::Points;
use super::otlp::{self, Metrics};
use super::queue::{Outlet, Waiting};
use super::send::{self, Client, NotTaken};
use crate::clock::Clock;

/// What metrics and the log call it.
pub(super) const NAME: &str = "otel_metrics";
/// How long what is left may take when the gateway stops.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Measures calls.
#[derive(Debug)]
pub(super) struct Meter {
    metrics: Metrics,
    outlet: Outlet,
    client: Client,
    clock: Clock,
    points: Points,
    /// Calls that were measured and are in no message yet.
    waiting: u64,
    /// What the message that is under way has.
    sent: Option<Sent>,
    is_away: bool,
}

/// What was sent, and may have to be sent again.
#[derive(Debug)]
struct Sent {
    calls: u64,
    /// Where messages tell only what is new: that.
    points: Option<Points>,
}

/// How a message ends.
type Ending = Result<Vec<u8>, NotTaken>;

impl Meter {
    pub(super) fn new(metrics: Metrics, outlet: Outlet, client: Client, clock: Clock) -> Self {
        let points = Points::new(clock.now());
        Self { metrics, outlet, client, clock, points, waiting: 0, sent: None, is_away: false }
    }

    /// Works until `stop`, and then for a while at what is left.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut sending = JoinSet::new();
        let mut ticks = interval_at(Instant::now() + self.metrics.every, self.metrics.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(waiting) = self.outlet.receiver.recv() => self.record(&waiting),
                _ = ticks.tick() => self.begin(&mut sending),
                Some(ended) = sending.join_next() => self.end(ended.ok()),
            }
        }
        if timeout(FLUSH_TIMEOUT, self.flush(&mut sending)).await.is_err() {
            self.end(None);
        }
        if self.waiting > 0 {
            count("tollgate_export_failed_total", self.waiting);
            tracing::warn!(callback = NAME, calls = self.waiting, "the gateway stops before these calls are exported");
        }
    }

    async fn flush(&mut self, sending: &mut JoinSet<Ending>) {
        self.outlet.receiver.close();
        while let Some(waiting) = self.outlet.receiver.recv().await {
            self.record(&waiting);
        }
        // The one that may be under way, and the last one.
        for _ in 0..2 {
            if self.sent.is_none() && self.waiting > 0 {
                self.begin(sending);
            }
            if let Some(ended) = sending.join_next().await {
                self.end(ended.ok());
            }
        }
    }

    fn record(&mut self, waiting: &Waiting) {
        self.points.record(&waiting.ended.event);
        self.waiting += 1;
        self.outlet.freed(waiting.bytes);
    }

    /// Sends what there is, unless a message is under way: it is not told out of turn.
    fn begin(&mut self, sending: &mut JoinSet<Ending>) {
        if self.points.is_empty() || self.sent.is_some() {
            return;
        }
        let now = self.clock.now();
        let Metrics { url, headers, sender, is_delta, .. } = &self.metrics;
        let place =
            Place::Web { url: url.clone(), headers: headers.clone(), content_type: sender.protocol.content_type() };
        let calls = usize::try_from(self.waiting).unwrap_or(usize::MAX);
        let message = Message { place, body: self.points.message(sender, *is_delta, now), calls };
        let points = is_delta.then(|| std::mem::replace(&mut self.points, Points::new(now)));
        self.sent = Some(Sent { calls: std::mem::take(&mut self.waiting), points });
        let client = self.client.clone();
        sending.spawn(async move { send::send(&client, &message).await });
    }

    /// What became of the message that was under way; nobody knows: `None`. What was not taken is in the next one.
    fn end(&mut self, ending: Option<Ending>) {
        let Some(sent) = self.sent.take() else { return };
        match ending {
            Some(Ok(answer)) => {
                self.taken(&answer);
                count("tollgate_export_sent_total", sent.calls);
                return;
            }
            Some(Err(NotTaken { reason, .. })) if !self.is_away => {
                tracing::warn!(callback = NAME, %reason, "metrics wait to be exported");
                self.is_away = true;
            }
            _ => {}
        }
        self.waiting += sent.calls;
        if let Some(points) = sent.points {
            self.points.merge(points);
        }
    }

    fn taken(&mut self, answer: &[u8]) {
        if std::mem::take(&mut self.is_away) {
            tracing::info!(callback = NAME, "metrics are exported again");
        }
        let rejected = otlp::rejected_points(self.metrics.sender.protocol, answer);
        if rejected.calls > 0 {
            let (points, reason) = (rejected.calls, &rejected.reason);
            tracing::warn!(callback = NAME, points, %reason, "a collector did not take some points of metrics");
        }
    }
}

fn count(metric: &'static str, calls: u64) {
    counter!(metric, "destination" => NAME).increment(calls);
    if metric == "tollgate_export_failed_total" {
        counter!("litellm_callback_logging_failures_metric_total", "callback_name" => NAME).increment(calls);
    }
}
