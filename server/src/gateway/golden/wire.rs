//! What a provider sends, as clients and the ledger are told it.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use serde_json::Value;

use super::{head, protocol};
use crate::domain::usage::Usage;
use crate::gateway::client::StreamEncoder;
use crate::gateway::{messages, outgoing};
use crate::provider::chat::EarlyUsage;
use crate::provider::chat::stream::OpenAiEvents;
use crate::provider::endpoint::Protocol;
use crate::provider::openai::{SseFilter, StreamOutcome};
use crate::provider::quirks::{self, AnswerRewriter};
use crate::router::Deployment;

/// A whole answer in OpenAI's form.
pub(super) fn openai_answer(deployment: &Deployment, body: &Bytes) -> Result<Bytes, String> {
    match protocol(deployment) {
        Protocol::OpenAi(quirks) => Ok(quirks::openai_answer(quirks, &head().id, body)),
        Protocol::Translated(dialect) => outgoing::openai_answer(&**dialect, body, &head()),
    }
}

/// Turns a provider's bytes into OpenAI's events.
enum Reader {
    Compatible(AnswerRewriter),
    Translated(OpenAiEvents),
}

impl Reader {
    fn push(&mut self, bytes: &[u8]) -> Bytes {
        match self {
            Self::Compatible(rewriter) => rewriter.push(Bytes::copy_from_slice(bytes)),
            Self::Translated(events) => events.push(bytes),
        }
    }

    fn finish(&mut self) -> Bytes {
        match self {
            Self::Compatible(rewriter) => rewriter.finish(),
            Self::Translated(events) => events.finish(),
        }
    }
}

/// A stream on its way from a provider to clients of both protocols, and to the ledger.
pub(super) struct Way {
    reader: Reader,
    filter: SseFilter,
    early_usage: EarlyUsage,
    encoder: messages::stream::Encoder,
    said: Said,
}

/// What came of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Said {
    pub(super) openai: Vec<u8>,
    pub(super) anthropic: Vec<u8>,
    pub(super) usage: Option<Usage>,
    pub(super) error: Option<String>,
    pub(super) is_done: bool,
}

impl Way {
    pub(super) fn new(deployment: &Deployment) -> Self {
        let head = head();
        let early_usage = head.early_usage.clone();
        let reader = match protocol(deployment) {
            Protocol::OpenAi(quirks) => Reader::Compatible(AnswerRewriter::new(quirks, head.id)),
            Protocol::Translated(dialect) => Reader::Translated(OpenAiEvents::new(dialect.stream(head))),
        };
        let (filter, encoder) = (SseFilter::new(true), messages::stream::Encoder::default());
        Self { reader, filter, early_usage, encoder, said: Said::default() }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let openai = self.reader.push(bytes);
        self.tell(openai);
    }

    fn tell(&mut self, openai: Bytes) {
        let openai = self.filter.push(openai);
        self.said.openai.extend_from_slice(&openai);
        self.said.anthropic.extend_from_slice(&self.encoder.push(&openai));
    }

    /// What is known of the usage so far.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.filter.outcome().answer.usage.or_else(|| self.early_usage.get())
    }

    pub(super) fn finish(mut self) -> Said {
        let rest = self.reader.finish();
        self.tell(rest);
        let tail = self.filter.finish();
        self.said.openai.extend_from_slice(&tail);
        self.said.anthropic.extend_from_slice(&self.encoder.push(&tail));
        self.said.anthropic.extend_from_slice(&self.encoder.finish());
        let usage = self.usage();
        let StreamOutcome { error, is_done, .. } = self.filter.into_outcome();
        Said { usage, error, is_done, ..self.said }
    }
}

/// All of a stream that comes in these pieces.
pub(super) fn said(deployment: &Deployment, pieces: &[&[u8]]) -> Said {
    let mut way = Way::new(deployment);
    pieces.iter().for_each(|piece| way.push(piece));
    way.finish()
}

/// Events of AWS, of which fixtures have a line each: its type and its payload.
pub(super) fn aws_frames(lines: &str) -> Vec<u8> {
    lines.lines().flat_map(|line| aws_frame(&serde_json::from_str(line).unwrap())).collect()
}

fn aws_frame((kind, payload): &(String, Value)) -> Vec<u8> {
    let is_exception = kind.ends_with("Exception");
    let (name, message_type) = if is_exception { (":exception-type", "exception") } else { (":event-type", "event") };
    let header = |name: &str, value: &str| Header::new(name.to_owned(), HeaderValue::String(value.to_owned().into()));
    let json = header(":content-type", "application/json");
    let headers = vec![header(name, kind), json, header(":message-type", message_type)];
    let mut bytes = Vec::new();
    write_message_to(&Message::new_from_parts(headers, payload.to_string()), &mut bytes).unwrap();
    bytes
}
