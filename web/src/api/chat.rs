//! A chat with a model, as an application calls it: with a key, not with the session.

use gloo_net::http::{Request, Response};
use js_sys::{Reflect, Uint8Array};
use serde_json::{Value, json};
use tollgate_openapi::paths;
use tollgate_openapi::spend::SpendLogView;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::ApiError;
use crate::url::encode;

const PATH: &str = "/v1/chat/completions";
const CALL_ID: &str = "x-litellm-call-id";

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// `user` or `assistant`.
    pub(crate) role: &'static str,
    pub(crate) content: String,
}

/// An answer on its way.
pub(crate) struct Stream {
    /// The call's id in the ledger.
    pub(crate) call_id: Option<String>,
    reader: JsValue,
    buffer: Vec<u8>,
}

/// What arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    /// Input and output tokens, once they are known.
    pub(crate) tokens: Option<(i64, i64)>,
    /// What went wrong on the way.
    pub(crate) error: Option<String>,
}

/// Asks a model.
pub(crate) async fn ask(key: &str, model: &str, messages: &[Message]) -> Result<Stream, ApiError> {
    let messages: Vec<Value> = messages.iter().map(|one| json!({ "role": one.role, "content": one.content })).collect();
    let body =
        json!({ "model": model, "messages": messages, "stream": true, "stream_options": { "include_usage": true } });
    let unreachable = |_| ApiError::new(0, "The gateway cannot be reached. Check the connection and try again.");
    let request = Request::post(PATH)
        .header("authorization", &format!("Bearer {key}"))
        .header("content-type", "application/json")
        .body(body.to_string())
        .map_err(unreachable)?;
    let response = request.send().await.map_err(unreachable)?;
    if !response.ok() {
        return Err(refusal(response).await);
    }
    let call_id = response.headers().get(CALL_ID);
    let reader = response.body().map(|stream| stream.get_reader().into());
    let reader = reader.ok_or_else(|| ApiError::new(0, "The answer has no body."))?;
    Ok(Stream { call_id, reader, buffer: Vec::new() })
}

/// A key that is refused is not the session's end.
async fn refusal(response: Response) -> ApiError {
    let status = response.status();
    let body = response.text().await.unwrap_or_default();
    ApiError::from_body(status, &body)
}

impl Stream {
    /// What arrived since; `None`: the answer has ended.
    pub(crate) async fn next(&mut self) -> Result<Option<Piece>, ApiError> {
        let broken = |_| ApiError::new(0, "The connection broke while the answer came.");
        let read = Reflect::get(&self.reader, &JsValue::from_str("read")).map_err(broken)?;
        let read: js_sys::Function = read.dyn_into().map_err(broken)?;
        let promise: js_sys::Promise = read.call0(&self.reader).map_err(broken)?.dyn_into().map_err(broken)?;
        let chunk = JsFuture::from(promise).await.map_err(broken)?;
        let field = |name: &str| Reflect::get(&chunk, &JsValue::from_str(name)).map_err(broken);
        if field("done")?.is_truthy() {
            return Ok(None);
        }
        self.buffer.extend(Uint8Array::new(&field("value")?).to_vec());
        Ok(Some(take(&mut self.buffer)))
    }
}

/// What the whole lines of an event stream say; what is left of the last one stays.
fn take(buffer: &mut Vec<u8>) -> Piece {
    let mut piece = Piece::default();
    while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
        let line: Vec<u8> = buffer.drain(..=end).collect();
        let line = String::from_utf8_lossy(&line);
        let Some(data) = line.trim_end().strip_prefix("data:") else { continue };
        let Ok(event) = serde_json::from_str::<Value>(data.trim()) else { continue };
        if let Some(text) = event.pointer("/choices/0/delta/content").and_then(Value::as_str) {
            piece.text.push_str(text);
        }
        let count = |name: &str| event.pointer(&format!("/usage/{name}")).and_then(Value::as_i64);
        piece.tokens = count("prompt_tokens").zip(count("completion_tokens")).or(piece.tokens);
        if let Some(message) = event.pointer("/error/message").and_then(Value::as_str) {
            piece.error = Some(message.to_owned());
        }
    }
    piece
}

/// What the ledger says of a call, once it has it: asked with the key that made it.
pub(crate) async fn settled(key: &str, call_id: &str) -> Result<Option<SpendLogView>, ApiError> {
    let path = format!("{}?request_id={}", paths::SPEND_LOGS, encode(call_id));
    let unreachable = |_| ApiError::new(0, "The gateway cannot be reached. Check the connection and try again.");
    let response = Request::get(&path).header("authorization", &format!("Bearer {key}")).send().await;
    let response = response.map_err(unreachable)?;
    if !response.ok() {
        return Err(refusal(response).await);
    }
    let body = response.text().await.map_err(unreachable)?;
    let calls: Vec<SpendLogView> = serde_json::from_str(&body).unwrap_or_default();
    Ok(calls.into_iter().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_read_wherever_the_stream_is_cut() {
        let stream = "data: {\"choices\":[{\"delta\":{\"content\":\"Grüße\"}}]}\n\n: comment\n\
                      data: {\"choices\":[{\"delta\":{\"content\":\"!\"}}]}\n\n\
                      data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";
        for cut in 0..stream.len() {
            let (mut buffer, mut whole) = (Vec::new(), Piece::default());
            for part in [&stream.as_bytes()[..cut], &stream.as_bytes()[cut..]] {
                buffer.extend(part);
                let piece = take(&mut buffer);
                whole.text.push_str(&piece.text);
                whole.tokens = piece.tokens.or(whole.tokens);
            }
            assert_eq!((whole.text.as_str(), whole.tokens), ("Grüße!", Some((3, 2))), "cut at {cut}");
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn an_error_on_the_way_is_told() {
        let mut buffer = b"data: {\"error\":{\"message\":\"gone\"}}\n".to_vec();
        assert_eq!(take(&mut buffer).error.as_deref(), Some("gone"));
    }
}
