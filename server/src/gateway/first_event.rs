//! The beginning of a stream, looked at before the client's answer begins.
//!
//! A provider may say 200 and then report an error, break off or say nothing at all. As long as nothing was sent to the
//! client, that is a failure like any other, and another deployment is tried. So a stream is held back until it says
//! something; from there on it passes untouched.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::stream::Chunks;
use super::upstream::{UpstreamFailure, describe};
use super::usable;
use crate::provider::chat::sse::EventReader;

/// A stream that has begun, but says nothing yet, is held back so long at most: on the way to the client, silence is
/// taken for a dead connection.
const HELD_MAX: Duration = Duration::from_secs(5);
/// What is held back at most, in bytes.
const HELD_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Events that come before anything is said.
const PRELIMINARY: [&str; 9] = [
    "ping",
    "message_start",
    "content_block_start",
    "response.created",
    "response.queued",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.reasoning_summary_part.added",
];

/// What a stream consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Chunks of chat completions or of texts to go on with.
    Chunks,
    /// Events that name their type: Anthropic's, and those of OpenAI's other APIs.
    Typed,
    /// Sound, or whatever else cannot be read.
    Opaque,
}

/// What an event says about the answer.
enum Sign {
    /// Nothing yet, but the stream is one.
    Alive,
    /// It has begun.
    Begun,
    /// The provider failed; with the error.
    Error(Bytes),
    /// It is no event of this form.
    Unreadable,
}

struct Beginning {
    form: Form,
    headers: HeaderMap,
    reader: EventReader,
    held: Vec<Bytes>,
    held_bytes: usize,
    alive_since: Option<Instant>,
}

/// Waits until a stream has begun and gives it back whole. `since` is when it was asked for, `timeout` how long its
/// first event may take from there on.
///
/// # Errors
/// When it begins with an error, ends or breaks off before it says anything, or takes too long.
pub(super) async fn begun(
    mut chunks: Chunks,
    form: Form,
    headers: &HeaderMap,
    since: Instant,
    timeout: Duration,
) -> Result<Chunks, UpstreamFailure> {
    let reader = EventReader::default();
    let mut beginning =
        Beginning { form, headers: headers.clone(), reader, held: Vec::new(), held_bytes: 0, alive_since: None };
    loop {
        let until = beginning.alive_since.map_or(since + timeout, |alive| (alive + HELD_MAX).min(since + timeout));
        let has_begun = match timeout_at(until, chunks.next()).await {
            Ok(Some(Ok(chunk))) => beginning.take(chunk)?,
            Ok(Some(Err(error))) => {
                let reason = format!("its stream broke off before it said anything: {}", describe(&error));
                return Err(UpstreamFailure::Unreachable(reason));
            }
            Ok(None) => return Err(beginning.ended()),
            Err(_) if beginning.alive_since.is_some() => true,
            Err(_) => return Err(UpstreamFailure::Timeout(timeout)),
        };
        if has_begun {
            return Ok(Box::pin(stream::iter(beginning.held.into_iter().map(Ok)).chain(chunks)));
        }
    }
}

impl Beginning {
    /// Takes a chunk; whether the answer has begun.
    fn take(&mut self, chunk: Bytes) -> Result<bool, Box<UpstreamFailure>> {
        if chunk.is_empty() {
            return Ok(false);
        }
        self.held_bytes += chunk.len();
        self.held.push(chunk.clone());
        if self.form == Form::Opaque {
            return Ok(true);
        }
        for event in self.reader.push(&chunk).map_err(UpstreamFailure::Unreachable).map_err(Box::new)? {
            // Events that are not set apart by blank lines are told apart by their lines.
            for data in event.data.lines() {
                match self.form.sign(data, self.alive_since.is_some()) {
                    Sign::Alive => _ = self.alive_since.get_or_insert_with(Instant::now),
                    Sign::Begun => return Ok(true),
                    Sign::Error(body) => return Err(Box::new(usable::error(&self.headers, body))),
                    Sign::Unreadable => {
                        let reason = "its stream begins with what is no event".to_owned();
                        return Err(Box::new(UpstreamFailure::Unreachable(reason)));
                    }
                }
            }
        }
        let is_too_long = self.held_bytes > HELD_BYTES_MAX;
        if is_too_long && self.alive_since.is_none() {
            let reason = format!("its stream says nothing within {HELD_BYTES_MAX} bytes");
            return Err(Box::new(UpstreamFailure::Unreachable(reason)));
        }
        Ok(is_too_long)
    }

    /// Why a stream that has ended is none.
    fn ended(&self) -> UpstreamFailure {
        let all = Bytes::from(self.held.concat());
        // An error, or a page, instead of a stream.
        if self.alive_since.is_none()
            && !all.is_empty()
            && let Err(failure) = usable::check_json(&self.headers, &all)
        {
            return *failure;
        }
        UpstreamFailure::Unreachable("its stream ended before it said anything".to_owned())
    }
}

impl Form {
    fn sign(self, data: &str, is_alive: bool) -> Sign {
        let data = data.trim();
        if data == "[DONE]" {
            // After chunks it ends an empty answer; alone it is none.
            return if is_alive { Sign::Begun } else { Sign::Alive };
        }
        let Ok(event) = serde_json::from_str::<Value>(data) else { return Sign::Unreadable };
        match self {
            Self::Chunks => chunk(&event),
            Self::Typed => typed(&event),
            Self::Opaque => Sign::Begun,
        }
    }
}

fn chunk(event: &Value) -> Sign {
    let choices = event.get("choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if choices.is_empty() && event.get("error").is_some_and(says_something) {
        return Sign::Error(Bytes::from(event.to_string()));
    }
    let is_said = |choice: &Value| {
        let of_choice = ["text", "finish_reason", "message"].iter().filter_map(|name| choice.get(name));
        let delta = choice.get("delta").and_then(Value::as_object).into_iter().flatten();
        let of_delta = delta.filter(|(name, _)| *name != "role").map(|(_, value)| value);
        of_choice.chain(of_delta).any(says_something)
    };
    let is_usage = event.get("usage").is_some_and(says_something);
    if is_usage || choices.iter().any(is_said) { Sign::Begun } else { Sign::Alive }
}

fn typed(event: &Value) -> Sign {
    let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
    let error = event.pointer("/response/error").or(event.get("error")).filter(|error| says_something(error));
    match (kind, error) {
        ("error" | "response.failed", Some(error)) | ("", Some(error)) => {
            Sign::Error(Bytes::from(serde_json::json!({ "error": error }).to_string()))
        }
        ("error", None) => Sign::Error(Bytes::from(event.to_string())),
        (kind, _) if PRELIMINARY.contains(&kind) => Sign::Alive,
        _ => Sign::Begun,
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Long enough for what is there, and all that a test waits for what never comes.
    const TIMEOUT: Duration = Duration::from_millis(50);

    async fn begin(form: Form, pieces: &[&str], ends: bool) -> Result<String, UpstreamFailure> {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::copy_from_slice(piece.as_bytes()))).collect();
        let pieces = stream::iter(pieces);
        let chunks: Chunks = if ends { Box::pin(pieces) } else { Box::pin(pieces.chain(stream::pending())) };
        let begun = begun(chunks, form, &HeaderMap::new(), Instant::now(), TIMEOUT).await?;
        let held = begun.take_while(|_| std::future::ready(ends)).map(|chunk| chunk.unwrap_or_default());
        Ok(held.map(|chunk| String::from_utf8_lossy(&chunk).into_owned()).collect::<Vec<_>>().await.concat())
    }

    fn delta(delta: Value) -> String {
        format!("data: {}\n\n", json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] }))
    }

    fn status(result: Result<String, UpstreamFailure>) -> Option<u16> {
        result.expect_err("it has begun").for_router().status
    }

    #[tokio::test]
    async fn nothing_of_a_stream_is_lost_wherever_it_is_cut() {
        let role = delta(json!({ "role": "assistant", "content": "" }));
        let whole = format!(": wait\n\n{role}{}data: [DONE]\n\n", delta(json!({ "content": "Hi" })));
        for cut in 0..whole.len() {
            let (head, tail) = whole.split_at(cut);
            assert_eq!(begin(Form::Chunks, &[head, tail], true).await.expect("a stream"), whole, "cut at {cut}");
        }
    }

    #[tokio::test]
    async fn errors_and_early_ends_are_failures() {
        let role = delta(json!({ "role": "assistant", "content": "" }));
        let error = "data: {\"error\":{\"message\":\"busy\",\"code\":429}}\n\n";
        assert_eq!(status(begin(Form::Chunks, &[error], true).await), Some(429));
        assert_eq!(status(begin(Form::Chunks, &[&role, error], true).await), Some(429));
        assert_eq!(status(begin(Form::Chunks, &["{\"error\":{\"message\":\"busy\"}}"], true).await), Some(502));
        for pieces in [&[][..], &[&*role], &["data: [DONE]\n\n"], &["<html>", "</html>"], &["data: <html>\n\n"]] {
            assert_eq!(status(begin(Form::Chunks, pieces, true).await), None, "{pieces:?}");
        }
        let error = "data: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n";
        let start = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n";
        assert_eq!(status(begin(Form::Typed, &[start, error], true).await), Some(503));
        let failed = "data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\"}}}\n\n";
        assert_eq!(status(begin(Form::Typed, &[failed], true).await), Some(500));
        assert_eq!(status(begin(Form::Opaque, &[], true).await), None);
    }

    #[tokio::test]
    async fn silence_is_a_failure_and_a_slow_answer_begins_without_its_first_word() {
        let failed = begin(Form::Chunks, &[": wait\n\n"], false).await;
        assert!(matches!(failed, Err(UpstreamFailure::Timeout(TIMEOUT))), "{failed:?}");
        begin(Form::Chunks, &[&delta(json!({ "role": "assistant" }))], false).await.expect("a stream");
    }

    #[tokio::test]
    async fn whatever_is_said_begins_the_answer() {
        for said in [
            delta(json!({ "content": "x" })),
            delta(json!({ "tool_calls": [{ "index": 0 }] })),
            delta(json!({ "reasoning_content": "x" })),
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n".to_owned(),
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n".to_owned(),
            "data: {\"choices\":[{\"text\":\"x\"}]}\n\n".to_owned(),
        ] {
            assert!(begin(Form::Chunks, &[&said], false).await.is_ok(), "{said}");
        }
        assert!(begin(Form::Typed, &["data: {\"type\":\"content_block_delta\"}\n\n"], false).await.is_ok());
        assert!(begin(Form::Opaque, &["\u{1}"], false).await.is_ok());
    }
}
