//! Step 5: a stream, forwarded as it comes.
//!
//! The client's connection drives it: what the client does not take is not read from the provider. A client that
//! leaves drops the stream, which cancels the provider's call and settles what came.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use futures_util::stream::BoxStream;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep};

use super::settle::{Call, Outcome, Settled};
use crate::provider::openai::{SseFilter, StreamOutcome};

/// After its last event a provider has this long to end the stream, so that its connection can be used again.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

type Chunks = BoxStream<'static, Result<Bytes, reqwest::Error>>;

/// The body of a streamed answer.
pub(super) struct AnswerStream {
    upstream: Option<Chunks>,
    filter: SseFilter,
    call: Option<Call>,
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
            filter: SseFilter::new(keeps_usage),
            call: Some(call),
            idle: Box::pin(tokio::time::sleep(idle_timeout)),
            idle_timeout,
            counting: None,
            tail: Bytes::new(),
        }
    }

    /// Takes a chunk; what may leave now.
    fn take(&mut self, chunk: Bytes) -> Bytes {
        let Some(call) = &mut self.call else { return Bytes::new() };
        let out = self.filter.push(chunk);
        if !self.filter.outcome().text.is_empty() {
            call.first_token();
        }
        self.idle.as_mut().reset(Instant::now() + self.idle_timeout);
        if !self.filter.outcome().is_done {
            return out;
        }
        self.idle.as_mut().reset(Instant::now() + CLOSE_TIMEOUT);
        self.settle(out, None);
        Bytes::new()
    }

    /// The provider ended the stream, or broke it off.
    fn end(&mut self, broke_off: Option<String>) {
        self.upstream = None;
        if self.call.is_none() {
            return;
        }
        let mut tail = BytesMut::from(&self.filter.finish()[..]);
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
        let Some(call) = self.call.take() else { return };
        self.tail = tail;
        let StreamOutcome { answer, text, error, .. } =
            std::mem::replace(&mut self.filter, SseFilter::new(true)).into_outcome();
        let outcome = match broke_off.or(error) {
            Some(reason) => Outcome::broken(answer, text, reason),
            None => Outcome::answered(200, answer, text),
        };
        self.counting = call.finish_or_count(outcome).err();
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
        // Settled calls have left already: this one's client is gone.
        if let Some(call) = self.call.take() {
            let filter = std::mem::replace(&mut self.filter, SseFilter::new(true));
            let StreamOutcome { answer, text, .. } = filter.into_outcome();
            drop(call.finish_or_count(Outcome::left(answer, text)));
        }
    }
}
