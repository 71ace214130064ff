//! The id of a deployment that was given none.

use sha2::{Digest, Sha256};

use super::super::node::{Node, Value};
use super::super::secret::is_secret_name;

/// Bytes of the hash that make an id.
const ID_BYTES: usize = 16;

/// A hash of the name and the parameters. It stays the same over restarts, over the order of the keys and over changes
/// of the environment; a secret counts by the variable it comes from, one written out not at all.
pub(super) fn hash(model_name: &str, params: &Node) -> String {
    let mut hasher = Sha256::new();
    feed(&mut hasher, model_name);
    feed_node(&mut hasher, "", params);
    let digest = hasher.finalize();
    digest.iter().take(ID_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// Every piece goes in with its length, so that no two lists of pieces look alike.
fn feed(hasher: &mut Sha256, piece: &str) {
    hasher.update(piece.len().to_string().as_bytes());
    hasher.update(b":");
    hasher.update(piece.as_bytes());
}

fn feed_node(hasher: &mut Sha256, name: &str, node: &Node) {
    match &node.value {
        Value::FromEnv { name, .. } | Value::Missing(name) => {
            feed(hasher, "$");
            feed(hasher, name);
        }
        Value::Text(_) if is_secret_name(name) => feed(hasher, "*"),
        Value::List(items) => {
            feed(hasher, "[");
            for item in items {
                feed_node(hasher, name, item);
            }
            feed(hasher, "]");
        }
        Value::Map(entries) => {
            feed(hasher, "{");
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by(|a, b| a.key.cmp(&b.key));
            for entry in sorted {
                feed(hasher, &entry.key);
                feed_node(hasher, &entry.key, &entry.node);
            }
            feed(hasher, "}");
        }
        _ => feed(hasher, &node.to_json().to_string()),
    }
}
