//! Prices of pictures by quality and size.

use tollgate_openapi::money::NanoUsd;

use super::{Prices, Rate, ServiceTier};
use crate::domain::usage::Usage;

/// Quality and size that a picture has whose request names none, at models that know this quality: DALL·E's. Later
/// models choose both themselves.
const STANDARD_QUALITY: &str = "standard";
const STANDARD_SIZE: &str = "1024x1024";

/// What a picture costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagePrice {
    /// Its quality, as requests name it: `hd`, `high`.
    pub quality: String,
    /// Its size, as requests name it: `1024x1536`.
    pub size: String,
    /// The price of one.
    pub rate: Rate,
}

impl Prices {
    /// These prices for pictures of this quality and size, as the request (or better, the answer) names them. Where
    /// that leaves several it is the dearest: never less than the provider may bill.
    #[must_use]
    pub fn for_image(&self, quality: Option<&str>, size: Option<&str>) -> Self {
        let per_image = self.image_rate(quality, size);
        Self { per_image, images: Vec::new(), ..self.clone() }
    }

    /// What `usage` costs of pictures of this quality and size. Those whose tokens the provider tells, and that have a
    /// price by the token, are not paid by the piece, too.
    #[must_use]
    pub fn image_cost(&self, quality: Option<&str>, size: Option<&str>, usage: &Usage, tier: ServiceTier) -> NanoUsd {
        let is_by_token = usage.output_image > 0 && self.output_image.or(self.output).is_some();
        let images = if is_by_token { 0 } else { usage.images };
        self.for_image(quality, size).cost(&Usage { images, ..*usage }, tier)
    }

    fn image_rate(&self, quality: Option<&str>, size: Option<&str>) -> Option<Rate> {
        let is_standard = self.images.iter().any(|image| image.quality == STANDARD_QUALITY);
        let known = |named: Option<&'static str>| named.filter(|_| is_standard);
        let quality = quality.filter(|name| *name != "auto").or(known(Some(STANDARD_QUALITY)));
        let size = size.filter(|name| *name != "auto").or(known(Some(STANDARD_SIZE)));
        let may_be = self.images.iter().filter(|image| {
            quality.is_none_or(|quality| quality == image.quality) && size.is_none_or(|size| size == image.size)
        });
        let dearest = may_be.map(|image| image.rate).max();
        if quality.is_some() && size.is_some() && dearest.is_some() {
            return dearest;
        }
        dearest.max(self.per_image).or_else(|| self.dearest_image())
    }

    /// The most a picture can cost.
    pub(super) fn dearest_image(&self) -> Option<Rate> {
        self.images.iter().map(|image| image.rate).max().max(self.per_image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(quality: &str, size: &str, usd: &str) -> ImagePrice {
        ImagePrice { quality: quality.to_owned(), size: size.to_owned(), rate: Rate::parse(usd).unwrap() }
    }

    /// Millionths of a dollar that three pictures cost.
    fn cost_of_three(prices: &Prices, quality: Option<&str>, size: Option<&str>) -> i64 {
        let usage = Usage { images: 3, ..Usage::default() };
        let NanoUsd(nano) = prices.for_image(quality, size).cost(&usage, ServiceTier::Standard);
        assert_eq!(nano % 1000, 0);
        nano / 1000
    }

    #[test]
    fn what_a_request_does_not_say_is_what_the_provider_makes_of_it() {
        let dall_e = Prices {
            images: vec![
                image("standard", "1024x1024", "0.04"),
                image("standard", "1024x1792", "0.08"),
                image("hd", "1024x1024", "0.08"),
                image("hd", "1024x1792", "0.12"),
            ],
            ..Prices::default()
        };
        assert_eq!(cost_of_three(&dall_e, None, None), 120_000);
        assert_eq!(cost_of_three(&dall_e, Some("hd"), None), 240_000);
        assert_eq!(cost_of_three(&dall_e, None, Some("1024x1792")), 240_000);
        assert_eq!(cost_of_three(&dall_e, Some("hd"), Some("1024x1792")), 360_000);
        // A size nobody knows may be any.
        assert_eq!(cost_of_three(&dall_e, None, Some("1x1")), 360_000);
    }

    #[test]
    fn where_the_model_chooses_the_dearest_is_reckoned_with() {
        let gpt_image = Prices {
            images: vec![
                image("low", "1024x1024", "0.011"),
                image("low", "1024x1536", "0.016"),
                image("high", "1024x1024", "0.167"),
                image("high", "1024x1536", "0.25"),
            ],
            ..Prices::default()
        };
        assert_eq!(cost_of_three(&gpt_image, None, None), 750_000);
        assert_eq!(cost_of_three(&gpt_image, Some("auto"), Some("1024x1024")), 501_000);
        assert_eq!(cost_of_three(&gpt_image, Some("low"), Some("auto")), 48_000);
        assert_eq!(cost_of_three(&gpt_image, Some("low"), Some("1024x1024")), 33_000);
        let usage = Usage { images: 1, ..Usage::default() };
        assert_eq!(gpt_image.cost(&usage, ServiceTier::Standard), NanoUsd(250_000_000), "before anything is known");
        assert!(!gpt_image.is_free());
    }

    #[test]
    fn a_plain_price_holds_for_all_that_have_none_of_their_own() {
        let grok = Prices {
            per_image: Some(Rate::parse("0.06").unwrap()),
            images: vec![image("low", "1024x1024", "0.04")],
            ..Prices::default()
        };
        assert_eq!(cost_of_three(&grok, None, None), 180_000);
        assert_eq!(cost_of_three(&grok, Some("high"), Some("1024x1024")), 180_000);
        assert_eq!(cost_of_three(&grok, Some("low"), Some("1024x1024")), 120_000);
        assert_eq!(cost_of_three(&grok, Some("low"), None), 180_000);
    }
}
