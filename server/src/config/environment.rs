//! `os.environ/NAME`: values taken from the environment, or from the file's own `environment_variables`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::credential::Credential;
use super::node::{Node, Value};
use super::problem::{Place, Problem, Severity};
use super::secret::Secret;

/// What a reference begins with. Only a whole value is a reference: there is no interpolation inside a text.
pub(super) const PREFIX: &str = "os.environ/";

/// Where the values of variables come from.
pub(super) struct Environment<'a> {
    /// The process's environment, or a test's.
    pub(super) process: &'a dyn Fn(&str) -> Option<String>,
    /// The file's `environment_variables`, which win.
    pub(super) file: BTreeMap<String, Secret>,
    /// What deployments may name by `litellm_credential_name`.
    pub(super) credentials: Vec<Credential>,
}

/// The variables of this process, or of a test.
#[derive(Clone, Default)]
pub struct Variables(Option<Arc<Lookup>>);

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Variables {
    /// Those that `lookup` finds.
    #[must_use]
    pub fn new(lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(lookup)))
    }

    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(|name| std::env::var(name).ok())
    }

    /// The value of a variable that is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.as_ref().and_then(|lookup| lookup(name))
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variables")
    }
}

impl Environment<'_> {
    /// The value of a variable; an empty one counts as not set.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let own = self.file.get(name).map(|secret| secret.expose().to_owned());
        own.or_else(|| (self.process)(name)).filter(|text| !text.is_empty())
    }

    /// Replaces every reference below `node`, and names those that are not set.
    pub(super) fn resolve(&self, node: &mut Node, path: &str, problems: &mut Vec<Problem>) {
        match &mut node.value {
            Value::Text(text) => {
                let Some(name) = text.strip_prefix(PREFIX) else {
                    return;
                };
                let name = name.trim().to_owned();
                node.value = match self.get(&name) {
                    Some(text) => Value::FromEnv { name, text },
                    None => {
                        problems.push(not_set(&name, &node.at, path));
                        Value::Missing(name)
                    }
                };
            }
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.resolve(item, &format!("{path}[{index}]"), problems);
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    self.resolve(&mut entry.node, &join(path, &entry.key), problems);
                }
            }
            _ => {}
        }
    }
}

/// `path.key`, or `key` at the top.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn not_set(name: &str, at: &Place, path: &str) -> Problem {
    Problem {
        severity: Severity::Warning,
        place: at.clone(),
        path: path.to_owned(),
        message: format!("environment variable {name} is not set"),
    }
}

/// The variables below `node` that are not set, each with the path of the setting that wants it.
pub(super) fn missing_below(node: &Node, path: &str, found: &mut Vec<(String, String)>) {
    match &node.value {
        Value::Missing(name) => found.push((name.clone(), path.to_owned())),
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                missing_below(item, &format!("{path}[{index}]"), found);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                missing_below(&entry.node, &join(path, &entry.key), found);
            }
        }
        _ => {}
    }
}
