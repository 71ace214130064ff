//! Prices given for a deployment, laid over those of the catalog.

use super::{PriceTier, Prices};

impl Prices {
    /// These prices with `own` laid over them, leg by leg. Whoever gives an input rate speaks for everything read, and
    /// likewise for what is written: of that side nothing is left of ours, so that no tier or cache rate that belonged
    /// to another price is charged.
    #[must_use]
    pub fn overridden_by(&self, own: &Self) -> Self {
        let mut base = self.clone();
        if own.input.is_some() {
            base.clear_input();
        }
        if own.output.is_some() {
            base.clear_output();
        }
        if own.per_image.is_some() {
            base.images.clear();
        }
        base.lay(own);
        base.drop_empty();
        base
    }

    fn lay(&mut self, own: &Self) {
        let lay = |mine: &mut Option<_>, other: Option<_>| *mine = other.or(*mine);
        lay(&mut self.input, own.input);
        lay(&mut self.output, own.output);
        lay(&mut self.cache_read, own.cache_read);
        lay(&mut self.cache_write_5m, own.cache_write_5m);
        lay(&mut self.cache_write_1h, own.cache_write_1h);
        lay(&mut self.input_audio, own.input_audio);
        lay(&mut self.output_audio, own.output_audio);
        lay(&mut self.reasoning, own.reasoning);
        lay(&mut self.input_image, own.input_image);
        lay(&mut self.output_image, own.output_image);
        lay(&mut self.per_character, own.per_character);
        lay(&mut self.per_second, own.per_second);
        lay(&mut self.per_query, own.per_query);
        lay(&mut self.per_output_second, own.per_output_second);
        lay(&mut self.per_image, own.per_image);
        if !own.images.is_empty() {
            self.images.clone_from(&own.images);
        }
        for tier in &own.tiers {
            let threshold = tier.above_prompt_tokens;
            let same = self.tiers.iter_mut().find(|t| t.above_prompt_tokens == threshold);
            match same {
                Some(mine) => mine.prices.lay(&tier.prices),
                None => self.tiers.push(tier.clone()),
            }
        }
        lay_variant(&mut self.batch, own.batch.as_deref());
        lay_variant(&mut self.flex, own.flex.as_deref());
        lay_variant(&mut self.priority, own.priority.as_deref());
    }

    fn each_nested(&mut self, act: fn(&mut Self)) {
        self.tiers.iter_mut().for_each(|tier| act(&mut tier.prices));
        let variants = [&mut self.batch, &mut self.flex, &mut self.priority];
        variants.into_iter().flatten().for_each(|prices| act(prices));
    }

    fn clear_input(&mut self) {
        self.input = None;
        self.cache_read = None;
        self.cache_write_5m = None;
        self.cache_write_1h = None;
        self.input_audio = None;
        self.input_image = None;
        self.per_character = None;
        self.per_second = None;
        self.per_query = None;
        self.each_nested(Self::clear_input);
    }

    fn clear_output(&mut self) {
        self.output = None;
        self.reasoning = None;
        self.output_audio = None;
        self.output_image = None;
        self.per_output_second = None;
        self.per_image = None;
        self.images.clear();
        self.each_nested(Self::clear_output);
    }

    /// Removes tiers and variants that say nothing any more.
    fn drop_empty(&mut self) {
        self.each_nested(Self::drop_empty);
        let empty = Self::default();
        self.tiers.retain(|PriceTier { prices, .. }| *prices != empty);
        for variant in [&mut self.batch, &mut self.flex, &mut self.priority] {
            if variant.as_deref() == Some(&empty) {
                *variant = None;
            }
        }
    }
}

fn lay_variant(mine: &mut Option<Box<Prices>>, own: Option<&Prices>) {
    match (mine, own) {
        (Some(mine), Some(own)) => mine.lay(own),
        (mine @ None, Some(own)) => *mine = Some(Box::new(own.clone())),
        (_, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ImagePrice, Rate, ServiceTier};
    use super::*;
    use crate::domain::usage::Usage;

    fn rate(femto: i64) -> Option<super::super::Rate> {
        Some(Rate::from_femto(femto))
    }

    fn catalog() -> Prices {
        let half = Prices { input: rate(10), output: rate(50), ..Prices::default() };
        Prices {
            input: rate(20),
            output: rate(100),
            cache_read: rate(2),
            reasoning: rate(120),
            tiers: vec![PriceTier {
                above_prompt_tokens: 1000,
                prices: Prices { input: rate(40), ..Prices::default() },
            }],
            batch: Some(Box::new(half)),
            ..Prices::default()
        }
    }

    #[test]
    fn nothing_given_changes_nothing() {
        assert_eq!(catalog().overridden_by(&Prices::default()), catalog());
        assert_eq!(Prices::default().overridden_by(&catalog()), catalog());
    }

    #[test]
    fn a_single_leg_replaces_itself_only() {
        let own = Prices { cache_read: rate(1), ..Prices::default() };
        let expected = Prices { cache_read: rate(1), ..catalog() };
        assert_eq!(catalog().overridden_by(&own), expected);
    }

    #[test]
    fn a_free_deployment_is_free() {
        let own = Prices { input: rate(0), output: rate(0), ..Prices::default() };
        let merged = catalog().overridden_by(&own);
        assert!(merged.is_free());
        let usage = Usage { cache_read: 1_000_000_000, reasoning: 1_000_000_000, ..Usage::default() };
        assert_eq!(merged.cost(&usage, ServiceTier::Batch).0, 0);
    }

    #[test]
    fn a_price_of_ones_own_for_pictures_holds_for_every_size() {
        let image = ImagePrice { quality: "hd".to_owned(), size: "1024x1024".to_owned(), rate: Rate::from_femto(9) };
        let ours = Prices { per_image: rate(5), images: vec![image], ..Prices::default() };
        let own = Prices { per_image: rate(7), ..Prices::default() };
        assert_eq!(ours.overridden_by(&own), own);
        assert_eq!(Prices::default().overridden_by(&ours), ours);
        let free = Prices { output: rate(0), ..Prices::default() };
        assert_eq!(ours.overridden_by(&free), free);
    }

    #[test]
    fn a_free_input_rate_makes_all_that_is_read_free() {
        let ours = Prices { per_character: rate(5), per_second: rate(6), per_query: rate(7), ..Prices::default() };
        let free = Prices { input: rate(0), ..Prices::default() };
        assert!(ours.overridden_by(&free).is_free());
        let own = Prices { per_second: rate(1), ..Prices::default() };
        assert_eq!(ours.overridden_by(&own), Prices { per_second: rate(1), ..ours });
    }

    #[test]
    fn an_input_rate_speaks_for_all_that_is_read() {
        let own = Prices { input: rate(7), ..Prices::default() };
        let merged = catalog().overridden_by(&own);
        assert_eq!(merged.cache_read, None);
        assert!(merged.tiers.is_empty());
        assert_eq!(merged.output, rate(100));
        assert_eq!(merged.batch.map(|b| (b.input, b.output)), Some((None, rate(50))));
    }
}
