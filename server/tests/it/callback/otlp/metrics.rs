//! Metrics, as a collector reads them.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyOf;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, Histogram, HistogramDataPoint};
use prost::Message;
use serde_json::json;

use super::super::{exporting, metric, until_metric};
use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, DONE, FakeUpstream, Receiver, TestAppBuilder, Told, delta, usage};

const TOOL: &str = "otel_metrics";
const SENT: &str = "tollgate_export_sent_total";

/// Sends metrics, alone, every so many milliseconds.
fn measuring(upstream: &FakeUpstream, receiver: &Receiver, every: &str) -> TestAppBuilder {
    let settings = "{callbacks: [otel]}\nrouter_settings: {num_retries: 0}";
    let builder = exporting(settings, &upstream.deployment("gpt", "one"));
    let builder = builder.variable("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &receiver.url("/metrics-only"));
    let builder = builder.variable("LITELLM_OTEL_INTEGRATION_ENABLE_METRICS", "true");
    builder.variable("OTEL_METRIC_EXPORT_INTERVAL", every).variable("OTEL_SERVICE_NAME", "gateway-of-acme")
}

fn request(told: &Told) -> ExportMetricsServiceRequest {
    match told.header("content-type") {
        Some("application/json") => serde_json::from_slice(&told.bytes).unwrap(),
        Some("application/x-protobuf") => ExportMetricsServiceRequest::decode(told.bytes.clone()).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The histograms of a message, by name.
fn histograms(told: &Told) -> BTreeMap<String, Histogram> {
    let request = request(told);
    let metrics = request.resource_metrics[0].scope_metrics[0].metrics.clone();
    let histogram = |data| match data {
        Some(Data::Histogram(histogram)) => histogram,
        other => panic!("{other:?}"),
    };
    metrics.into_iter().map(|metric| (metric.name, histogram(metric.data))).collect()
}

fn attribute(point: &HistogramDataPoint, name: &str) -> Option<String> {
    let value = point.attributes.iter().find(|one| one.key == name)?.value.clone()?.value?;
    Some(match value {
        AnyOf::StringValue(text) => text,
        AnyOf::IntValue(number) => number.to_string(),
        AnyOf::BoolValue(is_set) => is_set.to_string(),
        other => panic!("{other:?}"),
    })
}

fn with<'h>(histogram: &'h Histogram, name: &str, value: &str) -> &'h HistogramDataPoint {
    let mut points = histogram.data_points.iter();
    let found = points.find(|point| attribute(point, name).as_deref() == Some(value));
    found.unwrap_or_else(|| panic!("{name} {value} of {histogram:#?}"))
}

#[tokio::test]
async fn calls_are_measured_by_the_conventions_and_told_in_either_form() {
    for protocol in ["http/json", "http/protobuf"] {
        let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
        let builder = measuring(&upstream, &receiver, "3600000");
        let app = builder.variable("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", protocol).start().await;
        let stream = vec![delta("Hel"), delta("lo"), usage(10, 20), DONE.to_owned()];
        let down = json!({"error": {"message": "we are down"}}).to_string();
        upstream.then(Behaviour::Stream(stream, Duration::from_millis(20)));
        upstream.then(Behaviour::Status(503, down, Vec::new()));
        let mut streamed = ask("gpt");
        streamed["stream"] = json!(true);
        app.post(CHAT, streamed).expect_status(200).await;
        app.post(CHAT, ask("gpt")).expect_status(503).await;
        app.post(CHAT, ask("gpt")).expect_status(200).await;
        app.post(CHAT, ask("none-such")).expect_status(400).await;
        // What was measured is told at the end, too.
        app.stop().await;
        let told = receiver.told();
        assert_eq!((told.len(), told[0].path.as_str()), (1, "/metrics-only"));
        let found = histograms(&told[0]);
        let cumulative = i32::from(AggregationTemporality::Cumulative);
        assert!(found.values().all(|histogram| histogram.aggregation_temporality == cumulative));
        for point in found.values().flat_map(|histogram| &histogram.data_points) {
            assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
            assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
            assert!(0 < point.start_time_unix_nano && point.start_time_unix_nano <= point.time_unix_nano);
            assert!(attribute(point, "user_api_key_hash").is_none() && point.attributes.len() <= 7);
        }

        let tokens = with(&found["gen_ai.client.token.usage"], "gen_ai.token.type", "output");
        assert_eq!((tokens.count, tokens.sum, tokens.bucket_counts[3]), (2, Some(40.0), 2));
        assert_eq!(attribute(tokens, "gen_ai.provider.name").as_deref(), Some("openai"));
        assert_eq!(attribute(tokens, "gen_ai.response.model").as_deref(), Some("gpt-upstream"));
        assert_eq!(attribute(tokens, "server.address").as_deref(), Some("127.0.0.1"));
        let operations = &found["gen_ai.client.operation.duration"];
        assert_eq!(with(operations, "error.type", "503").count, 1);
        assert_eq!(
            operations.data_points.iter().map(|point| point.count).sum::<u64>(),
            3,
            "none was made of the refused"
        );
        let requests = &found["gen_ai.server.request.duration"];
        assert_eq!(requests.data_points.iter().map(|point| point.count).sum::<u64>(), 4);
        assert_eq!(with(requests, "gen_ai.request.model", "unknown").count, 1);
        let first = &found["gen_ai.server.time_to_first_token"].data_points;
        assert_eq!((first.len(), first[0].count, first[0].explicit_bounds.len()), (1, 1, 16));
        assert_eq!(found["gen_ai.server.time_per_output_token"].data_points[0].count, 1);
    }
}

/// Numbers of calls that messages tell of, where a collector takes none of the first two and then is told of a third.
async fn counts_after_an_outage(temporality: &str) -> Vec<u64> {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let builder = measuring(&upstream, &receiver, "100");
    let app = builder.variable("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", temporality).start().await;
    receiver.always(503);
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    receiver.until_told(1).await;
    assert_eq!(metric(&app, SENT, TOOL).await, "0");
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    receiver.until_told(receiver.told().len() + 2).await;
    receiver.always(200);
    until_metric(&app, SENT, TOOL, "2").await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    until_metric(&app, SENT, TOOL, "3").await;
    assert_eq!(metric(&app, "tollgate_export_failed_total", TOOL).await, "0");
    let requests = |told: &Told| histograms(told).remove("gen_ai.server.request.duration");
    let requests = receiver.told().iter().filter_map(requests).collect::<Vec<_>>();
    let mut counts: Vec<u64> = requests.iter().map(|histogram| histogram.data_points[0].count).collect();
    counts.dedup();
    counts
}

#[tokio::test]
async fn what_a_collector_did_not_take_is_in_the_next_sums() {
    assert_eq!(counts_after_an_outage("cumulative").await, [1, 2, 3]);
}

#[tokio::test]
async fn what_a_collector_did_not_take_is_in_what_is_new() {
    assert_eq!(counts_after_an_outage("delta").await, [1, 2, 1]);
}

#[tokio::test]
async fn metrics_are_told_where_somebody_asks_for_them() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app =
        measuring(&upstream, &receiver, "100").variable("LITELLM_OTEL_INTEGRATION_ENABLE_METRICS", "").start().await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    app.stop().await;
    assert!(receiver.told().is_empty());
}

#[tokio::test]
async fn calls_that_nobody_is_to_be_told_of_are_not_measured() {
    let (upstream, receiver) = (FakeUpstream::start(), Receiver::start());
    let app = measuring(&upstream, &receiver, "3600000").start().await;
    let mut silent = ask("gpt");
    silent["no-log"] = json!(true);
    app.post(CHAT, silent).expect_status(200).await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    app.stop().await;
    assert_eq!(histograms(&receiver.told()[0])["gen_ai.server.request.duration"].data_points[0].count, 1);
}
