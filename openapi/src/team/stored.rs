//! Fields that are kept as they came.

use crate::stored::StoredKind;

/// Fields of LiteLLM's team that are kept and shown but have no effect yet. Anything else is an unknown field.
pub const STORED_FIELDS: &[(&str, StoredKind)] = &[
    ("key_generation_settings", StoredKind::Object),
    ("access_group_ids", StoredKind::Array),
    ("allowed_passthrough_routes", StoredKind::Array),
    ("allowed_vector_store_indexes", StoredKind::Array),
    ("budget_limits", StoredKind::Array),
    ("default_estimated_output_tokens", StoredKind::Count),
    ("default_estimated_output_tokens_per_model", StoredKind::Object),
    ("default_team_member_models", StoredKind::Array),
    ("denied_passthrough_routes", StoredKind::Array),
    ("disable_global_guardrails", StoredKind::Flag),
    ("enforced_batch_output_expires_after", StoredKind::Object),
    ("enforced_file_expires_after", StoredKind::Object),
    ("guardrails", StoredKind::Array),
    ("mcp_rpm_limit", StoredKind::Object),
    ("model_aliases", StoredKind::Object),
    ("object_permission", StoredKind::Object),
    ("policies", StoredKind::Array),
    ("prompts", StoredKind::Array),
    ("router_settings", StoredKind::Object),
    ("rpm_limit_type", StoredKind::Text),
    ("secret_manager_settings", StoredKind::Object),
    ("tags", StoredKind::Array),
    ("team_member_key_duration", StoredKind::Text),
    ("team_member_permissions", StoredKind::Array),
    ("tpd_limit", StoredKind::Count),
    ("tpm_limit_type", StoredKind::Text),
];

/// Fields of LiteLLM's team member that are kept and shown but have no effect yet.
pub const MEMBER_STORED_FIELDS: &[(&str, StoredKind)] = &[("allowed_models", StoredKind::Array)];
