//! Credentials: parameters that deployments share by a name. Their values come in and never go out.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::check::{check_id, null_as_default};

/// Most values of one credential.
const VALUES_MAX: usize = 64;

fn valid_values<C>(values: &Map<String, Value>, context: &C) -> garde::Result {
    if values.is_empty() {
        return Err(garde::Error::new("expected at least one value, such as {\"api_key\": \"sk-…\"}"));
    }
    sound_values(values, context)
}

fn sound_values<C>(values: &Map<String, Value>, context: &C) -> garde::Result {
    if values.len() > VALUES_MAX {
        return Err(garde::Error::new(format!("expected at most {VALUES_MAX} values")));
    }
    values.keys().try_for_each(|name| check_id(name, context))
}

/// Body of `POST /credentials`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"credential_name": "anthropic-production", "credential_info": {"custom_llm_provider": "anthropic"},
    "credential_values": {"api_key": "sk-ant-…"}})))]
#[serde(deny_unknown_fields)]
pub struct CredentialCreate {
    /// What deployments name it by, in `litellm_params.litellm_credential_name`.
    #[garde(custom(check_id))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub credential_name: String,
    /// What is noted about it; shown as it is.
    #[serde(default, deserialize_with = "null_as_default")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub credential_info: Map<String, Value>,
    /// Parameters under the names they have in `litellm_params`: `api_key`, `api_base`, `aws_access_key_id` and so on. A
    /// deployment that names the credential has them unless it has them itself.
    #[garde(custom(valid_values))]
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub credential_values: Map<String, Value>,
}

/// Body of `PATCH /credentials/{credential_name}`: only what is sent changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"credential_values": {"api_key": "sk-ant-…"}})))]
#[serde(deny_unknown_fields, default)]
pub struct CredentialPatch {
    /// The name it has: it does not change, since deployments know it by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub credential_name: Option<String>,
    /// Notes to change; `null` removes one.
    #[serde(deserialize_with = "null_as_default", skip_serializing_if = "Map::is_empty")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub credential_info: Map<String, Value>,
    /// Values to change; `null` removes one, and a masked value (`****`) leaves what there is.
    #[serde(deserialize_with = "null_as_default", skip_serializing_if = "Map::is_empty")]
    #[garde(custom(sound_values))]
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub credential_values: Map<String, Value>,
}

/// A credential, its secrets masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"credential_name": "anthropic-production", "credential_info": {"custom_llm_provider": "anthropic"},
    "credential_values": {"api_key": "****"}, "source": "db", "used_by": ["deployment-1"], "problem": null,
    "created_at": "2026-11-21T09:30:00Z", "created_by": "default_user_id", "updated_at": "2026-11-21T09:30:00Z",
    "updated_by": "default_user_id"})))]
pub struct CredentialView {
    /// What deployments name it by.
    pub credential_name: String,
    /// What is noted about it.
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub credential_info: Map<String, Value>,
    /// Its values; all that may be secret are masked.
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub credential_values: Map<String, Value>,
    /// Where it is kept.
    pub source: Source,
    /// Ids of the deployments that name it.
    pub used_by: Vec<String>,
    /// Why its values cannot be used, where they cannot.
    pub problem: Option<String>,
    /// When it was made, where it is kept in the database.
    pub created_at: Option<DateTime<Utc>>,
    /// By whom.
    pub created_by: Option<String>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// By whom.
    pub updated_by: Option<String>,
}

/// Where something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// In config.yaml: it is changed there.
    Config,
    /// In the database: it is changed by the management API.
    Db,
}

/// Answer of `GET /credentials`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"success": true, "credentials": [{"credential_name": "anthropic-production",
    "credential_info": {"custom_llm_provider": "anthropic"}, "credential_values": {"api_key": "****"}, "source": "config",
    "used_by": [], "problem": null, "created_at": null, "created_by": null, "updated_at": null, "updated_by": null}]})))]
pub struct CredentialList {
    /// Always true.
    pub success: bool,
    /// In the order of their names.
    pub credentials: Vec<CredentialView>,
}

/// Answer of what changes a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"success": true, "message": "Credential created successfully"})))]
pub struct CredentialDone {
    /// Always true.
    pub success: bool,
    /// What happened, in a sentence.
    pub message: String,
}
