//! Prices of a deployment's own, under LiteLLM's names.

use super::super::reader::{Item, Section};
use crate::domain::price::named::{BATCH, FLEX, PRIORITY, RATES, RateOf};
use crate::domain::price::{PriceTier, Prices, Rate};

/// Which of the variants of a rate a name means.
#[derive(Clone, Copy, Default)]
struct Variant {
    above_prompt_tokens: Option<u64>,
    service: Option<Service>,
}

#[derive(Clone, Copy)]
enum Service {
    Batch,
    Flex,
    Priority,
}

/// Reads every price of the section; a price that is wrong is reported.
pub(super) fn read(section: &mut Section<'_>) -> Prices {
    let mut prices = Prices::default();
    for (key, item) in section.all() {
        let Some((leg, variant)) = parse_name(key) else {
            continue;
        };
        section.mark_read(key);
        if let Some(rate) = read_rate(&item) {
            *leg(variant.of(&mut prices)) = Some(rate);
        }
    }
    prices
}

fn read_rate(item: &Item<'_>) -> Option<Rate> {
    // As text, so that a price from the environment is as exact as one written out.
    let rate = match item.decimal_text() {
        Some(text) => Rate::parse(&text),
        None => Rate::from_usd(item.number()?),
    };
    rate.map_err(|error| item.error(error.to_string())).ok()
}

/// Takes a name such as `input_cost_per_token_above_200k_tokens_priority` apart.
fn parse_name(name: &str) -> Option<(RateOf, Variant)> {
    let mut base = name;
    let mut variant = Variant::default();
    loop {
        if let Some((_, leg)) = RATES.iter().find(|(known, _)| *known == base) {
            return Some((*leg, variant));
        }
        base = variant.strip(base)?;
    }
}

impl Variant {
    /// Takes one ending off the name.
    fn strip<'n>(&mut self, name: &'n str) -> Option<&'n str> {
        let services = [(BATCH, Service::Batch), (FLEX, Service::Flex), (PRIORITY, Service::Priority)];
        for (ending, service) in services {
            if let Some(rest) = name.strip_suffix(ending) {
                self.service = Some(service);
                return Some(rest);
            }
        }
        let (rest, thousands) = name.strip_suffix("k_tokens")?.rsplit_once("_above_")?;
        self.above_prompt_tokens = Some(thousands.parse::<u64>().ok()?.checked_mul(1000)?);
        Some(rest)
    }

    /// The prices this variant belongs to, made where they are not there.
    fn of(self, prices: &mut Prices) -> &mut Prices {
        let prices = match self.service {
            None => prices,
            Some(Service::Batch) => &mut **prices.batch.get_or_insert_default(),
            Some(Service::Flex) => &mut **prices.flex.get_or_insert_default(),
            Some(Service::Priority) => &mut **prices.priority.get_or_insert_default(),
        };
        match self.above_prompt_tokens {
            None => prices,
            Some(threshold) => tier(prices, threshold),
        }
    }
}

fn tier(prices: &mut Prices, threshold: u64) -> &mut Prices {
    let known = prices.tiers.iter().position(|tier| tier.above_prompt_tokens == threshold);
    let index = known.unwrap_or_else(|| {
        prices.tiers.push(PriceTier { above_prompt_tokens: threshold, prices: Prices::default() });
        prices.tiers.len() - 1
    });
    #[expect(clippy::indexing_slicing, reason = "the index was found or made just above")]
    &mut prices.tiers[index].prices
}
