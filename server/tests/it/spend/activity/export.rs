//! Daily activity as a file, in LiteLLM's columns.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tollgate::ledger::SpendEvent;
use tollgate_openapi::money::NanoUsd;

use super::{RANGE, read, world};
use crate::kit::{Client, TestApp};
use crate::spend::export::{Row, count, many, rows, spend};
use crate::spend::write;

const TYPES: [&str; 4] = ["daily", "daily_with_keys", "daily_with_models", "daily_with_users"];
const HEADER: &str = "date,entity_id,entity_alias,api_key,key_alias,user_id,user_email,model,spend,flat_cost,\
    prompt_tokens,completion_tokens,api_requests,successful_requests,failed_requests,cache_read_input_tokens,\
    cache_creation_input_tokens";

async fn export(client: &Client, path: &str, query: &str) -> Vec<Row> {
    rows(client.get(&format!("/{path}/daily/activity/export?{query}")).expect_status(200).await.body())
}

#[tokio::test]
async fn a_row_is_a_day_of_a_team_and_of_its_keys_models_or_users() {
    let app = world().await;
    let listed = app.get("/key/list?key_alias=till").expect_status(200).await.value();
    let token = listed["keys"][0].as_str().unwrap();
    for (export_type, named) in [
        ("daily", ",,,,".to_owned()),
        ("daily_with_keys", format!("{token},till,ada,,")),
        ("daily_with_models", ",,,,gpt-4o-2024-08-06".to_owned()),
        ("daily_with_users", ",,ada,,".to_owned()),
    ] {
        let path = format!("/team/daily/activity/export?export_type={export_type}&{RANGE}");
        let answer = app.get(&path).expect_status(200).await;
        let line = format!("2026-11-21,shop,The Shop,{named},0.03,0,30,15,3,2,1,0,0");
        assert_eq!(answer.body(), format!("{HEADER}\r\n{line}\r\n"), "{export_type}");
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
        let name = format!("attachment; filename=\"team-usage-2026-11-20-2026-11-21-{export_type}.csv\"");
        assert_eq!((answer.header("content-disposition"), answer.header("cache-control")), (name.as_str(), "no-store"));
    }
    let answer = app.get(&format!("/organization/daily/activity/export?format=json&{RANGE}")).expect_status(200).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.header("content-disposition").ends_with("organization-usage-2026-11-20-2026-11-21-daily.json\""));
    let expected = json!([{"date": "2026-11-20", "entity_id": "lab-org", "entity_alias": "The Lab", "api_key": null,
        "key_alias": null, "user_id": null, "user_email": null, "model": null, "spend": 0.015, "flat_cost": 0,
        "prompt_tokens": 10, "completion_tokens": 5, "api_requests": 1, "successful_requests": 1, "failed_requests": 0,
        "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}]);
    assert_eq!(answer.value(), expected);
    // The first day first.
    let users = export(&app, "user", RANGE).await;
    let days: Vec<_> = users.iter().map(|row| (row["date"].as_str(), row["entity_id"].as_str())).collect();
    assert_eq!(days, [("2026-11-20", "bob"), ("2026-11-21", "ada")]);
}

#[tokio::test]
async fn what_people_wrote_is_no_formula() {
    let app = world().await;
    app.post("/team/update", json!({"team_id": "shop", "team_alias": "=1+1"})).expect_status(200).await;
    assert_eq!(export(&app, "team", RANGE).await[0]["entity_alias"], "'=1+1");
}

#[tokio::test]
async fn a_file_has_what_the_report_shows_to_whoever_asks() {
    let app = world().await;
    let bob = app.sign_in("bob", "bob").await;
    let lead = app.sign_in("lead", "lead").await;
    let mut seen = Vec::new();
    for (name, client) in [("admin", &*app), ("bob", &bob), ("lead", &lead)] {
        for (path, filter) in [
            ("user", ""),
            ("user", "&user_id=ada"),
            ("team", ""),
            ("team", "&team_ids=shop,none"),
            ("team", "&exclude_team_ids=shop"),
            ("organization", ""),
            ("customer", ""),
            ("customer", "&end_user_ids=customer-7&model=gpt-4o"),
            ("tag", ""),
            ("tag", "&tags=y&api_key=key-bob"),
        ] {
            let whole = format!("/{path}/daily/activity/aggregated?{RANGE}{filter}");
            let whole = client.get(&whole).expect_status(200).await.value()["metadata"].clone();
            for export_type in TYPES {
                let rows = export(client, path, &format!("export_type={export_type}&{RANGE}{filter}")).await;
                let what = format!("{name}: {path} {export_type} {filter}");
                let total = serde_json::from_value::<NanoUsd>(whole["total_spend"].clone()).unwrap();
                assert_eq!(NanoUsd(spend(&rows)), total, "{what}");
                for column in ["api_requests", "failed_requests", "prompt_tokens", "completion_tokens"] {
                    assert_eq!(json!(count(&rows, column)), whole[format!("total_{column}")], "{what}: {column}");
                }
            }
            seen.push((name, path, whole["total_api_requests"].as_i64().unwrap()));
        }
    }
    for expected in [("admin", "user", 4), ("bob", "user", 1), ("bob", "team", 0), ("lead", "team", 3)] {
        assert!(seen.contains(&expected), "{expected:?}: {seen:?}");
    }
}

#[tokio::test]
async fn what_is_longer_than_a_page_has_every_row_once() {
    let app = TestApp::start().await;
    let renamed = |(n, call): (usize, SpendEvent)| SpendEvent { request_id: Arc::from(format!("later-{n}")), ..call };
    let later: Vec<_> = many(5_000, "2026-11-21T10:00:00Z").into_iter().enumerate().map(renamed).collect();
    let (first, between) = (many(5_300, "2026-11-19T10:00:00Z"), crate::spend::call("b", "k", "2026-11-20T10:00:00Z"));
    let total: i64 = first.iter().chain(&later).map(|call| call.spend_nano).sum::<i64>() + between.spend_nano;
    for calls in [&first, &later, &vec![between]] {
        write(&app, calls).await;
    }
    for export_type in TYPES {
        let query = format!("export_type={export_type}");
        let shown = export(&app, "customer", &query).await;
        assert_eq!((shown.len(), spend(&shown)), (10_301, total), "{export_type}");
        let each: BTreeSet<_> = shown.iter().map(|row| (&row["date"], &row["entity_id"])).collect();
        assert_eq!(each.len(), 10_301, "{export_type}");
    }
    let listed = read(&app, "/customer/daily/activity/export?format=json").await;
    assert_eq!(listed.as_array().unwrap().len(), 10_301);
    // As many as a page has: nothing follows.
    assert_eq!(export(&app, "customer", "start_date=2026-11-21").await.len(), 5_000);
}

#[tokio::test]
async fn nothing_spent_is_an_empty_file_and_what_cannot_be_exported_is_refused() {
    let app = TestApp::start().await;
    for path in ["user", "team", "organization", "customer", "tag"] {
        let path = format!("/{path}/daily/activity/export");
        assert_eq!(app.get(&path).expect_status(200).await.body(), format!("{HEADER}\r\n"));
        let none: Value = read(&app, &format!("{path}?format=json")).await;
        assert_eq!(none, json!([]));
        for (query, place) in [
            ("format=xlsx", "query.format"),
            ("export_type=hourly", "query.export_type"),
            ("start_date=2026-11-21&end_date=2026-11-20", "query.end_date"),
        ] {
            assert_eq!(app.get(&format!("{path}?{query}")).expect_status(422).await.problems(), [place], "{query}");
        }
        app.nobody().get(&path).expect_status(401).await;
        app.bearer(&app.new_key(json!({})).await).get(&path).expect_status(403).await;
        let head = app.call(reqwest::Method::HEAD, &path, None).expect_status(200).await;
        assert_eq!((head.body(), head.header("content-type")), ("", "text/csv; charset=utf-8"));
    }
}
