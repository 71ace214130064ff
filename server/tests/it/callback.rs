//! Ended calls as observability tools are told of them.

mod delivery;
mod files;
mod helicone;
mod langfuse;
mod lunary;
mod otlp;
mod own;
mod secrets;
mod share;
mod silence;
mod telling;
mod trial;
mod webhook;

use serde_json::Value;

use crate::kit::{Receiver, TestApp, TestAppBuilder, Told};

/// A gateway whose `litellm_settings` are these, with a model `mock` that answers itself; `models` are more of them.
pub(crate) fn exporting(settings: &str, models: &str) -> TestAppBuilder {
    let mock = "  - model_name: mock\n    litellm_params: {model: openai/mock, mock_response: Hello there}\n";
    TestApp::builder().config(&format!("litellm_settings: {settings}\nmodel_list:\n{mock}{models}"))
}

/// Tells the receiver as `generic_api`.
pub(crate) fn at(builder: TestAppBuilder, receiver: &Receiver) -> TestAppBuilder {
    let builder = builder.variable("GENERIC_LOGGER_ENDPOINT", &receiver.url("/logs"));
    builder.variable("GENERIC_LOGGER_HEADERS", "authorization=Bearer hush,x-env=test")
}

/// The calls of batches, each an array.
pub(crate) fn calls(told: &[Told]) -> Vec<Value> {
    told.iter().flat_map(|told| told.json().as_array().unwrap().clone()).collect()
}

/// Waits until so many calls were told.
pub(crate) async fn until_calls(receiver: &Receiver, count: usize) -> Vec<Value> {
    let mut batches = 1;
    loop {
        let found = calls(&receiver.until_told(batches).await);
        if found.len() >= count {
            return found;
        }
        batches += 1;
    }
}

/// The value of a metric.
pub(crate) async fn metric(app: &TestApp, name: &str, destination: &str) -> String {
    let metrics = app.nobody().get("/metrics").expect_status(200).await.body().to_owned();
    let beginning = format!("{name}{{destination=\"{destination}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&beginning));
    line.unwrap_or_else(|| panic!("{name} is not in {metrics}")).to_owned()
}

/// Waits for a metric to have this value.
pub(crate) async fn until_metric(app: &TestApp, name: &str, destination: &str, value: &str) {
    let reached = async {
        while metric(app, name, destination).await != value {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let reached = tokio::time::timeout(std::time::Duration::from_secs(20), reached).await;
    if reached.is_err() {
        panic!("{name} is {} and not {value}", metric(app, name, destination).await);
    }
}
