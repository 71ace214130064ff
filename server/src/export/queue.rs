//! Where calls leave what is exported. Nothing here waits, and nothing looks into what was said.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use metrics::{Counter, counter};
use tokio::sync::mpsc;
use tollgate_openapi::spend::CallStatus;

use super::destination::Destination;
use super::telling::Telling;
use crate::ledger::SpendEvent;
use crate::ledger::contents::AnswerContent;

/// Calls that wait for one tool at most.
const WAITING_MAX: usize = 10_000;
/// What they asked and were answered at most, in bytes.
const WAITING_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// What a call takes besides, in bytes: about.
const EVENT_BYTES: usize = 2 * 1024;

/// A call that has ended.
#[derive(Debug)]
pub struct Ended {
    /// What the ledger knows of it.
    pub event: SpendEvent,
    /// The request's body in OpenAI's form; empty where it is not at hand.
    pub request: Bytes,
    /// The answer, if there was one.
    pub answer: AnswerContent,
    /// What the request says of how it is told.
    pub telling: Arc<Telling>,
}

/// A call that waits, and the bytes it counts for.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) ended: Arc<Ended>,
    pub(super) bytes: u64,
}

/// One end of the queue to a tool.
#[derive(Debug)]
pub(super) struct Queue {
    on_success: bool,
    on_failure: bool,
    sender: mpsc::Sender<Waiting>,
    bytes: Arc<AtomicU64>,
    /// By our name and LiteLLM's.
    dropped: [Counter; 2],
}

/// The other end.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) receiver: mpsc::Receiver<Waiting>,
    bytes: Arc<AtomicU64>,
}

/// Both ends of a queue to a tool.
pub(super) fn queue(destination: &Destination) -> (Queue, Outlet) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let (bytes, callback) = (Arc::new(AtomicU64::new(0)), destination.callback.as_str());
    let queue = Queue {
        on_success: destination.on_success,
        on_failure: destination.on_failure,
        sender,
        bytes: Arc::clone(&bytes),
        // Looked up once: calls that are dropped come in great numbers.
        dropped: [
            counter!("tollgate_export_dropped_total", "destination" => callback),
            counter!("litellm_callback_logging_failures_metric_total", "callback_name" => callback),
        ],
    };
    (queue, Outlet { receiver, bytes })
}

impl Queue {
    /// A call that its client broke off may have cost as much as one that was answered: both lists are told of it.
    const fn wants(&self, status: CallStatus) -> bool {
        match status {
            CallStatus::Success => self.on_success,
            CallStatus::Failure => self.on_failure,
            CallStatus::Cancelled | CallStatus::Interrupted => true,
        }
    }

    fn push(&self, ended: Arc<Ended>, bytes: u64) {
        let waiting = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let has_room = waiting.saturating_add(bytes) <= WAITING_BYTES_MAX;
        if !has_room || self.sender.try_send(Waiting { ended, bytes }).is_err() {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.dropped.iter().for_each(|dropped| dropped.increment(1));
        }
    }
}

impl Outlet {
    /// Makes room for what has left.
    pub(super) fn freed(&self, bytes: u64) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Where calls leave what is exported.
#[derive(Debug)]
pub struct Exports {
    queues: Vec<Queue>,
    content_bytes_max: usize,
}

impl Exports {
    pub(super) const fn new(queues: Vec<Queue>, content_bytes_max: usize) -> Self {
        Self { queues, content_bytes_max }
    }

    /// Text of one answer that is exported, in bytes.
    #[must_use]
    pub const fn content_bytes_max(&self) -> usize {
        self.content_bytes_max
    }

    /// Leaves a call to be exported. Never waits: where there is no room, it is left out and counted.
    pub fn push(&self, ended: Ended) {
        let status = ended.event.status;
        if !self.queues.iter().any(|queue| queue.wants(status)) {
            return;
        }
        let metadata: usize = ended.telling.metadata.iter().map(Bytes::len).sum();
        let said = ended.request.len() + metadata + ended.answer.len(self.content_bytes_max);
        let bytes = u64::try_from(EVENT_BYTES + said).unwrap_or(u64::MAX);
        let ended = Arc::new(ended);
        for queue in self.queues.iter().filter(|queue| queue.wants(status)) {
            queue.push(Arc::clone(&ended), bytes);
        }
    }
}
