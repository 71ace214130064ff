//! Tokens of a call.
//!
//! Source: Gemini API reference, `UsageMetadata`: `totalTokenCount` is the sum of prompt, candidates, tool use and
//! thoughts. What tools read (`toolUsePromptTokenCount`) is input that is billed beside the prompt.

use super::wire::{ModalityTokenCount, UsageMetadata};
use crate::domain::usage::Usage;

impl UsageMetadata {
    /// Takes over what a later event of a stream says; each count is the whole so far.
    pub(super) fn update(&mut self, later: Self) {
        self.prompt_token_count = later.prompt_token_count.or(self.prompt_token_count);
        self.candidates_token_count = later.candidates_token_count.or(self.candidates_token_count);
        self.thoughts_token_count = later.thoughts_token_count.or(self.thoughts_token_count);
        self.tool_use_prompt_token_count = later.tool_use_prompt_token_count.or(self.tool_use_prompt_token_count);
        self.cached_content_token_count = later.cached_content_token_count.or(self.cached_content_token_count);
        self.total_token_count = later.total_token_count.or(self.total_token_count);
        for (mine, later) in [
            (&mut self.prompt_tokens_details, later.prompt_tokens_details),
            (&mut self.candidates_tokens_details, later.candidates_tokens_details),
            (&mut self.cache_tokens_details, later.cache_tokens_details),
        ] {
            *mine = later.or(mine.take());
        }
        self.traffic_type = later.traffic_type.or(self.traffic_type.take());
    }

    /// Each leg apart; `None` where nothing was counted.
    pub(super) fn normalise(&self) -> Option<Usage> {
        let prompt = self.prompt_token_count?;
        let tools = self.tool_use_prompt_token_count.unwrap_or(0);
        let cache_read = self.cached_content_token_count.unwrap_or(0).min(prompt);
        let mut left = prompt - cache_read;
        let mut take = |modality| {
            let cached = count(self.cache_tokens_details.as_ref(), modality);
            let leg = count(self.prompt_tokens_details.as_ref(), modality).saturating_sub(cached).min(left);
            left -= leg;
            leg
        };
        let (input_audio, input_image) = (take("AUDIO"), take("IMAGE"));
        let reasoning = self.thoughts_token_count.unwrap_or(0);
        let mut written = self.candidates_token_count.unwrap_or(0);
        if self.thoughts_are_candidates(prompt.saturating_add(tools)) {
            written = written.saturating_sub(reasoning);
        }
        let mut take = |modality| {
            let leg = count(self.candidates_tokens_details.as_ref(), modality).min(written);
            written -= leg;
            leg
        };
        let (output_audio, output_image) = (take("AUDIO"), take("IMAGE"));
        Some(Usage {
            input: left.saturating_add(tools),
            cache_read,
            input_audio,
            input_image,
            output: written,
            reasoning,
            output_audio,
            output_image,
            ..Usage::default()
        })
    }

    /// Some models count their thoughts among the candidates, too: the total tells.
    fn thoughts_are_candidates(&self, read: u64) -> bool {
        let candidates = self.candidates_token_count.unwrap_or(0);
        let thoughts = self.thoughts_token_count.unwrap_or(0);
        thoughts > 0 && thoughts <= candidates && self.total_token_count == Some(read.saturating_add(candidates))
    }

    /// The tier the call was served in, in OpenAI's words.
    pub(super) fn service_tier(&self) -> Option<&'static str> {
        match self.traffic_type.as_deref()? {
            "ON_DEMAND_PRIORITY" => Some("priority"),
            "ON_DEMAND_FLEX" => Some("flex"),
            "ON_DEMAND" => Some("default"),
            _ => None,
        }
    }
}

fn count(details: Option<&Vec<ModalityTokenCount>>, modality: &str) -> u64 {
    let of_it = details.into_iter().flatten().filter(|detail| detail.modality == modality);
    of_it.map(|detail| detail.token_count).fold(0, u64::saturating_add)
}
