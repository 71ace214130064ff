//! Answers in the memory of this process, bounded by their bytes.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::{Entry, Key};

/// How long answers are on the whole, in bytes: how many there will be is guessed from it.
const ENTRY_BYTES_USUAL: u64 = 8 * 1024;
/// What an answer takes besides its bytes and its key, in bytes.
const OVERHEAD_BYTES: usize = 512;

/// The answers of one process. Where there are too many, those that are asked for least make room.
#[derive(Debug)]
pub struct LocalStore(Cache<Key, Arc<Entry>, Weight>);

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<Key, Arc<Entry>> for Weight {
    fn weight(&self, key: &Key, entry: &Arc<Entry>) -> u64 {
        let pieces = entry.head.pieces.as_ref().map_or(0, |pieces| pieces.len().saturating_mul(size_of::<usize>()));
        let bytes = [entry.bytes().len(), entry.head.content_type.len(), pieces, key.as_str().len(), OVERHEAD_BYTES];
        bytes.into_iter().map(|bytes| u64::try_from(bytes).unwrap_or(u64::MAX)).fold(0, u64::saturating_add)
    }
}

impl LocalStore {
    /// Room for so many bytes.
    #[must_use]
    pub fn new(bytes_max: u64) -> Self {
        let entries = usize::try_from(bytes_max / ENTRY_BYTES_USUAL).unwrap_or(usize::MAX).max(1);
        Self(Cache::with_weighter(entries, bytes_max, Weight))
    }

    /// The answer under `key`.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        self.0.get(key)
    }

    /// Keeps an answer.
    pub fn put(&self, key: Key, entry: Arc<Entry>) {
        self.0.insert(key, entry);
    }

    /// Forgets one; whether it was there.
    pub fn delete(&self, key: &Key) -> bool {
        self.0.remove(key).is_some()
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.0.clear();
    }

    /// What all of it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.weight()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::cache::EntryHead;

    fn entry(bytes: usize) -> Arc<Entry> {
        Arc::new(Entry::new(EntryHead::default(), Bytes::from(vec![b'x'; bytes])))
    }

    #[test]
    fn it_never_holds_more_than_it_may() {
        let store = LocalStore::new(100_000);
        for number in 0..10_000 {
            store.put(Key::named(&number.to_string()), entry(number % 3_000));
            assert!(store.bytes() <= 100_000);
        }
        assert!(store.bytes() > 50_000, "{} bytes are used", store.bytes());
        store.put(Key::named("too large"), entry(200_000));
        assert!(store.get(&Key::named("too large")).is_none());
    }

    #[test]
    fn what_is_forgotten_is_gone() {
        let store = LocalStore::new(100_000);
        let (one, two) = (Key::named("one"), Key::named("two"));
        store.put(one.clone(), entry(10));
        store.put(two.clone(), entry(10));
        assert!(store.delete(&one) && !store.delete(&one));
        assert!(store.get(&one).is_none() && store.get(&two).is_some());
        store.clear();
        assert!(store.get(&two).is_none() && store.bytes() == 0);
    }
}
