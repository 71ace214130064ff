//! Settings: what config.yaml and the database say, with LiteLLM's paths and fields.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A section of config.yaml.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConfigType {
    /// The server itself.
    #[default]
    GeneralSettings,
    /// How calls are made, budgets, the cache.
    LitellmSettings,
    /// How a deployment is chosen and what stands in for it.
    RouterSettings,
    /// Bounds that LiteLLM has no names for.
    TollgateSettings,
}

impl ConfigType {
    /// Every section.
    pub const ALL: [Self; 4] =
        [Self::GeneralSettings, Self::LitellmSettings, Self::RouterSettings, Self::TollgateSettings];

    /// Its name in config.yaml.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GeneralSettings => "general_settings",
            Self::LitellmSettings => "litellm_settings",
            Self::RouterSettings => "router_settings",
            Self::TollgateSettings => "tollgate_settings",
        }
    }
}

/// What kind of value a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub enum SettingType {
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// Text.
    String,
    /// A list.
    List,
    /// A mapping.
    Dict,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SettingSource {
    /// Nobody set it.
    Default,
    /// config.yaml, or a file that it includes.
    File,
    /// An environment variable that config.yaml names, or that is read where config.yaml says nothing.
    Environment,
    /// The database: it was set by this API or in the console.
    Database,
}

/// Query of `GET /config/list`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct ConfigListQuery {
    /// Only this section; absent: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(inline))]
    pub config_type: Option<ConfigType>,
}

/// Query of `GET /config/field/info`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::IntoParams))]
pub struct ConfigFieldQuery {
    /// Name of the setting within its section, such as `num_retries` or `cache_params.ttl`.
    #[garde(length(min = 1, max = 255))]
    #[cfg_attr(feature = "spec", param(min_length = 1, max_length = 255))]
    pub field_name: String,
    /// Its section.
    #[serde(default)]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", param(inline))]
    pub config_type: ConfigType,
}

/// Body of `POST /config/field/update`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"config_type": "router_settings", "field_name": "num_retries", "field_value": 3,
    "version": 0})))]
#[serde(deny_unknown_fields)]
pub struct ConfigFieldUpdate {
    /// Name of the setting within its section.
    #[garde(length(min = 1, max = 255))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub field_name: String,
    /// Its new value, as config.yaml takes it; null: the one that config.yaml says.
    #[garde(skip)]
    pub field_value: Value,
    /// Its section.
    #[serde(default)]
    #[garde(skip)]
    pub config_type: ConfigType,
    /// The version that was seen: where there is another, nothing changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub version: Option<i64>,
}

/// Body of `POST /config/field/delete`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"config_type": "router_settings", "field_name": "num_retries"})))]
#[serde(deny_unknown_fields)]
pub struct ConfigFieldDelete {
    /// Name of the setting within its section.
    #[garde(length(min = 1, max = 255))]
    #[cfg_attr(feature = "spec", schema(min_length = 1, max_length = 255))]
    pub field_name: String,
    /// Its section.
    #[serde(default)]
    #[garde(skip)]
    pub config_type: ConfigType,
    /// The version that was seen: where there is another, nothing changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    pub version: Option<i64>,
}

/// Body of `POST /config/update`: settings by section. What is not sent stays, null takes the database's value away.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"router_settings": {"num_retries": 3}, "litellm_settings": {"drop_params": true}})))]
#[serde(deny_unknown_fields, default)]
pub struct ConfigUpdate {
    /// Settings of the server itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub general_settings: Option<Map<String, Value>>,
    /// How calls are made, budgets, the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub litellm_settings: Option<Map<String, Value>>,
    /// How a deployment is chosen and what stands in for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub router_settings: Option<Map<String, Value>>,
    /// Bounds that LiteLLM has no names for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub tollgate_settings: Option<Map<String, Value>>,
    /// Variables of the environment: always refused, they are config.yaml's and the process's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[garde(skip)]
    #[cfg_attr(feature = "spec", schema(value_type = Option<Object>))]
    pub environment_variables: Option<Map<String, Value>>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"config_type": "router_settings", "field_name": "num_retries", "field_type": "Number",
    "field_description": "Tries after the first.", "field_value": 3, "field_default_value": null, "stored_in_db": true,
    "premium_field": false, "source": "database", "place": null, "editable": true, "choices": [], "version": 1,
    "waits_for_restart": false, "updated_at": "2026-11-21T09:30:00Z", "updated_by": "ada"})))]
pub struct SettingView {
    /// Its section.
    pub config_type: ConfigType,
    /// Its name within the section.
    pub field_name: String,
    /// What kind of value it takes.
    pub field_type: SettingType,
    /// What it means. Settings that belong together are described together.
    pub field_description: String,
    /// Its value, secrets masked; null where it has none.
    pub field_value: Value,
    /// What holds where nobody sets it.
    pub field_default_value: Value,
    /// Whether the value comes from the database.
    pub stored_in_db: bool,
    /// Always false: nothing here has to be paid for.
    pub premium_field: bool,
    /// Where the value comes from.
    pub source: SettingSource,
    /// Where it is written: file and line, or the name of a variable. Of a setting that is not set, the variable that
    /// would be read.
    pub place: Option<String>,
    /// Whether it can be changed while the gateway runs.
    pub editable: bool,
    /// The values it takes, where they are few.
    pub choices: Vec<String>,
    /// Larger after every change; 0: the database does not have it.
    pub version: i64,
    /// config.yaml says something else than when the gateway started, and this takes effect only at a start.
    pub waits_for_restart: bool,
    /// When the database's value last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// By whom.
    pub updated_by: Option<String>,
}

impl SettingView {
    /// Where it is in config.yaml, such as `router_settings.num_retries`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}.{}", self.config_type.as_str(), self.field_name)
    }
}

/// A setting that was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
pub struct SettingChanged {
    /// As it is now.
    #[serde(flatten)]
    pub setting: SettingView,
    /// What is doubtful in the settings now.
    pub warnings: Vec<String>,
}

/// Answer of `POST /config/update`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"message": "Config updated successfully", "warnings": []})))]
pub struct ConfigUpdated {
    /// Always the same.
    pub message: String,
    /// What is doubtful in the settings now.
    pub warnings: Vec<String>,
}

/// Answer of `GET /get/config/callbacks`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "spec", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "spec", schema(example = json!({"status": "success", "callbacks": [], "alerts": [],
    "router_settings": {"num_retries": 3}})))]
pub struct ConfigCallbacks {
    /// Always `success`.
    pub status: String,
    /// Where calls are logged to besides: nowhere.
    pub callbacks: Vec<Value>,
    /// Where alerts are sent: nowhere.
    pub alerts: Vec<Value>,
    /// The router's settings by name; of those that nobody set, the default.
    #[cfg_attr(feature = "spec", schema(value_type = Object))]
    pub router_settings: Map<String, Value>,
}
