//! Metrics of calls: histograms of the semantic conventions for generative AI.
//!
//! The gateway is both of the ends that the conventions have metrics of. To providers it is a client: `gen_ai.client.*` are
//! of calls that a provider was called for, without what the gateway itself took first. To those who call it, it is a
//! server: `gen_ai.server.*` are of all calls, those that were refused or answered of the cache included, as they see them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Histogram, HistogramDataPoint, Metric, ResourceMetrics, ScopeMetrics,
};
use reqwest::Url;
use tollgate_openapi::spend::CallStatus;

use super::attributes::Attributes;
use super::spans::nanos;
use super::{Sender, names, scope};
use crate::export::call::error_kind;
use crate::ledger::SpendEvent;

/// Sets of attributes of one instrument; what is beyond is in one without any, as OpenTelemetry's SDKs have it.
const SERIES_MAX: usize = 2_000;
/// What that one has instead.
const OVERFLOW: &str = "otel.metric.overflow";

/// What is measured. Boundaries are those that the conventions advise.
#[derive(Debug)]
struct Instrument {
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    bounds: &'static [f64],
}

/// Seconds of whole calls.
const DURATIONS: [f64; 14] = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKEN_USAGE: Instrument = Instrument {
    name: "gen_ai.client.token.usage",
    unit: "{token}",
    description: "Tokens that providers bill for a call, by kind.",
    bounds: &[
        1.0,
        4.0,
        16.0,
        64.0,
        256.0,
        1024.0,
        4096.0,
        16384.0,
        65536.0,
        262_144.0,
        1_048_576.0,
        4_194_304.0,
        16_777_216.0,
        67_108_864.0,
    ],
};
const OPERATION_DURATION: Instrument = Instrument {
    name: "gen_ai.client.operation.duration",
    unit: "s",
    description: "How long a call took from when a provider was called.",
    bounds: &DURATIONS,
};
const REQUEST_DURATION: Instrument = Instrument {
    name: "gen_ai.server.request.duration",
    unit: "s",
    description: "How long a call took in the gateway, to the last byte.",
    bounds: &DURATIONS,
};
const TIME_TO_FIRST_TOKEN: Instrument = Instrument {
    name: "gen_ai.server.time_to_first_token",
    unit: "s",
    description: "How long the first token of a streamed answer took.",
    bounds: &[0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0],
};
const TIME_PER_OUTPUT_TOKEN: Instrument = Instrument {
    name: "gen_ai.server.time_per_output_token",
    unit: "s",
    description: "How long each token of a streamed answer took after the first.",
    bounds: &[0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5],
};
const INSTRUMENTS: [&Instrument; 5] =
    [&TOKEN_USAGE, &OPERATION_DURATION, &REQUEST_DURATION, &TIME_TO_FIRST_TOKEN, &TIME_PER_OUTPUT_TOKEN];

/// Who and what a measurement is of: models and providers that are configured, and never who called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Labels {
    operation: String,
    provider: Option<String>,
    request_model: Arc<str>,
    response_model: Option<Arc<str>>,
    error: Option<String>,
    token_type: Option<&'static str>,
    /// The provider's host and port.
    server: Option<(String, Option<u16>)>,
}

impl Labels {
    /// Of the gateway's answer.
    fn of(event: &SpendEvent) -> Self {
        let is_success = event.status == CallStatus::Success;
        Self {
            operation: names::operation(&event.call_type).to_owned(),
            provider: event.provider.as_deref().map(|provider| names::provider(provider).to_owned()),
            request_model: Arc::clone(&event.model_group),
            response_model: event.provider.is_some().then(|| Arc::clone(&event.model)),
            error: (!is_success).then(|| error_kind(event)),
            token_type: None,
            server: None,
        }
    }

    fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::default();
        attributes.text("gen_ai.operation.name", Some(&self.operation));
        attributes.text("gen_ai.provider.name", self.provider.as_deref());
        attributes.text("gen_ai.request.model", Some(&self.request_model));
        attributes.text("gen_ai.response.model", self.response_model.as_deref());
        attributes.text("gen_ai.token.type", self.token_type);
        attributes.text("error.type", self.error.as_deref());
        if let Some((address, port)) = &self.server {
            attributes.text("server.address", Some(address));
            if let Some(port) = port {
                attributes.whole("server.port", u64::from(*port));
            }
        }
        attributes
    }
}

/// Measurements of the same attributes.
#[derive(Clone, Debug)]
struct Point {
    /// One more than there are boundaries.
    buckets: Vec<u64>,
    sum: f64,
    min: f64,
    max: f64,
}

impl Point {
    fn new(bounds: &[f64]) -> Self {
        Self { buckets: vec![0; bounds.len() + 1], sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }

    fn add(&mut self, bounds: &[f64], value: f64) {
        // What is at a boundary is below it.
        let bucket = bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.buckets.get_mut(bucket) {
            *count += 1;
        }
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    fn merge(&mut self, other: &Self) {
        for (count, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *count += more;
        }
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

/// By instrument and attributes; without any is what is beyond the most sets of them.
type Series = HashMap<&'static str, HashMap<Option<Labels>, Point>>;

/// What was measured since some time.
#[derive(Debug)]
pub(in crate::export) struct Points {
    series: Series,
    since: DateTime<Utc>,
}

impl Points {
    pub(in crate::export) fn new(since: DateTime<Utc>) -> Self {
        Self { series: Series::new(), since }
    }

    pub(in crate::export) fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Measures a call that has ended.
    pub(in crate::export) fn record(&mut self, event: &SpendEvent) {
        let labels = Labels::of(event);
        let took = event.end_time - event.start_time;
        self.add(&REQUEST_DURATION, &labels, seconds(took));
        if let Some(first_at) = event.completion_start_time.filter(|_| labels.error.is_none() && event.stream) {
            self.add(&TIME_TO_FIRST_TOKEN, &labels, seconds(first_at - event.start_time));
            let after_first = u32::try_from(event.usage.completion_tokens().saturating_sub(1)).unwrap_or(u32::MAX);
            if after_first > 0 {
                self.add(&TIME_PER_OUTPUT_TOKEN, &labels, seconds(event.end_time - first_at) / f64::from(after_first));
            }
        }
        if event.provider.is_some() && !event.cache_hit {
            let base = event.api_base.as_deref().and_then(|base| Url::parse(base).ok());
            let server = base.and_then(|base| Some((base.host_str()?.to_owned(), base.port_or_known_default())));
            self.record_as_client(event, Labels { server, ..labels });
        }
    }

    /// Measures what a provider did of a call.
    fn record_as_client(&mut self, event: &SpendEvent, labels: Labels) {
        let took = event.end_time - event.start_time - TimeDelta::microseconds(event.overhead_us);
        self.add(&OPERATION_DURATION, &labels, seconds(took));
        let (input, output) = (event.usage.prompt_tokens(), event.usage.completion_tokens());
        let mut labels = Labels { error: None, ..labels };
        for (kind, tokens) in [("input", input), ("output", output)].into_iter().filter(|(_, tokens)| *tokens > 0) {
            labels.token_type = Some(kind);
            let tokens = f64::from(u32::try_from(tokens).unwrap_or(u32::MAX));
            self.add(&TOKEN_USAGE, &labels, tokens);
        }
    }

    fn add(&mut self, instrument: &Instrument, labels: &Labels, value: f64) {
        let points = self.series.entry(instrument.name).or_default();
        let is_full = points.len() >= SERIES_MAX;
        let key = Some(labels.clone()).filter(|key| !is_full || points.contains_key(&Some(key.clone())));
        points.entry(key).or_insert_with(|| Point::new(instrument.bounds)).add(instrument.bounds, value);
    }

    /// Adds what was measured before.
    pub(in crate::export) fn merge(&mut self, earlier: Self) {
        self.since = self.since.min(earlier.since);
        for (name, points) in earlier.series {
            let own = self.series.entry(name).or_default();
            for (labels, point) in points {
                let is_full = own.len() >= SERIES_MAX;
                let labels = labels.filter(|labels| !is_full || own.contains_key(&Some(labels.clone())));
                match own.entry(labels) {
                    Entry::Occupied(mut known) => known.get_mut().merge(&point),
                    Entry::Vacant(new) => drop(new.insert(point)),
                }
            }
        }
    }

    /// All of it as a message.
    pub(in crate::export) fn message(&self, sender: &Sender, is_delta: bool, now: DateTime<Utc>) -> Bytes {
        let temporality = if is_delta { AggregationTemporality::Delta } else { AggregationTemporality::Cumulative };
        let metric = |instrument: &&Instrument| {
            let points = self.series.get(instrument.name)?;
            let point = |(labels, point): (&Option<Labels>, &Point)| {
                self.data_point(labels.as_ref(), point, instrument.bounds, now)
            };
            let data_points = points.iter().map(point).collect();
            let histogram = Histogram { data_points, aggregation_temporality: i32::from(temporality) };
            Some(Metric {
                name: instrument.name.to_owned(),
                description: instrument.description.to_owned(),
                unit: instrument.unit.to_owned(),
                data: Some(Data::Histogram(histogram)),
                ..Metric::default()
            })
        };
        let metrics = INSTRUMENTS.iter().filter_map(metric).collect();
        let scoped = ScopeMetrics { scope: Some(scope()), metrics, ..ScopeMetrics::default() };
        let resource = Some(sender.resource.clone());
        let all = ResourceMetrics { resource, scope_metrics: vec![scoped], ..ResourceMetrics::default() };
        sender.protocol.encode(&ExportMetricsServiceRequest { resource_metrics: vec![all] })
    }

    fn data_point(
        &self,
        labels: Option<&Labels>,
        point: &Point,
        bounds: &[f64],
        now: DateTime<Utc>,
    ) -> HistogramDataPoint {
        let mut attributes = labels.map(Labels::attributes).unwrap_or_default();
        if labels.is_none() {
            attributes.flag(OVERFLOW, true);
        }
        HistogramDataPoint {
            attributes: attributes.0,
            start_time_unix_nano: nanos(self.since),
            time_unix_nano: nanos(now),
            count: point.buckets.iter().sum(),
            sum: Some(point.sum),
            bucket_counts: point.buckets.clone(),
            explicit_bounds: bounds.to_vec(),
            min: Some(point.min),
            max: Some(point.max),
            ..HistogramDataPoint::default()
        }
    }
}

fn seconds(took: TimeDelta) -> f64 {
    took.as_seconds_f64().max(0.0)
}
