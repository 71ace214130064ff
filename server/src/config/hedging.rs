//! `router_settings.hedging`: a call that takes longer than usual is sent to a second deployment, and the first answer
//! wins.

use std::time::Duration;

use super::reader::{Item, Section};
use super::vocabulary;

/// Share of a model's calls that are sent twice at most, in percent.
const MAX_PERCENT: u64 = 10;
/// The word for the time that 95 of 100 calls take.
const P95: &str = "p95";
/// The name that stands for all models.
const ANY_MODEL: &str = "*";

/// When a call is sent to a second deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hedging {
    /// The models of which calls are.
    pub models: Vec<String>,
    /// After how long; `None`: after the time within which 95 of 100 calls are answered.
    pub after: Option<Duration>,
    /// Share of a model's calls that are at most, in percent. Default: 10.
    pub max_percent: u64,
}

impl Hedging {
    /// Whether calls of `model` are.
    #[must_use]
    pub fn includes(&self, model: &str) -> bool {
        self.models.iter().any(|known| known == model || known == ANY_MODEL)
    }
}

pub(super) fn read(section: &mut Section<'_>) -> Option<Hedging> {
    let item = section.get("hedging")?;
    let mut section = item.section()?;
    let models = section.texts("models");
    if models.is_empty() {
        item.error("expected \"models\", a list of names of models, or [\"*\"] for all");
    }
    let hedging = Hedging {
        models,
        after: section.get("after").and_then(|item| after(&item)),
        max_percent: section.whole("max_percent", 1..=100).unwrap_or(MAX_PERCENT),
    };
    section.finish(&vocabulary::HEDGING);
    Some(hedging)
}

/// Seconds, or the word for what is usual.
fn after(item: &Item<'_>) -> Option<Duration> {
    if matches!(&item.node.value, super::node::Value::Text(text) if text == P95) {
        return None;
    }
    let seconds = item.number()?;
    let after = Duration::try_from_secs_f64(seconds).ok().filter(|after| !after.is_zero());
    if after.is_none() {
        item.error(format!("expected seconds above 0, or \"{P95}\""));
    }
    after
}
