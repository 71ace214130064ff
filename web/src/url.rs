//! State in the URL: query strings, built and read. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::keyed::keyed;

/// The query of a URL by name; a name appears once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    /// From pairs; empty values say nothing and are left out.
    pub(crate) fn from_pairs<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(k, v)| (k.into(), v.into()));
        Self(keyed(&mut pairs.filter(|(_, v): &(String, String)| !v.is_empty())))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The same query with some values set and, where they are empty, removed.
    pub(crate) fn with(mut self, changes: &[(&str, &str)]) -> Self {
        for (name, value) in changes {
            if value.is_empty() {
                self.0.remove(*name);
            } else {
                self.0.insert((*name).to_owned(), (*value).to_owned());
            }
        }
        self
    }

    /// `?a=1&b=2`, or nothing when it is empty.
    pub(crate) fn to_search(&self) -> String {
        let mut search = String::new();
        for (name, value) in &self.0 {
            let mark = if search.is_empty() { '?' } else { '&' };
            let _ = write!(search, "{mark}{}={}", encode(name), encode(value));
        }
        search
    }
}

/// A wire query type as `?a=1&b=2`. Lists and objects do not occur in queries of the management API.
pub(crate) fn search_of<Q: Serialize>(query: &Q) -> Result<String, serde_json::Error> {
    Ok(search_of_value(serde_json::to_value(query)?))
}

/// Apart from the above, which is compiled for every type of query.
#[inline(never)]
fn search_of_value(query: Value) -> String {
    let Value::Object(fields) = query else {
        return String::new();
    };
    let pairs = fields.into_iter().map(|(name, value)| {
        let text = match value {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        };
        (name, text)
    });
    Query::from_pairs(pairs).to_search()
}

/// A value of a closed set by its wire name, such as `created_at`.
pub(crate) fn parse_word<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(Value::String(word.to_owned())).ok()
}

/// The wire name of a value of a closed set.
pub(crate) fn word_of<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Percent-encodes everything but the characters no URL part reserves.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_openapi::key::{KeyListQuery, KeySort, KeyStatus};

    #[test]
    fn changes_set_and_remove() {
        let query = Query::from_pairs([("page", "3"), ("q", "a&b c"), ("empty", "")]);
        assert_eq!(query.to_search(), "?page=3&q=a%26b%20c");
        let next = query.with(&[("page", ""), ("sort", "spend")]);
        assert_eq!(next.to_search(), "?q=a%26b%20c&sort=spend");
        assert_eq!(Query::default().to_search(), "");
    }

    #[test]
    fn wire_queries_keep_their_names() {
        let query = KeyListQuery {
            search: Some("über".to_owned()),
            status: Some(KeyStatus::Blocked),
            ..KeyListQuery::default()
        };
        assert_eq!(
            search_of(&query).unwrap(),
            "?page=1&return_full_object=false&search=%C3%BCber&size=10&sort_by=created_at&sort_order=desc&status=blocked"
        );
    }

    #[test]
    fn words_of_closed_sets() {
        assert_eq!(parse_word::<KeySort>("spend"), Some(KeySort::Spend));
        assert_eq!(parse_word::<KeySort>("nonsense"), None);
        assert_eq!(word_of(&KeySort::MaxBudget), "max_budget");
    }
}
