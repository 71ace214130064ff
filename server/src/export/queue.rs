//! Where calls leave what is exported. Nothing here waits, and nothing looks into what was said.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use metrics::{Counter, counter};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tollgate_openapi::spend::CallStatus;

use super::own::Own;
use super::said::Said;
use super::share::Share;
use super::telling::Telling;
use super::trial::Trials;
use crate::config::Callback;
use crate::ledger::SpendEvent;
use crate::ledger::contents::AnswerContent;
use crate::policy::OwnCallback;

/// What a call takes besides what was said, in bytes: about.
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
    /// What was said, read, as long as a tool is told of it: several are told at about the same time.
    said: Mutex<Weak<Said>>,
}

impl Ended {
    /// A call that has ended: `request` and `answer` are what was asked and answered.
    #[must_use]
    pub fn new(event: SpendEvent, request: Bytes, answer: AnswerContent, telling: Arc<Telling>) -> Self {
        Self { event, request, answer, telling, said: Mutex::default() }
    }

    /// What was said, up to so many bytes of what was asked and of what was answered, which are the same for all tools.
    pub(super) fn said(&self, bytes_max: usize) -> Arc<Said> {
        // Whoever comes meanwhile waits, and has it without reading it again.
        let mut shared = self.said.lock();
        shared.upgrade().unwrap_or_else(|| {
            let said = Arc::new(Said::of(self, bytes_max));
            *shared = Arc::downgrade(&said);
            said
        })
    }
}

/// A call that waits, and the bytes it counts for.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) ended: Arc<Ended>,
    pub(super) bytes: u64,
}

/// What may wait at most.
#[derive(Debug)]
pub(super) struct Bounds {
    /// Calls.
    pub(super) calls: usize,
    /// What they asked and were answered, in bytes.
    pub(super) bytes: u64,
    /// What its owner has of what is there for all owners.
    pub(super) share: Option<Arc<Share>>,
}

/// Room for what waits, in bytes.
#[derive(Debug)]
pub(super) struct Room {
    used: AtomicU64,
    max: u64,
}

impl Room {
    pub(super) const fn new(max: u64) -> Self {
        Self { used: AtomicU64::new(0), max }
    }

    fn take(&self, bytes: u64) -> bool {
        self.take_below(bytes, self.max)
    }

    /// Takes room if no more than `max` is taken then.
    pub(super) fn take_below(&self, bytes: u64, max: u64) -> bool {
        let used = self.used.fetch_add(bytes, Ordering::Relaxed);
        let has_room = used.saturating_add(bytes) <= max;
        if !has_room {
            self.give(bytes);
        }
        has_room
    }

    pub(super) fn give(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The room that a call needs: of its own queue, and of what its owner has.
#[derive(Clone, Debug)]
struct Rooms {
    own: Arc<Room>,
    share: Option<Arc<Share>>,
}

impl Rooms {
    fn take(&self, bytes: u64) -> bool {
        if !self.own.take(bytes) {
            return false;
        }
        let has_room = self.share.as_ref().is_none_or(|share| share.take(bytes));
        if !has_room {
            self.own.give(bytes);
        }
        has_room
    }

    fn give(&self, bytes: u64) {
        self.own.give(bytes);
        if let Some(share) = &self.share {
            share.give(bytes);
        }
    }
}

/// One end of the queue to a tool.
#[derive(Debug)]
pub(super) struct Queue {
    on_success: bool,
    on_failure: bool,
    sender: mpsc::Sender<Waiting>,
    rooms: Rooms,
    /// By our name and LiteLLM's.
    dropped: [Counter; 2],
}

/// The other end.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) receiver: mpsc::Receiver<Waiting>,
    rooms: Rooms,
}

/// Both ends of a queue to a tool that metrics call `name`, and is told of calls that were answered, or failed.
pub(super) fn queue(name: &'static str, (on_success, on_failure): (bool, bool), bounds: Bounds) -> (Queue, Outlet) {
    let (sender, receiver) = mpsc::channel(bounds.calls);
    let rooms = Rooms { own: Arc::new(Room::new(bounds.bytes)), share: bounds.share };
    let queue = Queue {
        on_success,
        on_failure,
        sender,
        rooms: rooms.clone(),
        // Looked up once: calls that are dropped come in great numbers.
        dropped: [
            counter!("tollgate_export_dropped_total", "destination" => name),
            counter!("litellm_callback_logging_failures_metric_total", "callback_name" => name),
        ],
    };
    (queue, Outlet { receiver, rooms })
}

/// A call that its client broke off may have cost as much as one that was answered: both lists are told of it.
const fn is_wanted(status: CallStatus, on_success: bool, on_failure: bool) -> bool {
    match status {
        CallStatus::Success => on_success,
        CallStatus::Failure => on_failure,
        CallStatus::Cancelled | CallStatus::Interrupted => true,
    }
}

impl Queue {
    pub(super) fn push(&self, ended: Arc<Ended>, bytes: u64) {
        if !self.rooms.take(bytes) {
            self.dropped.iter().for_each(|dropped| dropped.increment(1));
        } else if self.sender.try_send(Waiting { ended, bytes }).is_err() {
            self.rooms.give(bytes);
            self.dropped.iter().for_each(|dropped| dropped.increment(1));
        }
    }
}

impl Outlet {
    /// Makes room for what has left.
    pub(super) fn freed(&self, bytes: u64) {
        self.rooms.give(bytes);
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.receiver.close();
        while let Ok(waiting) = self.receiver.try_recv() {
            self.rooms.give(waiting.bytes);
        }
    }
}

/// Where calls leave what is exported.
#[derive(Debug)]
pub struct Exports {
    /// Of the tools that the configuration names.
    queues: Vec<(Callback, Queue)>,
    /// Where calls are measured for OpenTelemetry's metrics.
    meter: Option<Queue>,
    own: Own,
    trials: Trials,
    content_bytes_max: usize,
}

impl Exports {
    pub(super) const fn new(
        queues: Vec<(Callback, Queue)>,
        meter: Option<Queue>,
        own: Own,
        trials: Trials,
        content_bytes_max: usize,
    ) -> Self {
        Self { queues, meter, own, trials, content_bytes_max }
    }

    /// Text of one answer that is exported, in bytes.
    #[must_use]
    pub const fn content_bytes_max(&self) -> usize {
        self.content_bytes_max
    }

    /// Tells a tool of the configuration of a call that nobody made, at once; `None`: it is not set up.
    ///
    /// # Errors
    /// Why it was not taken, in words.
    pub async fn try_out(&self, callback: Callback, actor: &str, now: DateTime<Utc>) -> Option<Result<(), String>> {
        self.trials.tell(callback, actor, now).await
    }

    /// Whether anybody is told of calls that say this.
    #[must_use]
    pub fn tell(&self, telling: &Telling) -> bool {
        !telling.is_unlogged && (self.has_any() || telling.own.is_some())
    }

    /// Whether the configuration names a tool.
    #[must_use]
    pub const fn has_any(&self) -> bool {
        !self.queues.is_empty() || self.meter.is_some()
    }

    /// Leaves a call to be exported. Never waits: where there is no room, it is left out and counted. A tool that the key or
    /// the team names takes the place of the same one in the configuration.
    pub fn push(&self, ended: Ended) {
        if ended.telling.is_unlogged {
            return;
        }
        let (status, telling) = (ended.event.status, Arc::clone(&ended.telling));
        let own = telling.own.clone();
        let own = own.as_ref().map(|own| own.callbacks.as_slice()).unwrap_or_default();
        let takes = |one: &OwnCallback| is_wanted(status, one.on_success, one.on_failure);
        let is_replaced = |callback| own.iter().any(|one| one.callback == callback && takes(one));
        let wants = |queue: &Queue| is_wanted(status, queue.on_success, queue.on_failure);
        let is_told = |callback| !telling.not_told.contains(&callback);
        let queues = self
            .queues
            .iter()
            .filter(|(callback, queue)| is_told(*callback) && !is_replaced(*callback) && wants(queue));
        let own = own.iter().filter(|one| is_told(one.callback) && takes(one));
        // A collector of a key or a team takes the place of no metrics: they tell nobody who called.
        let meter = self.meter.as_ref().filter(|meter| is_told(Callback::Otel) && wants(meter));
        if queues.clone().next().is_none() && own.clone().next().is_none() && meter.is_none() {
            return;
        }
        let metadata: usize = ended.telling.metadata.iter().map(Bytes::len).sum();
        let said = ended.request.len() + metadata + ended.answer.len(self.content_bytes_max);
        let bytes = u64::try_from(EVENT_BYTES + said).unwrap_or(u64::MAX);
        let ended = Arc::new(ended);
        for queue in queues.map(|(_, queue)| queue).chain(meter) {
            queue.push(Arc::clone(&ended), bytes);
        }
        for callback in own {
            self.own.push(callback, Arc::clone(&ended), bytes);
        }
    }
}
