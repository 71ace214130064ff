//! What `/metrics` says of each metric; `deploy/docs/metrics.md` says more.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram};

const COUNTERS: [(&str, &str); 47] = [
    ("litellm_requests_total", "Calls"),
    ("litellm_tokens_total", "Input and output tokens"),
    ("litellm_errors_total", "Calls that failed"),
    ("litellm_cache_hits_total", "Calls answered from the cache"),
    ("litellm_requests_metric_total", "Calls, by payer and model"),
    ("litellm_proxy_total_requests_metric_total", "Calls, by payer, status and route"),
    ("litellm_proxy_failed_requests_metric_total", "Calls that failed or were refused, by payer, status and route"),
    ("litellm_total_tokens_metric_total", "Input and output tokens, by payer and model"),
    ("litellm_input_tokens_metric_total", "Input tokens, by payer and model"),
    ("litellm_output_tokens_metric_total", "Output tokens, by payer and model"),
    ("litellm_input_cached_tokens_metric_total", "Input tokens that came from the provider's cache"),
    ("litellm_input_cache_creation_tokens_metric_total", "Input tokens written to the provider's cache"),
    ("litellm_input_audio_tokens_metric_total", "Input tokens of sound"),
    ("litellm_output_reasoning_tokens_metric_total", "Output tokens of reasoning"),
    ("litellm_output_audio_tokens_metric_total", "Output tokens of sound"),
    ("litellm_images_generated_metric_total", "Pictures made"),
    ("litellm_provider_cache_read_input_tokens_metric_total", "Input tokens that came from the provider's cache"),
    ("litellm_provider_cache_creation_input_tokens_metric_total", "Input tokens written to the provider's cache"),
    ("litellm_cache_hits_metric_total", "Calls answered from the cache, by payer and model"),
    ("litellm_cache_misses_metric_total", "Calls looked up in the cache in vain, by payer and model"),
    ("litellm_cached_tokens_metric_total", "Tokens of calls answered from the cache, by payer and model"),
    ("litellm_deployment_total_requests_total", "Attempts at a deployment"),
    ("litellm_deployment_success_responses_total", "Attempts at a deployment that were answered"),
    ("litellm_deployment_failure_responses_total", "Attempts at a deployment that failed"),
    ("litellm_deployment_cooled_down_total", "Rests that a deployment began on this node"),
    ("litellm_deployment_successful_fallbacks_total", "Models that stood in for another and answered"),
    ("litellm_deployment_failed_fallbacks_total", "Models that stood in for another and failed, too"),
    ("litellm_callback_logging_failures_metric_total", "Calls that an observability tool was not told of"),
    ("litellm_redis_total_requests_total", "Questions to the counters that nodes share in Redis"),
    ("litellm_redis_failed_requests_total", "Questions to the counters that nodes share that failed"),
    ("litellm_postgres_total_requests_total", "Statements to PostgreSQL"),
    ("litellm_postgres_failed_requests_total", "Statements to PostgreSQL that failed"),
    ("litellm_batch_write_to_db_total_requests_total", "Batches of calls written to the database"),
    ("litellm_batch_write_to_db_failed_requests_total", "Batches of calls that the database did not take"),
    ("tollgate_limit_refusals_total", "Calls that a limit refused, by what it is a limit of"),
    ("tollgate_unauthenticated_requests_total", "Calls whose key is missing or no good"),
    ("tollgate_soft_budget_exceeded_total", "Calls beyond a budget that only warns"),
    ("tollgate_unpriced_requests_total", "Calls to models without a known price, booked at 0"),
    ("tollgate_disconnect_drains_total", "Answers of providers read on after their client had left"),
    ("tollgate_ledger_batches_total", "Batches of calls on their way into the database"),
    ("tollgate_events_lost_total", "Ended calls that neither disk nor memory had room for"),
    ("tollgate_events_set_aside_total", "Ended calls that the database refuses for good"),
    ("tollgate_contents_left_out_total", "Prompts and answers that were to be kept and are not"),
    ("tollgate_shared_counters_outages_total", "How often the counters that nodes share went away"),
    ("tollgate_export_sent_total", "Calls that an observability tool was told of"),
    ("tollgate_export_failed_total", "Calls that an observability tool did not take"),
    ("tollgate_export_dropped_total", "Calls that found no room in the queue to an observability tool"),
];

/// What never happened is 0 and not unknown: an alert sees it happen for the first time.
const FROM_THE_START: [&str; 6] = [
    "litellm_cache_hits_total",
    "tollgate_ledger_batches_total",
    "tollgate_events_lost_total",
    "tollgate_events_set_aside_total",
    "tollgate_contents_left_out_total",
    "tollgate_shared_counters_outages_total",
];

const GAUGES: [(&str, &str); 4] = [
    ("litellm_spend_total", "Spend in US dollars"),
    ("litellm_spend_metric_total", "Spend in US dollars, by payer and model"),
    ("tollgate_cache_up", "1 where Redis answers the cache"),
    ("tollgate_shared_counters_up", "1 where this node counts together with others in Redis"),
];

const HISTOGRAMS: [(&str, &str); 10] = [
    ("litellm_request_duration_seconds", "Time of whole calls"),
    ("litellm_request_total_latency_metric", "Time of whole calls in seconds, by payer and model"),
    ("litellm_llm_api_latency_metric", "Time of the provider's answer in seconds, by payer and model"),
    ("litellm_llm_api_time_to_first_token_metric", "Time to the first token in seconds, by payer and model"),
    ("litellm_overhead_latency_metric", "Time before the provider was called in seconds"),
    ("litellm_deployment_latency_per_output_token", "Time of an answer by its output tokens in seconds"),
    ("litellm_redis_latency", "Time of a question to the counters that nodes share in Redis, in seconds"),
    ("litellm_postgres_latency", "Time of a statement to PostgreSQL in seconds"),
    ("litellm_batch_write_to_db_latency", "Time of a batch of calls into the database in seconds"),
    ("tollgate_database_query_seconds", "Time of a statement to the database"),
];

/// What is read when somebody asks.
const READ: [(&str, &str); 48] = [
    ("litellm_in_flight_requests", "Calls in flight"),
    ("litellm_total_users", "Users"),
    ("litellm_teams_count", "Teams"),
    ("litellm_deployment_state", "0: healthy, 1: failing, 2: not to be called"),
    ("litellm_deployment_tpm_limit", "Tokens a minute that a deployment may take"),
    ("litellm_deployment_rpm_limit", "Requests a minute that a deployment may take"),
    ("litellm_remaining_requests_metric", "Requests that the provider says are left"),
    ("litellm_remaining_tokens_metric", "Tokens that the provider says are left"),
    ("litellm_remaining_api_key_budget_metric", "US dollars left of a key's budget"),
    ("litellm_api_key_max_budget_metric", "A key's budget in US dollars"),
    ("litellm_api_key_budget_remaining_hours_metric", "Hours until a key's budget starts anew"),
    ("litellm_remaining_user_budget_metric", "US dollars left of a user's budget"),
    ("litellm_user_max_budget_metric", "A user's budget in US dollars"),
    ("litellm_user_budget_remaining_hours_metric", "Hours until a user's budget starts anew"),
    ("litellm_remaining_team_budget_metric", "US dollars left of a team's budget"),
    ("litellm_team_max_budget_metric", "A team's budget in US dollars"),
    ("litellm_team_budget_remaining_hours_metric", "Hours until a team's budget starts anew"),
    ("litellm_remaining_org_budget_metric", "US dollars left of an organization's budget"),
    ("litellm_org_max_budget_metric", "An organization's budget in US dollars"),
    ("litellm_org_budget_remaining_hours_metric", "Hours until an organization's budget starts anew"),
    ("litellm_remaining_customer_budget_metric", "US dollars left of a customer's budget"),
    ("litellm_customer_max_budget_metric", "A customer's budget in US dollars"),
    ("litellm_customer_budget_remaining_hours_metric", "Hours until a customer's budget starts anew"),
    ("litellm_provider_remaining_budget_metric", "US dollars left of a provider's budget"),
    ("litellm_remaining_api_key_requests_for_model", "Requests left this minute of a key's limit for a model"),
    ("litellm_remaining_api_key_tokens_for_model", "Tokens left this minute of a key's limit for a model"),
    ("litellm_api_key_rate_limit_allowed_metric", "A key's limit by the minute"),
    ("litellm_api_key_rate_limit_used_metric", "What this node let through of it in the last minute"),
    ("litellm_team_rate_limit_allowed_metric", "A team's limit by the minute"),
    ("litellm_team_rate_limit_used_metric", "What this node let through of it in the last minute"),
    ("tollgate_budget_used_ratio", "Share of a budget that is spent"),
    ("tollgate_gateway_remaining_budget_usd", "US dollars left of the budget of all calls"),
    ("tollgate_reserved_usd", "US dollars that calls in flight have reserved, over all scopes"),
    ("tollgate_deployment_in_flight", "Calls in flight to a deployment"),
    ("tollgate_disconnect_drains_running", "Answers that are being read for clients that left"),
    ("tollgate_counter_scopes", "Scopes whose counters are in memory"),
    ("tollgate_counters_degraded", "1 while this node counts alone though it should count with others"),
    ("tollgate_spool_pending_events", "Ended calls that wait for the database"),
    ("tollgate_spool_oldest_seconds", "Age of the oldest of them"),
    ("tollgate_spool_bytes", "Bytes of them on disk"),
    ("tollgate_spool_memory_bytes", "Bytes of them in memory since the disk refuses them"),
    ("tollgate_spool_full", "1 while new calls are refused since too many wait for the database"),
    (
        "tollgate_policy_change_read",
        "The number of the last change of limits, models or settings that this node has read",
    ),
    ("tollgate_database_up", "1 where the database answered when it was last looked at"),
    ("tollgate_database_connections", "Connections to the database"),
    ("tollgate_database_connections_max", "Connections to the database that there may be"),
    ("tollgate_alerts_waiting", "Alerts and messages that wait to be sent"),
    ("tollgate_build_info", "1, with the version of this node"),
];

/// Says what is what, of the registry.
pub(super) fn describe() {
    for (name, text) in COUNTERS {
        describe_counter!(name, text);
    }
    for (name, text) in GAUGES {
        describe_gauge!(name, text);
    }
    for (name, text) in HISTOGRAMS {
        describe_histogram!(name, text);
    }
}

/// Lets counters begin.
pub(super) fn begin() {
    for name in FROM_THE_START {
        counter!(name).absolute(0);
    }
}

/// Says what is what, of what is read.
pub(super) fn describe_read() {
    for (name, text) in READ {
        describe_gauge!(name, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever makes a metric says what it is, for people who read of it before they see it.
    #[test]
    fn every_metric_is_in_the_documentation() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/docs/metrics.md");
        let page = std::fs::read_to_string(page).unwrap();
        let all = COUNTERS.iter().chain(&GAUGES).chain(&HISTOGRAMS).chain(&READ);
        let missing: Vec<_> = all.map(|(name, _)| *name).filter(|name| !page.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "{missing:#?}");
    }
}
