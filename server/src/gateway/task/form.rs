//! A call that comes as a form, with files: what is transcribed, and pictures to be changed.

use bytes::Bytes;
use futures_util::stream;
use reqwest::multipart;
use serde_json::{Map, Value, json};

use crate::cache::digest_of;
use crate::provider::openai::RequestError;
use crate::provider::openai::params::is_for_gateway;

/// Members for the gateway alone that no list of such names has.
const GATEWAY_FIELDS: [&str; 2] = ["tags", "metadata"];

/// One part of a form.
#[derive(Clone, Debug)]
pub(super) struct Part {
    name: String,
    file_name: Option<String>,
    content_type: Option<String>,
    /// What is in it.
    pub(super) bytes: Bytes,
}

/// A form as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    parts: Vec<Part>,
}

impl Form {
    /// Reads a form.
    ///
    /// # Errors
    /// When the body is none.
    pub(super) async fn read(content_type: &str, body: Bytes) -> Result<Self, RequestError> {
        let boundary = multer::parse_boundary(content_type).map_err(|_| not_a_form())?;
        let body = stream::iter([Ok::<_, std::convert::Infallible>(body)]);
        let mut multipart = multer::Multipart::new(body, boundary);
        let mut parts = Vec::new();
        while let Some(field) = multipart.next_field().await.map_err(|error| malformed(&error))? {
            let Some(name) = field.name().map(str::to_owned) else { continue };
            let file_name = field.file_name().map(str::to_owned);
            let content_type = field.headers().get("content-type").and_then(|value| value.to_str().ok());
            let content_type = content_type.map(str::to_owned);
            let bytes = field.bytes().await.map_err(|error| malformed(&error))?;
            parts.push(Part { name, file_name, content_type, bytes });
        }
        Ok(Self { parts })
    }

    /// One of nothing but a file.
    pub(super) fn with_file(name: &str, file_name: &str, content_type: &str, bytes: Bytes) -> Self {
        let (file_name, content_type) = (Some(file_name.to_owned()), Some(content_type.to_owned()));
        Self { parts: vec![Part { name: name.to_owned(), file_name, content_type, bytes }] }
    }

    /// The files, of fields called `name` or `name[]`.
    pub(super) fn files<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Part> {
        self.parts.iter().filter(move |part| part.name.strip_suffix("[]").unwrap_or(&part.name) == name)
    }

    /// The same fields as a JSON object, files by their sizes: what is read of the call, and kept.
    pub(super) fn as_json(&self) -> Map<String, Value> {
        let value = |part: &Part| match (&part.file_name, std::str::from_utf8(&part.bytes)) {
            (None, Ok(text)) => typed(&part.name, text),
            (name, _) => json!({ "file_name": name, "bytes": part.bytes.len() }),
        };
        let named = self.parts.iter().filter(|part| !part.name.ends_with("[]"));
        named.map(|part| (part.name.clone(), value(part))).collect()
    }

    /// The digest of all parts that a provider is sent.
    pub(super) fn digest(&self) -> [u8; 32] {
        let sent = self.parts.iter().filter(|part| !is_gateways(&part.name));
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let parts: Vec<[String; 3]> =
            sent.clone().map(|part| [part.name.clone(), text(&part.file_name), text(&part.content_type)]).collect();
        let parts = parts
            .iter()
            .zip(sent)
            .flat_map(|(texts, part)| texts.iter().map(String::as_bytes).chain(std::iter::once(&part.bytes[..])));
        digest_of(parts)
    }

    /// The form as a provider is sent it: for `model`, without what is meant for the gateway.
    pub(super) fn for_provider(&self, model: &str) -> Result<multipart::Form, String> {
        let mut form = multipart::Form::new().text("model", model.to_owned());
        for part in &self.parts {
            let name = part.name.as_str();
            if is_gateways(name) {
                continue;
            }
            let length = u64::try_from(part.bytes.len()).map_err(|error| error.to_string())?;
            let mut sent = multipart::Part::stream_with_length(part.bytes.clone(), length);
            if let Some(file_name) = &part.file_name {
                sent = sent.file_name(file_name.clone());
            }
            if let Some(content_type) = &part.content_type {
                sent = sent.mime_str(content_type).map_err(|error| error.to_string())?;
            }
            form = form.part(part.name.clone(), sent);
        }
        Ok(form)
    }
}

/// Whether no provider is sent the part of this name as it came.
fn is_gateways(name: &str) -> bool {
    name == "model" || is_for_gateway(name) || GATEWAY_FIELDS.contains(&name)
}

/// What a form says in text and JSON in words of its own.
fn typed(name: &str, text: &str) -> Value {
    match name {
        "stream" => text.parse().map_or_else(|_| Value::from(text), Value::Bool),
        "n" => text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from),
        "tags" | "metadata" => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        _ => Value::from(text),
    }
}

fn not_a_form() -> RequestError {
    let message = "Invalid 'Content-Type': expected multipart/form-data with a boundary.".to_owned();
    RequestError { param: None, message }
}

fn malformed(error: &multer::Error) -> RequestError {
    RequestError { param: None, message: format!("The request body is not a form: {error}.") }
}
