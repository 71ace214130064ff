//! Calls as they are shown.

use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{CallStatus, SpendLogView};

use crate::db::spend_log::Model;

/// Shows a call.
pub(super) fn view(call: Model) -> SpendLogView {
    SpendLogView {
        request_id: call.request_id,
        call_type: call.call_type,
        api_key: call.api_key,
        key_alias: call.key_alias,
        spend: NanoUsd(call.spend),
        total_tokens: call.total_tokens,
        prompt_tokens: call.prompt_tokens,
        completion_tokens: call.completion_tokens,
        cache_read_input_tokens: call.cache_read_input_tokens,
        cache_creation_input_tokens: call.cache_creation_input_tokens,
        reasoning_tokens: call.reasoning_tokens,
        saved_by_cache: NanoUsd(call.saved_by_cache),
        saved_by_prompt_cache: NanoUsd(call.saved_by_prompt_cache),
        start_time: call.start_time,
        end_time: call.end_time,
        completion_start_time: call.completion_start_time,
        request_duration_ms: call.request_duration_ms,
        overhead_us: call.overhead_us,
        model: call.model,
        model_id: call.model_id,
        model_group: call.model_group,
        custom_llm_provider: call.custom_llm_provider,
        api_base: call.api_base,
        user: call.user_id,
        team_id: call.team_id,
        organization_id: call.organization_id,
        end_user: call.end_user,
        requester_ip_address: call.requester_ip_address,
        stream: call.stream,
        status: status(&call.status),
        status_code: call.status_code,
        response_id: call.response_id,
        cache_hit: call.cache_hit,
        request_tags: call.request_tags.0,
        metadata: call.metadata.0,
        messages: None,
        response: None,
    }
}

fn status(name: &str) -> CallStatus {
    const ALL: [CallStatus; 4] =
        [CallStatus::Success, CallStatus::Failure, CallStatus::Cancelled, CallStatus::Interrupted];
    // Only these four are ever written; a row that says something else did not succeed.
    ALL.into_iter().find(|status| status.as_str() == name).unwrap_or(CallStatus::Failure)
}
