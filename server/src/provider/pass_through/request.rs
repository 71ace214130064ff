//! What the gateway reads of a body in a provider's own form, and the one thing it may change: the model's name.

use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::price::ServiceTier;
use crate::provider::openai::RequestError;

/// Fields by which providers limit an answer, in the body or in its part for such things.
const LIMITS: [&str; 5] = ["max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "maxTokens"];

/// A body.
#[derive(Clone, Debug, Default)]
pub struct NativeRequest {
    /// The model it names, and where.
    pub model: Option<(Range<usize>, String)>,
    /// The answer is wanted as a stream.
    pub stream: bool,
    /// Output tokens at most, of each answer, where it says.
    pub output_limit: Option<u64>,
    /// Answers asked for.
    pub choices: u64,
    /// The processing tier asked for.
    pub tier: ServiceTier,
}

/// No field may be there twice: whoever reads the other one would be told something else.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Fields<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    stream: Option<&'a RawValue>,
    #[serde(borrow)]
    n: Option<&'a RawValue>,
    #[serde(borrow)]
    service_tier: Option<&'a RawValue>,
    max_tokens: Option<Value>,
    max_completion_tokens: Option<Value>,
    max_output_tokens: Option<Value>,
    #[serde(rename = "generationConfig", alias = "generation_config")]
    generation_config: Option<Value>,
    #[serde(rename = "inferenceConfig")]
    inference_config: Option<Value>,
}

impl NativeRequest {
    /// Reads a body; of one that is no JSON, nothing.
    ///
    /// # Errors
    /// When it is JSON of another kind, or has a field twice that is read here.
    pub fn read(body: &[u8]) -> Result<Self, RequestError> {
        let nothing = Self { choices: 1, ..Self::default() };
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Ok(nothing);
        }
        let fields: Fields<'_> = serde_json::from_slice(body).map_err(|error| RequestError {
            param: None,
            message: format!("The request body is not a JSON object: {error}."),
        })?;
        let configs = [fields.generation_config, fields.inference_config];
        let own = [fields.max_tokens, fields.max_completion_tokens, fields.max_output_tokens];
        let in_configs = configs.iter().flatten().flat_map(|config| LIMITS.iter().filter_map(|name| config.get(name)));
        let limits = own.iter().flatten().chain(in_configs).filter_map(Value::as_u64);
        let candidates = configs.iter().flatten().filter_map(|config| config.get("candidateCount")?.as_u64());
        let asked = fields.n.and_then(|n| serde_json::from_str::<u64>(n.get()).ok());
        let tier = fields.service_tier.and_then(|tier| serde_json::from_str::<String>(tier.get()).ok());
        Ok(Self {
            model: fields.model.and_then(|raw| Some((span(body, raw)?, serde_json::from_str(raw.get()).ok()?))),
            stream: fields.stream.is_some_and(|raw| raw.get() == "true"),
            // Which of several a provider heeds is not known.
            output_limit: limits.max(),
            choices: candidates.chain(asked).max().unwrap_or(1).max(1),
            tier: tier.as_deref().map_or(ServiceTier::Standard, ServiceTier::from_name),
        })
    }

    /// `body`, of which this was read, with another model.
    #[must_use]
    pub fn with_model(&self, body: &Bytes, model: &str) -> Bytes {
        let Some((span, named)) = &self.model else { return body.clone() };
        if named == model {
            return body.clone();
        }
        let (before, after) = (body.get(..span.start), body.get(span.end..));
        let name = Value::from(model).to_string();
        Bytes::from([before.unwrap_or_default(), name.as_bytes(), after.unwrap_or_default()].concat())
    }
}

fn span(body: &[u8], raw: &RawValue) -> Option<Range<usize>> {
    let start = raw.get().as_ptr().addr().checked_sub(body.as_ptr().addr())?;
    Some(start..start + raw.get().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_things_are_read_and_only_the_model_changes() {
        let body = Bytes::from_static(br#" {"a": 1, "model" : "fast", "stream":true,"max_tokens":50, "n":3}"#);
        let request = NativeRequest::read(&body).unwrap();
        assert_eq!(request.model.as_ref().map(|(_, name)| &**name), Some("fast"));
        assert_eq!((request.stream, request.output_limit, request.choices), (true, Some(50), 3));
        let sent = request.with_model(&body, "gpt \"4\"");
        assert_eq!(sent, &br#" {"a": 1, "model" : "gpt \"4\"", "stream":true,"max_tokens":50, "n":3}"#[..]);
        assert_eq!(request.with_model(&body, "fast").as_ptr(), body.as_ptr());
    }

    #[test]
    fn limits_are_found_wherever_providers_have_them() {
        for (body, limit, choices) in [
            (r#"{"generationConfig":{"maxOutputTokens":7,"candidateCount":2}}"#, Some(7), 2),
            (r#"{"generation_config":{"maxOutputTokens":7}}"#, Some(7), 1),
            (r#"{"inferenceConfig":{"maxTokens":8}}"#, Some(8), 1),
            (r#"{"max_tokens":3,"max_completion_tokens":9}"#, Some(9), 1),
            (r#"{"max_tokens":"x","model":3}"#, None, 1),
            ("", None, 1),
            ("--boundary", None, 1),
            ("[1]", None, 1),
        ] {
            let request = NativeRequest::read(body.as_bytes()).unwrap();
            assert_eq!((request.output_limit, request.choices), (limit, choices), "{body}");
            assert!(request.model.is_none());
        }
    }

    #[test]
    fn a_model_that_is_named_twice_is_refused() {
        for body in [r#"{"model":"a","model":"b"}"#, r#"{"model":"a","mo\u0064el":"b"}"#, "{", r#"{"model":"a"} {}"#] {
            assert!(NativeRequest::read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
