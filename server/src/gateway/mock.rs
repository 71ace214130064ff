//! Answers of the gateway itself, for deployments with a `mock_response`.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::{self, BoxStream};
use serde_json::{Value, json};

use crate::provider::tokens;

/// What a mock answers.
#[derive(Clone, Debug)]
pub(super) struct Mock {
    id: String,
    created: i64,
    model: String,
    text: String,
    usage: Value,
}

impl Mock {
    /// The answer to `body`. Counts tokens: not on an async worker.
    pub(super) fn new(request_id: &str, now: DateTime<Utc>, model: &str, text: &str, body: &Bytes) -> Self {
        let (prompt, completion) = (tokens::count_prompt(body, model), tokens::count_text(text));
        Self {
            id: format!("chatcmpl-{request_id}"),
            created: now.timestamp(),
            model: model.to_owned(),
            text: text.to_owned(),
            usage: json!({
                "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
            }),
        }
    }

    /// As one JSON object.
    pub(super) fn whole(&self) -> Bytes {
        let message = json!({ "role": "assistant", "content": self.text, "refusal": null });
        let choice = json!({ "index": 0, "message": message, "logprobs": null, "finish_reason": "stop" });
        let answer = json!({
            "id": self.id, "object": "chat.completion", "created": self.created, "model": self.model,
            "choices": [choice], "usage": self.usage,
        });
        Bytes::from(answer.to_string())
    }

    /// As a stream, a word an event.
    pub(super) fn chunks(&self) -> BoxStream<'static, Result<Bytes, reqwest::Error>> {
        let mut events = vec![self.event(&json!({ "role": "assistant", "content": "" }), None)];
        events.extend(self.text.split_inclusive(' ').map(|word| self.event(&json!({ "content": word }), None)));
        events.push(self.event(&json!({}), Some("stop")));
        events.push(self.chunk(&json!([]), Some(&self.usage)));
        events.push(Bytes::from_static(b"data: [DONE]\n\n"));
        Box::pin(stream::iter(events.into_iter().map(Ok)))
    }

    fn event(&self, delta: &Value, finish_reason: Option<&str>) -> Bytes {
        self.chunk(&json!([{ "index": 0, "delta": delta, "finish_reason": finish_reason }]), None)
    }

    fn chunk(&self, choices: &Value, usage: Option<&Value>) -> Bytes {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model,
            "choices": choices,
        });
        if let (Some(usage), Some(fields)) = (usage, chunk.as_object_mut()) {
            fields.insert("usage".to_owned(), usage.clone());
        }
        Bytes::from(format!("data: {chunk}\n\n"))
    }
}
