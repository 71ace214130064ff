//! Tags in a body: `tags`, and a list of `tags` in `metadata`. They are the gateway's, and providers do not know them.

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::request::RequestError;

/// The tags of a body; `about` are the members in which a call says something of itself.
pub(in crate::provider) fn read(
    tags: Option<&RawValue>,
    about: [Option<&RawValue>; 2],
) -> Result<Vec<String>, RequestError> {
    let mut all: Vec<String> = match tags {
        Some(tags) => serde_json::from_str::<Option<Vec<String>>>(tags.get()).map_err(|_| wrong())?.unwrap_or_default(),
        None => Vec::new(),
    };
    all.extend(about.into_iter().flatten().filter_map(listed).flatten());
    Ok(all)
}

fn wrong() -> RequestError {
    RequestError { param: Some("tags".into()), message: "Invalid 'tags': expected a list of texts.".to_owned() }
}

/// The tags in `metadata`; `None`: it has no list of them, and a provider may make something of it.
fn listed(metadata: &RawValue) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Metadata {
        tags: Vec<Value>,
    }
    let metadata: Metadata = serde_json::from_str(metadata.get()).ok()?;
    let texts = metadata.tags.into_iter().filter_map(|tag| if let Value::String(tag) = tag { Some(tag) } else { None });
    Some(texts.collect())
}

/// Whether the body names tags at all.
pub(in crate::provider) fn are_in(tags: Option<&RawValue>, metadata: Option<&RawValue>) -> bool {
    tags.is_some() || metadata.is_some_and(|metadata| listed(metadata).is_some())
}

/// The body without its tags; everything else stays as it was written. Metadata of which nothing is left goes, too.
pub(in crate::provider) fn without(body: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let Members(members) = serde_json::from_slice(body)?;
    let mut kept = Vec::with_capacity(members.len());
    for (name, value) in members {
        match name.as_str() {
            "tags" => {}
            "metadata" if listed(value).is_some() => {
                let Members(inner) = serde_json::from_str(value.get())?;
                let inner: Vec<_> = inner.into_iter().filter(|(name, _)| name != "tags").collect();
                if !inner.is_empty() {
                    let inner = inner.into_iter().map(|(name, value)| (name, value.get().to_owned()));
                    kept.push((name, object(inner)));
                }
            }
            _ => kept.push((name, value.get().to_owned())),
        }
    }
    Ok(object(kept.into_iter()).into_bytes())
}

fn object(members: impl Iterator<Item = (String, String)>) -> String {
    let members: Vec<String> = members.map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
    format!("{{{}}}", members.join(","))
}

/// The members of an object in the order they were written, values unread.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Read)
    }
}
