//! What a key or team says of how its calls are routed: `router_settings` in LiteLLM's words.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::config::Fallbacks;

/// Tries after the first that may be asked for.
const RETRIES_MAX: u64 = 10;
/// The longest time for a call, in seconds: a day.
const SECONDS_MAX: f64 = 86_400.0;

/// Settings that go before the gateway's, and after those of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutingOverrides {
    /// Tries after the first.
    pub num_retries: Option<u32>,
    /// The time a call may take over all attempts.
    pub timeout: Option<Duration>,
    /// What stands in for models that fail. Each kind that is not empty goes before the gateway's.
    pub fallbacks: Fallbacks,
}

impl RoutingOverrides {
    /// Reads `router_settings`; what is not known there is left alone.
    ///
    /// # Errors
    /// What is wrong, with the name of the setting.
    pub fn read(settings: &Map<String, Value>) -> Result<Self, String> {
        let chains = |name: &str| match settings.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(value) => {
                chains(value).ok_or_else(|| format!("{name}: expected a list such as [{{\"gpt-4o\": [\"claude\"]}}]"))
            }
        };
        let expected = "default_fallbacks: expected a list of names of models";
        Ok(Self {
            num_retries: num_retries(settings)?,
            timeout: timeout(settings)?,
            fallbacks: Fallbacks {
                general: chains("fallbacks")?,
                context_window: chains("context_window_fallbacks")?,
                content_policy: chains("content_policy_fallbacks")?,
                default: match settings.get("default_fallbacks") {
                    None | Some(Value::Null) => Vec::new(),
                    Some(value) => names(value).ok_or(expected)?,
                },
            },
        })
    }
}

fn num_retries(settings: &Map<String, Value>) -> Result<Option<u32>, String> {
    let Some(value) = settings.get("num_retries").filter(|value| !value.is_null()) else { return Ok(None) };
    let count = value.as_u64().filter(|count| *count <= RETRIES_MAX).and_then(|count| u32::try_from(count).ok());
    count.map(Some).ok_or_else(|| format!("num_retries: expected a whole number from 0 to {RETRIES_MAX}"))
}

fn timeout(settings: &Map<String, Value>) -> Result<Option<Duration>, String> {
    let Some(value) = settings.get("timeout").filter(|value| !value.is_null()) else { return Ok(None) };
    let seconds = value.as_f64().filter(|seconds| *seconds > 0.0 && *seconds <= SECONDS_MAX);
    let timeout = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    timeout.map(Some).ok_or_else(|| format!("timeout: expected seconds above 0, at most {SECONDS_MAX}"))
}

/// A list of maps, each from a model to those that stand in for it.
fn chains(value: &Value) -> Option<Vec<(String, Vec<String>)>> {
    let mut chains = Vec::new();
    for entry in value.as_array()? {
        for (model, targets) in entry.as_object()? {
            chains.push((model.clone(), names(targets)?));
        }
    }
    Some(chains)
}

fn names(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(settings: Value) -> Result<RoutingOverrides, String> {
        RoutingOverrides::read(settings.as_object().unwrap())
    }

    #[test]
    fn settings_are_read_and_others_left_alone() {
        let settings = json!({"num_retries": 1, "timeout": 2.5, "fallbacks": [{"a": ["b", "c"]}],
            "context_window_fallbacks": null, "default_fallbacks": ["d"], "routing_strategy": "least-busy"});
        let read = read(settings).unwrap();
        assert_eq!((read.num_retries, read.timeout), (Some(1), Some(Duration::from_millis(2500))));
        assert_eq!(read.fallbacks.general, [("a".to_owned(), vec!["b".to_owned(), "c".to_owned()])]);
        assert_eq!(read.fallbacks.default, ["d"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (settings, name) in [
            (json!({"num_retries": 11}), "num_retries"),
            (json!({"num_retries": "two"}), "num_retries"),
            (json!({"timeout": 0}), "timeout"),
            (json!({"fallbacks": {"a": ["b"]}}), "fallbacks"),
            (json!({"content_policy_fallbacks": [{"a": "b"}]}), "content_policy_fallbacks"),
            (json!({"default_fallbacks": [1]}), "default_fallbacks"),
        ] {
            assert!(read(settings).unwrap_err().starts_with(name), "{name}");
        }
    }
}
