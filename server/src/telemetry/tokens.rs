//! Tokens by kind. Few calls have any of most kinds: a counter is made when the first comes.

use std::sync::OnceLock;

use metrics::{Counter, Label, counter};

use crate::domain::usage::Usage;

/// A metric, and what of a usage it counts.
type Kind = (&'static str, fn(&Usage) -> u64);

const KINDS: [Kind; 8] = [
    ("litellm_input_cached_tokens_metric_total", |usage| usage.cache_read),
    ("litellm_input_cache_creation_tokens_metric_total", cache_write),
    ("litellm_input_audio_tokens_metric_total", |usage| usage.input_audio),
    ("litellm_output_reasoning_tokens_metric_total", |usage| usage.reasoning),
    ("litellm_output_audio_tokens_metric_total", |usage| usage.output_audio),
    ("litellm_images_generated_metric_total", |usage| usage.images),
    // LiteLLM has two names for each of these.
    ("litellm_provider_cache_read_input_tokens_metric_total", |usage| usage.cache_read),
    ("litellm_provider_cache_creation_input_tokens_metric_total", cache_write),
];

const fn cache_write(usage: &Usage) -> u64 {
    usage.cache_write_5m.saturating_add(usage.cache_write_1h)
}

/// The counters of one payer and model.
#[derive(Default)]
pub(super) struct Kinds([OnceLock<Counter>; KINDS.len()]);

impl Kinds {
    pub(super) fn record(&self, usage: &Usage, labels: &[Label]) {
        for ((name, count), handle) in KINDS.into_iter().zip(&self.0) {
            let count = count(usage);
            if count > 0 {
                handle.get_or_init(|| counter!(name, labels.to_vec())).increment(count);
            }
        }
    }
}
