//! A deployment as it is typed into the form, and what is sent of it. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tollgate_openapi::model::DeploymentView;
use tollgate_openapi::provider::{FieldKind, PROVIDERS, ProviderSheet, sheet_of};

use crate::keyed::{json_object, keyed};

/// What the server shows in a secret's place.
const MASK: &str = "****";
/// The parameter that names a credential.
const CREDENTIAL: &str = "litellm_credential_name";
/// Limits that have fields of their own.
const LIMITS: [&str; 2] = ["rpm", "tpm"];

/// The fields' contents.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Draft {
    /// What stands before the `/` of the model.
    pub(crate) provider: String,
    /// The provider's name of the model.
    pub(crate) model: String,
    /// The public name; empty: the provider's.
    pub(crate) name: String,
    /// The credential; empty: none.
    pub(crate) credential: String,
    /// The provider's fields, by name.
    pub(crate) values: BTreeMap<&'static str, String>,
    pub(crate) rpm: String,
    pub(crate) tpm: String,
    pub(crate) access_groups: Vec<String>,
    /// All other parameters, as JSON.
    pub(crate) other: String,
}

/// What is sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sent {
    pub(crate) name: String,
    pub(crate) params: Map<String, Value>,
    pub(crate) info: Map<String, Value>,
}

/// What is wrong with which field.
type Errors = BTreeMap<String, String>;

/// The sheet of a provider by its prefix.
pub(crate) fn sheet(provider: &str) -> Option<&'static ProviderSheet> {
    PROVIDERS.iter().find(|sheet| sheet.prefix == provider)
}

impl Draft {
    /// A new deployment of the provider that comes first.
    pub(crate) fn new() -> Self {
        Self { provider: PROVIDERS.first().map_or("", |sheet| sheet.prefix).to_owned(), ..Self::default() }
    }

    /// A deployment as it is; its secrets are not known here.
    pub(crate) fn of(deployment: &DeploymentView) -> Self {
        let params = &deployment.litellm_params;
        let text = |name: &str| params.get(name).map(shown).unwrap_or_default();
        let written = text("model");
        let found = sheet_of(&written);
        let (provider, model) = match (found, written.split_once('/')) {
            (Some(sheet), Some((_, rest))) => (sheet.prefix.to_owned(), rest.to_owned()),
            _ => (String::new(), written),
        };
        let fields = found.map_or(&[][..], |sheet| sheet.fields);
        let plain = fields.iter().filter(|field| field.kind == FieldKind::Text);
        let groups = deployment.model_info.get("access_groups").and_then(Value::as_array);
        let is_other = |name: &str| {
            let own = ["model", CREDENTIAL];
            !own.contains(&name) && !LIMITS.contains(&name) && !fields.iter().any(|field| field.name == name)
        };
        let other = params.iter().filter(|(name, _)| is_other(name));
        let other = json_object(&mut other.map(|(name, value)| (name.clone(), value.clone())));
        Self {
            provider,
            model,
            name: deployment.model_name.clone(),
            credential: text(CREDENTIAL),
            values: keyed(&mut plain.map(|field| (field.name, text(field.name)))),
            rpm: text("rpm"),
            tpm: text("tpm"),
            access_groups: groups.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
            other: if other.is_empty() { String::new() } else { pretty(&other) },
        }
    }

    /// What is sent to make `before`, which is empty for a new deployment, this: what is no longer there is removed by a
    /// `null`.
    pub(crate) fn to_patch(&self, before: &Self) -> Result<Sent, Errors> {
        let mut errors = Errors::new();
        let model = self.model.trim();
        if model.is_empty() {
            errors.insert("model".to_owned(), "Name the model as its provider does.".to_owned());
        }
        let mut params = Map::new();
        let written = if self.provider.is_empty() { model.to_owned() } else { format!("{}/{model}", self.provider) };
        params.insert("model".to_owned(), written.into());
        set(&mut params, CREDENTIAL, &self.credential, &before.credential);
        for (name, after, former) in [("rpm", &self.rpm, &before.rpm), ("tpm", &self.tpm, &before.tpm)] {
            match whole(after) {
                Ok(count) if after != former => drop(params.insert(name.to_owned(), count)),
                Ok(_) => {}
                Err(error) => drop(errors.insert(name.to_owned(), error)),
            }
        }
        let own = sheet(&self.provider).map_or(&[][..], |sheet| sheet.fields);
        for field in own {
            let text = |draft: &Self| draft.values.get(field.name).cloned().unwrap_or_default();
            match field.kind {
                // Nobody sees what it is: left empty, it stays.
                FieldKind::Secret | FieldKind::SecretLines if text(self).trim().is_empty() => {}
                _ => set(&mut params, field.name, &text(self), &text(before)),
            }
        }
        // What only the former provider had goes with it.
        let former = sheet(&before.provider).map_or(&[][..], |sheet| sheet.fields);
        for gone in former.iter().filter(|field| !own.iter().any(|own| own.name == field.name)) {
            params.insert(gone.name.to_owned(), Value::Null);
        }
        match (object(&self.other), object(&before.other)) {
            (Ok(other), before) => {
                let before = before.unwrap_or_default();
                let gone = before.keys().filter(|name| !other.contains_key(*name));
                params.extend(gone.map(|name| (name.clone(), Value::Null)));
                params.extend(other);
            }
            (Err(error), _) => drop(errors.insert("other".to_owned(), error)),
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut info = Map::new();
        if self.access_groups != before.access_groups {
            info.insert("access_groups".to_owned(), self.access_groups.clone().into());
        }
        let name = if self.name.trim().is_empty() { model } else { self.name.trim() };
        Ok(Sent { name: name.to_owned(), params, info })
    }
}

/// A value as it is typed.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn pretty(map: &Map<String, Value>) -> String {
    serde_json::to_string_pretty(map).unwrap_or_default()
}

fn set(params: &mut Map<String, Value>, name: &str, after: &str, before: &str) {
    let after = after.trim();
    if after == before.trim() || after == MASK {
        return;
    }
    params.insert(name.to_owned(), if after.is_empty() { Value::Null } else { after.into() });
}

/// A whole number, or nothing.
fn whole(text: &str) -> Result<Value, String> {
    let text = text.trim().replace([',', ' '], "");
    if text.is_empty() {
        return Ok(Value::Null);
    }
    text.parse::<u64>().map(Value::from).map_err(|_| "Expected a whole number, or nothing.".to_owned())
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(text).map_err(|error| format!("Expected a JSON object: {error}."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn anthropic() -> Draft {
        let values =
            BTreeMap::from([("api_key", "sk-ant ".to_owned()), ("organization", "left from OpenAI".to_owned())]);
        Draft { provider: "anthropic".to_owned(), model: "claude".to_owned(), values, ..Draft::default() }
    }

    #[test]
    fn a_new_deployment_has_what_its_provider_is_told() {
        let sent = anthropic().to_patch(&Draft::default()).unwrap();
        assert_eq!(Value::Object(sent.params), json!({"model": "anthropic/claude", "api_key": "sk-ant"}));
        assert_eq!(sent.name, "claude");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let draft = Draft { rpm: "many".to_owned(), other: "[]".to_owned(), ..Draft::new() };
        let errors = draft.to_patch(&Draft::default()).unwrap_err();
        assert_eq!(errors.keys().collect::<Vec<_>>(), ["model", "other", "rpm"]);
    }

    #[test]
    fn a_change_says_what_changes_and_leaves_secrets_alone() {
        let before = Draft {
            rpm: "5".to_owned(),
            credential: "old".to_owned(),
            values: BTreeMap::from([("api_base", "https://a".to_owned())]),
            other: r#"{"weight": 2, "order": 1}"#.to_owned(),
            ..anthropic()
        };
        let mut after = before.clone();
        after.values = BTreeMap::from([("api_base", String::new()), ("api_key", " ".to_owned())]);
        after.rpm = "1,000".to_owned();
        after.other = r#"{"weight": 2}"#.to_owned();
        let sent = after.to_patch(&before).unwrap();
        let expected = json!({"model": "anthropic/claude", "rpm": 1000, "api_base": null, "order": null, "weight": 2});
        assert_eq!(Value::Object(sent.params), expected);
        let moved = Draft { provider: "ollama".to_owned(), values: BTreeMap::new(), ..before.clone() };
        let azure = Draft { provider: "azure".to_owned(), ..before };
        assert_eq!(moved.to_patch(&azure).unwrap().params.get("tenant_id"), Some(&Value::Null));
    }
}
