//! Fields that are kept as they came.

use serde_json::Value;

/// Fields of LiteLLM's key that are kept and shown as they came. `model_max_budget`, `model_rpm_limit` and
/// `model_tpm_limit` are in force; the others have no effect yet. Anything else is an unknown field.
pub const STORED_FIELDS: &[(&str, StoredKind)] = &[
    ("agent_id", StoredKind::Text),
    ("aliases", StoredKind::Object),
    ("allowed_cache_controls", StoredKind::Array),
    ("allowed_passthrough_routes", StoredKind::Array),
    ("allowed_routes", StoredKind::Array),
    ("auto_rotate", StoredKind::Flag),
    ("budget_fallbacks", StoredKind::Object),
    ("budget_id", StoredKind::Text),
    ("budget_limits", StoredKind::Array),
    ("config", StoredKind::Object),
    ("default_estimated_output_tokens", StoredKind::Count),
    ("default_estimated_output_tokens_per_model", StoredKind::Object),
    ("denied_passthrough_routes", StoredKind::Array),
    ("disable_global_guardrails", StoredKind::Flag),
    ("enable_prompt_caching", StoredKind::Flag),
    ("end_user_budget_id", StoredKind::Text),
    ("enforced_params", StoredKind::Array),
    ("access_group_ids", StoredKind::Array),
    ("guardrails", StoredKind::Array),
    ("key_type", StoredKind::Text),
    ("mcp_rpm_limit", StoredKind::Object),
    ("model_max_budget", StoredKind::Object),
    ("model_rpm_limit", StoredKind::Object),
    ("model_tpm_limit", StoredKind::Object),
    ("object_permission", StoredKind::Object),
    ("permissions", StoredKind::Object),
    ("policies", StoredKind::Array),
    ("project_id", StoredKind::Text),
    ("prompts", StoredKind::Array),
    ("rotation_interval", StoredKind::Text),
    ("router_settings", StoredKind::Object),
    ("rpm_limit_type", StoredKind::Text),
    ("send_invite_email", StoredKind::Flag),
    ("tag_rpm_limit", StoredKind::Object),
    ("tags", StoredKind::Array),
    ("throttle_on_budget_exceeded", StoredKind::Flag),
    ("tpd_limit", StoredKind::Count),
    ("tpm_limit_type", StoredKind::Text),
];

/// JSON type of a field that is only kept. `null` is as good as no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredKind {
    /// An array.
    Array,
    /// Zero or a whole number above it.
    Count,
    /// `true` or `false`.
    Flag,
    /// An object.
    Object,
    /// A string.
    Text,
}

impl StoredKind {
    /// Whether `value` is of this type.
    #[must_use]
    pub fn fits(self, value: &Value) -> bool {
        match self {
            _ if value.is_null() => true,
            Self::Array => value.is_array(),
            Self::Count => value.is_u64(),
            Self::Flag => value.is_boolean(),
            Self::Object => value.is_object(),
            Self::Text => value.is_string(),
        }
    }

    /// What to expect, in words.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Array => "expected an array",
            Self::Count => "expected a whole number, zero or more",
            Self::Flag => "expected true or false",
            Self::Object => "expected an object",
            Self::Text => "expected a string",
        }
    }
}
