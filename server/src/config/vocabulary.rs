//! The names LiteLLM's configuration knows, by section, so that a setting Tollgate does not have yet is told apart
//! from a slip of the pen. A name ending in `*` stands for all that begin so.

/// The vocabulary of one section.
pub(super) struct Area {
    /// LiteLLM's settings. Those that Tollgate reads need not be listed.
    litellm: &'static [&'static str],
    /// Settings that are read but not in force: remove a name here when it is.
    pending: &'static [&'static str],
    /// Unknown keys are errors: the section is our own.
    pub(super) strict: bool,
    /// Any key is the user's own.
    pub(super) free_form: bool,
}

impl Area {
    pub(super) fn is_litellm(&self, key: &str) -> bool {
        self.litellm.iter().any(|name| matches(name, key))
    }

    pub(super) fn is_pending(&self, key: &str) -> bool {
        self.pending.iter().any(|name| matches(name, key))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.litellm.iter().copied().filter(|name| !name.ends_with('*'))
    }
}

fn matches(name: &str, key: &str) -> bool {
    match name.strip_suffix('*') {
        Some(beginning) => key.starts_with(beginning),
        None => name == key,
    }
}

/// The name most like `key`, if one is alike enough to be meant.
pub(super) fn nearest<'n>(key: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let allowed = (key.chars().count() / 3).clamp(1, 4);
    names
        .map(|name| (strsim::damerau_levenshtein(key, name), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

const fn area(litellm: &'static [&'static str], pending: &'static [&'static str]) -> Area {
    Area { litellm, pending, strict: false, free_form: false }
}

/// The top of the file.
pub(super) const TOP: Area = area(
    &[
        "guardrails",
        "mcp_servers",
        "mcp_tools",
        "search_tools",
        "vector_store_registry",
        "finetune_settings",
        "files_settings",
        "callback_settings",
        "policies",
        "prompts",
        "assistant_settings",
    ],
    &[],
);

/// An entry of `credential_list`.
pub(super) const CREDENTIAL: Area = area(&[], &[]);

/// An entry of `model_list`.
pub(super) const MODEL: Area = area(&[], &[]);

/// `model_list[].litellm_params`.
pub(super) const MODEL_PARAMS: Area = area(
    &[
        "auto_router_*",
        "aws_*",
        "azure_*",
        "budget_duration",
        "cache_control_injection_points",
        "complexity_router_*",
        "configurable_clientside_auth_params",
        "cooldown_time",
        "custom_tokenizer",
        "default_api_key_tpm_limit",
        "default_api_key_rpm_limit",
        "fallbacks",
        "gcs_bucket_name",
        "input_cost_per_*",
        "litellm_credential_name",
        "litellm_trace_id",
        "max_budget",
        "max_completion_tokens",
        "max_file_size_mb",
        "max_retries",
        "merge_reasoning_content_in_choices",
        "metadata",
        "milvus_*",
        "mock_timeout",
        "model_config",
        "n",
        "num_retries",
        "ocr_cost_*",
        "output_cost_per_*",
        "s3_*",
        "search_context_cost_per_query",
        "service_tier",
        "stream",
        "tag_regex",
        "tiered_pricing",
        "tool_choice",
        "tools",
        "use_chat_completions_api",
        "use_in_pass_through",
        "use_litellm_proxy",
        "user",
        "vertex_*",
        "watsonx_*",
        "weights",
    ],
    &[],
);

/// `model_list[].model_info`: users keep notes of their own there, and all of it is shown with the model.
pub(super) const MODEL_INFO: Area = Area {
    litellm: &["allowed_fails", "allowed_fails_policy", "cooldown_time", "health_check_*"],
    pending: &["team_id", "team_public_model_name"],
    strict: false,
    free_form: true,
};

/// `router_settings.hedging`, which LiteLLM does not have.
pub(super) const HEDGING: Area = Area { litellm: &[], pending: &[], strict: true, free_form: false };

/// `router_settings`.
pub(super) const ROUTER: Area = area(
    &[
        "alerting_config",
        "assistants_config",
        "cache_kwargs",
        "caching_groups",
        "client_ttl",
        "debug_level",
        "default_litellm_params",
        "default_max_parallel_requests",
        "default_priority",
        "deployment_affinity_ttl_seconds",
        "enable_health_check_routing",
        "enable_weighted_failover",
        "guardrail_list",
        "health_check_staleness_threshold",
        "ignore_invalid_deployments",
        "max_retries",
        "model_group_affinity_config",
        "model_list",
        "optional_pre_call_checks",
        "polling_interval",
        "redis_db",
        "router_general_settings",
        "routing_groups",
        "search_tools",
        "set_verbose",
    ],
    &[],
);

/// `router_settings.routing_strategy_args`.
pub(super) const STRATEGY_ARGS: Area = area(&["ttft_percentile"], &[]);

/// `litellm_settings`.
pub(super) const LITELLM: Area = area(
    &[
        "block_requests_for_models_without_pricing",
        "cost_discount_config",
        "cost_margin_config",
        "custom_prometheus_metadata_labels",
        "custom_prometheus_tags",
        "default_redis_ttl",
        "default_team_settings",
        "enable_json_schema_validation",
        "enable_preview_features",
        "json_logs",
        "langfuse_default_tags",
        "modify_params",
        "prometheus_metrics_config",
        "prometheus_initialize_budget_metrics",
        "redact_user_api_key_info",
        "service_callback",
        "ssl_verify",
        "ssl_certificate",
        "store_audit_logs",
        "gcs_callback_params",
        "datadog_params",
        "default_user_params",
        "public_model_groups",
        "public_model_groups_links",
        "forward_traceparent_to_llm_provider",
        "mcp_aliases",
        "disable_end_user_cost_tracking*",
    ],
    &["internal_user_budget_duration", "max_internal_user_budget", "set_verbose"],
);

/// `general_settings.alerting_args`.
pub(super) const ALERTING_ARGS: Area = area(
    &[
        "budget_alert_ttl",
        "daily_report_frequency",
        "log_to_console",
        "max_outage_alert_list_size",
        "outage_alert_ttl",
        "region_outage_alert_ttl",
        "report_check_interval",
        "spend_anomaly_baseline_days",
        "spend_anomaly_multiplier",
        "user_spend_check_interval",
    ],
    &[],
);

/// `litellm_settings.cache_params`.
pub(super) const CACHE: Area = area(
    &[
        "azure_*",
        "db",
        "default_in_memory_ttl",
        "default_in_redis_ttl",
        "disk_cache_dir",
        "gcp_*",
        "gcs_*",
        "max_connections",
        "qdrant_*",
        "redis_flush_size",
        "redis_semantic_cache_index_name",
        "redis_semantic_cache_use_async",
        "redis_startup_nodes",
        "s3_*",
        "sentinel_*",
        "service_name",
        "socket_timeout",
        "ssl*",
        "startup_nodes",
        "username",
        "valkey_*",
    ],
    &[],
);

/// `litellm_settings.s3_callback_params`.
pub(super) const CALL_FILES: Area = area(&["s3_*"], &[]);

/// `litellm_settings.default_internal_user_params`.
pub(super) const NEWCOMERS: Area = area(&["auto_create_key", "metadata", "user_email", "user_id"], &[]);

/// `litellm_settings.default_team_params`.
pub(super) const NEW_TEAMS: Area = area(&["metadata", "organization_id", "team_member_permissions"], &[]);

/// Limits of a provider, a tag or the gateway.
pub(super) const SCOPE_LIMITS: Area = area(&[], &[]);

/// `general_settings`.
pub(super) const GENERAL: Area = area(
    &[
        "admin_only_routes",
        "allow_client_side_credentials",
        "allow_requests_on_db_unavailable",
        "allow_user_auth",
        "allowed_ips",
        "allowed_routes",
        "always_include_stream_usage",
        "apply_user_budget_to_team_keys",
        "cancel_on_disconnect",
        "completion_model",
        "control_plane_url",
        "custom_auth*",
        "custom_key_generate",
        "custom_sso",
        "custom_ui_sso_sign_in_handler",
        "database_args",
        "database_type",
        "default_team_disabled",
        "disable_*",
        "enable_jwt_auth",
        "enable_oauth2_auth",
        "enable_oauth2_proxy_auth",
        "enforce_fallback_model_access",
        "enforce_user_param",
        "enforced_params",
        "fail_closed_budget_enforcement",
        "fail_closed_rate_limit_enforcement",
        "forward_client_headers_to_llm_api",
        "forward_openai_org_id",
        "health_check_*",
        "infer_model_from_keys",
        "key_management_settings",
        "key_management_system",
        "litellm_jwtauth",
        "litellm_key_header_name",
        "max_in_flight_requests_per_worker",
        "max_parallel_requests",
        "max_response_size_mb",
        "maximum_spend_logs_*",
        "oauth2_config_mappings",
        "otel",
        "pass_through_endpoints",
        "password_*",
        "proxy_batch_write_at",
        "proxy_budget_rescheduler_*",
        "public_routes",
        "reject_clientside_metadata_tags",
        "role_permissions",
        "service_account_settings",
        "supported_db_objects",
        "token_rate_limit_type",
        "ui_access_mode",
        "use_azure_key_vault",
        "use_google_kms",
        "use_redis_transaction_buffer",
        "use_shared_health_check",
        "user_api_key_cache_ttl",
        "user_header_mappings",
        "user_header_name",
        "user_mcp_management_mode",
    ],
    &[],
);

/// Our own settings.
pub(super) const TOLLGATE: Area = Area { litellm: &[], pending: &[], strict: true, free_form: false };
