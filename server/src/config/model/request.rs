//! What becomes of a request's parameters at one deployment.

use serde_json::{Map, Value as Json};

use super::super::reader::{Item, Section};

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
    /// Parameters of requests that do not name them, such as `temperature`.
    pub defaults: Map<String, Json>,
}

pub(super) fn read(section: &mut Section<'_>) -> RequestConfig {
    RequestConfig {
        drop_params: section.boolean("drop_params", false),
        additional_drop_params: section.texts("additional_drop_params"),
        allowed_openai_params: section.texts("allowed_openai_params"),
        extra_body: object(section, "extra_body").unwrap_or_default(),
        defaults: defaults(section),
    }
}

/// Numbers that requests may name.
const NUMBERS: [&str; 4] = ["temperature", "top_p", "frequency_penalty", "presence_penalty"];
/// Whole numbers, likewise.
const COUNTS: [&str; 2] = ["top_k", "seed"];
/// Words.
const WORDS: [&str; 2] = ["reasoning_effort", "verbosity"];
/// What is said by several fields.
const OBJECTS: [&str; 3] = ["response_format", "thinking", "logit_bias"];

fn defaults(section: &mut Section<'_>) -> Map<String, Json> {
    let mut defaults = Map::new();
    let mut add = |name: &str, value: Option<Json>| defaults.extend(value.map(|value| (name.to_owned(), value)));
    for name in NUMBERS {
        add(name, section.get(name).and_then(|item| item.number()).map(Json::from));
    }
    for name in COUNTS {
        add(name, section.whole(name, 0..=u64::MAX).map(Json::from));
    }
    for name in WORDS {
        add(name, section.text(name).map(Json::from));
    }
    for name in OBJECTS {
        add(name, object(section, name).map(Json::Object));
    }
    let stop = section.texts("stop");
    add("stop", (!stop.is_empty()).then(|| Json::from(stop)));
    add("parallel_tool_calls", section.get("parallel_tool_calls").as_ref().and_then(Item::boolean).map(Json::from));
    defaults
}

fn object(section: &mut Section<'_>, name: &'static str) -> Option<Map<String, Json>> {
    let item = section.get(name)?;
    match item.section().map(|_| item.node.to_json()) {
        Some(Json::Object(object)) => Some(object),
        _ => None,
    }
}
