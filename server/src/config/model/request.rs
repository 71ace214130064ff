//! What becomes of a request's parameters at one deployment.

use serde_json::{Map, Value as Json};

use super::super::reader::Section;

/// What a deployment's configuration says of parameters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestConfig {
    /// What the provider does not take is left out. Default: what `litellm_settings` says.
    pub drop_params: bool,
    /// Left out in any case.
    pub additional_drop_params: Vec<String>,
    /// Sent, whatever is known of the provider.
    pub allowed_openai_params: Vec<String>,
    /// Put into every body for the provider as it is; what a request says itself goes before.
    pub extra_body: Map<String, Json>,
}

pub(super) fn read(section: &mut Section<'_>) -> RequestConfig {
    RequestConfig {
        drop_params: section.boolean("drop_params", false),
        additional_drop_params: section.texts("additional_drop_params"),
        allowed_openai_params: section.texts("allowed_openai_params"),
        extra_body: extra_body(section),
    }
}

fn extra_body(section: &mut Section<'_>) -> Map<String, Json> {
    let Some(item) = section.get("extra_body") else { return Map::new() };
    match item.section().map(|_| item.node.to_json()) {
        Some(Json::Object(body)) => body,
        _ => Map::new(),
    }
}
