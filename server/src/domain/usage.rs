//! What one call used, normalised: the legs never overlap, so nothing is priced twice or not at all.

use serde::{Deserialize, Serialize};

/// Tokens of one call, and what is counted otherwise. Providers report overlapping counts (OpenAI counts cached tokens
/// inside the prompt); whoever builds a `Usage` takes them apart first. What a provider counts as tokens is in no other
/// leg: sound that was transcribed is `input_audio` or `audio_ms`, a picture that was made `output_image` or `images`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Text read by the model and not served from the provider's cache.
    pub input: u64,
    /// Prompt tokens served from the provider's cache.
    pub cache_read: u64,
    /// Prompt tokens written to the provider's cache for five minutes (or for its only lifetime).
    pub cache_write_5m: u64,
    /// Prompt tokens written to the provider's cache for one hour.
    pub cache_write_1h: u64,
    /// Audio tokens read.
    pub input_audio: u64,
    /// Image tokens read.
    pub input_image: u64,
    /// Text written, without reasoning.
    pub output: u64,
    /// Reasoning tokens written, shown or not.
    pub reasoning: u64,
    /// Audio tokens written.
    pub output_audio: u64,
    /// Image tokens written.
    pub output_image: u64,
    /// Characters of text read aloud.
    #[serde(skip_serializing_if = "is_zero")]
    pub characters: u64,
    /// Sound listened to, in milliseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_ms: u64,
    /// Searches, among documents or of the web, as the provider counts them.
    #[serde(skip_serializing_if = "is_zero")]
    pub queries: u64,
    /// Sound made, in milliseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub output_audio_ms: u64,
    /// Pictures made.
    #[serde(skip_serializing_if = "is_zero")]
    pub images: u64,
}

/// What few calls have takes no room in the spool.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Usage {
    /// Every token the model read. Saturates.
    #[must_use]
    pub fn prompt_tokens(&self) -> u64 {
        sum([self.input, self.cache_read, self.cache_write_5m, self.cache_write_1h, self.input_audio, self.input_image])
    }

    /// Every token the model wrote. Saturates.
    #[must_use]
    pub fn completion_tokens(&self) -> u64 {
        sum([self.output, self.reasoning, self.output_audio, self.output_image])
    }

    /// The same where at least `tokens` were written: those that are not accounted for are text.
    #[must_use]
    pub fn with_written(self, tokens: u64) -> Self {
        let missing = tokens.saturating_sub(self.completion_tokens());
        Self { output: self.output.saturating_add(missing), ..self }
    }

    /// Of each leg the larger figure, of two that are told of the same answer.
    #[must_use]
    pub fn largest(self, other: Self) -> Self {
        Self {
            input: self.input.max(other.input),
            cache_read: self.cache_read.max(other.cache_read),
            cache_write_5m: self.cache_write_5m.max(other.cache_write_5m),
            cache_write_1h: self.cache_write_1h.max(other.cache_write_1h),
            input_audio: self.input_audio.max(other.input_audio),
            input_image: self.input_image.max(other.input_image),
            output: self.output.max(other.output),
            reasoning: self.reasoning.max(other.reasoning),
            output_audio: self.output_audio.max(other.output_audio),
            output_image: self.output_image.max(other.output_image),
            characters: self.characters.max(other.characters),
            audio_ms: self.audio_ms.max(other.audio_ms),
            queries: self.queries.max(other.queries),
            output_audio_ms: self.output_audio_ms.max(other.output_audio_ms),
            images: self.images.max(other.images),
        }
    }

    /// The same where the provider had cached nothing: what was read from its cache and written to it is read like the
    /// rest. The prompt stays as long, so the same rates hold.
    #[must_use]
    pub fn uncached(self) -> Self {
        let input = sum([self.input, self.cache_read, self.cache_write_5m, self.cache_write_1h]);
        Self { input, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0, ..self }
    }

    /// Every token of the call. Saturates.
    #[must_use]
    pub fn total_tokens(&self) -> u64 {
        self.prompt_tokens().saturating_add(self.completion_tokens())
    }

    /// What is not counted in tokens, by name, without what there is none of.
    pub fn units(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let units = [
            ("characters", self.characters),
            ("audio_ms", self.audio_ms),
            ("queries", self.queries),
            ("output_audio_ms", self.output_audio_ms),
            ("images", self.images),
        ];
        units.into_iter().filter(|(_, count)| *count > 0)
    }
}

fn sum<const N: usize>(legs: [u64; N]) -> u64 {
    legs.into_iter().fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units() -> Usage {
        Usage {
            characters: 1024,
            audio_ms: 2048,
            queries: 4096,
            output_audio_ms: 8192,
            images: 16384,
            ..Usage::default()
        }
    }

    #[test]
    fn every_leg_is_counted_once() {
        let usage = Usage {
            input: 1,
            cache_read: 2,
            cache_write_5m: 4,
            cache_write_1h: 8,
            input_audio: 16,
            input_image: 32,
            output: 64,
            reasoning: 128,
            output_audio: 256,
            output_image: 512,
            ..units()
        };
        assert_eq!(usage.prompt_tokens(), 63);
        assert_eq!(usage.completion_tokens(), 960);
        assert_eq!(usage.total_tokens(), 1023);
    }

    #[test]
    fn what_is_no_token_has_a_name() {
        assert_eq!(units().total_tokens(), 0);
        let named: Vec<_> = units().units().collect();
        let expected =
            [("characters", 1024), ("audio_ms", 2048), ("queries", 4096), ("output_audio_ms", 8192), ("images", 16384)];
        assert_eq!(named, expected);
        assert_eq!(Usage { input: 1, ..Usage::default() }.units().count(), 0);
    }

    #[test]
    fn what_was_written_is_never_less_than_counted() {
        let usage = Usage { input: 5, output: 1, reasoning: 2, ..Usage::default() };
        assert_eq!(usage.with_written(10), Usage { output: 8, ..usage });
        assert_eq!(usage.with_written(3), usage);
    }

    #[test]
    fn counts_saturate() {
        let usage = Usage { input: u64::MAX, output: 1, ..Usage::default() };
        assert_eq!(usage.total_tokens(), u64::MAX);
    }

    #[test]
    fn missing_legs_read_as_zero() {
        let usage: Usage = serde_json::from_str(r#"{"input":3}"#).unwrap();
        assert_eq!(usage, Usage { input: 3, ..Usage::default() });
        for usage in [usage, units()] {
            let written = serde_json::to_string(&usage).unwrap();
            assert_eq!(serde_json::from_str::<Usage>(&written).unwrap(), usage);
        }
    }
}
