//! A call that is no conversation, as it came.

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::form::Form;
use super::sound;
use crate::domain::operation::Operation;
use crate::provider::openai::{ChatRequest, RequestError};

/// A call and what was read of it.
#[derive(Debug)]
pub(in crate::gateway) struct TaskRequest {
    /// What is asked for.
    pub(super) operation: Operation,
    /// What every step reads.
    pub(super) request: ChatRequest,
    /// The JSON; of a form, its fields.
    pub(super) body: Bytes,
    /// The form, where it is one.
    pub(super) form: Option<Form>,
    /// Milliseconds of the sound in it, where its format is known.
    pub(super) heard_ms: Option<u64>,
}

/// What the cache sees of a call.
#[derive(Clone, Copy, Debug)]
pub(in crate::gateway) struct TaskSeen<'a> {
    /// What is asked for.
    pub(in crate::gateway) operation: Operation,
    /// What every step reads.
    pub(in crate::gateway) request: &'a ChatRequest,
    /// The JSON; of a form, its fields.
    pub(in crate::gateway) body: &'a Bytes,
    /// Of a form, the digest of its parts.
    pub(in crate::gateway) files: Option<[u8; 32]>,
}

impl TaskRequest {
    /// Reads a call.
    ///
    /// # Errors
    /// When a field the gateway reads is missing or wrong.
    pub(super) async fn read(operation: Operation, http: &HttpRequest, body: Bytes) -> Result<Self, RequestError> {
        let model_from_path = http.match_info().get("model");
        let file = match operation {
            Operation::ImageEdit => "image",
            Operation::Transcription | Operation::Translation => "file",
            _ => {
                let (request, body) = ChatRequest::read_for(operation, body, model_from_path)?;
                return Ok(Self { operation, request, body, form: None, heard_ms: None });
            }
        };
        let content_type = http.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let form = Form::read(content_type.unwrap_or_default(), body).await?;
        if form.files(file).all(|file| file.bytes.is_empty()) {
            let param = Some(file.into());
            return Err(RequestError {
                param,
                message: format!("Invalid '{file}': expected a file that is not empty."),
            });
        }
        let fields = Bytes::from(Value::Object(form.as_json()).to_string());
        let (request, body) = ChatRequest::read_for(operation, fields, model_from_path)?;
        let sounds: Vec<Bytes> = form.files("file").map(|file| file.bytes.clone()).collect();
        let hearing = tokio::task::spawn_blocking(move || sounds.into_iter().map(sound::milliseconds).sum());
        let heard_ms = if file == "file" { hearing.await.unwrap_or_default() } else { None };
        Ok(Self { operation, request, body, form: Some(form), heard_ms })
    }

    /// The least that `model` can be asked for.
    ///
    /// # Errors
    /// As when it came from a client; there is nothing wrong with it.
    pub(in crate::gateway) fn least(operation: Operation, model: &str) -> Result<Self, RequestError> {
        let body = match operation {
            Operation::Speech => json!({ "model": model, "input": "ping", "voice": "alloy" }),
            Operation::Rerank => json!({ "model": model, "query": "ping", "documents": ["ping"] }),
            Operation::Image | Operation::ImageEdit => json!({ "model": model, "prompt": "ping" }),
            Operation::Transcription | Operation::Translation => json!({ "model": model }),
            _ => json!({ "model": model, "input": "ping" }),
        };
        let is_heard = matches!(operation, Operation::Transcription | Operation::Translation);
        let form = is_heard.then(|| Form::with_file("file", "silence.wav", "audio/wav", silence()));
        let (request, body) = ChatRequest::read_for(operation, Bytes::from(body.to_string()), None)?;
        Ok(Self { operation, request, body, form, heard_ms: None })
    }

    /// A call that the gateway itself makes.
    ///
    /// # Errors
    /// As when it came from a client; there is nothing wrong with it.
    pub(in crate::gateway) fn of(operation: Operation, body: Bytes) -> Result<Self, RequestError> {
        let (request, body) = ChatRequest::read_for(operation, body, None)?;
        Ok(Self { operation, request, body, form: None, heard_ms: None })
    }

    /// The same with another body: what it asks for less.
    ///
    /// # Errors
    /// As when it came.
    pub(super) fn with_body(&self, body: Bytes) -> Result<Self, RequestError> {
        let (request, body) = ChatRequest::read_for(self.operation, body, Some(&self.request.model))?;
        Ok(Self { operation: self.operation, request, body, form: self.form.clone(), heard_ms: self.heard_ms })
    }

    /// As the cache sees it.
    pub(in crate::gateway) async fn seen(&self) -> TaskSeen<'_> {
        let files = match &self.form {
            None => None,
            Some(form) => {
                let form = form.clone();
                // Sound may be long.
                tokio::task::spawn_blocking(move || form.digest()).await.ok()
            }
        };
        TaskSeen { operation: self.operation, request: &self.request, body: &self.body, files }
    }

    /// Its members.
    pub(super) fn members(&self) -> Map<String, Value> {
        // It was read before: it is an object.
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A fifth of a second in which nothing is said: 16 bits at 16 kHz.
fn silence() -> Bytes {
    const RATE: u32 = 16_000;
    let samples = [0; 6_400];
    let data = 6_400_u32;
    let mut wav = Vec::new();
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + data).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&16_u32.to_le_bytes());
    wav.extend_from_slice(&1_u16.to_le_bytes());
    wav.extend_from_slice(&1_u16.to_le_bytes());
    wav.extend_from_slice(&RATE.to_le_bytes());
    wav.extend_from_slice(&(RATE * 2).to_le_bytes());
    wav.extend_from_slice(&2_u16.to_le_bytes());
    wav.extend_from_slice(&16_u16.to_le_bytes());
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&data.to_le_bytes());
    wav.extend_from_slice(&samples);
    Bytes::from(wav)
}
