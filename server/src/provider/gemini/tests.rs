//! The whole way: OpenAI's requests to Google's, Google's answers to OpenAI's.

mod answers;
mod requests;
mod streams;
mod usage;

use serde_json::{Value, json};

use super::Gemini;
use crate::provider::chat::unsupported::Unsupported;
use crate::provider::chat::{AnswerHead, ChatBody, Dialect, Translation};
use crate::provider::openai::RequestError;

fn how(model: &str, drop_params: bool) -> Translation<'_> {
    Translation {
        model,
        max_output_tokens: None,
        model_max_output_tokens: Some(65_536),
        unsupported: Unsupported { provider: "gemini", drop_params, wishes: &[] },
    }
}

fn translated(body: Value, how: &Translation<'_>) -> Result<Value, RequestError> {
    let body: ChatBody = serde_json::from_value(body).unwrap();
    Gemini.request(&body, how).map(|sent| serde_json::from_slice(&sent).unwrap())
}

/// What is sent to `model`.
fn sent_to(model: &str, body: Value) -> Value {
    translated(body, &how(model, false)).unwrap()
}

fn sent(body: Value) -> Value {
    sent_to("gemini-2.5-flash", body)
}

fn refused(body: Value) -> RequestError {
    translated(body, &how("gemini-2.5-flash", false)).unwrap_err()
}

/// A body of one message and these fields.
fn asking(fields: Value) -> Value {
    let mut body = json!({ "model": "m", "messages": [{ "role": "user", "content": "Hi" }] });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

fn head() -> AnswerHead {
    AnswerHead {
        id: "chatcmpl-7".to_owned(),
        created: 1_700_000_000,
        model: "gemini-2.5-flash".to_owned(),
        ..AnswerHead::default()
    }
}
