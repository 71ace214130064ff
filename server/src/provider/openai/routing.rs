//! What a client says of how its call is to be routed, in LiteLLM's words.

use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;

use super::request::{RequestError, read, wrong};

/// The most retries a client may ask for.
const RETRIES_MAX: u32 = 10;
/// The longest time a client may give a call, in seconds: a day.
const SECONDS_MAX: f64 = 86_400.0;
/// The most models that may stand in for another.
const FALLBACKS_MAX: usize = 10;
/// The group that stands for all.
const ANY_GROUP: &str = "*";

/// How a call is to be routed, as its client has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutingParams {
    /// The time the call may take over all attempts.
    pub timeout: Option<Duration>,
    /// The same until a stream begins.
    pub stream_timeout: Option<Duration>,
    /// Tries after the first.
    pub num_retries: Option<u32>,
    /// Models that stand in when the call fails, in their order.
    pub fallbacks: Option<Vec<String>>,
    /// The same where the prompt is too long.
    pub context_window_fallbacks: Option<Vec<String>>,
    /// The same where the content is refused.
    pub content_policy_fallbacks: Option<Vec<String>>,
    /// No model stands in.
    pub disable_fallbacks: bool,
    /// The first model is to be taken as having failed so, without being called.
    pub mock_failure: Option<MockFailure>,
}

/// A failure that a client asks for, to see what stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MockFailure {
    /// `mock_testing_fallbacks`: the provider breaks down.
    Error,
    /// `mock_testing_context_fallbacks`: the prompt is too long.
    ContextWindow,
    /// `mock_testing_content_policy_fallbacks`: the content is refused.
    ContentPolicy,
    /// `mock_testing_rate_limit_error`: the provider is asked too often.
    RateLimit,
}

/// The members it is read from.
#[derive(Default)]
pub(in crate::provider) struct RoutingFields<'a> {
    timeout: Option<&'a RawValue>,
    request_timeout: Option<&'a RawValue>,
    stream_timeout: Option<&'a RawValue>,
    num_retries: Option<&'a RawValue>,
    fallbacks: Option<&'a RawValue>,
    context_window_fallbacks: Option<&'a RawValue>,
    content_policy_fallbacks: Option<&'a RawValue>,
    disable_fallbacks: Option<&'a RawValue>,
    mock_fallbacks: Option<&'a RawValue>,
    mock_context_fallbacks: Option<&'a RawValue>,
    mock_content_policy_fallbacks: Option<&'a RawValue>,
    mock_rate_limit_error: Option<&'a RawValue>,
}

impl<'a> RoutingFields<'a> {
    pub(in crate::provider) fn slot(&mut self, name: &str) -> Option<&mut Option<&'a RawValue>> {
        Some(match name {
            "timeout" => &mut self.timeout,
            "request_timeout" => &mut self.request_timeout,
            "stream_timeout" => &mut self.stream_timeout,
            "num_retries" => &mut self.num_retries,
            "fallbacks" => &mut self.fallbacks,
            "context_window_fallbacks" => &mut self.context_window_fallbacks,
            "content_policy_fallbacks" => &mut self.content_policy_fallbacks,
            "disable_fallbacks" => &mut self.disable_fallbacks,
            "mock_testing_fallbacks" => &mut self.mock_fallbacks,
            "mock_testing_context_fallbacks" => &mut self.mock_context_fallbacks,
            "mock_testing_content_policy_fallbacks" => &mut self.mock_content_policy_fallbacks,
            "mock_testing_rate_limit_error" => &mut self.mock_rate_limit_error,
            _ => return None,
        })
    }
}

impl RoutingParams {
    /// Reads them from a call to `model`.
    pub(in crate::provider) fn read(fields: &RoutingFields<'_>, model: &str) -> Result<Self, RequestError> {
        let flag = |name, value| read(name, "true or false", value).map(|flag| flag == Some(true));
        let mocks = [
            ("mock_testing_fallbacks", fields.mock_fallbacks, MockFailure::Error),
            ("mock_testing_context_fallbacks", fields.mock_context_fallbacks, MockFailure::ContextWindow),
            ("mock_testing_content_policy_fallbacks", fields.mock_content_policy_fallbacks, MockFailure::ContentPolicy),
            ("mock_testing_rate_limit_error", fields.mock_rate_limit_error, MockFailure::RateLimit),
        ];
        let mut mock_failure = None;
        for (name, value, failure) in mocks {
            mock_failure = mock_failure.or(flag(name, value)?.then_some(failure));
        }
        let timeout = seconds("timeout", fields.timeout)?;
        Ok(Self {
            timeout: timeout.or(seconds("request_timeout", fields.request_timeout)?),
            stream_timeout: seconds("stream_timeout", fields.stream_timeout)?,
            num_retries: retries(fields.num_retries)?,
            fallbacks: models("fallbacks", fields.fallbacks, model)?,
            context_window_fallbacks: models("context_window_fallbacks", fields.context_window_fallbacks, model)?,
            content_policy_fallbacks: models("content_policy_fallbacks", fields.content_policy_fallbacks, model)?,
            disable_fallbacks: flag("disable_fallbacks", fields.disable_fallbacks)?,
            mock_failure,
        })
    }

    /// A time in seconds, as bodies and headers have it; `None` where it is none.
    #[must_use]
    pub fn duration(seconds: f64) -> Option<Duration> {
        let is_sound = seconds > 0.0 && seconds <= SECONDS_MAX;
        is_sound.then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()
    }

    /// A number of retries, if a client may ask for so many.
    #[must_use]
    pub fn retries(count: u32) -> Option<u32> {
        (count <= RETRIES_MAX).then_some(count)
    }
}

fn seconds(param: &'static str, value: Option<&RawValue>) -> Result<Option<Duration>, RequestError> {
    const EXPECTED: &str = "a number of seconds above 0, at most 86400";
    let seconds: Option<f64> = read(param, EXPECTED, value)?;
    seconds.map(|seconds| RoutingParams::duration(seconds).ok_or_else(|| wrong(param, EXPECTED))).transpose()
}

fn retries(value: Option<&RawValue>) -> Result<Option<u32>, RequestError> {
    const EXPECTED: &str = "a whole number from 0 to 10";
    let count: Option<u32> = read("num_retries", EXPECTED, value)?;
    count.map(|count| RoutingParams::retries(count).ok_or_else(|| wrong("num_retries", EXPECTED))).transpose()
}

/// The models that stand in for `model`: names, `{"model": name}`, or `{group: [names]}` as in the configuration, of which
/// those for `model` or for any group hold.
fn models(param: &'static str, value: Option<&RawValue>, model: &str) -> Result<Option<Vec<String>>, RequestError> {
    const EXPECTED: &str = "a list of at most 10 names of models, or of maps from a model to such a list";
    let Some(listed) = read::<Vec<Value>>(param, EXPECTED, value)? else { return Ok(None) };
    let mut names = Vec::new();
    for entry in &listed {
        names.extend(named(entry, model).ok_or_else(|| wrong(param, EXPECTED))?);
    }
    if names.len() > FALLBACKS_MAX {
        return Err(wrong(param, EXPECTED));
    }
    Ok(Some(names))
}

/// What one entry of the list names; `None` where it is wrong.
fn named(entry: &Value, model: &str) -> Option<Vec<String>> {
    match entry {
        Value::String(name) => Some(vec![name.clone()]),
        Value::Object(map) => match (map.len(), map.get("model")) {
            (1, Some(Value::String(name))) => Some(vec![name.clone()]),
            _ => {
                let texts = |names: &Value| -> Option<Vec<String>> {
                    names.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
                };
                let groups: Option<Vec<(&String, Vec<String>)>> =
                    map.iter().map(|(group, names)| Some((group, texts(names)?))).collect();
                let meant = groups?.into_iter().filter(|(group, _)| *group == model || *group == ANY_GROUP);
                Some(meant.flat_map(|(_, names)| names).collect())
            }
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_of(body: &str) -> Result<RoutingParams, RequestError> {
        super::super::ChatRequest::parse(body.as_bytes(), None).map(|request| request.routing)
    }

    fn with(members: &str) -> Result<RoutingParams, RequestError> {
        read_of(&format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],{members}}}"#))
    }

    #[test]
    fn names_maps_and_single_models_stand_in() {
        let read = with(r#""fallbacks":["a",{"model":"b"},{"m":["c"],"other":["x"]},{"*":["d"]}]"#).unwrap();
        assert_eq!(read.fallbacks.unwrap(), ["a", "b", "c", "d"]);
        assert_eq!(with(r#""fallbacks":null"#).unwrap(), RoutingParams::default());
    }

    #[test]
    fn times_are_seconds_and_the_shorter_name_wins() {
        let read = with(r#""timeout":1.5,"request_timeout":9,"stream_timeout":2,"num_retries":0"#).unwrap();
        assert_eq!(read.timeout, Some(Duration::from_millis(1500)));
        assert_eq!(read.stream_timeout, Some(Duration::from_secs(2)));
        assert_eq!(read.num_retries, Some(0));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (members, param) in [
            (r#""timeout":0"#, "timeout"),
            (r#""timeout":"soon""#, "timeout"),
            (r#""stream_timeout":-1"#, "stream_timeout"),
            (r#""request_timeout":1e9"#, "request_timeout"),
            (r#""num_retries":11"#, "num_retries"),
            (r#""num_retries":1.5"#, "num_retries"),
            (r#""fallbacks":"a""#, "fallbacks"),
            (r#""fallbacks":[1]"#, "fallbacks"),
            (r#""fallbacks":[{"m":"a"}]"#, "fallbacks"),
            (r#""fallbacks":["1","2","3","4","5","6","7","8","9","10","11"]"#, "fallbacks"),
            (r#""disable_fallbacks":"yes""#, "disable_fallbacks"),
            (r#""mock_testing_fallbacks":1"#, "mock_testing_fallbacks"),
        ] {
            assert_eq!(with(members).unwrap_err().param.as_deref(), Some(param), "{members}");
        }
    }

    #[test]
    fn the_first_failure_asked_for_holds() {
        let read = with(r#""mock_testing_fallbacks":false,"mock_testing_rate_limit_error":true"#).unwrap();
        assert_eq!(read.mock_failure, Some(MockFailure::RateLimit));
    }
}
