//! Step 5: a stream, forwarded as it comes.
//!
//! The client's connection drives it: what the client does not take is not read from the provider. A client that
//! leaves drops the stream, which cancels the provider's call and settles what came, or has the rest read for the ledger.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::BoxStream;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep};

use super::cache::{Taken, Tape};
use super::client::{Forwarder, StreamEncoder};
use super::drain;
use super::messages;
use super::route::StreamForm;
use super::settle::{Call, Outcome, Settled};
use super::upstream::UpstreamFailure;
use crate::ledger::contents::AnswerContent;
use crate::provider::chat::stream::OpenAiEvents;
use crate::provider::openai::transcript::Transcript;
use crate::provider::openai::{Answer, SseFilter, StreamOutcome};

/// After its last event a provider has this long to end the stream, so that its connection can be used again.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// What a client is told of a stream that ends too early.
pub(super) const BROKEN_OFF: &str = "The provider broke off its answer.";

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
    /// A copy for the cache, and what it wants to know of a stream that ended well.
    tape: Option<Tape>,
    taken: Option<Taken>,
}

impl AnswerStream {
    pub(super) fn new(upstream: Chunks, reading: Reading, idle_timeout: Duration) -> Self {
        Self {
            upstream: Some(upstream),
            reading,
            idle: Box::pin(tokio::time::sleep(idle_timeout)),
            idle_timeout,
            counting: None,
            tail: Bytes::new(),
            tape: None,
            taken: None,
        }
    }

    /// The same, with a copy for the cache.
    pub(super) fn taped(mut self, tape: Option<Tape>) -> Self {
        self.tape = tape;
        self
    }

    /// Takes a chunk; what may leave now.
    fn take(&mut self, chunk: Bytes) -> Bytes {
        if self.reading.call.is_none() {
            return Bytes::new();
        }
        let out = self.reading.push(chunk);
        // Bytes that never become an event are silence, too.
        if self.reading.is_moving {
            self.idle.as_mut().reset(Instant::now() + self.idle_timeout);
        }
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
        if let Some(reason) = &broke_off {
            tracing::warn!(%reason, "a stream broke off");
        }
        let tail = self.reading.end(broke_off.is_some());
        self.settle(tail, broke_off);
    }

    fn settle(&mut self, tail: Bytes, broke_off: Option<String>) {
        let Some(call) = self.reading.call.take() else { return };
        self.tail = tail;
        let StreamOutcome { answer, text, is_done, error, transcript } = self.reading.take_outcome();
        let content = assembled(transcript, &answer);
        // A stream without its last event may lack more than that.
        self.taken = (self.tape.is_some() && is_done && error.is_none()).then(|| call.taken(&answer));
        let outcome = match broke_off.or(error) {
            Some(reason) => Outcome::broken(answer, text, reason),
            None => Outcome::answered(200, answer, text),
        };
        match call.finish_or_count(outcome.with_content(content)) {
            Ok(settled) => self.settled(settled),
            Err(counting) => self.counting = Some(counting),
        }
    }

    /// The call is settled: what is left may leave, and the whole may be kept.
    fn settled(&mut self, settled: Settled) {
        let Some(mut tape) = self.tape.take() else { return };
        if let Some(taken) = self.taken.take() {
            tape.push(&self.tail);
            tape.keep(Taken { settled, ..taken });
        }
    }
}

/// A stream as far as it was read, and the call it answers. Dropped before that is settled, its client has left.
#[derive(Debug)]
pub(super) struct Reading {
    filter: SseFilter,
    call: Option<Call>,
    form: Form,
    /// The last chunk brought something that can be passed on or read.
    is_moving: bool,
}

/// In which protocol the stream comes and goes.
#[derive(Default)]
enum Form {
    /// Both in OpenAI's.
    #[default]
    OpenAi,
    /// It comes in OpenAI's and goes in the client's.
    Written(Box<dyn StreamEncoder>),
    /// It comes and goes in the client's, and is read in OpenAI's.
    Passing(OpenAiEvents, Box<dyn Forwarder>),
    /// It is no conversation, and passes through.
    Watched(Box<dyn Watcher>),
}

/// Reads, for the ledger, a stream that passes through and is no conversation.
pub(super) trait Watcher: Send {
    /// Takes a piece.
    fn push(&mut self, bytes: &[u8]);

    /// What was read, at the end.
    fn outcome(&mut self) -> StreamOutcome;

    /// What the client of a stream that breaks off is told, with this message, where there is a way.
    fn broken_off(&self, message: &str) -> Bytes;
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenAi => "OpenAi",
            Self::Written(_) => "Written",
            Self::Passing(..) => "Passing",
            Self::Watched(_) => "Watched",
        })
    }
}

impl Reading {
    /// Nothing read so far.
    pub(super) fn new(keeps_usage: bool, call: Call) -> Self {
        let filter = SseFilter::new(keeps_usage);
        let filter = match call.content_bytes_max() {
            Some(bytes_max) => filter.transcribing(bytes_max),
            None => filter,
        };
        Self { filter, call: Some(call), form: Form::OpenAi, is_moving: true }
    }

    /// The same of a stream that comes in this form.
    pub(super) fn read_as(&mut self, form: StreamForm) {
        self.form = match form {
            StreamForm::OpenAi | StreamForm::Completion => Form::OpenAi,
            StreamForm::Native(decoder) => {
                Form::Passing(OpenAiEvents::new(decoder), Box::new(messages::stream::Forwarded))
            }
            StreamForm::Watched(watcher) => Form::Watched(watcher),
        };
    }

    /// The same of a stream in the client's own protocol, if it comes in that, which `forwarder` passes on.
    pub(super) fn forward(&mut self, forwarder: Box<dyn Forwarder>) {
        if let Form::Passing(_, known) = &mut self.form {
            *known = forwarder;
        }
    }

    /// The same for a client that speaks the protocol `encoder` writes, if any.
    pub(super) fn write(&mut self, encoder: Option<Box<dyn StreamEncoder>>) {
        self.form = encoder.map_or(Form::OpenAi, Form::Written);
    }

    /// Reads a chunk; what may be forwarded.
    pub(super) fn push(&mut self, chunk: Bytes) -> Bytes {
        let (out, is_moving) = match &mut self.form {
            Form::OpenAi => {
                let out = self.filter.push(chunk);
                let is_moving = !out.is_empty();
                (out, is_moving)
            }
            Form::Written(encoder) => {
                let events = self.filter.push(chunk);
                (encoder.push(&events), !events.is_empty())
            }
            Form::Passing(events, forwarder) => {
                let read = events.push(&chunk);
                let out = forwarder.push(chunk);
                let is_moving = !(read.is_empty() && out.is_empty());
                drop(self.filter.push(read));
                (out, is_moving)
            }
            Form::Watched(watcher) => {
                watcher.push(&chunk);
                (chunk, true)
            }
        };
        self.is_moving = is_moving;
        if let Some(call) = &mut self.call
            && (matches!(self.form, Form::Watched(_)) || !self.filter.outcome().text.is_empty())
        {
            call.first_token();
        }
        out
    }

    /// The stream is at its end, or broke off: what is left to say.
    fn end(&mut self, broke_off: bool) -> Bytes {
        let error = broke_off.then(|| {
            let error = json!({
                "message": BROKEN_OFF, "type": "api_connection_error", "param": null, "code": "502",
            });
            format!("data: {}\n\n", json!({ "error": error }))
        });
        let error = error.unwrap_or_default();
        if let Form::Watched(watcher) = &self.form {
            return if broke_off { watcher.broken_off(BROKEN_OFF) } else { Bytes::new() };
        }
        let rest = self.filter.finish();
        match &mut self.form {
            Form::OpenAi => Bytes::from([&rest, error.as_bytes()].concat()),
            Form::Written(encoder) => {
                let rest = encoder.push(&[&rest, error.as_bytes()].concat());
                Bytes::from([rest, encoder.finish()].concat())
            }
            Form::Passing(events, forwarder) => {
                drop(self.filter.push(events.finish()));
                forwarder.broken_off()
            }
            Form::Watched(_) => Bytes::new(),
        }
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
    pub(super) fn note_failure(&mut self, failure: &UpstreamFailure) {
        if let Some(call) = &mut self.call {
            call.attempt_failed(failure);
        }
    }

    /// Ends the call.
    pub(super) async fn finish(&mut self, outcome: Outcome) {
        if let Some(call) = self.call.take() {
            call.finish(outcome).await;
        }
    }

    fn take_outcome(&mut self) -> StreamOutcome {
        if let Form::Watched(watcher) = &mut self.form {
            return watcher.outcome();
        }
        std::mem::replace(&mut self.filter, SseFilter::new(true)).into_outcome()
    }
}

/// A stream's answer as it is kept, where it is.
fn assembled(transcript: Option<Transcript>, answer: &Answer) -> AnswerContent {
    let answer_of = |transcript: Transcript| transcript.into_answer(answer.response_id.as_deref());
    transcript.map_or(AnswerContent::None, |transcript| AnswerContent::Assembled(Arc::new(answer_of(transcript))))
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
                let counted = ready!(Pin::new(counting).poll(cx));
                this.counting = None;
                match counted {
                    Ok(settled) => this.settled(settled),
                    Err(error) => tracing::error!(%error, "a stream's tokens could not be counted"),
                }
            }
            if !this.tail.is_empty() {
                return Poll::Ready(Some(std::mem::take(&mut this.tail)));
            }
            let Some(upstream) = &mut this.upstream else { return Poll::Ready(None) };
            match upstream.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => {
                    let out = this.take(chunk);
                    if !out.is_empty() {
                        if let Some(tape) = &mut this.tape {
                            tape.push(&out);
                        }
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
            form: std::mem::take(&mut self.reading.form),
            is_moving: true,
        };
        drain::read_stream(&runtime, upstream, reading, place);
    }
}
