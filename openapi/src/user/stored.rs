//! Fields that are kept as they came.

use crate::stored::StoredKind;

/// Fields of LiteLLM's user that are kept and shown but have no effect yet. Anything else is an unknown field.
pub const STORED_FIELDS: &[(&str, StoredKind)] = &[
    ("agent_id", StoredKind::Text),
    ("aliases", StoredKind::Object),
    ("allowed_cache_controls", StoredKind::Array),
    ("budget_fallbacks", StoredKind::Object),
    ("budget_limits", StoredKind::Array),
    ("config", StoredKind::Object),
    ("guardrails", StoredKind::Array),
    ("mcp_rpm_limit", StoredKind::Object),
    ("object_permission", StoredKind::Object),
    ("organizations", StoredKind::Array),
    ("permissions", StoredKind::Object),
    ("policies", StoredKind::Array),
    ("prompts", StoredKind::Array),
    ("sso_user_id", StoredKind::Text),
    ("tag_rpm_limit", StoredKind::Object),
];
