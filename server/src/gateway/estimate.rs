//! The most a call can cost, before it is made.

use std::sync::Arc;

use bytes::Bytes;
use memchr::memmem;
use tollgate_openapi::money::NanoUsd;

use crate::domain::price::{OutputKinds, Prices};
use crate::domain::usage::Usage;
use crate::provider::openai::ChatRequest;
use crate::provider::tokens::{self, IMAGE_TOKENS_MAX};
use crate::router::Deployment;

/// Tokens an answer may have where neither the client nor the catalog sets a limit.
const OUTPUT_TOKENS_UNKNOWN: u64 = 32_768;
/// Other tokenizers than the one we count with may need this much more, as a fraction.
const TOKENIZER_MARGIN: (u64, u64) = (13, 10);

/// Upper bounds of a call's tokens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Input tokens.
    input: u64,
    /// The client's own limit of output tokens, in each choice.
    output: Option<u64>,
    /// Answers asked for.
    choices: u64,
    /// Kinds of answer asked for.
    kinds: OutputKinds,
}

impl Bounds {
    /// Bounds that cost nothing to find: a token is a byte at least, and an image sent by address as dear as any.
    pub(super) fn cheap(request: &ChatRequest, body: &Bytes) -> Self {
        let images = memmem::find_iter(body, b"\"image_url\"").count();
        let images = u64::try_from(images).unwrap_or(u64::MAX).saturating_mul(IMAGE_TOKENS_MAX);
        let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let has_audio = memmem::find(body, b"\"modalities\"").is_some() && memmem::find(body, b"\"audio\"").is_some();
        Self {
            input: bytes.saturating_add(images),
            output: request.max_output_tokens,
            choices: request.choices,
            kinds: OutputKinds { audio: has_audio, image: false },
        }
    }

    /// Bounds of a prompt whose tokens are known.
    pub(super) const fn known(request: &ChatRequest, input: u64) -> Self {
        Self {
            input,
            output: request.max_output_tokens,
            choices: request.choices,
            kinds: OutputKinds { audio: false, image: false },
        }
    }

    /// The same with the input counted, which is worth its time where the outcome depends on it.
    pub(super) async fn counted(self, body: Bytes) -> Self {
        let counted = tokio::task::spawn_blocking(move || tokens::count_prompt(&body)).await.unwrap_or(self.input);
        let (times, by) = TOKENIZER_MARGIN;
        Self { input: self.input.min(counted.saturating_mul(times).div_ceil(by)), ..self }
    }

    /// The same with at most `limit` output tokens in each choice.
    pub(super) fn clamped(self, limit: u64) -> Self {
        Self { output: Some(self.output.map_or(limit, |output| output.min(limit))), ..self }
    }

    /// Input tokens at most.
    pub(super) const fn input(&self) -> u64 {
        self.input
    }

    /// Tokens the call needs when each of its answers is `output` tokens long.
    pub(super) const fn tokens(&self, output: u64) -> u64 {
        self.input.saturating_add(output.saturating_mul(self.choices))
    }

    /// The longest answer that any of `deployments` may give, in tokens, of each choice.
    pub(super) fn longest(&self, deployments: &[Arc<Deployment>]) -> u64 {
        deployments.iter().map(|deployment| self.longest_of(deployment)).max().unwrap_or(0)
    }

    /// The most the call can cost on the dearest of `deployments`; zero where none has a price.
    pub(super) fn cost(&self, request: &ChatRequest, deployments: &[Arc<Deployment>]) -> NanoUsd {
        let cost = |deployment: &Arc<Deployment>| {
            let prices = deployment.prices.as_ref()?;
            let output = self.longest_of(deployment).saturating_mul(self.choices);
            Some(self.cost_at(request, prices, output))
        };
        deployments.iter().filter_map(cost).max().unwrap_or(NanoUsd::ZERO)
    }

    fn cost_at(&self, request: &ChatRequest, prices: &Prices, output: u64) -> NanoUsd {
        let input = Usage { input: self.input, ..Usage::default() };
        let legs = [
            Usage { output, ..input },
            Usage { reasoning: output, ..input },
            Usage { output_audio: if self.kinds.audio { output } else { 0 }, ..input },
        ];
        let cost = |usage: Usage| prices.cost(&usage, request.service_tier);
        let written = legs.into_iter().map(cost).max().unwrap_or(NanoUsd::ZERO);
        // What is read may turn out to be written to the cache, or to be audio, which may be dearer than text.
        let text = cost(input);
        let dearer = [
            Usage { cache_write_5m: self.input, ..Usage::default() },
            Usage { input_audio: if self.kinds.audio { self.input } else { 0 }, ..Usage::default() },
        ];
        let read = dearer.into_iter().map(cost).fold(text, NanoUsd::max);
        written + (read - text)
    }

    fn longest_of(&self, deployment: &Deployment) -> u64 {
        let sent = self.output.or(deployment.default_max_tokens);
        sent.or(deployment.max_output_tokens).unwrap_or(OUTPUT_TOKENS_UNKNOWN)
    }

    /// Output tokens that `left` affords in each choice, on the dearest of `deployments`; `None`: any number.
    pub(super) fn affordable_output(
        &self,
        left: NanoUsd,
        request: &ChatRequest,
        deployments: &[Arc<Deployment>],
    ) -> Option<u64> {
        let input = Usage { input: self.input, ..Usage::default() };
        let afforded = |deployment: &Arc<Deployment>| {
            let prices = deployment.prices.as_ref()?;
            let dearer_read = self.cost_at(request, prices, 0) - prices.cost(&input, request.service_tier);
            prices.max_output_tokens(left - dearer_read, &input, request.service_tier, self.kinds)
        };
        let tokens = deployments.iter().filter_map(afforded).min()?;
        Some(tokens / self.choices.max(1))
    }
}
