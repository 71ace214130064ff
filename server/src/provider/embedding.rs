//! Embeddings in OpenAI's form, which providers' own protocols are translated from and to.
//!
//! Source: OpenAI API reference, "Create embeddings".

#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::openai::RequestError;
use super::openai::usage::TOKENS_MAX;
use super::task::TaskTranslation;

/// Texts of one call at most: OpenAI's limit.
const INPUTS_MAX: usize = 2048;
/// What is read here.
const KNOWN: [&str; 6] = ["model", "input", "encoding_format", "dimensions", "input_type", "user"];

/// What a call wants to have embedded.
#[derive(Debug)]
pub struct EmbeddingRequest<'a> {
    /// The texts, at least one.
    pub texts: Vec<&'a str>,
    /// Numbers in each embedding.
    pub dimensions: Option<u64>,
    /// What the embeddings are for, in Cohere's words, which LiteLLM uses, too: `search_query`, `classification`.
    pub input_type: Option<&'a str>,
    /// What else the provider takes under the same name.
    pub passed: Map<String, Value>,
}

impl<'a> EmbeddingRequest<'a> {
    /// Reads OpenAI's body. The provider takes the fields `taken` as they are.
    ///
    /// # Errors
    /// When a field is missing or wrong, or not for this provider.
    pub fn read(body: &'a Map<String, Value>, how: &TaskTranslation<'_>, taken: &[&str]) -> Result<Self, RequestError> {
        let texts = texts(body.get("input"), how.unsupported.provider)?;
        Encoding::of(body)?;
        let other = body.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str()));
        let other = other.map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(Self {
            texts,
            dimensions: dimensions(body.get("dimensions"))?,
            input_type: body.get("input_type").and_then(Value::as_str),
            passed: how.unsupported.others(&other, taken)?,
        })
    }

    /// The provider's requests, one for so many texts each.
    ///
    /// # Errors
    /// When one cannot be written, which does not happen.
    pub fn each<T: Serialize>(
        &self,
        texts_max: usize,
        request: impl Fn(&[&'a str]) -> T,
    ) -> Result<Vec<Bytes>, RequestError> {
        let written = |texts: &[&'a str]| serde_json::to_vec(&request(texts)).map(Bytes::from);
        let requests: Result<Vec<_>, _> = self.texts.chunks(texts_max).map(written).collect();
        requests
            .map_err(|error| RequestError { param: None, message: format!("The request cannot be written: {error}.") })
    }
}

fn wrong(param: &'static str, message: impl Into<String>) -> RequestError {
    RequestError { param: Some(param.into()), message: message.into() }
}

fn texts<'a>(input: Option<&'a Value>, provider: &str) -> Result<Vec<&'a str>, RequestError> {
    let expected = || wrong("input", "Invalid 'input': expected a text, or an array of texts.");
    let texts = match input.ok_or_else(expected)? {
        Value::String(text) => vec![text.as_str()],
        Value::Array(items) if items.iter().any(|item| item.is_number() || item.is_array()) => {
            let message = format!("Invalid 'input': {provider} takes texts and no tokens; send the texts themselves.");
            return Err(wrong("input", message));
        }
        Value::Array(items) => items.iter().map(Value::as_str).collect::<Option<_>>().ok_or_else(expected)?,
        _ => return Err(expected()),
    };
    if texts.is_empty() || texts.iter().any(|text| text.is_empty()) {
        return Err(wrong("input", "Invalid 'input': expected at least one text, and none that is empty."));
    }
    if texts.len() > INPUTS_MAX {
        return Err(wrong("input", format!("Invalid 'input': expected at most {INPUTS_MAX} texts.")));
    }
    Ok(texts)
}

fn dimensions(value: Option<&Value>) -> Result<Option<u64>, RequestError> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let dimensions = value.as_u64().filter(|dimensions| *dimensions > 0);
    let wrong = || wrong("dimensions", "Invalid 'dimensions': expected a whole number above zero.");
    dimensions.ok_or_else(wrong).map(Some)
}

/// How a client wants its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// As JSON.
    Float,
    /// As the bytes of 32-bit floats, the lowest first; OpenAI's Python client asks for it unless told otherwise.
    Base64,
}

impl Encoding {
    fn of(body: &Map<String, Value>) -> Result<Self, RequestError> {
        match body.get("encoding_format") {
            None | Some(Value::Null) => Ok(Self::Float),
            Some(Value::String(name)) if name == "float" => Ok(Self::Float),
            Some(Value::String(name)) if name == "base64" => Ok(Self::Base64),
            Some(_) => Err(wrong("encoding_format", "Invalid 'encoding_format': expected \"float\" or \"base64\".")),
        }
    }

    fn encode(self, vector: &RawValue) -> Result<Value, String> {
        let no_numbers = |error: serde_json::Error| format!("an embedding is not made of numbers: {error}");
        match self {
            Self::Float => {
                let numbers: Vec<f64> = serde_json::from_str(vector.get()).map_err(no_numbers)?;
                Ok(json!(numbers))
            }
            Self::Base64 => {
                let numbers: Vec<f32> = serde_json::from_str(vector.get()).map_err(no_numbers)?;
                let bytes: Vec<u8> = numbers.into_iter().flat_map(f32::to_le_bytes).collect();
                Ok(Value::from(STANDARD.encode(bytes)))
            }
        }
    }
}

/// Adds up embeddings as they come in a provider's answers.
#[derive(Debug)]
pub struct Embeddings {
    encoding: Encoding,
    data: Vec<Value>,
    /// Tokens read; `None` as soon as an answer does not tell.
    tokens: Option<u64>,
    asked: usize,
}

impl Embeddings {
    /// Of a call with this body.
    #[must_use]
    pub fn of(body: &Map<String, Value>) -> Self {
        let asked = body.get("input").and_then(Value::as_array).map_or(1, Vec::len);
        // The body was read before: its encoding is one.
        Self { encoding: Encoding::of(body).unwrap_or(Encoding::Float), data: Vec::new(), tokens: Some(0), asked }
    }

    /// Adds the embedding of the next text.
    ///
    /// # Errors
    /// When it is none.
    pub fn push(&mut self, vector: &RawValue) -> Result<(), String> {
        let embedding = self.encoding.encode(vector)?;
        self.data.push(json!({ "object": "embedding", "index": self.data.len(), "embedding": embedding }));
        Ok(())
    }

    /// Adds what an answer says to have read.
    pub fn count(&mut self, tokens: Option<u64>) {
        let sum = self.tokens.zip(tokens).map(|(sum, tokens)| sum.saturating_add(tokens.min(TOKENS_MAX)));
        self.tokens = sum;
    }

    /// OpenAI's answer.
    ///
    /// # Errors
    /// When a text has no embedding.
    pub fn answer(self, model: &str) -> Result<Value, String> {
        if self.data.len() != self.asked {
            return Err(format!("not an answer: {} embeddings of {} texts", self.data.len(), self.asked));
        }
        let mut answer = json!({ "object": "list", "data": self.data, "model": model });
        if let (Some(tokens), Some(answer)) = (self.tokens, answer.as_object_mut()) {
            answer.insert("usage".to_owned(), json!({ "prompt_tokens": tokens, "total_tokens": tokens }));
        }
        Ok(answer)
    }
}

/// Reads a provider's body.
///
/// # Errors
/// When it is no answer.
pub fn read_answer<'a, T: serde::Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("not an answer: {error}"))
}

/// A count that is written as a float; what is no count is none.
#[must_use]
pub fn whole(count: f64) -> u64 {
    // Printed without a fraction it is a whole number, which needs no conversion that may go wrong.
    let count = Some(count.ceil()).filter(|count| *count > 0.0 && count.is_finite());
    count.and_then(|count| format!("{count:.0}").parse().ok()).unwrap_or(0).min(TOKENS_MAX)
}
