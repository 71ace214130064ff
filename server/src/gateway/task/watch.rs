//! What is read of a stream that is no conversation while it passes through: usage, and errors.

use bytes::Bytes;
use reqwest::header::HeaderValue;
use serde_json::json;

use crate::domain::operation::Operation;
use crate::gateway::stream::Watcher;
use crate::provider::chat::sse::EventReader;
use crate::provider::openai::StreamOutcome;
use crate::provider::openai::task_answer::{event_error, read_task_answer};

/// Reads events as they pass; of sound as it is, nothing can be read.
pub(super) struct TaskWatcher {
    operation: Operation,
    events: Option<EventReader>,
    outcome: StreamOutcome,
}

impl TaskWatcher {
    /// Of a stream of this content type.
    pub(super) fn new(operation: Operation, content_type: Option<&HeaderValue>) -> Self {
        let is_events = content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
        Self { operation, events: is_events.then(EventReader::default), outcome: StreamOutcome::default() }
    }

    /// Whether the stream consists of events.
    pub(super) const fn reads_events(&self) -> bool {
        self.events.is_some()
    }
}

impl Watcher for TaskWatcher {
    fn push(&mut self, bytes: &[u8]) {
        let Some(reader) = &mut self.events else { return };
        for event in reader.push(bytes).unwrap_or_default() {
            let answer = read_task_answer(self.operation, event.data.as_bytes());
            if answer.usage.is_some() {
                self.outcome.answer = answer;
            }
            self.outcome.error = event_error(&event.data).or_else(|| self.outcome.error.take());
        }
    }

    fn outcome(&mut self) -> StreamOutcome {
        std::mem::take(&mut self.outcome)
    }

    fn broken_off(&self, message: &str) -> Bytes {
        if self.events.is_none() {
            return Bytes::new();
        }
        let error = json!({ "message": message, "type": "api_connection_error", "param": null, "code": "502" });
        Bytes::from(format!("event: error\ndata: {}\n\n", json!({ "type": "error", "error": error })))
    }
}
