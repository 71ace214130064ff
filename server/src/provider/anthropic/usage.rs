//! Usage as Anthropic reports it: `input_tokens` has neither what was read from its cache nor what was written to it.

use serde::{Deserialize, Serialize};

use crate::domain::usage::Usage;
use crate::provider::chat::answer::{CacheCreation, ServerToolUse};
use crate::provider::openai::usage::TOKENS_MAX;

/// As it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are Anthropic's, documented there")]
pub struct WireUsage {
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub cache_creation_input_tokens: Option<u64>,
    pub cache_read_input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_creation: Option<CacheCreation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// Searches of the web are billed one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_tool_use: Option<ServerToolUse>,
}

impl WireUsage {
    /// Each leg apart.
    #[must_use]
    pub fn normalise(&self) -> Usage {
        let count = |tokens: Option<u64>| tokens.unwrap_or(0).min(TOKENS_MAX);
        let written = count(self.cache_creation_input_tokens);
        // Without a split, or with one that has less, the rest was written for five minutes: Anthropic's default.
        let hour = self.cache_creation.map_or(0, |split| split.ephemeral_1h_input_tokens).min(written);
        Usage {
            input: count(self.input_tokens),
            cache_read: count(self.cache_read_input_tokens),
            cache_write_5m: written - hour,
            cache_write_1h: hour,
            output: count(self.output_tokens),
            queries: self.server_tool_use.map_or(0, |done| done.web_search_requests.min(TOKENS_MAX)),
            ..Usage::default()
        }
    }

    /// The same with what a later event of the stream says: its figures are those of the whole answer so far.
    #[must_use]
    pub fn updated(self, later: Self) -> Self {
        Self {
            input_tokens: later.input_tokens.or(self.input_tokens),
            output_tokens: later.output_tokens.or(self.output_tokens),
            cache_creation_input_tokens: later.cache_creation_input_tokens.or(self.cache_creation_input_tokens),
            cache_read_input_tokens: later.cache_read_input_tokens.or(self.cache_read_input_tokens),
            cache_creation: later.cache_creation.or(self.cache_creation),
            service_tier: later.service_tier.or(self.service_tier),
            server_tool_use: later.server_tool_use.or(self.server_tool_use),
        }
    }
}

impl From<&Usage> for WireUsage {
    fn from(usage: &Usage) -> Self {
        let written = usage.cache_write_5m.saturating_add(usage.cache_write_1h);
        let apart = usage.cache_read.saturating_add(written);
        let split = CacheCreation {
            ephemeral_5m_input_tokens: usage.cache_write_5m,
            ephemeral_1h_input_tokens: usage.cache_write_1h,
        };
        Self {
            input_tokens: Some(usage.prompt_tokens().saturating_sub(apart)),
            output_tokens: Some(usage.completion_tokens()),
            cache_creation_input_tokens: Some(written),
            cache_read_input_tokens: Some(usage.cache_read),
            cache_creation: (written > 0).then_some(split),
            service_tier: None,
            server_tool_use: (usage.queries > 0).then_some(ServerToolUse { web_search_requests: usage.queries }),
        }
    }
}
