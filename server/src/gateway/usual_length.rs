//! How long the answers of a model, and those that a key gets from it, usually are.

use std::sync::Arc;

use parking_lot::Mutex;
use quick_cache::sync::Cache;

use crate::domain::sketch::Sketch;

/// Pairs of key and model, and models, that are remembered.
const REMEMBERED: usize = 10_000;
/// A key's own answers tell more than all of its model's from this many on.
const SAMPLES_MIN: u32 = 20;

type Lengths = Arc<Mutex<Sketch>>;

/// What this process has seen.
#[derive(Debug)]
pub struct UsualLengths {
    of_key: Cache<(Arc<str>, Arc<str>), Lengths>,
    of_model: Cache<Arc<str>, Lengths>,
}

impl Default for UsualLengths {
    fn default() -> Self {
        Self { of_key: Cache::new(REMEMBERED), of_model: Cache::new(REMEMBERED) }
    }
}

impl UsualLengths {
    /// Counts a whole answer of `model`, in tokens.
    pub fn note(&self, token: &Arc<str>, model: &Arc<str>, tokens: u64) {
        let of_key = self.of_key.get_or_insert_with(&(Arc::clone(token), Arc::clone(model)), new);
        let of_model = self.of_model.get_or_insert_with(model, new);
        for lengths in [of_key, of_model].into_iter().flatten() {
            lengths.lock().note(tokens);
        }
    }

    /// What 95 of 100 answers need, in tokens; `None` where there were none.
    #[must_use]
    pub fn p95(&self, token: &Arc<str>, model: &str) -> Option<u64> {
        let model: Arc<str> = Arc::from(model);
        let of_model = self.of_model.get(&model)?.lock().p95();
        let of_key = self.of_key.get(&(Arc::clone(token), model));
        let own = of_key.and_then(|lengths| {
            let lengths = lengths.lock();
            if lengths.samples() >= SAMPLES_MIN { lengths.p95() } else { None }
        });
        own.or(of_model)
    }
}

fn new() -> Result<Lengths, std::convert::Infallible> {
    Ok(Arc::default())
}
