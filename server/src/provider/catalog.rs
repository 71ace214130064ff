//! What models cost and can do: the catalog embedded from `server/data/prices.json`.

mod format;
mod names;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::LazyLock;

use chrono::NaiveDate;
use serde::Deserialize;

use crate::domain::price::Prices;
use crate::domain::provider::{ModelRef, ProviderKind};

/// The catalog's file; `server/data/README.md` says how to read it.
const EMBEDDED: &str = include_str!("../../data/prices.json");

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    Catalog::parse(EMBEDDED).unwrap_or_else(|error| {
        // A test parses every entry of the embedded file, so this cannot happen in a build that was tested. Unknown
        // prices never fail a call, so neither does this.
        tracing::error!(%error, "the embedded price catalog cannot be read; every call counts as free");
        Catalog::default()
    })
});

/// What is known of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCard {
    /// What it costs.
    pub prices: Prices,
    /// The most tokens it reads.
    pub max_input_tokens: Option<u64>,
    /// The most tokens it writes.
    pub max_output_tokens: Option<u64>,
    /// `chat`, `embedding` and so on.
    pub mode: &'static str,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// The day the provider turns it off.
    pub retires: Option<NaiveDate>,
}

/// Something a model can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "litellm_name says what each is")]
pub enum Capability {
    Tools,
    ParallelTools,
    ToolChoice,
    Schema,
    System,
    Vision,
    Pdf,
    AudioIn,
    AudioOut,
    VideoIn,
    Reasoning,
    Cache,
    WebSearch,
    ComputerUse,
    Prefill,
}

impl Capability {
    /// The capability's name in LiteLLM's `model_info`.
    #[must_use]
    pub const fn litellm_name(self) -> &'static str {
        match self {
            Self::Tools => "supports_function_calling",
            Self::ParallelTools => "supports_parallel_function_calling",
            Self::ToolChoice => "supports_tool_choice",
            Self::Schema => "supports_response_schema",
            Self::System => "supports_system_messages",
            Self::Vision => "supports_vision",
            Self::Pdf => "supports_pdf_input",
            Self::AudioIn => "supports_audio_input",
            Self::AudioOut => "supports_audio_output",
            Self::VideoIn => "supports_video_input",
            Self::Reasoning => "supports_reasoning",
            Self::Cache => "supports_prompt_caching",
            Self::WebSearch => "supports_web_search",
            Self::ComputerUse => "supports_computer_use",
            Self::Prefill => "supports_assistant_prefill",
        }
    }
}

/// The models known, by provider and name.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    // Sorted, so that the dated versions of a name lie side by side.
    models: HashMap<ProviderKind, BTreeMap<&'static str, ModelCard>>,
}

impl Catalog {
    /// The embedded catalog, read when first asked for.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &CATALOG
    }

    /// What is known of `model` (the name `provider` knows it by). `base_model`, where given, goes first: it names the
    /// model behind a deployment's own name, with or without a provider in front. An exact name wins; then forms of it
    /// without route, region or tuning; then the same model without its date, or with its newest one.
    #[must_use]
    pub fn find(&self, provider: ProviderKind, model: &str, base_model: Option<&str>) -> Option<&ModelCard> {
        let base = base_model.and_then(|base| self.find_base(provider, base));
        base.or_else(|| self.find_name(provider, model))
    }

    fn find_base(&self, provider: ProviderKind, base_model: &str) -> Option<&ModelCard> {
        let own = self.find_name(provider, base_model);
        own.or_else(|| {
            let named = ModelRef::parse(base_model, None, None).ok()?;
            self.find_name(named.provider, &named.name)
        })
    }

    fn find_name(&self, provider: ProviderKind, model: &str) -> Option<&ModelCard> {
        let own = self.models.get(&provider).and_then(|models| search(models, provider, model));
        // Azure sells OpenAI's models at OpenAI's prices unless the catalog says otherwise.
        match provider {
            ProviderKind::Azure if own.is_none() => self.find_name(ProviderKind::OpenAi, model),
            _ => own,
        }
    }

    /// Every model with its provider and name.
    pub fn iter(&self) -> impl Iterator<Item = (ProviderKind, &'static str, &ModelCard)> {
        self.models.iter().flat_map(|(provider, models)| models.iter().map(|(name, card)| (*provider, *name, card)))
    }
}

fn search<'c>(
    models: &'c BTreeMap<&'static str, ModelCard>,
    provider: ProviderKind,
    model: &str,
) -> Option<&'c ModelCard> {
    let forms = names::forms(provider, model);
    let exact = forms.iter().find_map(|form| models.get::<str>(form));
    exact.or_else(|| forms.iter().find_map(|form| search_dated(models, form)))
}

/// The model of this name under another date (its newest), or without one.
fn search_dated<'c>(models: &'c BTreeMap<&'static str, ModelCard>, name: &str) -> Option<&'c ModelCard> {
    let family = names::split_date(name).map_or(name, |(family, _)| family);
    if family.is_empty() {
        return None;
    }
    if let Some(card) = models.get::<str>(family) {
        return Some(card);
    }
    models
        .range::<str, _>((Bound::Included(family), Bound::Unbounded))
        .take_while(|(known, _)| known.starts_with(family))
        .filter_map(|(known, card)| Some((names::split_date(known)?, card)))
        .filter(|((known, _), _)| *known == family)
        .max_by_key(|((_, date), _)| *date)
        .map(|(_, card)| card)
}
