//! The tags of a call: those of its body, of the header `x-litellm-tags`, and of its key.

use std::sync::Arc;

use actix_web::http::header::HeaderMap;

use super::error::GatewayError;
use crate::ledger::event::TEXT_BYTES_MAX;
use crate::policy::{Policy, TAGS_MAX};
use crate::provider::openai::RequestError;

/// Tags, separated by commas.
const HEADER: &str = "x-litellm-tags";

/// Each once.
pub(super) fn of_call(headers: &HeaderMap, in_body: &[String], key: &Policy) -> Result<Vec<Arc<str>>, GatewayError> {
    let listed = headers.get_all(HEADER).filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let named = in_body.iter().map(String::as_str).chain(listed.map(str::trim)).filter(|tag| !tag.is_empty());
    let mut tags: Vec<Arc<str>> = Vec::new();
    for tag in named {
        if tags.len() >= TAGS_MAX || tag.len() > TEXT_BYTES_MAX {
            return Err(too_many());
        }
        if !tags.iter().any(|known| **known == *tag) {
            tags.push(Arc::from(tag));
        }
    }
    for tag in &key.tags {
        if !tags.contains(tag) {
            tags.push(Arc::clone(tag));
        }
    }
    Ok(tags)
}

fn too_many() -> GatewayError {
    let message = format!("Invalid 'tags': expected at most {TAGS_MAX} tags of at most {TEXT_BYTES_MAX} bytes each.");
    RequestError { param: Some("tags".into()), message }.into()
}
