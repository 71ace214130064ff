//! Calls as spans.

use chrono::{DateTime, Utc};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, SpanFlags, Status};
use reqwest::Url;
use sha2::{Digest, Sha256};
use tollgate_openapi::spend::CallStatus;
use uuid::Uuid;

use super::attributes::Attributes;
use super::{messages, names, scope};
use crate::export::call::Call;

/// Bytes of the id of a trace.
const TRACE_ID_BYTES: usize = 16;
/// Bytes of the id of a span.
const SPAN_ID_BYTES: usize = 8;

/// All of them in a message.
pub(super) fn request(resource: &Resource, calls: &[Call]) -> ExportTraceServiceRequest {
    let spans = calls.iter().map(span).collect();
    let scoped = ScopeSpans { scope: Some(scope()), spans, ..ScopeSpans::default() };
    let resource = Some(resource.clone());
    let all = ResourceSpans { resource, scope_spans: vec![scoped], ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![all] }
}

fn span(call: &Call) -> Span {
    let event = call.event();
    let is_success = event.status == CallStatus::Success;
    let code = i32::from(if is_success { StatusCode::Ok } else { StatusCode::Error });
    let status = Status { message: call.error().unwrap_or_default().to_owned(), code };
    let first_token = |at| Event { time_unix_nano: nanos(at), name: "first_token".to_owned(), ..Event::default() };
    let mut span = Span {
        trace_id: trace_id(&call.trace_id()),
        span_id: digest(&event.request_id, SPAN_ID_BYTES),
        name: format!("{} {}", names::operation(&event.call_type), event.model_group),
        kind: i32::from(SpanKind::Client),
        start_time_unix_nano: nanos(event.start_time),
        end_time_unix_nano: nanos(event.end_time),
        attributes: attributes(call).0,
        events: call.completion_start().map(first_token).into_iter().collect(),
        status: Some(status),
        ..Span::default()
    };
    if let Some(parent) = call.parent() {
        span.trace_id = trace_id(&parent.trace_id);
        let span_id = u64::from_str_radix(&parent.span_id, 16).unwrap_or_default();
        span.parent_span_id = span_id.to_be_bytes().to_vec();
        // The parent is another's.
        let remote = [SpanFlags::ContextHasIsRemoteMask, SpanFlags::ContextIsRemoteMask];
        let remote = remote.map(|flag| i32::from(flag).unsigned_abs());
        span.flags = remote.into_iter().fold(u32::from(parent.flags), |flags, flag| flags | flag);
    }
    span
}

/// An id of 16 bytes: the one that is given, where it is one (a UUID is), else one made of it.
fn trace_id(given: &str) -> Vec<u8> {
    let id = Uuid::parse_str(given).ok().filter(|id| !id.is_nil());
    id.map_or_else(|| digest(given, TRACE_ID_BYTES), |id| id.as_bytes().to_vec())
}

fn digest(text: &str, count: usize) -> Vec<u8> {
    Sha256::digest(text).iter().take(count).copied().collect()
}

/// Nanoseconds since 1970.
pub(super) fn nanos(time: DateTime<Utc>) -> u64 {
    time.timestamp_nanos_opt().and_then(|nanos| u64::try_from(nanos).ok()).unwrap_or(0)
}

fn attributes(call: &Call) -> Attributes {
    let mut attributes = Attributes::default();
    of_model(call, &mut attributes);
    of_gateway(call, &mut attributes);
    if call.said.is_told {
        attributes.text("gen_ai.input.messages", messages::input(call).as_deref());
        attributes.text("gen_ai.output.messages", messages::output(call).as_deref());
    }
    attributes
}

/// What the conventions have a name for.
fn of_model(call: &Call, attributes: &mut Attributes) {
    let event = call.event();
    let provider = event.provider.as_deref().map(names::provider);
    attributes.text("gen_ai.operation.name", Some(names::operation(&event.call_type)));
    attributes.text("gen_ai.provider.name", provider);
    // What tools read that do not know the newer name.
    attributes.text("gen_ai.system", provider);
    attributes.text("gen_ai.request.model", Some(&event.model_group));
    attributes.text("gen_ai.response.model", Some(&event.model));
    attributes.text("gen_ai.response.id", event.response_id.as_deref());
    attributes.text("gen_ai.conversation.id", call.chosen("session_id").as_deref());
    attributes.texts("gen_ai.response.finish_reasons", call.said.finish_reasons.iter().map(String::as_str));
    let usage = &event.usage;
    attributes.whole("gen_ai.usage.input_tokens", usage.prompt_tokens());
    attributes.whole("gen_ai.usage.output_tokens", usage.completion_tokens());
    let cache_written = usage.cache_write_5m.saturating_add(usage.cache_write_1h);
    let cached = [
        ("gen_ai.usage.cache_read.input_tokens", usage.cache_read),
        ("gen_ai.usage.cache_creation.input_tokens", cache_written),
    ];
    for (name, tokens) in cached.into_iter().filter(|(_, tokens)| *tokens > 0) {
        attributes.whole(name, tokens);
    }
    for (parameter, name) in names::PARAMETERS {
        // Two parameters have one name there, and no attribute is there twice.
        if let Some(value) = call.said.parameters.get(parameter).filter(|_| !attributes.has(name)) {
            attributes.number(name, value);
        }
    }
    let base = event.api_base.as_deref().and_then(|base| Url::parse(base).ok());
    attributes.text("server.address", base.as_ref().and_then(Url::host_str));
    if call.error().is_some() {
        attributes.text("error.type", Some(&call.error_kind()));
    }
}

/// What only a gateway knows.
fn of_gateway(call: &Call, attributes: &mut Attributes) {
    let event = call.event();
    attributes.text("tollgate.call.id", Some(&event.request_id));
    attributes.text("tollgate.call.type", Some(&event.call_type));
    attributes.text("tollgate.call.status", Some(event.status.as_str()));
    attributes.whole("tollgate.call.status_code", u64::from(event.status_code));
    attributes.double("tollgate.cost.usd", call.cost());
    attributes.text("tollgate.key.hash", Some(&event.api_key));
    attributes.text("tollgate.key.alias", event.key_alias.as_deref());
    attributes.text("tollgate.team.id", event.team_id.as_deref());
    attributes.text("tollgate.team.alias", call.names.team.as_deref());
    attributes.text("tollgate.organization.id", event.organization_id.as_deref());
    attributes.text("tollgate.organization.alias", call.names.organization.as_deref());
    attributes.text("tollgate.user.id", event.user_id.as_deref());
    attributes.text("tollgate.end_user.id", event.end_user.as_deref());
    attributes.text("tollgate.deployment.id", event.model_id.as_deref());
    attributes.texts("tollgate.tags", event.tags.iter().map(|tag| &**tag));
    attributes.flag("tollgate.stream", event.stream);
    attributes.flag("tollgate.cache.hit", event.cache_hit);
    if let Some(at) = call.completion_start() {
        attributes.double("tollgate.time_to_first_token_seconds", (at - event.start_time).as_seconds_f64());
    }
}
