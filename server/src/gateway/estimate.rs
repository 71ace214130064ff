//! The most a call can cost, before it is made.

use std::sync::Arc;

use bytes::Bytes;
use memchr::memmem;
use tollgate_openapi::money::NanoUsd;

use crate::domain::price::{OutputKinds, Prices, ServiceTier};
use crate::domain::usage::Usage;
use crate::provider::openai::ChatRequest;
use crate::provider::tokens::{self, Media, PromptTokens};
use crate::router::{Deployment, Need};

/// Tokens an answer may have where neither the client nor the catalog sets a limit.
const OUTPUT_TOKENS_UNKNOWN: u64 = 32_768;
/// Other tokenizers than the one we count with may need this much more, as a fraction.
const TOKENIZER_MARGIN: (u64, u64) = (13, 10);

/// Tokens a document may have that the provider keeps, where it is not known how much its model can read.
const INPUT_TOKENS_UNKNOWN: u64 = 1_000_000;

/// Upper bounds of a call's tokens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Input tokens.
    input: u64,
    /// The client's own limit of output tokens, in each choice.
    output: Option<u64>,
    /// Answers asked for.
    choices: u64,
    /// What else than text is read.
    reads: Reads,
    /// Kinds of answer asked for.
    kinds: OutputKinds,
    /// What the deployments that may be called take.
    takes: Takes,
    /// What is paid for besides text: known from the request.
    units: Usage,
    /// The processing tier asked for.
    tier: ServiceTier,
    /// It may cost something though no price is known.
    is_costly: bool,
    /// The provider is not told of a lower limit: what the call can take cannot be made less.
    is_fixed: bool,
}

/// Kinds of input that may have prices of their own.
#[derive(Clone, Copy, Debug, Default)]
struct Reads {
    audio: bool,
    images: bool,
    /// What is not in the body, and may be as long as the model can read.
    unknown: bool,
    /// The provider is asked to keep it for an hour.
    cached_long: bool,
}

/// The most that any of some deployments takes, in tokens.
#[derive(Clone, Copy, Debug)]
struct Takes {
    /// For an image.
    image: u64,
    /// For everything: a document whose size is not known cannot have more.
    input: u64,
}

/// Searches of the web that a call is reckoned to make where it may make any: as many as OpenAI's largest search context
/// becomes at Anthropic. Providers that are given no limit may make more.
const SEARCHES_MAX: u64 = 10;

impl Takes {
    fn of(deployments: &[Arc<Deployment>]) -> Self {
        let image = deployments.iter().map(|one| tokens::image_tokens_max(&one.upstream_model)).max();
        let input = deployments.iter().map(|one| one.max_input_tokens.unwrap_or(INPUT_TOKENS_UNKNOWN)).max();
        Self { image: image.unwrap_or(0), input: input.unwrap_or(0) }
    }

    /// The whole input, given its text and the rest.
    fn bound(self, text: u64, media: Media) -> u64 {
        let sized = text.saturating_add(media.tokens(self.image));
        if media.has_unknown { sized.max(self.input) } else { sized }
    }
}

impl Bounds {
    /// Bounds that cost little to find: a token is a byte at least, and an image sent by address as dear as any.
    pub(super) fn cheap(request: &ChatRequest, body: &Bytes, deployments: &[Arc<Deployment>]) -> Self {
        let has = |text: &str| memmem::find(body, text.as_bytes()).is_some();
        let mut media = cheap_media(body);
        // What is found is read, too.
        let searches = has("\"web_search_options\"") || has("\"web_search_20");
        let reads_unknown = request.reads_unknown || searches;
        media.has_unknown |= reads_unknown;
        let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let takes = Takes::of(deployments);
        let writes_audio = has("\"modalities\"") && has("\"audio\"");
        Self {
            input: takes.bound(bytes, media),
            output: request.max_output_tokens,
            choices: request.choices,
            reads: Reads {
                audio: writes_audio || media.audio > 0,
                images: media.images > 0,
                unknown: reads_unknown,
                cached_long: has("\"1h\""),
            },
            kinds: OutputKinds { audio: writes_audio, image: false },
            takes,
            units: Usage { queries: if searches { SEARCHES_MAX } else { 0 }, ..Usage::default() },
            tier: request.service_tier,
            is_costly: false,
            is_fixed: false,
        }
    }

    /// Bounds of a prompt whose tokens are known.
    pub(super) fn known(request: &ChatRequest, input: u64) -> Self {
        Self {
            input,
            output: request.max_output_tokens,
            choices: request.choices,
            reads: Reads::default(),
            kinds: OutputKinds::default(),
            takes: Takes::of(&[]),
            units: Usage::default(),
            tier: request.service_tier,
            is_costly: false,
            is_fixed: false,
        }
    }

    /// Bounds of a call that is no conversation: of its text, whose tokens are bytes at most, and of what else `units`
    /// say. It writes no text beyond `output` tokens.
    pub(super) fn task(text_bytes: usize, output: u64, units: Usage, deployments: &[Arc<Deployment>]) -> Self {
        Self {
            input: u64::try_from(text_bytes).unwrap_or(u64::MAX),
            output: Some(output),
            choices: 1,
            reads: Reads::default(),
            kinds: OutputKinds::default(),
            takes: Takes::of(deployments),
            units,
            tier: ServiceTier::Standard,
            is_costly: false,
            is_fixed: true,
        }
    }

    /// The same of a body in any form, whose words tell what it may have besides text, and in this tier.
    pub(super) fn reading(self, body: &[u8], tier: ServiceTier) -> Self {
        let has = |text: &str| memmem::find(body, text.as_bytes()).is_some();
        let reads = Reads { audio: has("audio"), images: has("image"), unknown: false, cached_long: has("1h") };
        Self { reads, tier, ..self }
    }

    /// The same of a call that may cost something though no price is known: it needs money to be left.
    pub(super) const fn costly(self) -> Self {
        Self { is_costly: true, ..self }
    }

    /// Whether what the call can take cannot be made less.
    pub(super) const fn is_fixed(&self) -> bool {
        self.is_fixed
    }

    /// Whether the call may cost something though no price is known.
    pub(super) const fn is_costly(&self) -> bool {
        self.is_costly
    }

    /// The same with the input counted, which is worth its time where the outcome depends on it.
    pub(super) async fn counted(self, body: Bytes) -> Self {
        let counted = tokio::task::spawn_blocking(move || tokens::count_parts(&body)).await;
        counted.map_or(self, |counted| self.with_counted(counted))
    }

    fn with_counted(self, counted: PromptTokens) -> Self {
        let (times, by) = TOKENIZER_MARGIN;
        let text = counted.text.saturating_mul(times).div_ceil(by);
        let media = Media { has_unknown: counted.media.has_unknown || self.reads.unknown, ..counted.media };
        Self { input: self.input.min(self.takes.bound(text, media)), ..self }
    }

    /// The same with at most `limit` output tokens in each choice.
    pub(super) fn clamped(self, limit: u64) -> Self {
        Self { output: Some(self.output.map_or(limit, |output| output.min(limit))), ..self }
    }

    /// Output tokens that each answer may have, where that is limited.
    pub(super) const fn allowed_output(&self) -> Option<u64> {
        self.output
    }

    /// Input tokens at most.
    pub(super) const fn input(&self) -> u64 {
        self.input
    }

    /// Tokens the call needs when each of its answers is `output` tokens long.
    pub(super) fn tokens(&self, output: u64) -> u64 {
        let text = self.input.saturating_add(output.saturating_mul(self.choices));
        text.saturating_add(self.units.total_tokens())
    }

    /// What the call is reckoned to take where its answers are as long as `usual` or as any of `deployments` may give.
    pub(super) fn need(&self, usual: u64, deployments: &[Arc<Deployment>]) -> Need {
        let tokens = self.tokens(usual.min(self.longest(deployments)));
        Need { input: self.input, output: tokens.saturating_sub(self.input) }
    }

    /// The longest answer that any of `deployments` may give, in tokens, of each choice.
    pub(super) fn longest(&self, deployments: &[Arc<Deployment>]) -> u64 {
        deployments.iter().map(|deployment| self.longest_of(deployment)).max().unwrap_or(0)
    }

    /// The most the call can cost on the dearest of `deployments`; zero where none has a price.
    pub(super) fn cost(&self, deployments: &[Arc<Deployment>]) -> NanoUsd {
        let cost = |deployment: &Arc<Deployment>| {
            let prices = deployment.prices.as_ref()?;
            let output = self.longest_of(deployment).saturating_mul(self.choices);
            Some(self.cost_at(prices, output))
        };
        let least = if self.is_costly { NanoUsd(1) } else { NanoUsd::ZERO };
        deployments.iter().filter_map(cost).fold(least, NanoUsd::max)
    }

    fn cost_at(&self, prices: &Prices, output: u64) -> NanoUsd {
        let input = Usage { input: self.input, ..self.units };
        let legs = [
            Usage { output, ..input },
            Usage { reasoning: output, ..input },
            Usage { output_audio: if self.kinds.audio { output } else { 0 }, ..input },
        ];
        let cost = |usage: Usage| prices.cost(&usage, self.tier);
        let written = legs.into_iter().map(cost).max().unwrap_or(NanoUsd::ZERO);
        // What is read may turn out to be written to the cache, or to be audio, which may be dearer than text.
        let text = cost(input);
        let Reads { audio, images, cached_long, .. } = self.reads;
        let read_where = |is_read: bool| if is_read { self.input } else { 0 };
        let dearer = [
            Usage { cache_write_5m: self.input, ..self.units },
            Usage { cache_write_1h: read_where(cached_long), ..self.units },
            Usage { input_audio: read_where(audio).saturating_add(self.units.input_audio), ..self.units },
            Usage { input_image: read_where(images).saturating_add(self.units.input_image), ..self.units },
        ];
        let read = dearer.into_iter().map(cost).fold(text, NanoUsd::max);
        written + (read - text)
    }

    fn longest_of(&self, deployment: &Deployment) -> u64 {
        let sent = self.output.or(deployment.default_max_tokens);
        sent.or(deployment.max_output_tokens).unwrap_or(OUTPUT_TOKENS_UNKNOWN)
    }

    /// Output tokens that `left` affords in each choice, on the dearest of `deployments`; `None`: any number.
    pub(super) fn affordable_output(&self, left: NanoUsd, deployments: &[Arc<Deployment>]) -> Option<u64> {
        let input = Usage { input: self.input, ..self.units };
        let afforded = |deployment: &Arc<Deployment>| {
            let prices = deployment.prices.as_ref()?;
            let dearer_read = self.cost_at(prices, 0) - prices.cost(&input, self.tier);
            prices.max_output_tokens(left - dearer_read, &input, self.tier, self.kinds)
        };
        let tokens = deployments.iter().filter_map(afforded).min()?;
        Some(tokens / self.choices.max(1))
    }
}

/// What a body may have besides text, found by the names that JSON gives it; its bytes count as text.
fn cheap_media(body: &[u8]) -> Media {
    let finds = |name: &str| memmem::find(body, name.as_bytes()).is_some();
    // Names may be written with escapes of ASCII letters, which nobody does who does not hide something.
    let may_hide = memmem::find_iter(body, b"\\u00").any(|at| matches!(body.get(at + 4), Some(b'0'..=b'7')));
    if may_hide || finds("\"file\"") || finds("\"input_file\"") {
        return tokens::media(body);
    }
    let images = [&b"\"image"[..], b"\"input_image\""].into_iter().map(|name| memmem::find_iter(body, name).count());
    Media {
        images: u64::try_from(images.sum::<usize>()).unwrap_or(u64::MAX),
        audio: u64::from(finds("\"input_audio\"")),
        ..Media::default()
    }
}

#[cfg(test)]
mod tests;
