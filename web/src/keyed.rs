//! Maps, made one way: collecting sorts first, which would be compiled for every kind of iterator.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A map of these pairs.
pub(crate) fn keyed<K: Ord, V>(pairs: &mut dyn Iterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        map.insert(key, value);
    }
    map
}

/// A JSON object of these members.
pub(crate) fn json_object(members: &mut dyn Iterator<Item = (String, Value)>) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, value) in members {
        map.insert(name, value);
    }
    map
}
