//! A stream of server-sent events: forwarded as it comes, read on the way.
//!
//! Wire format: WHATWG HTML, section 9.2, as OpenAI uses it: events of one `data:` line, the last one `[DONE]`.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::transcript::Transcript;
use super::usage::{Answer, WireUsage};
use crate::domain::price::ServiceTier;
use crate::provider::tokens::TextCounter;

/// An event longer than this is forwarded unread, in bytes.
const EVENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What was read of a stream.
#[derive(Clone, Debug, Default)]
pub struct StreamOutcome {
    /// Id, usage and tier, as far as they came.
    pub answer: Answer,
    /// The text that came, for counting where usage did not.
    pub text: TextCounter,
    /// `[DONE]` came.
    pub is_done: bool,
    /// The provider reported an error in the stream.
    pub error: Option<String>,
    /// The answer put together again, where it is kept.
    pub transcript: Option<Transcript>,
}

/// Cuts a stream into events, reads them and keeps the usage chunk from clients that did not ask for it.
#[derive(Debug)]
pub struct SseFilter {
    keeps_usage: bool,
    carry: BytesMut,
    /// Where the last line of `carry` begins: what is before it ends no event, and need not be looked at again.
    line_start: usize,
    /// What is being forwarded is not UTF-8.
    is_damaged: bool,
    outcome: StreamOutcome,
}

impl SseFilter {
    /// A filter that lets the usage chunk through where `keeps_usage` says so.
    #[must_use]
    pub fn new(keeps_usage: bool) -> Self {
        Self {
            keeps_usage,
            carry: BytesMut::new(),
            line_start: 0,
            is_damaged: false,
            outcome: StreamOutcome::default(),
        }
    }

    /// The same filter, which also puts the answer together again, up to `bytes_max` bytes of text.
    #[must_use]
    pub fn transcribing(mut self, bytes_max: usize) -> Self {
        self.outcome.transcript = Some(Transcript::new(bytes_max));
        self
    }

    /// What was read so far.
    #[must_use]
    pub const fn outcome(&self) -> &StreamOutcome {
        &self.outcome
    }

    /// What was read, at the end.
    #[must_use]
    pub fn into_outcome(self) -> StreamOutcome {
        self.outcome
    }

    /// Takes a chunk and gives what may be forwarded: all whole events so far.
    pub fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.carry.is_empty() {
            let (end, line_start) = events_end(&chunk, 0);
            self.carry.extend_from_slice(chunk.get(end..).unwrap_or_default());
            self.line_start = line_start - end;
            return self.filter(chunk.slice(..end));
        }
        self.carry.extend_from_slice(&chunk);
        let size = self.carry.len();
        let (end, line_start) =
            if size > EVENT_BYTES_MAX { (size, size) } else { events_end(&self.carry, self.line_start) };
        self.line_start = line_start - end;
        let events = self.carry.split_to(end).freeze();
        self.filter(events)
    }

    /// What is left when the upstream ends: the part of an event that was cut off.
    pub fn finish(&mut self) -> Bytes {
        self.line_start = 0;
        let rest = self.carry.split().freeze();
        self.filter(rest)
    }

    fn filter(&mut self, events: Bytes) -> Bytes {
        let mut kept = BytesMut::new();
        let mut copied_to = 0;
        let mut at = 0;
        while at < events.len() {
            let rest = events.get(at..).unwrap_or_default();
            let size = event_end(rest).unwrap_or(rest.len());
            let is_usage_only = self.read(rest.get(..size).unwrap_or_default());
            if is_usage_only && !self.keeps_usage {
                kept.extend_from_slice(events.get(copied_to..at).unwrap_or_default());
                copied_to = at + size;
            }
            at += size;
        }
        let out = if copied_to == 0 {
            events
        } else {
            kept.extend_from_slice(events.get(copied_to..).unwrap_or_default());
            kept.freeze()
        };
        // Clients take a stream that is no text for a broken one.
        if std::mem::take(&mut self.is_damaged) { Bytes::from(String::from_utf8_lossy(&out).into_owned()) } else { out }
    }

    /// Reads one event; true when it is the usage chunk.
    fn read(&mut self, event: &[u8]) -> bool {
        let mut is_usage_only = false;
        for line in event.split(|byte| *byte == b'\n') {
            let Some(data) = line.strip_prefix(b"data:") else { continue };
            let data = data.trim_ascii();
            if data == b"[DONE]" {
                self.outcome.is_done = true;
            } else if let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(data) {
                is_usage_only |= self.note(chunk);
            } else if std::str::from_utf8(data).is_err() {
                self.is_damaged = true;
                if let Ok(chunk) = serde_json::from_str::<Chunk<'_>>(&String::from_utf8_lossy(data)) {
                    is_usage_only |= self.note(chunk);
                }
            }
        }
        is_usage_only
    }

    fn note(&mut self, chunk: Chunk<'_>) -> bool {
        let outcome = &mut self.outcome;
        if outcome.answer.response_id.is_none() {
            outcome.answer.response_id = chunk.id.map(Cow::into_owned).filter(|id| !id.is_empty());
        }
        if let Some(name) = chunk.service_tier {
            outcome.answer.service_tier = Some(ServiceTier::from_name(&name));
        }
        if let Some(error) = chunk.error {
            outcome.error = Some(error.get().to_owned());
        }
        for choice in &chunk.choices {
            choice.each_text(|text| {
                outcome.text.push(text);
                outcome.answer.is_usage_early |= !text.is_empty();
            });
            if let Some(transcript) = &mut outcome.transcript {
                transcript.add(choice);
            }
        }
        let usage = chunk.usage.and_then(|raw| serde_json::from_str::<WireUsage>(raw.get()).ok().zip(Some(raw)));
        if let Some((usage, raw)) = usage {
            outcome.answer.usage = Some(usage.normalise());
            outcome.answer.raw_usage = Some(raw.get().to_owned());
            outcome.answer.is_usage_early = false;
        }
        usage.is_some() && chunk.choices.is_empty()
    }
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    service_tier: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "null_as_empty")]
    choices: Vec<Choice<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(borrow, default)]
    pub(super) index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    pub(super) text: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Delta<'a> {
    #[serde(borrow, default)]
    pub(super) content: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) reasoning_content: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) refusal: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "null_as_empty")]
    pub(super) tool_calls: Vec<ToolCall<'a>>,
}

#[derive(Deserialize)]
pub(super) struct ToolCall<'a> {
    #[serde(borrow, default)]
    pub(super) index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) function: Option<Function<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Function<'a> {
    #[serde(borrow, default)]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) arguments: Option<Cow<'a, str>>,
}

impl Choice<'_> {
    fn each_text(&self, mut take: impl FnMut(&str)) {
        self.text.iter().for_each(|text| take(text));
        let Some(delta) = &self.delta else { return };
        for text in [&delta.content, &delta.reasoning_content, &delta.refusal].into_iter().flatten() {
            take(text);
        }
        for function in delta.tool_calls.iter().filter_map(|call| call.function.as_ref()) {
            for text in [&function.name, &function.arguments].into_iter().flatten() {
                take(text);
            }
        }
    }
}

fn null_as_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Where the first event of `bytes` ends: behind its blank line.
fn event_end(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    for newline in memchr::memchr_iter(b'\n', bytes) {
        let line = bytes.get(start..newline).unwrap_or_default();
        if line.is_empty() || line == b"\r" {
            return Some(newline + 1);
        }
        start = newline + 1;
    }
    None
}

/// Where the last whole event of `bytes` ends, 0 where there is none, and where the last line begins. The search starts
/// at `line_start`, where a line begins and before which no event ends.
fn events_end(bytes: &[u8], line_start: usize) -> (usize, usize) {
    let (mut end, mut start) = (0, line_start);
    for newline in memchr::memchr_iter(b'\n', bytes.get(line_start..).unwrap_or_default()) {
        let newline = line_start + newline;
        if matches!(bytes.get(start..newline), Some(b"" | b"\r")) {
            end = newline + 1;
        }
        start = newline + 1;
    }
    (end, start)
}

#[cfg(test)]
mod tests;
