//! Attributes as OTLP has them.

use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyOf;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use serde_json::Value;

use super::names;

/// Attributes, none of which is empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes(pub(super) Vec<KeyValue>);

impl Attributes {
    fn add(&mut self, key: &str, value: AnyOf) {
        let value = Some(AnyValue { value: Some(value) });
        self.0.push(KeyValue { key: key.to_owned(), value, ..KeyValue::default() });
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|one| one.key == key)
    }

    pub(super) fn text(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.add(key, AnyOf::StringValue(text.to_owned()));
        }
    }

    pub(super) fn texts<'t>(&mut self, key: &str, texts: impl Iterator<Item = &'t str>) {
        let value = |text: &str| AnyValue { value: Some(AnyOf::StringValue(text.to_owned())) };
        let values: Vec<AnyValue> = texts.map(value).collect();
        if !values.is_empty() {
            self.add(key, AnyOf::ArrayValue(ArrayValue { values }));
        }
    }

    pub(super) fn whole(&mut self, key: &str, number: u64) {
        self.add(key, AnyOf::IntValue(i64::try_from(number).unwrap_or(i64::MAX)));
    }

    pub(super) fn double(&mut self, key: &str, number: f64) {
        self.add(key, AnyOf::DoubleValue(number));
    }

    pub(super) fn flag(&mut self, key: &str, is_set: bool) {
        self.add(key, AnyOf::BoolValue(is_set));
    }

    /// A number of a request: whole where the conventions say so, which is where the request has it whole and it counts.
    pub(super) fn number(&mut self, key: &str, value: &Value) {
        match (names::is_whole(key), value.as_i64(), value.as_f64()) {
            (true, Some(number), _) => self.add(key, AnyOf::IntValue(number)),
            (false, _, Some(number)) => self.double(key, number),
            _ => {}
        }
    }
}
