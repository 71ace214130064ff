//! Usage as OpenAI and its imitators report it, normalised.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::domain::price::ServiceTier;
use crate::domain::usage::Usage;
use crate::provider::chat::answer::{CacheCreation, ServerToolUse};

/// No answer has more tokens of a kind: what a provider claims beyond is its mistake. Sums of many such answers must
/// still fit the database's 64 bits, or the ledger would stop at them.
pub(in crate::provider) const TOKENS_MAX: u64 = 10_000_000_000;

/// OpenAI counts cached and audio tokens inside `prompt_tokens`, and reasoning and audio inside `completion_tokens`.
/// DeepSeek reports cached tokens as `prompt_cache_hit_tokens`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    prompt_cache_hit_tokens: Option<u64>,
    /// LiteLLM's name of what was written to the cache, inside `prompt_tokens`.
    cache_creation_input_tokens: Option<u64>,
    /// LiteLLM's place for what Anthropic's own tools did.
    server_tool_use: Option<ServerToolUse>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    audio_tokens: Option<u64>,
    image_tokens: Option<u64>,
    /// What was written to the cache: OpenAI's since GPT-5.6, and OpenRouter's.
    cache_write_tokens: Option<u64>,
    cache_creation_token_details: Option<CacheCreation>,
}

/// Parts of what was read or written, as operations other than chat name them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Details {
    pub(super) text_tokens: Option<u64>,
    pub(super) cached_tokens: Option<u64>,
    pub(super) audio_tokens: Option<u64>,
    pub(super) image_tokens: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
    audio_tokens: Option<u64>,
    image_tokens: Option<u64>,
}

/// Tokens of which parts are taken.
pub(super) struct Whole(u64);

impl Whole {
    /// What a provider tells of a kind.
    pub(super) fn of(tokens: Option<u64>) -> Self {
        Self(tokens.unwrap_or(0).min(TOKENS_MAX))
    }

    /// What nobody took.
    pub(super) const fn left(&self) -> u64 {
        self.0
    }

    /// Takes a part, as far as there is so much left.
    pub(super) fn take(&mut self, part: Option<u64>) -> u64 {
        let part = part.unwrap_or(0).min(self.0);
        self.0 -= part;
        part
    }
}

impl WireUsage {
    /// Everything that was written. xAI counts reasoning beside `completion_tokens`, which only the total tells.
    fn written(&self) -> u64 {
        let completion = self.completion_tokens.unwrap_or(0);
        let reasoning = self.completion_tokens_details.and_then(|details| details.reasoning_tokens).unwrap_or(0);
        let with_reasoning = completion.saturating_add(reasoning);
        let is_beside = self.total_tokens == Some(with_reasoning.saturating_add(self.prompt_tokens.unwrap_or(0)));
        if is_beside { with_reasoning } else { completion }
    }

    /// Each leg apart. A detail larger than its whole is cut to it: no token is priced twice.
    pub(super) fn normalise(self) -> Usage {
        let mut prompt = Whole::of(self.prompt_tokens);
        let details = self.prompt_tokens_details.unwrap_or_default();
        let cache_read = prompt.take(details.cached_tokens.or(self.prompt_cache_hit_tokens));
        let written = prompt.take(self.cache_creation_input_tokens.or(details.cache_write_tokens));
        let hour = details.cache_creation_token_details.map_or(0, |split| split.ephemeral_1h_input_tokens).min(written);
        let input_audio = prompt.take(details.audio_tokens);
        let input_image = prompt.take(details.image_tokens);
        let mut completion = Whole::of(Some(self.written()));
        let details = self.completion_tokens_details.unwrap_or_default();
        let reasoning = completion.take(details.reasoning_tokens);
        let output_audio = completion.take(details.audio_tokens);
        let output_image = completion.take(details.image_tokens);
        Usage {
            input: prompt.0,
            cache_read,
            cache_write_5m: written - hour,
            cache_write_1h: hour,
            input_audio,
            input_image,
            output: completion.0,
            reasoning,
            output_audio,
            output_image,
            queries: self.server_tool_use.map_or(0, |done| done.web_search_requests.min(TOKENS_MAX)),
            ..Usage::default()
        }
    }
}

/// Usage as it is sent, each leg apart; `None` where it is none.
#[must_use]
pub fn normalised(json: &str) -> Option<Usage> {
    serde_json::from_str::<WireUsage>(json).ok().map(WireUsage::normalise)
}

/// What the ledger wants to know of a whole answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The provider's id of it.
    pub response_id: Option<String>,
    /// Its usage; `None` where the provider did not tell.
    pub usage: Option<Usage>,
    /// The usage as it was sent.
    pub raw_usage: Option<String>,
    /// Text came after the usage was told.
    pub is_usage_early: bool,
    /// The tier it was processed in.
    pub service_tier: Option<ServiceTier>,
}

/// Why a body is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// It is no object of JSON in UTF-8.
    Unreadable,
    /// It reports an error, and nothing else.
    Error,
}

#[derive(Deserialize)]
struct WireAnswer<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    service_tier: Option<Cow<'a, str>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    /// What is said or made, under the names of several protocols.
    #[serde(alias = "output", alias = "content", alias = "candidates", alias = "data", alias = "results")]
    choices: Option<IgnoredAny>,
}

/// Reads a whole answer. What is not JSON, or not an answer, has no usage.
#[must_use]
pub fn read_answer(body: &[u8]) -> Answer {
    serde_json::from_slice(body).map_or_else(|_| Answer::default(), WireAnswer::told)
}

/// Reads a whole answer that should be one, in whatever protocol. One whose members are unusual tells nothing, but is an
/// answer.
///
/// # Errors
/// When it is none.
pub fn read_whole(body: &[u8]) -> Result<Answer, NoAnswer> {
    let text = std::str::from_utf8(body).map_err(|_| NoAnswer::Unreadable)?;
    if !text.trim_ascii_start().starts_with('{') {
        return Err(NoAnswer::Unreadable);
    }
    match serde_json::from_str::<WireAnswer<'_>>(text) {
        Ok(answer) if answer.is_error() => Err(NoAnswer::Error),
        Ok(answer) => Ok(answer.told()),
        Err(error) if error.is_data() => Ok(Answer::default()),
        Err(_) => Err(NoAnswer::Unreadable),
    }
}

impl WireAnswer<'_> {
    fn is_error(&self) -> bool {
        let reports = self.error.is_some_and(|error| !matches!(error.get(), "\"\"" | "false" | "{}"));
        reports && self.choices.is_none()
    }

    fn told(self) -> Answer {
        let usage = self.usage.and_then(|raw| serde_json::from_str::<Option<WireUsage>>(raw.get()).ok().flatten());
        Answer {
            response_id: self.id.map(Cow::into_owned),
            usage: usage.map(WireUsage::normalise),
            raw_usage: usage.and(self.usage).map(|raw| raw.get().to_owned()),
            is_usage_early: false,
            service_tier: self.service_tier.map(|name| ServiceTier::from_name(&name)),
        }
    }
}

/// The texts of a whole answer, to be counted where it has no usage.
#[must_use]
pub fn answer_texts(body: &[u8]) -> Vec<String> {
    let Ok(answer) = serde_json::from_slice::<serde_json::Value>(body) else {
        return Vec::new();
    };
    let choices = answer.get("choices").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    // Of a text that was gone on with, the choice itself is what is said.
    let texts = choices.iter().map(|choice| choice.get("message").unwrap_or(choice)).flat_map(|message| {
        let plain = ["content", "reasoning_content", "refusal", "text"].map(|name| message.get(name));
        let text = plain.into_iter().flatten().filter_map(serde_json::Value::as_str).map(str::to_owned);
        let tools = message.get("tool_calls").filter(|calls| calls.is_array()).map(ToString::to_string);
        text.chain(tools).collect::<Vec<_>>()
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn details_are_taken_out_of_their_wholes() {
        let body = br#"{"id":"c-1","usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
            "prompt_tokens_details":{"cached_tokens":60,"audio_tokens":10},
            "completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":5}}}"#;
        let answer = read_answer(body);
        let expected = Usage {
            input: 30,
            cache_read: 60,
            input_audio: 10,
            output: 25,
            reasoning: 20,
            output_audio: 5,
            ..Usage::default()
        };
        assert_eq!(answer.usage, Some(expected));
        assert_eq!(answer.response_id.as_deref(), Some("c-1"));
    }

    #[test]
    fn deepseeks_cache_hits_are_cached_tokens() {
        let body = br#"{"usage":{"prompt_tokens":100,"completion_tokens":5,"prompt_cache_hit_tokens":64}}"#;
        assert_eq!(read_answer(body).usage.map(|usage| (usage.input, usage.cache_read)), Some((36, 64)));
    }

    #[test]
    fn what_was_written_to_the_cache_is_apart() {
        let body = br#"{"usage":{"prompt_tokens":5000,"completion_tokens":5,
            "prompt_tokens_details":{"cached_tokens":1000,"cache_write_tokens":3207}}}"#;
        let usage = read_answer(body).usage.unwrap();
        assert_eq!((usage.input, usage.cache_read, usage.cache_write_5m), (793, 1000, 3207));
    }

    #[test]
    fn reasoning_beside_the_completion_is_counted_too() {
        let body = br#"{"usage":{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,
            "completion_tokens_details":{"reasoning_tokens":94}}}"#;
        assert_eq!(read_answer(body).usage.map(|usage| (usage.output, usage.reasoning)), Some((9, 94)));
        let body = br#"{"usage":{"prompt_tokens":32,"completion_tokens":103,"total_tokens":135,
            "completion_tokens_details":{"reasoning_tokens":94}}}"#;
        assert_eq!(read_answer(body).usage.map(|usage| (usage.output, usage.reasoning)), Some((9, 94)));
    }

    #[test]
    fn an_explicit_zero_is_zero_and_nothing_is_nothing() {
        let zero = read_answer(br#"{"usage":{"prompt_tokens":0,"completion_tokens":0}}"#);
        assert_eq!(zero.usage, Some(Usage::default()));
        assert_eq!(read_answer(br#"{"usage":null}"#).usage, None);
        assert_eq!(read_answer(b"<html>").usage, None);
    }

    proptest! {
        #[test]
        fn no_token_is_priced_twice_or_not_at_all(
            prompt in 0u64..1000, completion in 0u64..1000, cached in 0u64..2000, audio in 0u64..2000, reasoning in 0u64..2000,
        ) {
            let body = format!(
                r#"{{"usage":{{"prompt_tokens":{prompt},"completion_tokens":{completion},
                "prompt_tokens_details":{{"cached_tokens":{cached},"audio_tokens":{audio}}},
                "completion_tokens_details":{{"reasoning_tokens":{reasoning},"audio_tokens":{audio}}}}}}}"#
            );
            let usage = read_answer(body.as_bytes()).usage.unwrap();
            prop_assert_eq!(usage.prompt_tokens(), prompt);
            prop_assert_eq!(usage.completion_tokens(), completion);
        }
    }
}
