//! Files of calls, in a bucket and in a folder.

use std::path::Path;

use serde_json::{Value, json};

use super::{exporting, metric, until_metric};
use crate::chat::{CHAT, ask};
use crate::kit::{Receiver, TestAppBuilder, Told};

const SENT: &str = "tollgate_export_sent_total";
const FAILED: &str = "tollgate_export_failed_total";

/// Puts a file a second after its first call into a bucket at the receiver.
fn into_bucket(receiver: &Receiver, more: &str) -> TestAppBuilder {
    let params = format!(
        "{{s3_bucket_name: logs, s3_path: /calls/, s3_region_name: eu-central-1, s3_endpoint_url: '{}', \
         s3_aws_access_key_id: key, s3_aws_secret_access_key: secret, s3_aws_session_token: session, \
         s3_flush_interval: 1{more}}}",
        receiver.url("")
    );
    exporting(&format!("{{callbacks: [s3_v2], turn_off_message_logging: true, s3_callback_params: {params}}}"), "")
}

fn lines(body: &str) -> Vec<Value> {
    body.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The name that a file has after its first call.
fn name_of(call: &Value) -> String {
    let micros = format!("{:.0}", call["startTime"].as_f64().unwrap() * 1e6);
    let began = chrono::DateTime::from_timestamp_micros(micros.parse().unwrap());
    format!("{}_{}.jsonl", began.unwrap().format("%Y-%m-%d/time-%H-%M-%S-%6f"), call["id"].as_str().unwrap())
}

#[tokio::test]
async fn calls_are_lines_of_a_file_in_a_bucket() {
    let receiver = Receiver::start();
    let app = into_bucket(&receiver, "").start().await;
    for model in ["mock", "mock", "none-such"] {
        let status = if model == "mock" { 200 } else { 400 };
        let mut asked = ask(model);
        asked["metadata"] = json!({"trace_id": "trace-1"});
        app.post(CHAT, asked).expect_status(status).await;
    }
    until_metric(&app, SENT, "s3", "3").await;
    let told = receiver.told();
    assert_eq!(told.len(), 1, "{told:#?}");
    let calls = lines(&told[0].body);
    let statuses: Vec<&str> = calls.iter().map(|call| call["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["success", "success", "failure"]);
    assert_eq!(told[0].path, format!("/logs/calls/{}", name_of(&calls[0])));
    // It is redacted as everywhere, and the session is that of the key.
    assert_eq!((&calls[0]["messages"], &calls[0]["trace_id"]), (&json!("redacted-by-litellm"), &json!("trace-1")));
    assert!(told[0].header("authorization").unwrap().contains("Credential=key/"));
    assert_eq!(told[0].header("x-amz-security-token"), Some("session"));
}

#[tokio::test]
async fn a_bucket_that_is_away_gets_the_same_file_again_and_one_that_refuses_does_not() {
    let receiver = Receiver::start();
    receiver.then(503).then(500);
    let app = into_bucket(&receiver, "").start().await;
    app.post(CHAT, ask("mock")).expect_status(200).await;
    until_metric(&app, SENT, "s3", "1").await;
    let told = receiver.told();
    let file = |told: &Told| (told.path.clone(), told.body.clone());
    assert_eq!(told.len(), 3, "one try each");
    assert!(told.iter().all(|one| file(one) == file(&told[0])), "{told:#?}");
    assert_eq!(metric(&app, FAILED, "s3").await, "0");
    receiver.then(403);
    app.post(CHAT, ask("mock")).expect_status(200).await;
    until_metric(&app, FAILED, "s3", "1").await;
    assert_eq!(receiver.told().len(), 4);
}

#[tokio::test]
async fn large_calls_make_a_file_before_they_fill_the_room_for_those_that_wait() {
    let receiver = Receiver::start();
    let app = into_bucket(&receiver, "").start().await;
    let mut asked = ask("mock");
    asked["messages"][0]["content"] = json!("long ".repeat(400_000));
    for _ in 0..24 {
        app.post(CHAT, asked.clone()).expect_status(200).await;
    }
    until_metric(&app, SENT, "s3", "24").await;
    assert_eq!(metric(&app, "tollgate_export_dropped_total", "s3").await, "0");
    assert!(receiver.told().len() >= 4, "2 MB each, 8 MB a file, though nothing of it is told");
}

#[tokio::test]
async fn a_file_has_so_many_calls_at_most() {
    let receiver = Receiver::start();
    let app = into_bucket(&receiver, ", s3_batch_size: 2").start().await;
    for _ in 0..5 {
        app.post(CHAT, ask("mock")).expect_status(200).await;
    }
    until_metric(&app, SENT, "s3", "5").await;
    let sizes: Vec<usize> = receiver.told().iter().map(|told| lines(&told.body).len()).collect();
    assert!(sizes.iter().all(|size| *size <= 2), "{sizes:?}");
    assert_eq!(sizes.iter().sum::<usize>(), 5);
}

#[tokio::test]
async fn teams_and_keys_have_folders_where_that_is_asked_for() {
    let receiver = Receiver::start();
    let app = into_bucket(&receiver, ", s3_use_team_prefix: true, s3_use_key_prefix: true").start().await;
    app.post("/team/new", json!({"team_id": "t", "team_alias": "Search"})).expect_status(200).await;
    let of_team = app.new_key(json!({"team_id": "t", "key_alias": "../a/b"})).await;
    let teamless = app.new_key(json!({"key_alias": "mine"})).await;
    let keys = [of_team.clone(), teamless, app.new_key(json!({})).await, of_team];
    for key in keys {
        app.bearer(&key).post(CHAT, ask("mock")).expect_status(200).await;
    }
    until_metric(&app, SENT, "s3", "4").await;
    let told = receiver.told();
    let mut folders: Vec<(String, usize)> = Vec::new();
    for told in &told {
        let calls = lines(&told.body);
        let (path, name) =
            (percent_encoding::percent_decode_str(&told.path).decode_utf8().unwrap(), name_of(&calls[0]));
        let folder = path.strip_prefix("/logs/calls/").unwrap().strip_suffix(&name).unwrap();
        folders.push((folder.to_owned(), calls.len()));
    }
    folders.sort();
    let expected = [("", 1), ("Search/..%2Fa%2Fb/", 2), ("mine/", 1)];
    assert_eq!(folders, expected.map(|(folder, calls)| (folder.to_owned(), calls)));
}

#[tokio::test]
async fn calls_are_put_into_a_folder_and_what_is_left_at_the_end_too() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        format!("{{callbacks: [s3]}}\ntollgate_settings: {{call_storage: {{url: '{}'}}}}", folder.path().display());
    let app = exporting(&config, "").start().await;
    app.post(CHAT, ask("mock")).expect_status(200).await;
    // Nothing but the end is waited for: a file is put every ten seconds.
    app.stop().await;
    let inside =
        |path: &Path| -> Vec<_> { std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect() };
    let days = inside(folder.path());
    assert_eq!(days.len(), 1, "{days:?}");
    let files = inside(&days[0]);
    assert_eq!(files.len(), 1, "{files:?}");
    let calls = lines(&std::fs::read_to_string(&files[0]).unwrap());
    assert_eq!(calls.len(), 1);
    assert!(files[0].ends_with(name_of(&calls[0])), "{files:?}");
    assert_eq!(calls[0]["response"]["choices"][0]["message"]["content"], "Hello there");
}

#[tokio::test]
async fn files_without_a_bucket_are_left_out_and_nobody_has_files_of_their_own() {
    let app = exporting("{callbacks: [s3]}", "").start().await;
    assert!(!app.running.gateway.exports.has_any());
    let logging = json!([{"callback_name": "s3", "callback_vars": {}}]);
    let answer = app.post("/key/generate", json!({"metadata": {"logging": logging}})).expect_status(400).await;
    assert!(answer.body().contains("[0].callback_name") && !answer.body().contains("s3\""), "{}", answer.body());
}
