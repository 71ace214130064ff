//! Deployments that are not in the file: they are kept in the database, or only tried. The same reader reads them, with
//! less trust in where they come from: what the gateway's own machine knows is not theirs to send anywhere.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::credential::CREDENTIAL_NAME;
use super::environment::{Environment, PREFIX};
use super::model::{self, DeploymentConfig};
use super::node::{Entry, Node, Value};
use super::problem::{Place, Problem, Severity};
use super::reader::{Item, Problems};
use super::{Credential, Variables};

/// Parameters that say where a deployment is called.
const ADDRESSES: [&str; 4] = ["api_base", "base_url", "aws_bedrock_runtime_endpoint", "aws_sts_endpoint"];
/// Parameters that may be paths of files in config.yaml.
const GOOGLE_CREDENTIALS: [&str; 2] = ["vertex_credentials", "vertex_ai_credentials"];
const IDENTITY_TOKEN: &str = "aws_web_identity_token";

/// A deployment as it was sent to the management API.
#[derive(Clone, Debug, Default)]
pub struct SentDeployment {
    /// Its id.
    pub id: String,
    /// The public name of the group it serves.
    pub model_name: String,
    /// `litellm_params`.
    pub params: Map<String, Json>,
    /// `model_info`, without the id.
    pub info: Map<String, Json>,
}

/// What came of reading one.
#[derive(Clone, Debug)]
pub struct SentRead {
    /// The deployment; `None` where too much is wrong with it.
    pub deployment: Option<DeploymentConfig>,
    /// Everything that is wrong or doubtful. Their paths begin with `litellm_params` or `model_info`.
    pub problems: Vec<Problem>,
}

impl SentDeployment {
    /// Reads it as an entry of `model_list`. Keys come from the environment only where it says nothing of where it is
    /// called.
    #[must_use]
    pub fn read(&self, credentials: &[Credential], variables: &Variables) -> SentRead {
        let place = Place::whole("the database");
        let mut found = check_sent(&self.params, "litellm_params");
        let named = self.params.get(CREDENTIAL_NAME).and_then(Json::as_str);
        let named = credentials.iter().find(|credential| Some(credential.name.as_str()) == named);
        let has_address = |name: &&'static str| {
            let is_own = self.params.get(*name).is_some_and(|value| !value.is_null());
            is_own || named.is_some_and(|credential| credential.masked().contains_key(*name))
        };
        let is_elsewhere = ADDRESSES.iter().any(has_address);
        let process = |name: &str| if is_elsewhere { None } else { variables.get(name) };
        let environment = Environment { process: &process, file: BTreeMap::new(), credentials: credentials.to_vec() };
        let problems = Problems::default();
        let node = self.node(&place);
        let item = Item { node: &node, path: String::new(), problems: &problems };
        let deployment = model::read_one(&item, &environment).map(|one| DeploymentConfig { is_stored: true, ..one });
        found.extend(problems.take());
        let is_sound = !found.iter().any(Problem::is_error);
        SentRead { deployment: deployment.filter(|_| is_sound), problems: found }
    }

    /// As it would stand in `model_list`.
    fn node(&self, place: &Place) -> Node {
        let mut info = self.info.clone();
        info.insert("id".to_owned(), Json::String(self.id.clone()));
        let text = Node { at: place.clone(), value: Value::Text(self.model_name.clone()) };
        let entries = [
            ("model_name", text),
            ("litellm_params", Node::of_map(&self.params, place)),
            ("model_info", Node::of_map(&info, place)),
        ];
        let entry = |(key, node): (&str, Node)| Entry { key: key.to_owned(), at: place.clone(), node };
        Node { at: place.clone(), value: Value::Map(entries.into_iter().map(entry).collect()) }
    }
}

/// What may not be sent among parameters or values of a credential, at `path`: whatever would have the gateway read its
/// environment or its files.
#[must_use]
pub fn check_sent(values: &Map<String, Json>, path: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, value) in values {
        check_value(value, &format!("{path}.{name}"), &mut problems);
        let text = value.as_str().map(str::trim_start).unwrap_or_default();
        let is_path = GOOGLE_CREDENTIALS.contains(&name.as_str()) && !text.is_empty() && !text.starts_with('{');
        if is_path {
            let message = "expected the JSON of a key; files are only read for config.yaml";
            problems.push(refused(&format!("{path}.{name}"), message));
        }
        if name == IDENTITY_TOKEN && (text.starts_with("oidc/") || text.starts_with('/')) {
            let message = "expected a token; files and variables are only read for config.yaml";
            problems.push(refused(&format!("{path}.{name}"), message));
        }
    }
    problems
}

fn check_value(value: &Json, path: &str, problems: &mut Vec<Problem>) {
    match value {
        Json::String(text) if text.starts_with(PREFIX) => {
            let message = "the environment is only read for config.yaml: send the value itself, or name a credential of \
                           config.yaml's credential_list in litellm_credential_name";
            problems.push(refused(path, message));
        }
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| check_value(item, &format!("{path}[{at}]"), problems));
        }
        Json::Object(members) => {
            members.iter().for_each(|(name, inner)| check_value(inner, &format!("{path}.{name}"), problems));
        }
        _ => {}
    }
}

fn refused(path: &str, message: &str) -> Problem {
    let place = Place::whole("the request");
    Problem { severity: Severity::Error, place, path: path.to_owned(), message: message.to_owned() }
}
