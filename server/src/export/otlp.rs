//! OpenTelemetry: a span for each call and metrics of them, by OTLP over HTTP, in the words of the semantic conventions for
//! generative AI.

mod attributes;
mod messages;
mod names;
pub(super) mod points;
mod settings;
mod spans;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use prost::Message;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::Call;
use super::destination::Rejected;
pub(super) use settings::{Metrics, Sender, metrics, traces};

/// Characters of a collector's reason that are shown.
const REASON_CHARS_MAX: usize = 160;

/// In which form messages are written, and answers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `http/json`.
    Json,
    /// `http/protobuf`.
    Protobuf,
}

impl Protocol {
    /// The media type of messages.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Protobuf => "application/x-protobuf",
        }
    }

    fn encode(self, message: &(impl Message + Serialize)) -> Bytes {
        match self {
            // Nothing in these messages is without a form in JSON.
            Self::Json => Bytes::from(serde_json::to_vec(message).unwrap_or_default()),
            Self::Protobuf => Bytes::from(message.encode_to_vec()),
        }
    }
}

/// Calls as spans.
pub(super) fn body(sender: &Sender, calls: &[Call]) -> Bytes {
    sender.protocol.encode(&spans::request(&sender.resource, calls))
}

/// A collector says how many spans it did not take.
pub(super) fn rejected(protocol: Protocol, answer: &[u8]) -> Rejected {
    match protocol {
        Protocol::Json => rejected_in_json(answer),
        Protocol::Protobuf => {
            let partial = ExportTraceServiceResponse::decode(answer).unwrap_or_default().partial_success;
            partial.map(|partial| of_answer(partial.rejected_spans, &partial.error_message)).unwrap_or_default()
        }
    }
}

/// A collector says how many points it did not take.
pub(super) fn rejected_points(protocol: Protocol, answer: &[u8]) -> Rejected {
    match protocol {
        Protocol::Json => rejected_in_json(answer),
        Protocol::Protobuf => {
            let partial = ExportMetricsServiceResponse::decode(answer).unwrap_or_default().partial_success;
            partial.map(|partial| of_answer(partial.rejected_data_points, &partial.error_message)).unwrap_or_default()
        }
    }
}

fn of_answer(count: i64, reason: &str) -> Rejected {
    let reason = reason.chars().take(REASON_CHARS_MAX).collect();
    Rejected { calls: usize::try_from(count).unwrap_or(0), reason }
}

/// Collectors are not at one about how JSON of protobuf has numbers of 64 bits: as text, it says.
fn rejected_in_json(answer: &[u8]) -> Rejected {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Answer {
        partial_success: Option<PartialSuccess>,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct PartialSuccess {
        #[serde(alias = "rejectedDataPoints")]
        rejected_spans: Value,
        error_message: String,
    }
    let answer: Answer = serde_json::from_slice(answer).unwrap_or_default();
    let Some(partial) = answer.partial_success else { return Rejected::default() };
    let count = match &partial.rejected_spans {
        Value::String(text) => text.parse().unwrap_or(0),
        other => other.as_i64().unwrap_or(0),
    };
    of_answer(count, &partial.error_message)
}

/// Who makes spans and metrics of calls.
fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "tollgate".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}
