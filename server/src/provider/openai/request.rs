//! A chat request: the few fields the gateway reads, and the few it may change.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::tags;
use crate::domain::price::ServiceTier;

/// Why a request cannot be served as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RequestError {
    /// The field at fault; `None` where the body as a whole is.
    pub param: Option<&'static str>,
    /// What was expected.
    pub message: String,
}

/// What the gateway reads of a chat request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatRequest {
    /// Public model name.
    pub model: String,
    /// The answer is wanted as a stream.
    pub stream: bool,
    /// The client asked for the usage chunk at the end of the stream.
    pub wants_usage: bool,
    /// Output tokens the client allows, in each choice.
    pub max_output_tokens: Option<u64>,
    /// Choices asked for.
    pub choices: u64,
    /// The end user, from `user`.
    pub user: Option<String>,
    /// The tags of the body; those of headers and keys are not among them.
    pub tags: Vec<String>,
    /// The processing tier asked for.
    pub service_tier: ServiceTier,
    spans: Spans,
}

/// Where the values that may be changed stand in the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Spans {
    model: Option<Range<usize>>,
    stream_options: Option<Range<usize>>,
    max_tokens: Option<Range<usize>>,
    max_completion_tokens: Option<Range<usize>>,
    /// Of the brace that closes the body.
    end: usize,
}

/// What the provider's copy of a request says differently.
#[derive(Clone, Debug, Default)]
pub struct Changes<'a> {
    /// The provider's name of the model.
    pub model: &'a str,
    /// Upper limit of output tokens, where what is left of a budget affords no more.
    pub max_output_tokens: Option<u64>,
    /// The name under which the provider takes that limit when the client sent none.
    pub max_tokens_field: &'static str,
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
    #[serde(borrow)]
    stream: Option<&'a RawValue>,
    #[serde(borrow)]
    stream_options: Option<&'a RawValue>,
    #[serde(borrow)]
    max_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    max_completion_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    n: Option<&'a RawValue>,
    #[serde(borrow)]
    user: Option<&'a RawValue>,
    #[serde(borrow)]
    service_tier: Option<&'a RawValue>,
    #[serde(borrow)]
    tags: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

impl ChatRequest {
    /// Reads a request, and gives the body as it is to be sent on: without tags, which are the gateway's.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn read(body: Bytes, model_from_path: Option<&str>) -> Result<(Self, Bytes), RequestError> {
        let (request, has_tags) = Self::parse_fields(&body, model_from_path)?;
        if !has_tags {
            return Ok((request, body));
        }
        let body = Bytes::from(tags::without(&body).map_err(malformed)?);
        let (rest, _) = Self::parse_fields(&body, model_from_path)?;
        Ok((Self { tags: request.tags, ..rest }, body))
    }

    /// Reads a request. `model` from the path, where the route has it, wins over the body's.
    ///
    /// # Errors
    /// When the body is not a JSON object or a field the gateway reads has the wrong type.
    pub fn parse(body: &[u8], model_from_path: Option<&str>) -> Result<Self, RequestError> {
        Ok(Self::parse_fields(body, model_from_path)?.0)
    }

    /// The request, and whether its body names tags.
    fn parse_fields(body: &[u8], model_from_path: Option<&str>) -> Result<(Self, bool), RequestError> {
        let fields: Fields<'_> = serde_json::from_slice(body).map_err(malformed)?;
        check_messages(fields.messages)?;
        let body_model: Option<String> = read("model", "a string", fields.model)?;
        let model = model_from_path.map(str::to_owned).or(body_model).filter(|model| !model.is_empty());
        let model = model.ok_or_else(|| wrong("model", "a string that names a model"))?;
        let max_tokens: Option<u64> = read("max_tokens", "a whole number from 1", fields.max_tokens)?;
        let max_completion: Option<u64> =
            read("max_completion_tokens", "a whole number from 1", fields.max_completion_tokens)?;
        let options: Option<Map<String, Value>> = read("stream_options", "an object", fields.stream_options)?;
        let wants_usage = options.as_ref().and_then(|options| options.get("include_usage")) == Some(&Value::Bool(true));
        let tier: Option<String> = read("service_tier", "a string", fields.service_tier)?;
        let choices = read("n", "a whole number from 1 to 128", fields.n)?.unwrap_or(1);
        if !(1..=128).contains(&choices) {
            return Err(wrong("n", "a whole number from 1 to 128"));
        }
        let request = Self {
            model,
            stream: read("stream", "true or false", fields.stream)?.unwrap_or(false),
            wants_usage,
            // Which of the two a provider heeds is not known.
            max_output_tokens: max_completion.max(max_tokens),
            choices,
            user: read("user", "a string", fields.user)?,
            tags: tags::read(fields.tags, fields.metadata)?,
            service_tier: tier.as_deref().map_or(ServiceTier::Standard, ServiceTier::from_name),
            spans: Spans {
                model: span(body, fields.model),
                stream_options: span(body, fields.stream_options),
                max_tokens: span(body, fields.max_tokens),
                max_completion_tokens: span(body, fields.max_completion_tokens),
                end: body.iter().rposition(|byte| *byte == b'}').unwrap_or(0),
            },
        };
        Ok((request, tags::are_in(fields.tags, fields.metadata)))
    }

    /// The end user, where the call names one.
    #[must_use]
    pub fn end_user(&self) -> Option<&str> {
        self.user.as_deref().filter(|user| !user.is_empty())
    }

    /// The copy of a `body` in Anthropic's protocol, in which the fields that may be changed have the same names: the
    /// same bytes but for the model's name and a lower limit of output tokens.
    #[must_use]
    pub fn messages_body(&self, body: &Bytes, model: &str, max_output_tokens: Option<u64>) -> Bytes {
        let mut splice = Splice::default();
        splice.set("model", self.spans.model.as_ref(), &Value::from(model).to_string(), body);
        if let Some(limit) = max_output_tokens {
            self.splice_limit(&mut splice, limit, "max_tokens", body);
        }
        splice.apply(body, self.spans.end)
    }

    /// The provider's copy of `body`: the same bytes but for the model's name, the request for usage and a lower
    /// limit of output tokens.
    #[must_use]
    pub fn upstream_body(&self, body: &Bytes, changes: &Changes<'_>) -> Bytes {
        let mut splice = Splice::default();
        let model = Value::from(changes.model).to_string();
        splice.set("model", self.spans.model.as_ref(), &model, body);
        if self.stream && !self.wants_usage {
            splice.set("stream_options", self.spans.stream_options.as_ref(), &self.options_with_usage(body), body);
        }
        if let Some(limit) = changes.max_output_tokens {
            self.splice_limit(&mut splice, limit, changes.max_tokens_field, body);
        }
        splice.apply(body, self.spans.end)
    }

    fn splice_limit(&self, splice: &mut Splice, limit: u64, absent_field: &'static str, body: &[u8]) {
        let value = limit.to_string();
        let sent = [
            ("max_tokens", self.spans.max_tokens.as_ref()),
            ("max_completion_tokens", self.spans.max_completion_tokens.as_ref()),
        ];
        let mut is_sent = false;
        for (field, span) in sent.into_iter().filter(|(_, span)| span.is_some()) {
            let asked = span.and_then(|span| serde_json::from_slice::<Option<u64>>(body.get(span.clone())?).ok()?);
            is_sent = true;
            if asked.is_none_or(|asked| asked > limit) {
                splice.set(field, span, &value, body);
            }
        }
        if !is_sent {
            splice.set(absent_field, None, &value, body);
        }
    }

    /// The client's `stream_options` with the usage chunk asked for; its other options stay.
    fn options_with_usage(&self, body: &[u8]) -> String {
        let sent = self.spans.stream_options.clone().and_then(|span| body.get(span));
        let mut options: Map<String, Value> =
            sent.and_then(|json| serde_json::from_slice(json).ok()).unwrap_or_default();
        options.insert("include_usage".to_owned(), Value::Bool(true));
        Value::Object(options).to_string()
    }
}

/// Replacements in a body, and members added at its end.
#[derive(Default)]
struct Splice {
    replaced: Vec<(Range<usize>, String)>,
    added: String,
}

impl Splice {
    fn set(&mut self, field: &str, span: Option<&Range<usize>>, value: &str, body: &[u8]) {
        match span {
            Some(span) if body.get(span.clone()) == Some(value.as_bytes()) => {}
            Some(span) => self.replaced.push((span.clone(), value.to_owned())),
            None => self.added.push_str(&format!(",\"{field}\":{value}")),
        }
    }

    fn apply(mut self, body: &Bytes, end: usize) -> Bytes {
        if self.replaced.is_empty() && self.added.is_empty() {
            return body.clone();
        }
        self.replaced.push((end..end, self.added));
        self.replaced.sort_by_key(|(span, _)| span.start);
        let added: usize = self.replaced.iter().map(|(_, value)| value.len()).sum();
        let mut out = BytesMut::with_capacity(body.len() + added);
        let mut at = 0;
        for (span, value) in self.replaced {
            out.extend_from_slice(body.get(at..span.start).unwrap_or_default());
            out.extend_from_slice(value.as_bytes());
            at = span.end;
        }
        out.extend_from_slice(body.get(at..).unwrap_or_default());
        out.freeze()
    }
}

fn check_messages(messages: Option<&RawValue>) -> Result<(), RequestError> {
    let expected = "a list of at least one message";
    let messages = messages.ok_or_else(|| wrong("messages", expected))?;
    let rest = messages.get().strip_prefix('[').ok_or_else(|| wrong("messages", expected))?;
    if rest.trim_start().starts_with(']') { Err(wrong("messages", expected)) } else { Ok(()) }
}

fn read<T: DeserializeOwned>(
    param: &'static str,
    expected: &str,
    value: Option<&RawValue>,
) -> Result<Option<T>, RequestError> {
    match value {
        None => Ok(None),
        Some(value) => serde_json::from_str::<Option<T>>(value.get()).map_err(|_| wrong(param, expected)),
    }
}

fn wrong(param: &'static str, expected: &str) -> RequestError {
    RequestError { param: Some(param), message: format!("Invalid '{param}': expected {expected}.") }
}

fn malformed(error: serde_json::Error) -> RequestError {
    RequestError { param: None, message: format!("The request body is not a JSON object: {error}.") }
}

/// Where `value`, a part of `body`, stands in it.
fn span(body: &[u8], value: Option<&RawValue>) -> Option<Range<usize>> {
    let text = value?.get();
    let start = text.as_ptr().addr().checked_sub(body.as_ptr().addr())?;
    Some(start..start + text.len())
}

#[cfg(test)]
mod tests;
