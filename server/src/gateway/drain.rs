//! Answers whose client has left, read to their end where the provider bills all of them anyway.
//!
//! Bounded in number and in time: above either bound the provider's call is cancelled and what came is charged.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use metrics::counter;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::route::{Source, Streaming, Whole};
use super::settle::{Call, Outcome};
use super::stream::{Chunks, Reading};
use super::upstream::UpstreamFailure;
use crate::domain::usage::Usage;
use crate::ledger::contents::AnswerContent;
use crate::provider::openai::Answer;
use crate::provider::tokens::TextCounter;

/// A provider's answer that has been asked for.
pub(super) struct Sending(BoxFuture<'static, Result<Source, UpstreamFailure>>);

impl Sending {
    pub(super) fn new(answer: impl Future<Output = Result<Source, UpstreamFailure>> + Send + 'static) -> Self {
        Self(Box::pin(answer))
    }
}

impl Future for Sending {
    type Output = Result<Source, UpstreamFailure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sending")
    }
}

/// The bounds of all drains of this process.
#[derive(Clone, Debug)]
pub struct Drains {
    places: Arc<Semaphore>,
    max: usize,
    timeout: Duration,
}

/// A place among the drains, and how long it may be kept.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    timeout: Duration,
}

impl Drains {
    /// At most `max` drains at once, none longer than `timeout`.
    #[must_use]
    pub fn new(max: usize, timeout: Duration) -> Self {
        let max = max.min(Semaphore::MAX_PERMITS);
        Self { places: Arc::new(Semaphore::new(max)), max, timeout }
    }

    /// Answers that are being read for nobody.
    #[must_use]
    pub fn running(&self) -> usize {
        self.max.saturating_sub(self.places.available_permits())
    }

    /// A place for one more; `None` where there is none.
    pub(super) fn enter(&self) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned();
        if permit.is_err() {
            count("refused");
            tracing::warn!(max = self.max, "too many answers are read for clients that left; one is cancelled");
        }
        Some(Place { _permit: permit.ok()?, timeout: self.timeout })
    }
}

fn count(outcome: &'static str) {
    counter!("tollgate_disconnect_drains_total", "outcome" => outcome).increment(1);
}

/// Reads a stream to its end. The call is settled with what was read, whenever that ends.
pub(super) fn read_stream(runtime: &Handle, upstream: Chunks, reading: Reading, place: Place) {
    runtime.spawn(run(place, reading, async |reading| read_on(upstream, reading).await));
}

/// Waits for an answer that was asked for, and reads it.
pub(super) fn read_answer_of(runtime: &Handle, sending: Sending, call: Call, place: Place) {
    runtime.spawn(run(place, Reading::new(false, call), async |reading| match sending.await {
        Ok(Source::Stream(Streaming { chunks, read, .. })) => {
            reading.read_as(read);
            read_on(chunks, reading).await;
        }
        Ok(Source::Whole(_, whole)) => {
            let Whole { openai, answer, text, .. } = *whole;
            let outcome = Outcome::left(answer, text).with_content(AnswerContent::Whole(openai));
            reading.finish(outcome).await;
        }
        // It answers by itself and costs what came, which is nothing.
        Ok(Source::Mock(_)) => {}
        Err(failure) => {
            reading.note_failure(&failure);
            let answer = Answer { usage: Some(Usage::default()), ..Answer::default() };
            reading.finish(Outcome::left(answer, TextCounter::default())).await;
        }
    }));
}

async fn run(place: Place, mut reading: Reading, read: impl AsyncFnOnce(&mut Reading)) {
    reading.note("client_disconnect", Value::from("drained"));
    let done = tokio::time::timeout(place.timeout, read(&mut reading)).await;
    if done.is_err() {
        reading.note("client_disconnect", Value::from("drained until the time limit"));
    }
    count(if done.is_ok() { "drained" } else { "timeout" });
    // Settles with what was read, before the place is given to another.
    drop(reading);
    drop(place);
}

async fn read_on(mut upstream: Chunks, reading: &mut Reading) {
    while let Some(Ok(chunk)) = upstream.next().await {
        drop(reading.push(chunk));
        if reading.is_done() {
            return;
        }
    }
}
