//! Every price under a name: LiteLLM's, with its endings for long prompts and service tiers.

use std::collections::BTreeMap;

use super::{Prices, Rate};

/// One of the rates.
pub type RateOf = fn(&mut Prices) -> &mut Option<Rate>;

/// LiteLLM's name of each rate.
pub const RATES: [(&str, RateOf); 15] = [
    ("input_cost_per_token", |p| &mut p.input),
    ("output_cost_per_token", |p| &mut p.output),
    ("cache_read_input_token_cost", |p| &mut p.cache_read),
    ("cache_creation_input_token_cost", |p| &mut p.cache_write_5m),
    ("cache_creation_input_token_cost_above_1hr", |p| &mut p.cache_write_1h),
    ("input_cost_per_audio_token", |p| &mut p.input_audio),
    ("output_cost_per_audio_token", |p| &mut p.output_audio),
    ("output_cost_per_reasoning_token", |p| &mut p.reasoning),
    ("input_cost_per_image_token", |p| &mut p.input_image),
    ("output_cost_per_image_token", |p| &mut p.output_image),
    ("input_cost_per_character", |p| &mut p.per_character),
    ("input_cost_per_second", |p| &mut p.per_second),
    ("input_cost_per_query", |p| &mut p.per_query),
    ("output_cost_per_second", |p| &mut p.per_output_second),
    ("output_cost_per_image", |p| &mut p.per_image),
];

/// Ending of the rates of batches.
pub const BATCH: &str = "_batches";
/// Ending of the rates of flex processing.
pub const FLEX: &str = "_flex";
/// Ending of the rates of priority processing.
pub const PRIORITY: &str = "_priority";

impl Prices {
    /// Every rate that is given, by its name. A picture of a certain quality and size is
    /// `output_cost_per_image/hd/1024x1024`: LiteLLM has no name for it.
    #[must_use]
    pub fn named(&self) -> BTreeMap<String, Rate> {
        let mut named = BTreeMap::new();
        self.name(&mut named, "");
        for (ending, variant) in [(BATCH, &self.batch), (FLEX, &self.flex), (PRIORITY, &self.priority)] {
            variant.iter().for_each(|prices| prices.name(&mut named, ending));
        }
        named
    }

    fn name(&self, named: &mut BTreeMap<String, Rate>, service: &str) {
        self.name_own(named, service);
        for tier in &self.tiers {
            let tokens = tier.above_prompt_tokens;
            let threshold =
                if tokens.is_multiple_of(1000) { format!("{}k", tokens / 1000) } else { tokens.to_string() };
            tier.prices.name_own(named, &format!("_above_{threshold}_tokens{service}"));
        }
    }

    fn name_own(&self, named: &mut BTreeMap<String, Rate>, ending: &str) {
        let mut own = self.clone();
        for (name, rate) in RATES {
            if let Some(rate) = *rate(&mut own) {
                named.insert(format!("{name}{ending}"), rate);
            }
        }
        for image in &self.images {
            named.insert(format!("output_cost_per_image/{}/{}{ending}", image.quality, image.size), image.rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ImagePrice, PriceTier};
    use super::*;

    #[test]
    fn every_rate_has_a_name_of_its_own() {
        let mut femto = 0;
        let mut all = |images: bool| {
            let mut prices = Prices::default();
            for (_, rate) in RATES {
                femto += 1;
                *rate(&mut prices) = Some(Rate::from_femto(femto));
            }
            if images {
                femto += 1;
                let (quality, size) = ("hd".to_owned(), "1x1".to_owned());
                prices.images = vec![ImagePrice { quality, size, rate: Rate::from_femto(femto) }];
            }
            prices
        };
        let tier = |above_prompt_tokens, prices| PriceTier { above_prompt_tokens, prices };
        let batch = Prices { tiers: vec![tier(272_000, all(false))], ..all(false) };
        let prices = Prices {
            tiers: vec![tier(200_000, all(false)), tier(1_500, all(false))],
            batch: Some(Box::new(batch)),
            flex: Some(Box::new(all(false))),
            priority: Some(Box::new(all(false))),
            ..all(true)
        };
        let named = prices.named();
        assert_eq!(named.len(), 7 * RATES.len() + 1);
        for name in [
            "input_cost_per_token",
            "cache_creation_input_token_cost_above_1hr_above_200k_tokens",
            "output_cost_per_token_above_1500_tokens",
            "output_cost_per_token_above_272k_tokens_batches",
            "cache_read_input_token_cost_flex",
            "output_cost_per_image/hd/1x1",
        ] {
            assert!(named.contains_key(name), "{name}: {named:?}");
        }
    }
}
