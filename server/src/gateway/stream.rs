//! Step 5: a stream, forwarded as it comes.
//!
//! The client's connection drives it: what the client does not take is not read from the provider. A client that
//! leaves drops the stream, which cancels the provider's call and settles what came, or has the rest read for the ledger.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use futures_util::stream::BoxStream;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep};

use super::drain;
use super::settle::{Call, Outcome, Settled};
use crate::ledger::contents::AnswerContent;
use crate::provider::openai::transcript::Transcript;
use crate::provider::openai::{Answer, SseFilter, StreamOutcome};

/// After its last event a provider has this long to end the stream, so that its connection can be used again.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) type Chunks = BoxStream<'static, Result<Bytes, reqwest::Error>>;

/// The body of a streamed answer.
pub(super) struct AnswerStream {
    upstream: Option<Chunks>,
    reading: Reading,
    idle: Pin<Box<Sleep>>,
    idle_timeout: Duration,
    /// Tokens are being counted; what is in `tail` may not leave before.
    counting: Option<JoinHandle<Settled>>,
    /// The last bytes: they leave after the call is settled.
    tail: Bytes,
}

impl AnswerStream {
    pub(super) fn new(response: reqwest::Response, keeps_usage: bool, call: Call, idle_timeout: Duration) -> Self {
        Self::from_chunks(Box::pin(response.bytes_stream()), keeps_usage, call, idle_timeout)
    }

    pub(super) fn from_chunks(upstream: Chunks, keeps_usage: bool, call: Call, idle_timeout: Duration) -> Self {
        Self {
            upstream: Some(upstream),
            reading: Reading::new(keeps_usage, call),
            idle: Box::pin(tokio::time::sleep(idle_timeout)),
            idle_timeout,
            counting: None,
            tail: Bytes::new(),
        }
    }

    /// Takes a chunk; what may leave now.
    fn take(&mut self, chunk: Bytes) -> Bytes {
        if self.reading.call.is_none() {
            return Bytes::new();
        }
        let out = self.reading.push(chunk);
        self.idle.as_mut().reset(Instant::now() + self.idle_timeout);
        if !self.reading.is_done() {
            return out;
        }
        self.idle.as_mut().reset(Instant::now() + CLOSE_TIMEOUT);
        self.settle(out, None);
        Bytes::new()
    }

    /// The provider ended the stream, or broke it off.
    fn end(&mut self, broke_off: Option<String>) {
        self.upstream = None;
        if self.reading.call.is_none() {
            return;
        }
        let mut tail = BytesMut::from(&self.reading.filter.finish()[..]);
        if let Some(reason) = &broke_off {
            let error = json!({ "error": {
                "message": "The provider broke off its answer.", "type": "api_connection_error", "param": null, "code": "502",
            }});
            tail.extend_from_slice(format!("data: {error}\n\n").as_bytes());
            tracing::warn!(%reason, "a stream broke off");
        }
        self.settle(tail.freeze(), broke_off);
    }

    fn settle(&mut self, tail: Bytes, broke_off: Option<String>) {
        let Some(call) = self.reading.call.take() else { return };
        self.tail = tail;
        let StreamOutcome { answer, text, error, transcript, .. } = self.reading.take_outcome();
        let content = assembled(transcript, &answer);
        let outcome = match broke_off.or(error) {
            Some(reason) => Outcome::broken(answer, text, reason),
            None => Outcome::answered(200, answer, text),
        };
        self.counting = call.finish_or_count(outcome.with_content(content)).err();
    }
}

/// A stream as far as it was read, and the call it answers. Dropped before that is settled, its client has left.
#[derive(Debug)]
pub(super) struct Reading {
    filter: SseFilter,
    call: Option<Call>,
}

impl Reading {
    /// Nothing read so far.
    pub(super) fn new(keeps_usage: bool, call: Call) -> Self {
        let filter = SseFilter::new(keeps_usage);
        let filter = match call.content_bytes_max() {
            Some(bytes_max) => filter.transcribing(bytes_max),
            None => filter,
        };
        Self { filter, call: Some(call) }
    }

    /// Reads a chunk; what may be forwarded.
    pub(super) fn push(&mut self, chunk: Bytes) -> Bytes {
        let out = self.filter.push(chunk);
        if let Some(call) = &mut self.call
            && !self.filter.outcome().text.is_empty()
        {
            call.first_token();
        }
        out
    }

    /// The last event has come.
    pub(super) const fn is_done(&self) -> bool {
        self.filter.outcome().is_done
    }

    /// Adds a note to the call's entry in the ledger.
    pub(super) fn note(&mut self, name: &str, value: Value) {
        if let Some(call) = &mut self.call {
            call.note(name, value);
        }
    }

    /// Notes that the provider failed.
    pub(super) fn note_failure(&mut self, reason: &str) {
        if let Some(call) = &mut self.call {
            call.attempt_failed(reason, None);
        }
    }

    /// Ends the call.
    pub(super) async fn finish(&mut self, outcome: Outcome) {
        if let Some(call) = self.call.take() {
            call.finish(outcome).await;
        }
    }

    fn take_outcome(&mut self) -> StreamOutcome {
        std::mem::replace(&mut self.filter, SseFilter::new(true)).into_outcome()
    }
}

/// A stream's answer as it is kept, where it is.
fn assembled(transcript: Option<Transcript>, answer: &Answer) -> AnswerContent {
    let answer_of = |transcript: Transcript| transcript.into_answer(answer.response_id.as_deref());
    transcript.map_or(AnswerContent::None, |transcript| AnswerContent::Assembled(answer_of(transcript)))
}

impl Drop for Reading {
    fn drop(&mut self) {
        // Settled calls have left already: this one's client is gone.
        if let Some(call) = self.call.take() {
            let StreamOutcome { answer, text, transcript, .. } = self.take_outcome();
            let content = assembled(transcript, &answer);
            drop(call.finish_or_count(Outcome::left(answer, text).with_content(content)));
        }
    }
}

impl Stream for AnswerStream {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let this = self.get_mut();
        loop {
            if let Some(counting) = &mut this.counting {
                if let Err(error) = ready!(Pin::new(counting).poll(cx)) {
                    tracing::error!(%error, "a stream's tokens could not be counted");
                }
                this.counting = None;
            }
            if !this.tail.is_empty() {
                return Poll::Ready(Some(std::mem::take(&mut this.tail)));
            }
            let Some(upstream) = &mut this.upstream else { return Poll::Ready(None) };
            match upstream.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => {
                    let out = this.take(chunk);
                    if !out.is_empty() {
                        return Poll::Ready(Some(out));
                    }
                }
                Poll::Ready(Some(Err(error))) => this.end(Some(error.to_string())),
                Poll::Ready(None) => this.end(None),
                Poll::Pending => {
                    ready!(this.idle.as_mut().poll(cx));
                    this.end(Some(format!("nothing came for {} s", this.idle_timeout.as_secs_f64())));
                }
            }
        }
    }
}

impl MessageBody for AnswerStream {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        Stream::poll_next(self, cx).map(|chunk| chunk.map(Ok))
    }
}

impl Drop for AnswerStream {
    fn drop(&mut self) {
        let Some(call) = &self.reading.call else { return };
        let (Some(upstream), Ok(runtime)) = (self.upstream.take(), Handle::try_current()) else { return };
        let Some(place) = call.drain_place() else { return };
        let reading = Reading {
            filter: std::mem::replace(&mut self.reading.filter, SseFilter::new(true)),
            call: self.reading.call.take(),
        };
        drain::read_stream(&runtime, upstream, reading, place);
    }
}
