//! `router_settings.routing_strategy` and its arguments.

use std::time::Duration;

use super::reader::Section;
use super::vocabulary;

/// How a deployment is chosen among those of a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RoutingStrategy {
    /// At random, by `weight`, `rpm` or `tpm`.
    SimpleShuffle,
    /// The one with the fewest calls in flight.
    LeastBusy,
    /// The fastest lately (default).
    #[default]
    Latency,
    /// The cheapest.
    Cost,
    /// The one with the most room under its limits.
    Usage,
    /// Only providers with budget left.
    ProviderBudget,
}

impl RoutingStrategy {
    const NAMES: [(&'static str, Self); 7] = [
        ("simple-shuffle", Self::SimpleShuffle),
        ("least-busy", Self::LeastBusy),
        ("latency-based-routing", Self::Latency),
        ("cost-based-routing", Self::Cost),
        ("usage-based-routing", Self::Usage),
        ("usage-based-routing-v2", Self::Usage),
        ("provider-budget-routing", Self::ProviderBudget),
    ];
}

/// Arguments of `latency-based-routing`; no other strategy has any.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RoutingStrategyArgs {
    /// How long what was learned of a deployment's speed holds. Default: an hour.
    pub ttl: Option<Duration>,
    /// Deployments so much slower than the fastest, in parts of it, are as good. Default: 0.05.
    pub lowest_latency_buffer: Option<f64>,
    /// Answers that a moving average is made of. Default: 20.
    pub max_latency_list_size: Option<u32>,
}

/// What calls have in common that always go to the same deployment, where traffic is split by weight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StickyBy {
    /// Nothing: each goes by chance (default).
    #[default]
    Nothing,
    /// The end user that they name.
    User,
    /// A header, by this name in small letters.
    Header(String),
}

/// Reads `none`, `user` or `header:<name>`.
pub(super) fn read_sticky(section: &mut Section<'_>) -> StickyBy {
    let Some(item) = section.get("sticky_by") else { return StickyBy::Nothing };
    let Some(text) = item.text() else { return StickyBy::Nothing };
    let is_header = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match text.split_once(':') {
        None if text == "none" => StickyBy::Nothing,
        None if text == "user" => StickyBy::User,
        Some(("header", name)) if !name.is_empty() && name.chars().all(is_header) => {
            StickyBy::Header(name.to_ascii_lowercase())
        }
        _ => {
            item.error(format!("expected none, user or header:<name>, got \"{text}\""));
            StickyBy::Nothing
        }
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Option<RoutingStrategy> {
    let item = section.get("routing_strategy")?;
    let name = item.text()?;
    let mut names = RoutingStrategy::NAMES.into_iter();
    let found = names.find(|(known, _)| *known == name).map(|(_, strategy)| strategy);
    if found.is_none() {
        let names = RoutingStrategy::NAMES.map(|(name, _)| name).join(", ");
        item.error(format!("expected one of {names}, got \"{name}\""));
    }
    found
}

pub(super) fn read_args(section: &mut Section<'_>, strategy: RoutingStrategy) -> RoutingStrategyArgs {
    let Some(item) = section.get("routing_strategy_args") else { return RoutingStrategyArgs::default() };
    let Some(mut args) = item.section() else { return RoutingStrategyArgs::default() };
    if strategy != RoutingStrategy::Latency && !args.all().is_empty() {
        item.warning("only \"latency-based-routing\" has arguments; these are ignored");
    }
    let buffer = args.get("lowest_latency_buffer");
    let read = RoutingStrategyArgs {
        ttl: args.timeout("ttl"),
        lowest_latency_buffer: buffer.as_ref().and_then(|item| item.number()),
        max_latency_list_size: args
            .whole("max_latency_list_size", 1..=MAX_SAMPLES)
            .and_then(|samples| u32::try_from(samples).ok()),
    };
    if let (Some(item), Some(number)) = (buffer, read.lowest_latency_buffer)
        && number < 0.0
    {
        item.error(format!("expected a number of 0 or more, got {number}"));
    }
    args.finish(&vocabulary::STRATEGY_ARGS);
    read
}

/// An average of more would not notice what happens now.
const MAX_SAMPLES: u64 = 1_000;
