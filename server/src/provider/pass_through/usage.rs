//! What an answer in a provider's own form says of its usage.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::usage::Usage;
use crate::provider::anthropic::usage::WireUsage as AnthropicUsage;
use crate::provider::chat::CompletionUsage;
use crate::provider::openai::usage::normalised;
use crate::provider::{bedrock, cohere, gemini};

/// The usage in an answer, or in an event of a stream; of a list, in its last one that has any.
#[must_use]
pub fn usage_in(answer: &Value) -> Option<Usage> {
    if let Value::Array(events) = answer {
        return events.iter().rev().find_map(usage_in);
    }
    let at = |places: &[&str]| places.iter().find_map(|place| answer.pointer(place)).filter(|found| found.is_object());
    if let Some(usage) = at(&["/usageMetadata", "/response/usageMetadata"]) {
        return gemini::usage_of(usage).and_then(bounded);
    }
    if let Some(metrics) = answer.get("amazon-bedrock-invocationMetrics") {
        return Metrics::deserialize(metrics).ok().map(Metrics::normalise).and_then(bounded);
    }
    if let Some(units) = at(&["/meta/billed_units", "/usage/billed_units", "/response/meta/billed_units"]) {
        let usage = cohere::usage_of(&json!({ "billed_units": units }))?;
        let queries = units.get("search_units").and_then(Value::as_f64).map_or(0, whole);
        return bounded(usage).map(|usage| Usage { queries, ..usage });
    }
    of_named(at(&["/usage", "/response/usage", "/message/usage"])?)
}

/// Usage that is told apart by the names it uses.
fn of_named(usage: &Value) -> Option<Usage> {
    let has = |name: &str| usage.get(name).is_some();
    if has("prompt_tokens") {
        return normalised(&usage.to_string());
    }
    if has("inputTokens") {
        return bedrock::usage_of(usage).and_then(bounded);
    }
    if has("input_tokens_details") {
        return normalised(&in_chats_words(usage).to_string());
    }
    if has("input_tokens") || has("output_tokens") {
        return AnthropicUsage::deserialize(usage).ok().and_then(|usage| bounded(usage.normalise()));
    }
    None
}

/// Usage as OpenAI's later APIs report it, in the words of the older ones.
fn in_chats_words(usage: &Value) -> Value {
    json!({
        "prompt_tokens": usage.get("input_tokens"),
        "completion_tokens": usage.get("output_tokens"),
        "total_tokens": usage.get("total_tokens"),
        "prompt_tokens_details": usage.get("input_tokens_details"),
        "completion_tokens_details": usage.get("output_tokens_details"),
    })
}

/// What Bedrock says at the end of a stream of `InvokeModelWithResponseStream`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metrics {
    input_token_count: u64,
    output_token_count: u64,
    cache_read_input_token_count: u64,
    cache_write_input_token_count: u64,
}

impl Metrics {
    fn normalise(self) -> Usage {
        Usage {
            input: self.input_token_count,
            output: self.output_token_count,
            cache_read: self.cache_read_input_token_count,
            cache_write_5m: self.cache_write_input_token_count,
            ..Usage::default()
        }
    }
}

/// The same within what can be, as all usage is that goes through OpenAI's form.
fn bounded(usage: Usage) -> Option<Usage> {
    normalised(&serde_json::to_string(&CompletionUsage::from(usage)).ok()?)
}

fn whole(count: f64) -> u64 {
    format!("{:.0}", count.clamp(0.0, 1e9)).parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_found_in_every_form() {
        for (answer, expected) in [
            (
                json!({ "usage": { "prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": { "cached_tokens": 4 } } }),
                Usage { input: 6, cache_read: 4, output: 5, ..Usage::default() },
            ),
            (
                json!({ "type": "response.completed", "response": { "usage": { "input_tokens": 10, "output_tokens": 5,
                    "input_tokens_details": { "cached_tokens": 4 }, "output_tokens_details": { "reasoning_tokens": 2 } } } }),
                Usage { input: 6, cache_read: 4, output: 3, reasoning: 2, ..Usage::default() },
            ),
            (
                json!({ "usage": { "input_tokens": 10, "cache_read_input_tokens": 4, "output_tokens": 5 } }),
                Usage { input: 10, cache_read: 4, output: 5, ..Usage::default() },
            ),
            (
                json!([{ "x": 1 }, { "usageMetadata": { "promptTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 2 } }]),
                Usage { input: 10, output: 3, reasoning: 2, ..Usage::default() },
            ),
            (
                json!({ "usage": { "inputTokens": 10, "outputTokens": 5, "cacheWriteInputTokens": 3 } }),
                Usage { input: 10, cache_write_5m: 3, output: 5, ..Usage::default() },
            ),
            (
                json!({ "amazon-bedrock-invocationMetrics": { "inputTokenCount": 10, "outputTokenCount": 5, "invocationLatency": 7 } }),
                Usage { input: 10, output: 5, ..Usage::default() },
            ),
            (
                json!({ "meta": { "billed_units": { "input_tokens": 10.0, "output_tokens": 5 } } }),
                Usage { input: 10, output: 5, ..Usage::default() },
            ),
            (
                json!({ "results": [], "meta": { "billed_units": { "search_units": 2 } } }),
                Usage { queries: 2, ..Usage::default() },
            ),
        ] {
            assert_eq!(usage_in(&answer), Some(expected), "{answer}");
        }
        for nothing in [json!({}), json!([]), json!({ "usage": null }), json!({ "usage": { "x": 1 } }), json!("x")] {
            assert_eq!(usage_in(&nothing), None);
        }
        let absurd = json!({ "usage": { "inputTokens": u64::MAX, "outputTokens": 1 } });
        assert!(usage_in(&absurd).unwrap().input < u64::MAX);
    }
}
