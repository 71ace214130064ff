//! Handles of metrics that a worker has used: looking a metric up by its labels costs more than counting.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::payer::{Payer, Told};

/// Entries a worker keeps; above it, it starts anew.
const KEPT_MAX: usize = 10_000;

/// Those of one kind, by what their labels are made of.
///
/// Most keys have no metrics of their own and share one set of handles: what is kept of each is where that is.
#[derive(Debug)]
pub(super) struct Known<T> {
    by_payer: HashMap<u64, Arc<T>>,
    by_labels: HashMap<u64, Arc<T>>,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self { by_payer: HashMap::new(), by_labels: HashMap::new() }
    }
}

impl<T> Known<T> {
    /// The handles for calls of `payer` that are alike in `rest`, made where there are none.
    pub(super) fn get(&mut self, payer: Payer<'_>, rest: &impl Hash, make: impl FnOnce(Told<'_>) -> T) -> Arc<T> {
        let own = hash_of(&(payer, rest));
        if let Some(known) = self.by_payer.get(&own) {
            return Arc::clone(known);
        }
        let told = payer.told();
        let made = with_room(&mut self.by_labels).entry(hash_of(&(told, rest))).or_insert_with(|| Arc::new(make(told)));
        with_room(&mut self.by_payer).insert(own, Arc::clone(made));
        Arc::clone(made)
    }
}

fn hash_of(labelled: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    labelled.hash(&mut hasher);
    hasher.finish()
}

fn with_room<T>(handles: &mut HashMap<u64, T>) -> &mut HashMap<u64, T> {
    if handles.len() >= KEPT_MAX {
        handles.clear();
    }
    handles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_without_metrics_of_their_own_share_handles() {
        let mut known = Known::default();
        let mut made = 0;
        for key in 0..3_000 {
            let key = Arc::from(format!("{key}"));
            for model in ["a", "b"] {
                known.get(Payer::of_key(&key), &model, |_| made += 1);
            }
        }
        assert_eq!((made, known.by_labels.len(), known.by_payer.len()), (2 * 1_001, 2 * 1_001, 6_000));
    }
}
