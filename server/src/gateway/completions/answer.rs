//! What a conversation answered, as the text that goes on.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::gateway::client::StreamEncoder;
use crate::provider::chat::sse::EventReader;

/// The answer; `None` where it is none that can be read.
pub(in crate::gateway) fn encode(openai: &Bytes) -> Option<Bytes> {
    let answer: Value = serde_json::from_slice(openai).ok()?;
    answer.get("choices")?.as_array()?;
    Some(Bytes::from(translate(answer, "message").to_string()))
}

/// An answer or a chunk, in which what is said stands under `said`.
fn translate(mut answer: Value, said: &str) -> Value {
    let Some(members) = answer.as_object_mut() else { return answer };
    if let Some(id) = members.get("id").and_then(Value::as_str) {
        let id = id.strip_prefix("chatcmpl-").map_or_else(|| id.to_owned(), |rest| format!("cmpl-{rest}"));
        members.insert("id".to_owned(), Value::from(id));
    }
    members.insert("object".to_owned(), json!("text_completion"));
    for choice in members.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
        *choice = text_choice(choice, said);
    }
    answer
}

fn text_choice(choice: &Value, said: &str) -> Value {
    let member = |name: &str| choice.get(name).cloned().unwrap_or_default();
    let text = choice.get(said).and_then(|said| said.get("content")).and_then(Value::as_str).unwrap_or_default();
    json!({
        "text": text,
        "index": member("index"),
        "logprobs": choice.get("logprobs").and_then(logprobs),
        "finish_reason": member("finish_reason"),
    })
}

/// The probabilities of tokens, side by side instead of token by token.
fn logprobs(logprobs: &Value) -> Option<Value> {
    let tokens = logprobs.get("content")?.as_array()?;
    let each = |name: &str| tokens.iter().map(|token| token.get(name).cloned().unwrap_or_default()).collect::<Vec<_>>();
    let mut offset = 0;
    let mut offsets = Vec::with_capacity(tokens.len());
    for token in tokens {
        offsets.push(offset);
        offset += token.get("token").and_then(Value::as_str).map_or(0, |text| text.chars().count());
    }
    let top = tokens.iter().map(top).collect::<Vec<_>>();
    Some(json!({
        "tokens": each("token"), "token_logprobs": each("logprob"), "top_logprobs": top, "text_offset": offsets,
    }))
}

fn top(token: &Value) -> Map<String, Value> {
    let likely = token.get("top_logprobs").and_then(Value::as_array).into_iter().flatten();
    let named = |one: &Value| Some((one.get("token")?.as_str()?.to_owned(), one.get("logprob")?.clone()));
    likely.filter_map(named).collect()
}

/// Writes a conversation's stream as one of text.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Encoder {
    events: EventReader,
}

impl StreamEncoder for Encoder {
    fn push(&mut self, bytes: &[u8]) -> Bytes {
        let mut out = String::new();
        for event in self.events.push(bytes).unwrap_or_default() {
            let data = match serde_json::from_str::<Value>(&event.data) {
                Ok(chunk) if chunk.get("choices").is_some() => translate(chunk, "delta").to_string(),
                _ => event.data,
            };
            out.push_str(&format!("data: {data}\n\n"));
        }
        Bytes::from(out)
    }

    fn finish(&mut self) -> Bytes {
        Bytes::new()
    }
}
