//! Where OpenTelemetry's collectors are and what they want, in the variables that its SDKs and LiteLLM have for it.

use std::time::Duration;

use opentelemetry_proto::tonic::resource::v1::Resource;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::HeaderMap;

use super::Protocol;
use super::attributes::Attributes;
use crate::export::destination::{DestinationError, Form, Lookup, listed_headers, web_address};

/// Where all signals are taken; the second is LiteLLM's name for it.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_ENDPOINT"];
/// What is sent besides; the second is LiteLLM's name for it.
const HEADERS: [&str; 2] = ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_HEADERS"];
/// In which form; the second is LiteLLM's name for it.
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER"];
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";
const RESOURCE_ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
/// LiteLLM's switch for metrics, and the one of OpenTelemetry's SDKs.
const METRICS_SWITCHES: [(&str, &str); 2] =
    [("LITELLM_OTEL_INTEGRATION_ENABLE_METRICS", "true"), ("OTEL_METRICS_EXPORTER", "otlp")];
const INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
const TEMPORALITY: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
/// How often metrics are sent, unless somebody says otherwise.
const INTERVAL_USUAL: Duration = Duration::from_secs(60);
/// Milliseconds from one time that metrics are sent to the next.
const INTERVAL_MS: std::ops::RangeInclusive<u64> = 100..=3_600_000;
/// What the gateway is called, where nobody says otherwise.
const SERVICE: &str = "tollgate";

/// What has variables and a place of its own.
struct Signal {
    endpoint: &'static str,
    headers: &'static str,
    protocol: &'static str,
    path: &'static str,
}

const TRACES: Signal = Signal {
    endpoint: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    headers: "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    protocol: "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    path: "/v1/traces",
};
const METRICS: Signal = Signal {
    endpoint: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    headers: "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
    protocol: "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
    path: "/v1/metrics",
};
/// What an address of LiteLLM's for one signal ends with.
const PATHS: [&str; 3] = [TRACES.path, METRICS.path, "/v1/logs"];

/// Who says something, and in which form.
#[derive(Clone, Debug)]
pub(in crate::export) struct Sender {
    pub(in crate::export) resource: Resource,
    pub(in crate::export) protocol: Protocol,
}

/// Where metrics go, and how.
#[derive(Clone, Debug)]
pub(in crate::export) struct Metrics {
    pub(in crate::export) url: Url,
    pub(in crate::export) headers: HeaderMap,
    pub(in crate::export) sender: Sender,
    /// How often.
    pub(in crate::export) every: Duration,
    /// Each message tells only what is new.
    pub(in crate::export) is_delta: bool,
}

/// Where spans go.
pub(in crate::export) fn traces(lookup: Lookup<'_>) -> Result<(Url, HeaderMap, Form), DestinationError> {
    let (url, headers, sender) = read(&TRACES, lookup)?;
    Ok((url, headers, Form::Otlp(sender)))
}

/// Where metrics go; `None` where nobody asks for them.
pub(in crate::export) fn metrics(lookup: Lookup<'_>) -> Result<Option<Metrics>, DestinationError> {
    let is_on = |(name, on): (&str, &str)| lookup(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(on));
    if !METRICS_SWITCHES.into_iter().any(is_on) {
        return Ok(None);
    }
    let (url, headers, sender) = read(&METRICS, lookup)?;
    Ok(Some(Metrics { url, headers, sender, every: interval(lookup)?, is_delta: is_delta(lookup)? }))
}

fn read(signal: &Signal, lookup: Lookup<'_>) -> Result<(Url, HeaderMap, Sender), DestinationError> {
    let protocol = protocol(signal, lookup)?;
    let mut headers = HeaderMap::new();
    let named = [signal.headers].into_iter().chain(HEADERS);
    if let Some(variable) = named.into_iter().find(|name| lookup(name).is_some()) {
        headers = listed_headers(variable, lookup)?;
    }
    Ok((endpoint(signal, lookup)?, headers, Sender { resource: resource(lookup), protocol }))
}

fn protocol(signal: &Signal, lookup: Lookup<'_>) -> Result<Protocol, DestinationError> {
    let named = [signal.protocol].into_iter().chain(PROTOCOLS);
    let Some((variable, value)) = named.into_iter().find_map(|name| Some((name, lookup(name)?))) else {
        return Ok(Protocol::Json);
    };
    match value.trim().to_ascii_lowercase().as_str() {
        "http/json" => Ok(Protocol::Json),
        // LiteLLM's name for it; with an address it takes its `console` for that, too.
        "http/protobuf" | "otlp_http" | "console" => Ok(Protocol::Protobuf),
        _ => {
            Err(DestinationError::Value { variable, value, expected: "http/json or http/protobuf; gRPC is not spoken" })
        }
    }
}

fn endpoint(signal: &Signal, lookup: Lookup<'_>) -> Result<Url, DestinationError> {
    if let Some(whole) = lookup(signal.endpoint) {
        return web_address(signal.endpoint, &whole);
    }
    let named = ENDPOINTS.into_iter().find_map(|name| Some((name, lookup(name)?)));
    let (variable, base) = named.ok_or(DestinationError::NotSet("OTEL_EXPORTER_OTLP_ENDPOINT"))?;
    let base = base.trim().trim_end_matches('/');
    let base = PATHS.into_iter().find_map(|path| base.strip_suffix(path)).unwrap_or(base);
    web_address(variable, &format!("{base}{}", signal.path))
}

/// Who says all this.
fn resource(lookup: Lookup<'_>) -> Resource {
    let listed = lookup(RESOURCE_ATTRIBUTES).unwrap_or_default();
    let mut attributes = Attributes::default();
    let name = lookup(SERVICE_NAME);
    for (key, value) in listed.split(',').filter_map(|entry| entry.split_once('=')) {
        // A key stands once; the first one holds.
        if (key.trim() != "service.name" || name.is_none()) && !attributes.has(key.trim()) {
            attributes.text(key.trim(), Some(&percent_decode_str(value.trim()).decode_utf8_lossy()));
        }
    }
    if !attributes.has("service.name") {
        attributes.text("service.name", Some(name.as_deref().unwrap_or(SERVICE)));
    }
    if !attributes.has("service.version") {
        attributes.text("service.version", Some(env!("CARGO_PKG_VERSION")));
    }
    Resource { attributes: attributes.0, ..Resource::default() }
}

fn interval(lookup: Lookup<'_>) -> Result<Duration, DestinationError> {
    let Some(value) = lookup(INTERVAL) else { return Ok(INTERVAL_USUAL) };
    let read = value.trim().parse().ok().filter(|ms| INTERVAL_MS.contains(ms)).map(Duration::from_millis);
    let expected = "milliseconds, from 100 to 3600000";
    read.ok_or(DestinationError::Value { variable: INTERVAL, value, expected })
}

fn is_delta(lookup: Lookup<'_>) -> Result<bool, DestinationError> {
    let Some(value) = lookup(TEMPORALITY) else { return Ok(false) };
    match value.trim().to_ascii_lowercase().as_str() {
        "cumulative" => Ok(false),
        // The two differ for other instruments only.
        "delta" | "lowmemory" => Ok(true),
        _ => {
            let expected = "cumulative, delta or lowmemory";
            Err(DestinationError::Value { variable: TEMPORALITY, value, expected })
        }
    }
}
