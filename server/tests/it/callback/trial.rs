//! `GET /health/services`: tools and channels that are tried out.

use serde_json::{Value, json};

use super::{at, exporting};
use crate::kit::{MASTER_KEY, Receiver, TestApp};

const SERVICES: &str = "/health/services?service=";

async fn answer(app: &TestApp, service: &str, status: u16) -> Value {
    app.get(&format!("{SERVICES}{service}")).expect_status(status).await.value()
}

#[tokio::test]
async fn each_tool_is_told_of_a_call_that_nobody_made() {
    let receiver = Receiver::start();
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "{{callbacks: [langfuse, otel, generic_api, helicone, lunary, s3]}}\ntollgate_settings: {{call_storage: {{url: '{}'}}}}",
        folder.path().display()
    );
    let builder = at(exporting(&config, ""), &receiver);
    let builder = builder.variable("LANGFUSE_HOST", &receiver.url("")).variable("LANGFUSE_PUBLIC_KEY", "pk");
    let builder = builder.variable("LANGFUSE_SECRET_KEY", "sk").variable("HELICONE_API_KEY", "sk");
    let builder = builder.variable("HELICONE_API_BASE", &receiver.url("")).variable("LUNARY_PUBLIC_KEY", "pk");
    let builder = builder.variable("LUNARY_API_URL", &receiver.url(""));
    let app = builder.variable("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url("")).start().await;
    for (count, service) in ["langfuse", "otel", "generic_api", "helicone", "lunary"].into_iter().enumerate() {
        let tried = answer(&app, service, 200).await;
        assert_eq!(tried["status"], "success", "{tried}");
        let told = receiver.told();
        assert_eq!(told.len(), count + 1, "{service}");
        assert!(told[count].body.contains("This is a test"), "{}", told[count].body);
    }
    answer(&app, "s3_v2", 200).await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    // It is no call: nothing is booked.
    assert_eq!(app.get("/spend/logs").expect_status(200).await.value(), json!([]));
}

#[tokio::test]
async fn a_link_on_another_page_tries_nothing() {
    let receiver = Receiver::start();
    let app = at(exporting("{callbacks: [generic_api]}", ""), &receiver).start().await;
    let admin = app.sign_in("admin", MASTER_KEY).await;
    let from = |site| admin.clone().with_header("sec-fetch-site", site);
    let path = format!("{SERVICES}generic_api");
    from("cross-site").get(&path).expect_status(403).await;
    assert!(receiver.told().is_empty());
    from("same-origin").get(&path).expect_status(200).await;
}

#[tokio::test]
async fn a_tool_that_refuses_says_why() {
    let receiver = Receiver::start();
    receiver.then(401);
    let app = at(exporting("{callbacks: [generic_api]}", ""), &receiver).start().await;
    let tried = answer(&app, "generic_api", 503).await;
    assert_eq!(tried["status"], "error");
    assert!(tried["message"].as_str().unwrap().contains("status 401"), "{tried}");
    assert_eq!(receiver.told().len(), 1, "it is tried once");
}

#[tokio::test]
async fn channels_of_alerts_are_told_a_test() {
    let receiver = Receiver::start();
    let (slack, webhook) = (receiver.url("/slack"), receiver.url("/webhook"));
    let config = format!(
        "{{drop_params: false}}\ngeneral_settings: {{alerting: [slack, webhook]}}\n\
         environment_variables: {{SLACK_WEBHOOK_URL: '{slack}', WEBHOOK_URL: '{webhook}'}}"
    );
    let app = exporting(&config, "").start().await;
    for (count, (service, path)) in [("slack", "/slack"), ("webhook", "/webhook")].into_iter().enumerate() {
        assert_eq!(answer(&app, service, 200).await["status"], "success");
        assert_eq!(receiver.told()[count].path, path);
    }
    receiver.then(500);
    let tried = answer(&app, "slack_budget_alerts", 503).await;
    assert!(tried["message"].as_str().unwrap().contains("Slack"), "{tried}");
}

#[tokio::test]
async fn what_there_is_not_is_named_and_only_administrators_try() {
    let app = exporting("{drop_params: false}", "").start().await;
    let (_, param, message) = app.get(&format!("{SERVICES}datadog")).expect_status(400).await.error();
    assert!(
        message.contains("datadog") && message.contains("langfuse, otel") && message.contains("slack"),
        "{message}"
    );
    assert_eq!(param.as_deref(), Some("service"));
    for service in ["langfuse", "slack"] {
        let (_, _, message) = app.get(&format!("{SERVICES}{service}")).expect_status(400).await.error();
        assert!(message.contains("not set up"), "{message}");
    }
    app.get("/health/services").expect_status(422).await;
    let user = app.new_key(json!({})).await;
    app.bearer(&user).get(&format!("{SERVICES}langfuse")).expect_status(403).await;
    app.nobody().get(&format!("{SERVICES}langfuse")).expect_status(401).await;
}
