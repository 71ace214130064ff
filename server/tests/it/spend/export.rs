//! Spend as a file.

mod focus;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tollgate::ledger::{Saved, SpendEvent};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::session::UserRole;
use tollgate_openapi::spend::{SpendLogPage, Usage};

use super::{call, write};
use crate::kit::{Client, MASTER_KEY, TestApp};
use crate::session::add_user;

/// A row by the names of its columns.
pub(in crate::spend) type Row = BTreeMap<String, String>;

/// Reads CSV as RFC 4180 has it, and insists on its line ends.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut is_quoted, mut letters) = (false, text.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => cell.push(letters.next().unwrap()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(std::mem::take(&mut cell)),
            '\r' if !is_quoted => {
                assert_eq!(letters.next(), Some('\n'));
                record.push(std::mem::take(&mut cell));
                records.push(std::mem::take(&mut record));
            }
            other => cell.push(other),
        }
    }
    assert!(!is_quoted && cell.is_empty() && record.is_empty(), "the last line has an end, too");
    records
}

pub(in crate::spend) fn rows(text: &str) -> Vec<Row> {
    let mut records = records(text).into_iter();
    let header = records.next().unwrap();
    let row = |cells: Vec<String>| {
        assert_eq!(cells.len(), header.len(), "{cells:?}");
        header.iter().cloned().zip(cells).collect()
    };
    records.map(row).collect()
}

/// Nano-dollars of an amount in dollars, without a float in between.
fn nano(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    assert!(part.len() <= 9, "{text}");
    format!("{whole}{part:0<9}").parse().unwrap()
}

pub(in crate::spend) fn spend(rows: &[Row]) -> i64 {
    rows.iter().map(|row| nano(&row["spend"])).sum()
}

pub(in crate::spend) fn count(rows: &[Row], column: &str) -> i64 {
    rows.iter().map(|row| row[column].parse::<i64>().unwrap()).sum()
}

async fn export(client: &Client, query: &str) -> Vec<Row> {
    rows(client.get(&format!("/spend/export?{query}")).expect_status(200).await.body())
}

/// Calls of this many end users, a second after one another, each at another price.
pub(in crate::spend) fn many(number: u32, at: &str) -> Vec<SpendEvent> {
    let one = |n: u32| {
        let base = call(&format!("call-{n:05}"), "key1", at);
        let later = TimeDelta::seconds(i64::from(n));
        SpendEvent {
            end_user: Some(format!("customer-{n}")),
            spend_nano: 1_000_000_007 + i64::from(n),
            start_time: base.start_time + later,
            end_time: base.end_time + later,
            ..base
        }
    };
    (0..number).map(one).collect()
}

#[tokio::test]
async fn days_are_exported_with_names_beside_ids() {
    let app = TestApp::start().await;
    add_user(&app, "ada", Some("ada@shop.example"), UserRole::InternalUser, "password").await;
    app.post(
        "/organization/new",
        json!({"organization_id": "acme", "organization_alias": "Acme, Inc.", "cost_center": "4711"}),
    )
    .expect_status(200)
    .await;
    app.post("/team/new", json!({"team_id": "shop", "team_alias": "=cmd|' /C calc'!A0"})).expect_status(200).await;
    let made = app.post("/key/generate", json!({"key_alias": "checkout"})).expect_status(200).await.value();
    let token = made["token"].as_str().unwrap();
    let first = SpendEvent { organization_id: Some(Arc::from("acme")), ..call("a", token, "2026-11-20T10:00:00Z") };
    let saved = Saved { by_cache_nano: 700_000_000, by_prompt_cache_nano: -3 };
    let cheap = SpendEvent { spend_nano: 1, saved, ..first.clone() };
    let bare = SpendEvent {
        user_id: None,
        team_id: None,
        end_user: None,
        provider: None,
        spend_nano: 2_000_000_000,
        ..call("c", "gone", "2026-11-21T10:00:00Z")
    };
    write(&app, &[first, SpendEvent { request_id: Arc::from("b"), ..cheap }, bare]).await;

    let answer = app.get("/spend/export?start_date=2026-11-01&end_date=2026-11-21").expect_status(200).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"tollgate-spend-days-2026-11-01-to-2026-11-21.csv\""
    );
    let header = "date,organization_id,organization_alias,team_id,team_alias,user_id,user_email,api_key,key_alias,\
        model_group,model,provider,end_user,spend,api_requests,failed_requests,prompt_tokens,completion_tokens,\
        cache_read_input_tokens,cache_creation_input_tokens,reasoning_tokens,saved_by_cache,saved_by_prompt_cache,cost_center";
    let lines = [
        header.to_owned(),
        format!(
            "2026-11-20,acme,\"Acme, Inc.\",shop,'=cmd|' /C calc'!A0,ada,ada@shop.example,{token},checkout,gpt-4o,\
             gpt-4o-2024-08-06,openai,customer-7,0.015000001,2,0,20,10,0,0,0,0.7,-0.000000003,4711"
        ),
        "2026-11-21,,,,,,,gone,,gpt-4o,gpt-4o-2024-08-06,,,2,1,0,10,5,0,0,0,0,0,".to_owned(),
    ];
    assert_eq!(answer.body(), lines.join("\r\n") + "\r\n");

    let answer = app.get("/spend/export?format=jsonl&start_date=2026-11-21").expect_status(200).await;
    assert_eq!(answer.header("content-type"), "application/x-ndjson; charset=utf-8");
    assert!(answer.header("content-disposition").ends_with("2026-11-21-to-2026-11-21.jsonl\""));
    let expected = json!({"date": "2026-11-21", "organization_id": null, "organization_alias": null, "team_id": null,
        "team_alias": null, "user_id": null, "user_email": null, "api_key": "gone", "key_alias": null,
        "model_group": "gpt-4o", "model": "gpt-4o-2024-08-06", "provider": null, "end_user": null, "spend": 2,
        "api_requests": 1, "failed_requests": 0, "prompt_tokens": 10, "completion_tokens": 5,
        "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "reasoning_tokens": 0,
        "saved_by_cache": 0, "saved_by_prompt_cache": 0, "cost_center": null});
    assert_eq!(answer.value(), expected);
}

#[tokio::test]
async fn calls_are_exported_oldest_first() {
    let app = TestApp::start().await;
    let tagged = SpendEvent {
        tags: vec![Arc::from("prod"), Arc::from("a,\"b\"")],
        end_user: Some("+49 30".to_owned()),
        ..call("b", "key1", "2026-11-21T10:00:00.25Z")
    };
    write(&app, &[tagged, call("a", "key1", "2026-11-20T23:59:59Z"), call("c", "key1", "2026-10-01T00:00:00Z")]).await;
    let shown = export(&app, "level=calls").await;
    let ids: Vec<&str> = shown.iter().map(|row| row["request_id"].as_str()).collect();
    assert_eq!(ids, ["a", "b"], "the last thirty days");
    let expected = [
        ("start_time", "2026-11-21T10:00:00.250Z"),
        ("end_time", "2026-11-21T10:00:00.750Z"),
        ("status", "success"),
        ("status_code", "200"),
        ("key_alias", "alias"),
        ("end_user", "'+49 30"),
        ("request_tags", "[\"prod\",\"a,\\\"b\\\"\"]"),
        ("spend", "0.015"),
        ("total_tokens", "15"),
        ("cache_hit", "false"),
    ];
    for (column, value) in expected {
        assert_eq!(shown[1][column], value, "{column}");
    }
    let answer = app.get("/spend/export?level=calls&format=jsonl&tag=prod").expect_status(200).await;
    let line: Value = answer.value();
    assert_eq!((&line["end_user"], &line["request_tags"]), (&json!("+49 30"), &json!(["prod", "a,\"b\""])));
    assert!(answer.body().contains("\"spend\":0.015,"), "{}", answer.body());
    assert!(export(&app, "level=calls&tag=pro").await.is_empty());
}

#[tokio::test]
async fn what_is_longer_than_a_page_has_every_row_once() {
    let app = TestApp::start().await;
    let calls = many(2_500, "2026-11-20T10:00:00Z");
    write(&app, &calls).await;
    let total: i64 = calls.iter().map(|call| call.spend_nano).sum();
    for (level, name) in [("days", "end_user"), ("calls", "request_id")] {
        let shown = export(&app, &format!("level={level}")).await;
        assert_eq!((shown.len(), spend(&shown)), (2_500, total), "{level}");
        let names: Vec<&String> = shown.iter().map(|row| &row[name]).collect();
        let mut each = names.clone();
        each.sort_unstable();
        each.dedup();
        assert_eq!(each.len(), 2_500, "{level}");
        assert!(level == "days" || each == names, "{level}");
        let lines = app.get(&format!("/spend/export?format=jsonl&level={level}")).expect_status(200).await;
        assert_eq!(lines.body().lines().count(), 2_500, "{level}");
    }
    // As many as a page has: nothing follows.
    let filter = "level=calls&end_date=2026-11-19";
    write(&app, &many(1_000, "2026-11-19T10:00:00Z").into_iter().map(renamed).collect::<Vec<_>>()).await;
    assert_eq!(export(&app, filter).await.len(), 1_000);
}

fn renamed(call: SpendEvent) -> SpendEvent {
    SpendEvent { request_id: Arc::from(format!("other-{}", call.request_id)), ..call }
}

#[tokio::test]
async fn nothing_spent_is_an_empty_file() {
    let app = TestApp::start().await;
    let answer = app.get("/spend/export").expect_status(200).await;
    assert_eq!(records(answer.body()).len(), 1);
    let answer = app.get("/spend/export?format=jsonl&level=calls").expect_status(200).await;
    assert_eq!(answer.body(), "");
}

/// What is booked under every filter that there is.
async fn write_varied(app: &TestApp) {
    let at = |n: usize| format!("2026-11-{:02}T{:02}:00:00Z", 12 + n % 10, n % 24);
    let one = |n: usize| {
        let pick = |names: &[&'static str]| names[n / 3 % names.len()];
        let some = |names: &[&'static str]| Some(pick(names)).filter(|name| !name.is_empty());
        let tags: &[&[&str]] = &[&[], &["prod"], &["prod", "eu"]];
        SpendEvent {
            user_id: some(&["ada", "bob", ""]).map(Arc::from),
            team_id: some(&["shop", "ops"]).map(Arc::from),
            organization_id: some(&["acme", "", "globex", "acme", ""]).map(Arc::from),
            model_group: Arc::from(pick(&["gpt-4o", "claude"])),
            provider: some(&["openai", "anthropic", "openai", ""]).map(Arc::from),
            end_user: some(&["", "c1", "c2", "c1", "c3", "c1", "c2"]).map(str::to_owned),
            tags: tags[n % 3].iter().map(|tag| Arc::from(*tag)).collect(),
            spend_nano: i64::try_from(n * n).unwrap() + 1,
            ..call(&format!("call-{n}"), &format!("{:064x}", n % 4), &at(n))
        }
    };
    write(app, &(0..120).map(one).collect::<Vec<_>>()).await;
}

/// An export adds up to the report on the same: days and calls.
async fn adds_up(client: &Client, filter: &str) -> i64 {
    let range = "start_date=2026-11-13&end_date=2026-11-20";
    let usage: Usage = client.get(&format!("/spend/usage?{range}&{filter}")).expect_status(200).await.json();
    let days = export(client, &format!("{range}&{filter}")).await;
    assert_eq!((NanoUsd(spend(&days)), count(&days, "api_requests")), (usage.total.spend, usage.total.api_requests));
    assert_eq!(count(&days, "prompt_tokens"), usage.total.prompt_tokens, "{filter}");
    let calls = export(client, &format!("level=calls&{range}&{filter}")).await;
    let number = i64::try_from(calls.len()).unwrap();
    assert_eq!((NanoUsd(spend(&calls)), number), (usage.total.spend, usage.total.api_requests), "{filter}");
    number
}

#[tokio::test]
async fn an_export_adds_up_to_the_report_for_whoever_asks() {
    let app = TestApp::start().await;
    for organization in ["acme", "globex"] {
        let center = format!("center of {organization}");
        let body = json!({"organization_id": organization, "organization_alias": organization, "cost_center": center});
        app.post("/organization/new", body).expect_status(200).await;
    }
    for (id, role) in [
        ("ada", UserRole::InternalUser),
        ("bob", UserRole::InternalUserViewer),
        ("boss", UserRole::InternalUser),
        ("lead", UserRole::InternalUser),
        ("viewer", UserRole::ProxyAdminViewer),
    ] {
        add_user(&app, id, None, role, "password").await;
    }
    let boss = json!({"organization_id": "acme", "member": {"user_id": "boss", "role": "org_admin"}});
    app.post("/organization/member_add", boss).expect_status(200).await;
    app.post("/team/new", json!({"team_id": "ops", "admins": ["lead"], "cost_center": "of ops"}))
        .expect_status(200)
        .await;
    write_varied(&app).await;

    let mut seen = vec![adds_up(&app, "").await];
    for name in ["viewer", "boss", "lead", "ada", "bob"] {
        let person = app.sign_in(name, "password").await;
        seen.push(adds_up(&person, "").await);
        for filter in [
            "organization_id=acme",
            "team_id=ops",
            "user_id=ada",
            "model=gpt-4o",
            "provider=openai",
            "tag=prod",
            "tag=eu&team_id=shop&model=claude",
            "cost_center=of%20ops",
            "cost_center=center%20of%20acme",
            "cost_center=center%20of%20acme&tag=prod&user_id=ada",
            "cost_center=nobody",
            "cost_center=",
            &format!("api_key={:064x}", 1),
        ] {
            adds_up(&person, filter).await;
        }
        // Reports do not know end users, the log does.
        let logged: SpendLogPage = person
            .get("/spend/logs/v2?end_user=c1&start_date=2026-11-13&end_date=2026-11-20&page_size=100")
            .expect_status(200)
            .await
            .json();
        let of_one = export(&person, "end_user=c1&start_date=2026-11-13&end_date=2026-11-20").await;
        assert_eq!(u64::try_from(count(&of_one, "api_requests")).unwrap(), logged.total, "{name}");
        assert_eq!(NanoUsd(spend(&of_one)), logged.data.iter().map(|call| call.spend).sum::<NanoUsd>(), "{name}");
    }
    assert_eq!(seen[0], seen[1], "{seen:?}");
    assert!(seen[2..].iter().all(|number| (1..seen[0]).contains(number)), "{seen:?}");
}

#[tokio::test]
async fn a_file_that_cannot_be_finished_breaks_off() {
    let app = TestApp::start().await;
    write(&app, &many(2_500, "2026-11-20T10:00:00Z")).await;
    // The last page has a row that cannot be read.
    let spoil = "UPDATE spend_logs SET request_tags = '{\"a\": 1}' WHERE request_id = 'call-02499'";
    app.app.db.execute_unprepared(spoil).await.unwrap();
    let url = format!("{}/spend/export?level=calls", app.base);
    let response = reqwest::Client::new().get(url).bearer_auth(MASTER_KEY).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.text().await.unwrap_err();
    // Where nothing was sent yet, it is an error like any other.
    app.get("/spend/export?level=calls&end_user=customer-2499").expect_status(500).await;
}

#[tokio::test]
async fn what_cannot_be_exported_is_refused() {
    let app = TestApp::start().await;
    for (query, place) in [
        ("format=xlsx", "query.format"),
        ("level=years", "query.level"),
        ("start_date=2026-11-21&end_date=2026-11-20", "query.end_date"),
        ("start_date=21.11.2026", "query.start_date"),
        ("tag=prod&end_user=c1", "query.end_user"),
        ("format=focus&level=calls", "query.level"),
    ] {
        assert_eq!(app.get(&format!("/spend/export?{query}")).expect_status(422).await.problems(), [place], "{query}");
    }
    app.get("/spend/export?tag=prod&end_user=c1&level=calls").expect_status(200).await;
    app.nobody().get("/spend/export").expect_status(401).await;
    app.bearer(&app.new_key(json!({})).await).get("/spend/export").expect_status(403).await;
    let head = app.call(reqwest::Method::HEAD, "/spend/export", None).expect_status(200).await;
    assert_eq!((head.body(), head.header("content-type")), ("", "text/csv; charset=utf-8"));
}

#[tokio::test]
async fn a_call_that_is_booked_meanwhile_is_neither_lost_nor_twice_there() {
    let app = TestApp::start().await;
    write(&app, &many(1_500, "2026-11-20T10:00:00Z")).await;
    let url = format!("{}/spend/export?level=calls", app.base);
    let mut response = reqwest::Client::new().get(url).bearer_auth(MASTER_KEY).send().await.unwrap();
    let mut text = response.chunk().await.unwrap().unwrap().to_vec();
    write(&app, &[call("later", "key1", "2026-11-21T11:00:00Z")]).await;
    while let Some(chunk) = response.chunk().await.unwrap() {
        text.extend_from_slice(&chunk);
    }
    let shown = rows(&String::from_utf8(text).unwrap());
    assert!((1_500..=1_501).contains(&shown.len()), "{}", shown.len());
    assert_eq!(shown.iter().filter(|row| row["request_id"] != "later").count(), 1_500);
}

#[tokio::test]
async fn what_the_client_has_no_room_for_is_not_read_yet() {
    let app = TestApp::start().await;
    // More than lies between the gateway and a client: some megabytes.
    write(&app, &many(12_000, "2026-11-20T10:00:00Z")).await;
    let url = format!("{}/spend/export?level=calls&format=jsonl", app.base);
    let mut response = reqwest::Client::new().get(url).bearer_auth(MASTER_KEY).send().await.unwrap();
    let mut text = response.chunk().await.unwrap().unwrap().to_vec();
    // It does not keep others waiting, either.
    assert_eq!(export(&app, "level=calls").await.len(), 12_000);
    let change = "UPDATE spend_logs SET model = 'later' WHERE request_id = 'call-11999'";
    app.app.db.execute_unprepared(change).await.unwrap();
    while let Some(chunk) = response.chunk().await.unwrap() {
        text.extend_from_slice(&chunk);
    }
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().count(), 12_000);
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!((&last["request_id"], &last["model"]), (&json!("call-11999"), &json!("later")));
}
