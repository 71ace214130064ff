//! Parameters as they may be shown.

use serde_json::{Map, Value as Json};

use crate::config::reader::Section;
use crate::config::secret::{MASK, is_secret_name};

/// The section as JSON with every secret masked.
pub(super) fn masked(section: &Section<'_>) -> Map<String, Json> {
    let entries = section.all().into_iter();
    entries.map(|(key, item)| (key.to_owned(), mask(key, item.node.to_json()))).collect()
}

/// Parameters with every secret masked.
#[must_use]
pub fn masked_map(params: &Map<String, Json>) -> Map<String, Json> {
    params.iter().map(|(name, value)| (name.clone(), mask(name, value.clone()))).collect()
}

fn mask(name: &str, value: Json) -> Json {
    match value {
        Json::String(text) if is_secret_name(name) || has_password(&text) => {
            let shown = if text.is_empty() { "" } else { MASK };
            Json::String(shown.to_owned())
        }
        Json::Array(items) => items.into_iter().map(|item| mask(name, item)).collect(),
        Json::Object(map) => {
            let entries = map.into_iter();
            // Whatever is inside a secret is secret, such as the fields of `vertex_credentials`.
            entries
                .map(|(key, value)| {
                    let inner = if is_secret_name(name) { name } else { &key };
                    let value = mask(inner, value);
                    (key, value)
                })
                .collect()
        }
        other => other,
    }
}

/// True for addresses with a password inside.
pub(in crate::config) fn has_password(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| url.password().is_some())
}
