//! `credential_list`: settings that deployments share by a name, `litellm_credential_name`.

use std::fmt;

use serde_json::{Map, Value as Json};

use super::environment::Environment;
use super::node::{Node, Value};
use super::problem::Place;
use super::reader::{Item, Section};
use super::secret::MASK;

/// The parameter that names a credential.
pub const CREDENTIAL_NAME: &str = "litellm_credential_name";

/// Values of credentials that may be shown; any other may be a secret.
const SHOWN: [&str; 15] = [
    "api_base",
    "api_version",
    "aws_bedrock_runtime_endpoint",
    "aws_profile_name",
    "aws_region_name",
    "aws_role_name",
    "aws_session_name",
    "azure_scope",
    "base_url",
    "client_id",
    "custom_llm_provider",
    "organization",
    "tenant_id",
    "vertex_location",
    "vertex_project",
];

/// A credential: parameters that a deployment has which names it, unless it has them itself.
#[derive(Clone)]
pub struct Credential {
    /// What deployments name it by.
    pub name: String,
    /// What is noted about it.
    pub info: Map<String, Json>,
    values: Node,
}

impl Credential {
    /// A credential with these values as they are: nothing of them is looked up in the environment.
    #[must_use]
    pub fn new(name: impl Into<String>, values: &Map<String, Json>, info: Map<String, Json>) -> Self {
        let name = name.into();
        let values = Node::of_map(values, &Place::whole(&format!("credential {name}")));
        Self { name, info, values }
    }

    /// Its values, to be shown: secrets are masked.
    #[must_use]
    pub fn masked(&self) -> Map<String, Json> {
        let Json::Object(values) = self.values.to_json() else { return Map::new() };
        values.into_iter().map(|(name, value)| (name.clone(), mask(&name, value))).collect()
    }

    /// Adds its values to `params`, which keeps what it has of its own.
    pub(super) fn complete(&self, params: &mut Node) {
        if let (Value::Map(own), Value::Map(values)) = (&mut params.value, &self.values.value) {
            for entry in values {
                if !own.iter().any(|known| known.key == entry.key) {
                    own.push(entry.clone());
                }
            }
        }
    }
}

/// Where it is written is of no account.
impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.info) == (&other.name, &other.info) && self.values.to_json() == other.values.to_json()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Credential").field(&self.name).finish()
    }
}

/// A value as it may be shown.
fn mask(name: &str, value: Json) -> Json {
    let has_password = |text: &str| super::model::has_password(text);
    match value {
        Json::Null => Json::Null,
        Json::String(text) if SHOWN.contains(&name) && !has_password(&text) => Json::String(text),
        _ => Json::String(MASK.to_owned()),
    }
}

/// Reads `credential_list`.
pub(super) fn read_list(item: Option<Item<'_>>) -> Vec<Credential> {
    let mut credentials: Vec<Credential> = Vec::new();
    for entry in item.iter().flat_map(|item| item.list(false)) {
        let Some(mut section) = entry.section() else { continue };
        let info = section.json("credential_info").as_object().cloned().unwrap_or_default();
        let values = section.get("credential_values").filter(|values| values.section().is_some());
        let name = section.text("credential_name").filter(|name| !name.is_empty());
        section.finish(&super::vocabulary::CREDENTIAL);
        let (Some(name), Some(values)) = (name, values) else {
            entry.error("expected \"credential_name\" and \"credential_values\", a mapping of parameters");
            continue;
        };
        if credentials.iter().any(|known| known.name == name) {
            entry.error(format!("the credential \"{name}\" is listed already"));
            continue;
        }
        credentials.push(Credential { name, info, values: values.node.clone() });
    }
    credentials
}

/// The parameters of a deployment with those of the credential that it names.
pub(super) enum Completed {
    /// It names none.
    Plain,
    /// It names this one, which nobody knows.
    Unknown(String),
    /// Both together.
    With(Node),
}

/// Completes `params` from the credential that it names.
pub(super) fn completed(params: &Section<'_>, environment: &Environment<'_>) -> Completed {
    let named = params.all().into_iter().find(|(key, _)| *key == CREDENTIAL_NAME);
    let Some(name) = named.and_then(|(_, item)| item.text()).filter(|name| !name.is_empty()) else {
        return Completed::Plain;
    };
    match environment.credentials.iter().find(|known| known.name == name) {
        None => Completed::Unknown(name),
        Some(credential) => {
            let mut node = params.item.node.clone();
            credential.complete(&mut node);
            Completed::With(node)
        }
    }
}
