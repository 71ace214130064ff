//! The catalog's file, as `server/data/README.md` describes it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, de};

use super::{Capability, Catalog, ModelCard};
use crate::domain::price::{ImagePrice, PriceTier, Prices, Rate};
use crate::domain::provider::ProviderKind;

/// One model's line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    mode: &'static str,
    context: Option<u64>,
    output: Option<u64>,
    #[serde(default)]
    price: Legs,
    batch: Option<Legs>,
    flex: Option<Legs>,
    priority: Option<Legs>,
    #[serde(default)]
    can: Vec<Capability>,
    retires: Option<NaiveDate>,
}

/// Rates by the million tokens or characters, and by the second, search or picture.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Legs {
    r#in: PerMillion,
    out: PerMillion,
    cached: PerMillion,
    write: PerMillion,
    write_1h: PerMillion,
    audio_in: PerMillion,
    audio_out: PerMillion,
    reasoning: PerMillion,
    image_in: PerMillion,
    image_out: PerMillion,
    character: PerMillion,
    second: PerOne,
    query: PerOne,
    second_out: PerOne,
    image: PerOne,
    images: BTreeMap<ImageKind, PerOne>,
    above: BTreeMap<u64, Legs>,
}

#[derive(Default)]
struct PerMillion(Option<Rate>);

impl<'de> Deserialize<'de> for PerMillion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let rate = Rate::parse_per_million(&text).map_err(de::Error::custom)?;
        Ok(Self(Some(rate)))
    }
}

#[derive(Default)]
struct PerOne(Option<Rate>);

impl<'de> Deserialize<'de> for PerOne {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let rate = Rate::parse(&text).map_err(de::Error::custom)?;
        Ok(Self(Some(rate)))
    }
}

/// A picture's quality and size, written `high/1024x1536`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct ImageKind {
    quality: String,
    size: String,
}

impl<'de> Deserialize<'de> for ImageKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let (quality, size) = text.split_once('/').ok_or_else(|| de::Error::custom("expected quality/size"))?;
        Ok(Self { quality: quality.to_owned(), size: size.to_owned() })
    }
}

fn image_price((kind, rate): (ImageKind, PerOne)) -> Option<ImagePrice> {
    let ImageKind { quality, size } = kind;
    rate.0.map(|rate| ImagePrice { quality, size, rate })
}

impl From<Legs> for Prices {
    fn from(legs: Legs) -> Self {
        let tiers = legs.above.into_iter();
        Self {
            input: legs.r#in.0,
            output: legs.out.0,
            cache_read: legs.cached.0,
            cache_write_5m: legs.write.0,
            cache_write_1h: legs.write_1h.0,
            input_audio: legs.audio_in.0,
            output_audio: legs.audio_out.0,
            reasoning: legs.reasoning.0,
            input_image: legs.image_in.0,
            output_image: legs.image_out.0,
            per_character: legs.character.0,
            per_second: legs.second.0,
            per_query: legs.query.0,
            per_output_second: legs.second_out.0,
            per_image: legs.image.0,
            images: legs.images.into_iter().filter_map(image_price).collect(),
            tiers: tiers
                .map(|(above_prompt_tokens, legs)| PriceTier { above_prompt_tokens, prices: legs.into() })
                .collect(),
            ..Self::default()
        }
    }
}

impl From<Line> for ModelCard {
    fn from(line: Line) -> Self {
        let variant = |legs: Option<Legs>| legs.map(|legs| Box::new(Prices::from(legs)));
        Self {
            prices: Prices {
                batch: variant(line.batch),
                flex: variant(line.flex),
                priority: variant(line.priority),
                ..line.price.into()
            },
            max_input_tokens: line.context,
            max_output_tokens: line.output,
            mode: line.mode,
            capabilities: line.can,
            retires: line.retires,
        }
    }
}

impl Catalog {
    /// Reads a catalog.
    ///
    /// # Errors
    /// When the text is not in the format, names an unknown provider, or a rate is no price.
    pub(super) fn parse(text: &'static str) -> Result<Self, serde_json::Error> {
        let file: HashMap<ProviderKind, BTreeMap<&'static str, Line>> = serde_json::from_str(text)?;
        let providers = file.into_iter();
        let models = providers
            .map(|(provider, lines)| {
                let cards = lines.into_iter().map(|(name, line)| (name, line.into()));
                (provider, cards.collect())
            })
            .collect();
        Ok(Self { models })
    }
}
