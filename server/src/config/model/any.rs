//! An entry for every model of every provider, `model: "*"`: as many entries as there are providers whose key the
//! environment has. A name without a provider is one of OpenAI's models then, as in LiteLLM.

use super::super::environment::Environment;
use super::super::node::{Node, Value};
use super::super::reader::Item;
use super::reach;
use crate::domain::provider::{PROVIDERS, ProviderKind};

/// The name that stands for any.
const ANY: &str = "*";

/// The entries that stand in the place of one for every model; `None` where it is none.
pub(super) fn expanded(entry: &Item<'_>, environment: &Environment<'_>) -> Option<Vec<Node>> {
    let name = text_at(entry.node, &["model_name"])?;
    if text_at(entry.node, &["litellm_params", "model"])? != ANY || !name.contains(ANY) {
        return None;
    }
    let has_key = |kind: ProviderKind| reach::own_key(kind, environment).is_some();
    let reachable = PROVIDERS.iter().filter(|info| info.supported && info.api_base.is_some() && has_key(info.kind));
    let mut nodes = Vec::new();
    for info in reachable {
        let models = format!("{}/{ANY}", info.kind);
        nodes.push(with_names(entry.node, &name.replace(ANY, &models), &models));
        if info.kind == ProviderKind::OpenAi && name == ANY {
            nodes.push(with_names(entry.node, ANY, &models));
        }
    }
    if nodes.is_empty() {
        entry.warning("no provider's key is in the environment: this entry serves no model");
    }
    Some(nodes)
}

fn text_at<'a>(node: &'a Node, path: &[&str]) -> Option<&'a str> {
    match (&node.value, path) {
        (Value::Text(text), []) => Some(text),
        (Value::Map(entries), [key, rest @ ..]) => text_at(&entries.iter().find(|entry| entry.key == *key)?.node, rest),
        _ => None,
    }
}

fn with_names(entry: &Node, model_name: &str, model: &str) -> Node {
    let mut node = entry.clone();
    set(&mut node, &["model_name"], model_name);
    set(&mut node, &["litellm_params", "model"], model);
    node
}

fn set(node: &mut Node, path: &[&str], text: &str) {
    match (&mut node.value, path) {
        (value, []) => *value = Value::Text(text.to_owned()),
        (Value::Map(entries), [key, rest @ ..]) => {
            if let Some(entry) = entries.iter_mut().find(|entry| entry.key == *key) {
                set(&mut entry.node, rest, text);
            }
        }
        _ => {}
    }
}
