//! What a call costs: rates per token and per other unit, tiers, and the one place where they become money.

mod image;
pub mod named;
mod overrides;
pub mod rate;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use tollgate_openapi::money::NanoUsd;

use super::usage::Usage;
pub use image::ImagePrice;
pub use rate::{Rate, RateError};

/// Atto-dollars (1e-18 US dollars) in one nano-dollar.
const ATTO_PER_NANO: i128 = 1_000_000_000;

/// Atto-dollars in one femto-dollar. Costs are added up in atto-dollars, so that a rate per second times milliseconds
/// is exact.
const ATTO_PER_FEMTO: i128 = 1000;

/// How urgently the provider was asked to answer; each has prices of its own where the provider has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceTier {
    /// The ordinary one.
    #[default]
    Standard,
    /// Answers within a day.
    Batch,
    /// Slower and cheaper.
    Flex,
    /// Faster and dearer.
    Priority,
}

impl ServiceTier {
    /// The tier named by `service_tier` in a request or an answer; names without prices of their own are standard.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "batch" => Self::Batch,
            "flex" => Self::Flex,
            "priority" => Self::Priority,
            _ => Self::Standard,
        }
    }
}

/// Rates of one model. A leg without a rate falls back: cache reads, audio and images to the text rate of their
/// side, cache writes to the input rate, one-hour writes to five-minute writes, reasoning to the output rate. What is
/// not counted in tokens costs nothing without a rate of its own, but that seconds listened to fall back to seconds
/// made. A model without any rate is free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// Text read.
    pub input: Option<Rate>,
    /// Text written.
    pub output: Option<Rate>,
    /// Read from the provider's cache.
    pub cache_read: Option<Rate>,
    /// Written to the provider's cache for five minutes.
    pub cache_write_5m: Option<Rate>,
    /// Written to the provider's cache for one hour.
    pub cache_write_1h: Option<Rate>,
    /// Audio read.
    pub input_audio: Option<Rate>,
    /// Audio written.
    pub output_audio: Option<Rate>,
    /// Reasoning written.
    pub reasoning: Option<Rate>,
    /// Images read.
    pub input_image: Option<Rate>,
    /// Images written.
    pub output_image: Option<Rate>,
    /// A character read aloud.
    pub per_character: Option<Rate>,
    /// A second of sound listened to.
    pub per_second: Option<Rate>,
    /// A search, among documents or of the web.
    pub per_query: Option<Rate>,
    /// A second of sound made.
    pub per_output_second: Option<Rate>,
    /// A picture made.
    pub per_image: Option<Rate>,
    /// Pictures of a certain quality and size; [`Self::for_image`] finds the one that holds for a call.
    pub images: Vec<ImagePrice>,
    /// Rates of long prompts. They hold for the whole call, not only for what is above the threshold.
    pub tiers: Vec<PriceTier>,
    /// Rates of batches; legs not named fall back to the standard ones.
    pub batch: Option<Box<Prices>>,
    /// Rates of flex processing; legs not named fall back to the standard ones.
    pub flex: Option<Box<Prices>>,
    /// Rates of priority processing; legs not named fall back to the standard ones.
    pub priority: Option<Box<Prices>>,
}

/// Rates that hold once the prompt is longer than a threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceTier {
    /// The tier applies to prompts of more tokens than this.
    pub above_prompt_tokens: u64,
    /// Its rates; legs not named fall back to the next lower tier and at last to the base.
    pub prices: Prices,
}

/// The two halves of a cost; they add up to the whole exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CostParts {
    /// What was read.
    pub input: NanoUsd,
    /// What was written.
    pub output: NanoUsd,
}

impl CostParts {
    /// The cost of the call.
    #[must_use]
    pub fn total(&self) -> NanoUsd {
        self.input + self.output
    }
}

/// What an answer may contain besides text; it decides which rate is the dearest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputKinds {
    /// The answer may contain audio.
    pub audio: bool,
    /// The answer may contain images.
    pub image: bool,
}

impl Prices {
    /// True when no leg of any tier has a rate above zero: nothing to charge, nothing to limit.
    #[must_use]
    pub fn is_free(&self) -> bool {
        let own = [
            self.input,
            self.output,
            self.cache_read,
            self.cache_write_5m,
            self.cache_write_1h,
            self.input_audio,
            self.output_audio,
            self.reasoning,
            self.input_image,
            self.output_image,
            self.per_character,
            self.per_second,
            self.per_query,
            self.per_output_second,
            self.dearest_image(),
        ];
        let variants = [&self.batch, &self.flex, &self.priority];
        own.into_iter().flatten().all(|rate| rate == Rate::ZERO)
            && self.tiers.iter().all(|tier| tier.prices.is_free())
            && variants.into_iter().flatten().all(|p| p.is_free())
    }

    /// What `usage` costs: exact in atto-dollars, rounded once, up. Saturates; never negative.
    #[must_use]
    pub fn cost(&self, usage: &Usage, tier: ServiceTier) -> NanoUsd {
        self.cost_parts(usage, tier).total()
    }

    /// The same cost as [`Self::cost`], with what was read and what was written apart.
    #[must_use]
    pub fn cost_parts(&self, usage: &Usage, tier: ServiceTier) -> CostParts {
        let rates = self.rates(usage.prompt_tokens(), tier);
        let read = rates.read_atto(usage);
        let total = round_up(read.saturating_add(rates.written_atto(usage)));
        let input = round_up(read);
        CostParts { input, output: total - input }
    }

    /// What tokens cost beside a prompt of so many, at the standard tier.
    #[must_use]
    pub fn token_rates(&self, prompt_tokens: u64) -> TokenRates {
        let Rates { input, output, cache_read, cache_write_5m, reasoning, .. } =
            self.rates(prompt_tokens, ServiceTier::Standard);
        TokenRates { input, output, cache_read, cache_write: cache_write_5m, reasoning }
    }

    /// How many output tokens `remaining` affords beside the input of `prompt` (its output legs are not looked at),
    /// whichever kind they turn out to be: text, reasoning, and what `kinds` adds. `None` when output is free;
    /// `Some(0)` when not even the input is affordable.
    #[must_use]
    pub fn max_output_tokens(
        &self,
        remaining: NanoUsd,
        prompt: &Usage,
        tier: ServiceTier,
        kinds: OutputKinds,
    ) -> Option<u64> {
        let rates = self.rates(prompt.prompt_tokens(), tier);
        let left = i128::from(remaining.0).saturating_mul(ATTO_PER_NANO).saturating_sub(rates.read_atto(prompt));
        if left < 0 {
            return Some(0);
        }
        match each(rates.dearest_output(kinds), 1) {
            0 => None,
            rate => Some(u64::try_from(left / rate).unwrap_or(u64::MAX)),
        }
    }

    /// The rates that hold for a prompt of this length, every fallback resolved.
    fn rates(&self, prompt_tokens: u64, tier: ServiceTier) -> Rates {
        let variant = match tier {
            ServiceTier::Standard => None,
            ServiceTier::Batch => self.batch.as_deref(),
            ServiceTier::Flex => self.flex.as_deref(),
            ServiceTier::Priority => self.priority.as_deref(),
        };
        let find = |leg: Leg| self.rate(leg, variant, prompt_tokens);
        let input = find(|p| p.input).unwrap_or(Rate::ZERO);
        let output = find(|p| p.output).unwrap_or(Rate::ZERO);
        let cache_write_5m = find(|p| p.cache_write_5m).unwrap_or(input);
        let per_output_second = find(|p| p.per_output_second).unwrap_or(Rate::ZERO);
        Rates {
            input,
            output,
            cache_read: find(|p| p.cache_read).unwrap_or(input),
            cache_write_5m,
            cache_write_1h: find(|p| p.cache_write_1h).unwrap_or(cache_write_5m),
            input_audio: find(|p| p.input_audio).unwrap_or(input),
            input_image: find(|p| p.input_image).unwrap_or(input),
            reasoning: find(|p| p.reasoning).unwrap_or(output),
            output_audio: find(|p| p.output_audio).unwrap_or(output),
            output_image: find(|p| p.output_image).unwrap_or(output),
            per_character: find(|p| p.per_character).unwrap_or(Rate::ZERO),
            per_second: find(|p| p.per_second).unwrap_or(per_output_second),
            per_query: find(|p| p.per_query).unwrap_or(Rate::ZERO),
            per_output_second,
            per_image: find(|p| p.per_image).or(self.dearest_image()).unwrap_or(Rate::ZERO),
        }
    }

    /// One leg of the variant asked for, or of the base. A long prompt whose tier the variant does not price costs the
    /// dearer of the variant's plain rate and the base's long one: never less than the provider may bill.
    fn rate(&self, leg: Leg, variant: Option<&Self>, prompt_tokens: u64) -> Option<Rate> {
        let long = |prices: &Self| prices.long_rate(leg, prompt_tokens);
        if let Some(rate) = variant.and_then(long) {
            return Some(rate);
        }
        variant.and_then(leg).max(long(self)).or_else(|| leg(self))
    }

    /// The leg in the highest tier exceeded that names it.
    fn long_rate(&self, leg: Leg, prompt_tokens: u64) -> Option<Rate> {
        self.tiers
            .iter()
            .filter(|tier| prompt_tokens > tier.above_prompt_tokens)
            .filter_map(|tier| leg(&tier.prices).map(|rate| (tier.above_prompt_tokens, rate)))
            .max_by_key(|(threshold, _)| *threshold)
            .map(|(_, rate)| rate)
    }
}

impl Rate {
    /// What so many units cost, rounded up.
    #[must_use]
    pub fn cost(self, units: u64) -> NanoUsd {
        round_up(each(self, units))
    }
}

/// What a token of each kind costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the legs of prices")]
pub struct TokenRates {
    pub input: Rate,
    pub output: Rate,
    pub cache_read: Rate,
    pub cache_write: Rate,
    pub reasoning: Rate,
}

/// Picks one leg of a set of prices.
type Leg = fn(&Prices) -> Option<Rate>;

/// One rate for each leg of a [`Usage`].
struct Rates {
    input: Rate,
    output: Rate,
    cache_read: Rate,
    cache_write_5m: Rate,
    cache_write_1h: Rate,
    input_audio: Rate,
    input_image: Rate,
    reasoning: Rate,
    output_audio: Rate,
    output_image: Rate,
    per_character: Rate,
    per_second: Rate,
    per_query: Rate,
    per_output_second: Rate,
    per_image: Rate,
}

impl Rates {
    fn read_atto(&self, usage: &Usage) -> i128 {
        sum([
            each(self.input, usage.input),
            each(self.cache_read, usage.cache_read),
            each(self.cache_write_5m, usage.cache_write_5m),
            each(self.cache_write_1h, usage.cache_write_1h),
            each(self.input_audio, usage.input_audio),
            each(self.input_image, usage.input_image),
            each(self.per_character, usage.characters),
            thousandths(self.per_second, usage.audio_ms),
            each(self.per_query, usage.queries),
        ])
    }

    fn written_atto(&self, usage: &Usage) -> i128 {
        sum([
            each(self.output, usage.output),
            each(self.reasoning, usage.reasoning),
            each(self.output_audio, usage.output_audio),
            each(self.output_image, usage.output_image),
            thousandths(self.per_output_second, usage.output_audio_ms),
            each(self.per_image, usage.images),
        ])
    }

    fn dearest_output(&self, kinds: OutputKinds) -> Rate {
        let text = self.output.max(self.reasoning);
        let audio = if kinds.audio { self.output_audio } else { text };
        let image = if kinds.image { self.output_image } else { text };
        text.max(audio).max(image)
    }
}

/// Atto-dollars for so many units at a rate by the unit. Saturates.
fn each(rate: Rate, count: u64) -> i128 {
    rate.times(count).saturating_mul(ATTO_PER_FEMTO)
}

/// Atto-dollars for so many milliseconds at a rate by the second.
fn thousandths(rate: Rate, milliseconds: u64) -> i128 {
    rate.times(milliseconds)
}

fn sum<const N: usize>(legs: [i128; N]) -> i128 {
    legs.into_iter().fold(0, i128::saturating_add)
}

/// The smallest number of nano-dollars not below `atto` atto-dollars, which are never negative here.
fn round_up(atto: i128) -> NanoUsd {
    let whole = atto / ATTO_PER_NANO;
    let nano = if atto % ATTO_PER_NANO > 0 { whole.saturating_add(1) } else { whole };
    NanoUsd(i64::try_from(nano).unwrap_or(i64::MAX))
}
