//! What calls cost.

mod access;
mod activity;
mod adjustment;
mod contents;
mod export;
mod interrupted;
mod month;
mod overview;
mod price;
mod reset;

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tollgate::domain::usage::Usage;
use tollgate::ledger::writer::write_batch;
use tollgate::ledger::{Saved, SpendEvent};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{
    Activity, CallStatus, DaySpend, GlobalSpend, KeySpend, ModelSpend, SpendLogPage, SpendLogView, SpendLogsDay,
};

use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, MASTER_KEY, TestApp};

/// A call of half a second that cost a cent and a half, to be changed as a test needs.
pub(crate) fn call(id: &str, api_key: &str, at: &str) -> SpendEvent {
    let start: DateTime<Utc> = at.parse().unwrap();
    SpendEvent {
        request_id: Arc::from(id),
        call_type: Cow::Borrowed("acompletion"),
        api_key: Arc::from(api_key),
        key_alias: Some(Arc::from("alias")),
        user_id: Some(Arc::from("ada")),
        team_id: Some(Arc::from("shop")),
        organization_id: None,
        end_user: Some("customer-7".to_owned()),
        spend_nano: 15_000_000,
        saved: Saved::default(),
        usage: Usage { input: 10, output: 5, ..Usage::default() },
        start_time: start,
        end_time: start + TimeDelta::milliseconds(500),
        completion_start_time: None,
        overhead_us: 40,
        model_group: Arc::from("gpt-4o"),
        model: Arc::from("gpt-4o-2024-08-06"),
        model_id: Some(Arc::from("deployment-1")),
        provider: Some(Arc::from("openai")),
        api_base: None,
        requester_ip_address: None,
        stream: false,
        status: CallStatus::Success,
        status_code: 200,
        cache_hit: false,
        response_id: Some(format!("chatcmpl-{id}")),
        provider_usage: None,
        metadata: serde_json::Map::new(),
        tags: Vec::new(),
        charges: vec![],
    }
}

async fn write(app: &TestApp, calls: &[SpendEvent]) {
    write_batch(&app.app.db, calls).await.unwrap();
}

/// Today two calls, one of them failed, of two keys; yesterday one; one long ago.
async fn write_some(app: &TestApp) {
    let failed = SpendEvent {
        user_id: None,
        spend_nano: 0,
        status: CallStatus::Failure,
        status_code: 429,
        model_group: Arc::from("claude"),
        ..call("b", "key2", "2026-11-21T11:00:00Z")
    };
    let calls = [
        call("a", "key1", "2026-11-21T10:00:00Z"),
        failed,
        SpendEvent { spend_nano: 70_000_000, ..call("c", "key2", "2026-11-20T23:59:59.999999Z") },
        call("d", "key1", "2026-09-01T00:00:00Z"),
    ];
    write(app, &calls).await;
}

fn usd(amount: f64) -> NanoUsd {
    NanoUsd::from_usd(amount).unwrap()
}

fn ids(calls: &[SpendLogView]) -> Vec<&str> {
    calls.iter().map(|call| call.request_id.as_str()).collect()
}

async fn page(app: &TestApp, query: &str) -> SpendLogPage {
    app.get(&format!("/spend/logs/v2?{query}")).expect_status(200).await.json()
}

#[tokio::test]
async fn calls_are_shown_whole_newest_first() {
    let app = TestApp::start().await;
    write_some(&app).await;
    let calls: Vec<SpendLogView> = app.get("/spend/logs").expect_status(200).await.json();
    assert_eq!(ids(&calls), ["b", "a", "c", "d"]);
    let shown = &calls[1];
    assert_eq!((shown.spend, shown.total_tokens, shown.request_duration_ms), (usd(0.015), 15, 500));
    assert_eq!((shown.user.as_deref(), shown.key_alias.as_deref()), (Some("ada"), Some("alias")));
    assert_eq!((shown.status, shown.cache_hit.as_str()), (CallStatus::Success, "False"));
    let answer = app.get("/spend/logs").expect_status(200).await.value();
    assert_eq!(answer[1]["startTime"], "2026-11-21T10:00:00Z");
}

#[tokio::test]
async fn what_is_not_counted_in_tokens_is_shown_by_its_name() {
    let app = TestApp::start().await;
    let usage = Usage { input: 3, queries: 2, audio_ms: 61_500, ..Usage::default() };
    write(&app, &[SpendEvent { usage, ..call("a", "key1", "2026-11-21T10:00:00Z") }]).await;
    write(&app, &[call("b", "key1", "2026-11-21T11:00:00Z")]).await;
    let calls: Vec<SpendLogView> = app.get("/spend/logs").expect_status(200).await.json();
    assert_eq!(ids(&calls), ["b", "a"]);
    assert_eq!(calls[1].metadata["units"], json!({"queries": 2, "audio_ms": 61_500}));
    assert_eq!(calls[1].total_tokens, 3);
    assert!(!calls[0].metadata.contains_key("units"));
}

#[tokio::test]
async fn calls_are_found_by_key_owner_and_answer() {
    let app = TestApp::start().await;
    let made = app.post("/key/generate", json!({})).expect_status(200).await.value();
    let (key, token) = (made["key"].as_str().unwrap(), made["token"].as_str().unwrap());
    write_some(&app).await;
    write(&app, &[call("own", token, "2026-11-21T09:00:00Z")]).await;
    for query in [
        format!("api_key={key}"),
        format!("api_key={token}"),
        "request_id=own".to_owned(),
        "request_id=chatcmpl-own".to_owned(),
        "user_id=ada&start_date=2026-11-21&request_id=own".to_owned(),
    ] {
        let calls: Vec<SpendLogView> = app.get(&format!("/spend/logs?{query}")).expect_status(200).await.json();
        assert_eq!(ids(&calls), ["own"], "{query}");
    }
}

#[tokio::test]
async fn sums_by_day_fill_the_gaps_and_agree_with_the_calls() {
    let app = TestApp::start().await;
    write_some(&app).await;
    let query = "/spend/logs?start_date=2026-11-19&end_date=2026-11-21";
    let days: Vec<SpendLogsDay> = app.get(query).expect_status(200).await.json();
    assert_eq!(days.iter().map(|day| day.spend).collect::<Vec<_>>(), [NanoUsd::ZERO, usd(0.07), usd(0.015)]);
    assert_eq!(days[1].keys.get("key2"), Some(&usd(0.07)));
    assert_eq!(days[2].models, [("gpt-4o".to_owned(), usd(0.015)), ("claude".to_owned(), NanoUsd::ZERO)].into());
    // One call has no owner.
    assert_eq!(days[2].users, [("ada".to_owned(), usd(0.015)), (String::new(), NanoUsd::ZERO)].into());
    assert_eq!(days[1].users, [("ada".to_owned(), usd(0.07))].into());
    let of_ada: Vec<SpendLogsDay> = app.get(&format!("{query}&user_id=ada")).expect_status(200).await.json();
    assert_eq!((&of_ada[1], of_ada[2].spend), (&days[1], usd(0.015)));
    assert_eq!(of_ada[2].keys, [("key1".to_owned(), usd(0.015))].into());
    let one_key: Vec<SpendLogsDay> = app.get(&format!("{query}&api_key=key1")).expect_status(200).await.json();
    // What is no hash is taken for a key: nothing is found.
    assert!(one_key.iter().all(|day| day.spend == NanoUsd::ZERO));

    // Python says False.
    let calls: Vec<SpendLogView> = app.get(&format!("{query}&summarize=False")).expect_status(200).await.json();
    assert_eq!(ids(&calls), ["b", "a", "c"]);
}

#[tokio::test]
async fn a_page_of_calls_is_filtered_and_sorted() {
    let app = TestApp::start().await;
    write_some(&app).await;
    for (query, expected) in [
        ("", vec!["b", "a", "c", "d"]),
        ("start_date=2026-11-21", vec!["b", "a"]),
        ("end_date=2026-11-20", vec!["c", "d"]),
        ("start_date=2026-11-20&end_date=2026-11-20", vec!["c"]),
        ("start_date=2026-11-21T10:00:00Z&end_date=2026-11-21%2010:00:00", vec!["a"]),
        ("status_filter=failure", vec!["b"]),
        ("model=claude", vec!["b"]),
        ("model=gpt-4o-2024-08-06&status_filter=success", vec!["a", "c", "d"]),
        ("model_id=deployment-2", vec![]),
        ("user_id=ada&team_id=shop&end_user=customer-7&key_alias=alias", vec!["a", "c", "d"]),
        ("request_id=chatcmpl-c", vec!["c"]),
        ("sort_by=spend&sort_order=desc&status_filter=success", vec!["c", "d", "a"]),
        ("sort_by=startTime&sort_order=asc", vec!["d", "c", "a", "b"]),
    ] {
        let page = page(&app, query).await;
        assert_eq!(ids(&page.data), expected, "{query}");
        assert_eq!(page.total, u64::try_from(expected.len()).unwrap(), "{query}");
    }
    let second = page(&app, "page=2&page_size=3").await;
    assert_eq!((ids(&second.data), second.total, second.total_pages), (vec!["d"], 4, 2));
    assert!(!second.total_is_capped && second.next_cursor.is_none());
    let first = page(&app, "page_size=3").await;
    let after = page(&app, &format!("page_size=3&cursor={}", first.next_cursor.unwrap())).await;
    assert_eq!((&after.data, after.page, after.total), (&second.data, 2, 4));
    app.get("/spend/logs/v2?cursor=7b7d").expect_status(422).await;
    assert!(page(&app, "page=10000000&page_size=100").await.data.is_empty());
}

#[tokio::test]
async fn the_whole_gateways_spend() {
    let app = TestApp::start().await;
    write_some(&app).await;
    let total: GlobalSpend = app.get("/global/spend").expect_status(200).await.json();
    assert_eq!(total, GlobalSpend { spend: usd(0.085), max_budget: None });

    let days: Vec<DaySpend> = app.get("/global/spend/logs").expect_status(200).await.json();
    assert_eq!(days.len(), 30);
    assert_eq!(days.iter().map(|day| day.spend).sum::<NanoUsd>(), total.spend);
    assert_eq!(days[29], DaySpend { date: "2026-11-21".parse().unwrap(), spend: usd(0.015) });

    let range = "start_date=2026-09-01&end_date=2026-09-02";
    let days: Vec<DaySpend> = app.get(&format!("/global/spend/logs?{range}")).expect_status(200).await.json();
    assert_eq!(days.iter().map(|day| day.spend).collect::<Vec<_>>(), [usd(0.015), NanoUsd::ZERO]);

    let activity: Activity = app.get("/global/activity").expect_status(200).await.json();
    assert_eq!((activity.sum_api_requests, activity.sum_total_tokens), (3, 45));
    assert_eq!(activity.daily_data.iter().map(|day| day.api_requests).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn top_keys_and_models() {
    let app = TestApp::start().await;
    let made = app.post("/key/generate", json!({"key_alias": "now"})).expect_status(200).await.value();
    write_some(&app).await;
    let token = made["token"].as_str().unwrap();
    write(&app, &[SpendEvent { spend_nano: 1, ..call("own", token, "2026-11-21T09:00:00Z") }]).await;

    let keys: Vec<KeySpend> = app.get("/global/spend/keys?limit=2").expect_status(200).await.json();
    let shown: Vec<_> = keys.iter().map(|key| (key.api_key.as_str(), key.spend, key.api_requests)).collect();
    assert_eq!(shown, [("key2", usd(0.07), 2), ("key1", usd(0.015), 1)]);
    let keys: Vec<KeySpend> = app.get("/global/spend/keys").expect_status(200).await.json();
    assert_eq!((keys[2].key_alias.as_deref(), keys[2].spend), (Some("now"), NanoUsd(1)));
    assert_eq!(keys[2].key_name.as_deref(), made["key_name"].as_str());

    let models: Vec<ModelSpend> = app.get("/global/spend/models").expect_status(200).await.json();
    let shown: Vec<_> = models.iter().map(|model| (model.model.as_str(), model.api_requests)).collect();
    assert_eq!(shown, [("gpt-4o", 3), ("claude", 1)]);
}

#[tokio::test]
async fn the_master_keys_calls_are_found_by_the_key_and_named() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    let keys: Vec<KeySpend> = app.get("/global/spend/keys").expect_status(200).await.json();
    let shown: Vec<_> = keys.iter().map(|key| (key.api_key.as_str(), key.key_alias.as_deref())).collect();
    assert_eq!(shown, [("litellm_proxy_master_key", Some("master_key"))]);
    for key in ["litellm_proxy_master_key", MASTER_KEY] {
        let calls: Vec<SpendLogView> = app.get(&format!("/spend/logs?api_key={key}")).expect_status(200).await.json();
        assert_eq!(calls.len(), 1, "{key}");
        assert_eq!(page(&app, &format!("api_key={key}")).await.total, 1, "{key}");
        let days: Vec<DaySpend> = app.get(&format!("/global/spend/logs?api_key={key}")).expect_status(200).await.json();
        assert_eq!(days[29].spend, calls[0].spend);
    }
}

#[tokio::test]
async fn a_key_shows_what_the_ledger_knows_of_it() {
    let app = TestApp::start().await;
    let made = app.post("/key/generate", json!({"budget_duration": "1d"})).expect_status(200).await.value();
    let token = made["token"].as_str().unwrap();
    let window_start_us = "2026-11-21T00:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp_micros();
    let charge =
        |start| tollgate::ledger::Charge { kind: Cow::Borrowed("key"), id: Arc::from(token), window_start_us: start };
    let yesterday = SpendEvent {
        charges: vec![charge(window_start_us - 86_400_000_000)],
        ..call("y", token, "2026-11-20T10:00:00Z")
    };
    let today = SpendEvent { charges: vec![charge(window_start_us)], ..call("t", token, "2026-11-21T10:00:00Z") };
    write(&app, &[yesterday, today]).await;

    let shown = app.get(&format!("/key/info?key={token}")).expect_status(200).await.value();
    let info = &shown["info"];
    assert_eq!((&info["spend"], &info["total_spend"]), (&json!(0.015), &json!(0.03)));
    assert_eq!(info["last_used_at"], "2026-11-21T10:00:00Z");
    let listed = app.get("/key/list?return_full_object=true&sort_by=spend").expect_status(200).await.value();
    assert_eq!(&listed["keys"][0], info);

    // An administrator's word goes before the ledger's, and what comes after is added.
    app.post("/key/update", json!({"key": token, "spend": 1})).expect_status(200).await;
    write(&app, &[SpendEvent { charges: vec![charge(window_start_us)], ..call("u", token, "2026-11-21T11:00:00Z") }])
        .await;
    let shown = app.get(&format!("/key/info?key={token}")).expect_status(200).await.value();
    assert_eq!(shown["info"]["spend"], json!(1.015));
}

#[tokio::test]
async fn bad_dates_name_the_parameter() {
    let app = TestApp::start().await;
    for (path, place) in [
        ("/spend/logs?start_date=21.11.2026&end_date=2026-11-21", "query.start_date"),
        ("/spend/logs?start_date=2026-11-21&end_date=2026-11-20", "query.end_date"),
        ("/spend/logs?start_date=1900-01-01&end_date=2026-11-20", "query.start_date"),
        ("/spend/logs?summarize=perhaps", "query.summarize"),
        ("/spend/logs?start_date=-5000-01-01", "query.start_date"),
        ("/spend/logs?end_date=%2B262142-12-31", "query.end_date"),
        ("/spend/logs?start_date=1969-12-30&end_date=1969-12-31", "query.start_date"),
        ("/spend/logs/v2?start_date=-5000-01-01", "query.start_date"),
        ("/spend/logs/v2?end_date=1000-01-01T00:00:00Z", "query.end_date"),
        ("/global/spend/logs?start_date=2026-01-01&end_date=%2B10000-01-01", "query.end_date"),
        ("/global/activity?end_date=0001-01-01", "query.start_date"),
        ("/spend/logs/v2?start_date=today", "query.start_date"),
        ("/spend/logs/v2?end_date=2026-13-01", "query.end_date"),
        ("/spend/logs/v2?page_size=101", "query.page_size"),
        ("/spend/logs/v2?status_filter=fine", "query.status_filter"),
        ("/spend/logs/v2?sort_by=colour", "query.sort_by"),
        ("/global/spend/logs?start_date=2026-02-30", "query.start_date"),
        ("/global/activity?end_date=x", "query.end_date"),
        ("/global/spend/keys?limit=0", "query.limit"),
        ("/global/spend/models?limit=101", "query.limit"),
    ] {
        assert_eq!(app.get(path).expect_status(422).await.problems(), [place], "{path}");
    }
}
