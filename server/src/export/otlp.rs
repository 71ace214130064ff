//! OpenTelemetry: a span for each call, by OTLP over HTTP in JSON, in the words of the semantic conventions for generative AI.

mod messages;
mod names;

use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tollgate_openapi::spend::CallStatus;

use super::call::Call;
use super::destination::{DestinationError, Form, Lookup, Rejected, listed_headers, web_address};

/// Where traces are taken, whole.
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
/// Where all signals are taken; the second is LiteLLM's name for it.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_ENDPOINT"];
/// What is sent besides; the second is LiteLLM's name for it.
const HEADERS: [&str; 2] = ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_HEADERS"];
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";
const RESOURCE_ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
/// What the gateway is called, where nobody says otherwise.
const SERVICE: &str = "tollgate";
/// Where traces are taken, below an endpoint.
const TRACES_PATH: &str = "/v1/traces";
/// `SPAN_KIND_CLIENT`.
const KIND_CLIENT: u8 = 3;
/// `SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK` and `SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK`: the parent is another's.
const FLAGS_REMOTE: u32 = 0x300;
/// `STATUS_CODE_OK`.
const STATUS_OK: u8 = 1;
/// `STATUS_CODE_ERROR`.
const STATUS_ERROR: u8 = 2;

pub(super) fn read(lookup: Lookup<'_>) -> Result<(Url, HeaderMap, Form), DestinationError> {
    if lookup(PROTOCOL).is_some_and(|protocol| protocol.trim() == "grpc") {
        return Err(DestinationError::Form("OTEL_EXPORTER_OTLP_PROTOCOL=grpc"));
    }
    let mut headers = HeaderMap::new();
    if let Some(variable) = HEADERS.into_iter().find(|name| lookup(name).is_some()) {
        headers = listed_headers(variable, lookup)?;
    }
    Ok((endpoint(lookup)?, headers, Form::Otlp(resource(lookup))))
}

fn endpoint(lookup: Lookup<'_>) -> Result<Url, DestinationError> {
    if let Some(whole) = lookup(TRACES_ENDPOINT) {
        return web_address(TRACES_ENDPOINT, &whole);
    }
    let named = ENDPOINTS.into_iter().find_map(|name| Some((name, lookup(name)?)));
    let (variable, base) = named.ok_or(DestinationError::NotSet("OTEL_EXPORTER_OTLP_ENDPOINT"))?;
    let base = base.trim().trim_end_matches('/');
    let path = if base.ends_with(TRACES_PATH) { "" } else { TRACES_PATH };
    web_address(variable, &format!("{base}{path}"))
}

/// Who says all this.
fn resource(lookup: Lookup<'_>) -> Value {
    let listed = lookup(RESOURCE_ATTRIBUTES).unwrap_or_default();
    let mut attributes = Attributes::default();
    let name = lookup(SERVICE_NAME);
    for (key, value) in listed.split(',').filter_map(|entry| entry.split_once('=')) {
        if key.trim() != "service.name" || name.is_none() {
            attributes.text(key.trim(), Some(&percent_decode_str(value.trim()).decode_utf8_lossy()));
        }
    }
    if !attributes.has("service.name") {
        attributes.text("service.name", Some(name.as_deref().unwrap_or(SERVICE)));
    }
    attributes.text("service.version", Some(env!("CARGO_PKG_VERSION")));
    json!({ "attributes": attributes.0 })
}

pub(super) fn body(resource: &Value, calls: &[Call]) -> Value {
    let spans: Vec<Value> = calls.iter().map(span).collect();
    let scope = json!({ "name": "tollgate", "version": env!("CARGO_PKG_VERSION") });
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "scope": scope, "spans": spans }] }] })
}

/// A collector says how many spans it did not take.
pub(super) fn rejected(answer: &[u8]) -> Rejected {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Answer {
        partial_success: Option<PartialSuccess>,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct PartialSuccess {
        /// A number, which JSON of protobuf writes as text.
        rejected_spans: Value,
        error_message: String,
    }
    let answer: Answer = serde_json::from_slice(answer).unwrap_or_default();
    let Some(partial) = answer.partial_success else { return Rejected::default() };
    let count = match &partial.rejected_spans {
        Value::String(text) => text.parse().unwrap_or(0),
        other => other.as_u64().unwrap_or(0),
    };
    Rejected {
        calls: usize::try_from(count).unwrap_or(usize::MAX),
        reason: partial.error_message.chars().take(160).collect(),
    }
}

fn span(call: &Call) -> Value {
    let event = call.event();
    let mut status = json!({ "code": if event.status == CallStatus::Success { STATUS_OK } else { STATUS_ERROR } });
    if let (Some(error), Value::Object(status)) = (call.error(), &mut status) {
        status.insert("message".to_owned(), Value::from(error));
    }
    let first_token = call.completion_start().map(|at| json!({ "timeUnixNano": nanos(at), "name": "first_token" }));
    let parent = call.parent();
    let trace_id = parent.map_or_else(|| trace_id(&call.trace_id()), |parent| parent.trace_id.clone());
    let mut span = json!({
        "traceId": trace_id,
        "spanId": hex(&Sha256::digest(&*event.request_id), 8),
        "name": format!("{} {}", names::operation(&event.call_type), event.model_group),
        "kind": KIND_CLIENT,
        "startTimeUnixNano": nanos(event.start_time),
        "endTimeUnixNano": nanos(event.end_time),
        "attributes": attributes(call).0,
        "events": first_token.into_iter().collect::<Vec<_>>(),
        "status": status,
    });
    if let (Some(parent), Value::Object(span)) = (parent, &mut span) {
        span.insert("parentSpanId".to_owned(), Value::from(parent.span_id.as_str()));
        span.insert("flags".to_owned(), Value::from(FLAGS_REMOTE | u32::from(parent.flags)));
    }
    span
}

/// An id of 16 bytes: the one that is given, where it is one (a UUID is), else one made of it.
fn trace_id(given: &str) -> String {
    let digits: String = given.chars().filter(|one| *one != '-').map(|one| one.to_ascii_lowercase()).collect();
    let is_id = digits.len() == 32 && digits.chars().all(|one| one.is_ascii_hexdigit());
    let is_zero = digits.chars().all(|one| one == '0');
    if is_id && !is_zero { digits } else { hex(&Sha256::digest(given), 16) }
}

fn hex(bytes: &[u8], count: usize) -> String {
    bytes.iter().take(count).map(|byte| format!("{byte:02x}")).collect()
}

/// Nanoseconds since 1970. JSON of protobuf has numbers of 64 bits as text.
fn nanos(time: DateTime<Utc>) -> String {
    time.timestamp_nanos_opt().unwrap_or(0).max(0).to_string()
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

/// Attributes as OTLP has them.
#[derive(Debug, Default)]
struct Attributes(Vec<Value>);

impl Attributes {
    fn add(&mut self, key: &str, value: Value) {
        self.0.push(json!({ "key": key, "value": value }));
    }

    fn has(&self, key: &str) -> bool {
        self.0.iter().any(|one| one.get("key").is_some_and(|known| known == key))
    }

    fn text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.add(key, json!({ "stringValue": text }));
        }
    }

    fn texts<'t>(&mut self, key: &str, texts: impl Iterator<Item = &'t str>) {
        let values: Vec<Value> = texts.map(|text| json!({ "stringValue": text })).collect();
        if !values.is_empty() {
            self.add(key, json!({ "arrayValue": { "values": values } }));
        }
    }

    fn whole(&mut self, key: &str, number: u64) {
        self.add(key, json!({ "intValue": number.to_string() }));
    }

    fn double(&mut self, key: &str, number: f64) {
        self.add(key, json!({ "doubleValue": number }));
    }

    fn flag(&mut self, key: &str, is_set: bool) {
        self.add(key, json!({ "boolValue": is_set }));
    }

    /// A number of a request: whole where the conventions say so, which is where the request has it whole and it counts.
    fn number(&mut self, key: &str, value: &Value) {
        match (names::is_whole(key), value.as_i64(), value.as_f64()) {
            (true, Some(number), _) => self.add(key, json!({ "intValue": number.to_string() })),
            (false, _, Some(number)) => self.double(key, number),
            _ => {}
        }
    }
}
