//! Entries that people book to months: credits and corrections.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tollgate::ledger::SpendEvent;
use tollgate::ledger::verify::verify;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::session::UserRole;
use tollgate_openapi::spend::{
    AdjustmentKind, AdjustmentPage, AdjustmentView, MonthList, SpendForecast, Statement, Usage,
};

use super::{call, usd, write};
use crate::kit::TestApp;
use crate::ledger::migrate_again;
use crate::session::add_user;

const BOOK: &str = "/spend/adjustment";

async fn book(app: &TestApp, body: Value) -> AdjustmentView {
    app.post(BOOK, body).expect_status(200).await.json()
}

async fn statement(app: &TestApp, query: &str) -> Statement {
    app.get(&format!("/spend/statement?{query}")).expect_status(200).await.json()
}

async fn entries(app: &TestApp, query: &str) -> AdjustmentPage {
    app.get(&format!("/spend/adjustments?{query}")).expect_status(200).await.json()
}

/// Two teams, one of them Acme's, each with a call of a cent and a half in October.
async fn october(app: &TestApp) {
    let acme = json!({"organization_id": "acme", "organization_alias": "Acme", "cost_center": "CC-1"});
    app.post("/organization/new", acme).expect_status(200).await;
    for body in [json!({"team_id": "shop", "organization_id": "acme"}), json!({"team_id": "lab"})] {
        app.post("/team/new", body).expect_status(200).await;
    }
    let of_lab = SpendEvent { team_id: Some(Arc::from("lab")), ..call("b", "key2", "2026-10-09T10:00:00Z") };
    let of_shop = SpendEvent { organization_id: Some(Arc::from("acme")), ..call("a", "key1", "2026-10-09T10:00:00Z") };
    write(app, &[of_shop, of_lab]).await;
}

/// How many sums of closed months do not agree, as `tollgate ledger verify` finds.
async fn months_that_differ(app: &TestApp) -> usize {
    let report = verify(&app.app.db).await.unwrap();
    assert_eq!(report.broken_audit_row, None);
    report.mismatches.iter().filter(|one| ["month", "entries"].contains(&one.kind)).count()
}

#[tokio::test]
async fn an_entry_counts_in_its_month_while_that_is_open_and_in_a_later_one_when_it_is_closed() {
    let app = TestApp::start().await;
    october(&app).await;
    let credit = json!({"month": "2026-10", "amount": -0.005, "team_id": "shop", "provider": "openai", "model": "gpt-4o",
        "reason": " Credit for the outage ", "reference": "CN-114"});
    let credit = book(&app, credit).await;
    assert_eq!(
        (credit.kind, credit.amount, credit.booked_by.as_deref()),
        (AdjustmentKind::Manual, usd(-0.005), Some("default_user_id"))
    );
    assert_eq!(
        (credit.reason.as_deref(), credit.reference.as_deref()),
        (Some("Credit for the outage"), Some("CN-114"))
    );
    assert_eq!((credit.organization_id.as_str(), credit.cost_center.as_str()), ("acme", "CC-1"));
    assert_eq!((credit.month, credit.counted_in), (credit.counted_in, credit.month));

    let before = statement(&app, "month=2026-10").await;
    assert_eq!((before.usage.spend, before.corrections_spend, before.due), (usd(0.03), usd(-0.005), usd(0.025)));
    assert_eq!((&before.corrections, before.corrections_count), (&vec![credit.clone()], 1));
    // Sections are of calls.
    assert_eq!(before.teams.iter().map(|line| line.sums.spend).sum::<NanoUsd>(), usd(0.03));
    app.post("/spend/month/close", json!({"month": "2026-10"})).expect_status(200).await;
    assert_eq!(months_that_differ(&app).await, 0);

    let late = book(&app, json!({"month": "2026-10", "amount": 2.5, "reason": "Priced too low"})).await;
    assert_eq!((late.month.to_string(), late.counted_in.to_string()), ("2026-10".to_owned(), "2026-11".to_owned()));
    let after = statement(&app, "month=2026-10").await;
    assert_eq!((after.due, &after.corrections), (before.due, &before.corrections));
    assert_eq!((after.later_adjustments_spend, after.later_adjustments_count), (usd(2.5), 1));
    let november = statement(&app, "").await;
    assert_eq!((november.usage.spend, november.corrections_spend), (NanoUsd::ZERO, NanoUsd::ZERO));
    assert_eq!((november.adjustments_spend, november.due, &november.adjustments), (usd(2.5), usd(2.5), &vec![late]));
    assert_eq!(months_that_differ(&app).await, 0);

    // Whoever changes what a closed month's statement said is found out.
    app.app.db.execute_unprepared("UPDATE spend_adjustments SET spend = 0 WHERE reference = 'CN-114'").await.unwrap();
    assert_eq!(months_that_differ(&app).await, 1);
}

#[tokio::test]
async fn what_is_shown_of_a_month_tells_usage_and_corrections_apart_and_the_same_everywhere() {
    let app = TestApp::start().await;
    october(&app).await;
    write(&app, &[call("c", "key1", "2026-11-20T10:00:00Z")]).await;
    for (month, team, amount) in [("2026-10", "shop", -0.001), ("2026-11", "shop", 0.25), ("2026-11", "lab", -0.125)] {
        book(&app, json!({"month": month, "amount": amount, "team_id": team, "reason": "a test"})).await;
    }
    book(&app, json!({"month": "2026-11", "amount": 0.000000001, "reason": "the smallest"})).await;
    let corrections = NanoUsd(125_000_001);

    let now = statement(&app, "").await;
    assert_eq!((now.usage.spend, now.corrections_spend, now.due), (usd(0.015), corrections, usd(0.015) + corrections));
    let months: MonthList = app.get("/spend/month/list").expect_status(200).await.json();
    assert_eq!((months.months[0].spend, months.months[0].corrections), (usd(0.015), corrections));
    assert_eq!((months.months[1].spend, months.months[1].corrections), (usd(0.03), usd(-0.001)));
    let forecast: SpendForecast = app.get("/spend/forecast").expect_status(200).await.json();
    assert_eq!((forecast.spend, forecast.corrections_spend), (usd(0.015), corrections));
    let listed = entries(&app, "month=2026-11").await;
    assert_eq!(listed.adjustments.iter().map(|entry| entry.amount).sum::<NanoUsd>(), corrections);
    assert_eq!(entries(&app, "counted_in=2026-11").await, listed);
    // Reports of usage are of calls alone.
    let usage: Usage =
        app.get("/spend/usage?start_date=2026-11-01&end_date=2026-11-30").expect_status(200).await.json();
    assert_eq!((usage.total.spend, forecast.previous_spend), (usd(0.015), usd(0.03)));
    // What each one's statement says is due is due of all.
    let mut parts = NanoUsd(1);
    for query in ["month=2026-11&team_id=shop", "month=2026-11&team_id=lab"] {
        parts += statement(&app, query).await.due;
    }
    assert_eq!(parts, now.due);
    assert_eq!(statement(&app, "month=2026-11&organization_id=acme").await.due, usd(0.25));
}

#[tokio::test]
async fn what_is_about_a_month_that_can_no_longer_be_closed_is_due_now() {
    let app = TestApp::start().await;
    october(&app).await;
    app.post("/spend/month/close", json!({"month": "2026-10"})).expect_status(200).await;
    let entry = book(&app, json!({"month": "2026-09", "amount": -1, "reason": "forgotten"})).await;
    assert_eq!(entry.counted_in.to_string(), "2026-11");
    assert_eq!(statement(&app, "").await.due, usd(-1.0));
    assert_eq!(statement(&app, "month=2026-09").await.due, NanoUsd::ZERO);
}

#[tokio::test]
async fn a_statement_of_who_only_has_an_entry_says_whose_it_is() {
    let app = TestApp::start().await;
    october(&app).await;
    book(&app, json!({"month": "2026-11", "amount": -1, "team_id": "shop", "reason": "a credit"})).await;
    for (query, title) in [("organization_id=acme", "acme"), ("team_id=shop", "shop"), ("cost_center=CC-1", "CC-1")] {
        assert_eq!(statement(&app, query).await.title.as_deref(), Some(title));
    }
    assert_eq!(statement(&app, "team_id=lab").await.title, None);
}

#[tokio::test]
async fn a_statements_file_adds_up_though_it_lists_no_more_entries_than_a_page() {
    let app = TestApp::start().await;
    october(&app).await;
    app.post("/spend/month/close", json!({"month": "2026-10"})).expect_status(200).await;
    for n in 0..205 {
        let month = if n % 41 == 0 { "2026-10" } else { "2026-11" };
        book(&app, json!({"month": month, "amount": 0.01, "reason": format!("number {n}")})).await;
    }
    for _ in 0..6 {
        book(&app, json!({"month": "2026-11", "amount": 1, "reason": "another"})).await;
    }
    let report = json!({"name": "Bill", "period": "month", "content": "statement"});
    let report = app.post("/spend/report/new", report).expect_status(200).await.value();
    let path = format!("/spend/report/file?report_id={}&day=2026-11-01", report["report_id"].as_str().unwrap());
    let file = app.get(&path).expect_status(200).await.body().to_owned();
    let lines: Vec<Vec<&str>> = file.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let sum = |sections: &[&str]| {
        let of = lines.iter().filter(|line| sections.contains(&line[1]));
        of.map(|line| (line[4].parse::<f64>().unwrap() * 1e9).round()).sum::<f64>()
    };
    assert_eq!(sum(&["usage", "correction", "adjustment"]), sum(&["due"]));
    assert_eq!(sum(&["due"]), 8.05e9);
    assert!(lines.iter().any(|line| line[1] == "correction" && line[3] == "(others)"), "{file}");
    assert!(lines.iter().any(|line| line[1] == "adjustment" && line[3] == "2026-10 number 41"), "{file}");
}

#[tokio::test]
async fn an_entry_changes_no_budget_and_no_running_total() {
    let app = TestApp::start().await;
    let team = json!({"team_id": "shop", "max_budget": 1, "budget_duration": "30d"});
    app.post("/team/new", team).expect_status(200).await;
    book(&app, json!({"month": "2026-11", "amount": 5, "team_id": "shop", "reason": "a minimum"})).await;
    let team = app.get("/team/info?team_id=shop").expect_status(200).await.value();
    assert_eq!(team["team_info"]["spend"], json!(0.0));
    let secret = app.new_key(json!({"team_id": "shop", "models": ["demo"]})).await;
    assert_eq!(app.bearer(&secret).get("/key/info").expect_status(200).await.value()["info"]["spend"], json!(0.0));
    assert!(verify(&app.app.db).await.unwrap().is_sound());
}

#[tokio::test]
async fn an_entry_that_will_not_do_is_refused_by_field_and_nothing_is_booked() {
    let app = TestApp::start().await;
    let body = |changes: Value| {
        let mut body = json!({"month": "2026-11", "amount": 1, "reason": "a test"});
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body
    };
    for (changes, status, field, says) in [
        (json!({"amount": 0}), 400, "amount", "less than zero"),
        (json!({"amount": 9_000_000}), 422, "amount", "8000000"),
        (json!({"amount": "ten"}), 422, "amount", "expected"),
        (json!({"reason": "  "}), 400, "reason", "expected some words"),
        (json!({"reason": ""}), 400, "reason", "length"),
        (json!({"reason": "x".repeat(1001)}), 400, "reason", "length"),
        (json!({"reason": "tab\u{202e}"}), 400, "reason", "control characters"),
        (json!({"reference": ""}), 400, "reference", "255 characters"),
        (json!({"reference": "   "}), 400, "reference", "255 characters"),
        (json!({"provider": "open\u{7}ai"}), 400, "provider", "control characters"),
        (json!({"month": "2026-13"}), 422, "month", "2026-11"),
        (json!({"team": "shop"}), 422, "team", "team"),
    ] {
        let answer = app.post(BOOK, body(changes)).expect_status(status).await;
        assert!(answer.body().contains(field) && answer.body().contains(says), "{field}: {}", answer.body());
    }
    for (changes, field) in [
        (json!({"month": "2026-12"}), "month"),
        (json!({"organization_id": "nobody"}), "organization_id"),
        (json!({"team_id": "nobody"}), "team_id"),
        (json!({"user_id": "nobody"}), "user_id"),
        (json!({"api_key": "sk-nobody"}), "api_key"),
        (json!({"team_id": "a", "user_id": "b"}), "organization_id"),
    ] {
        let error = app.post(BOOK, body(changes)).expect_status(400).await.error();
        assert_eq!(error.1.as_deref(), Some(field), "{error:?}");
    }
    for missing in ["month", "amount", "reason"] {
        let mut body = body(json!({}));
        body.as_object_mut().unwrap().remove(missing);
        app.post(BOOK, body).expect_status(422).await;
    }
    assert_eq!(entries(&app, "").await.total, 0);
}

#[tokio::test]
async fn only_the_gateways_administrator_books_and_people_see_the_entries_of_what_they_see() {
    let app = TestApp::start().await;
    october(&app).await;
    add_user(&app, "lead", None, UserRole::InternalUser, "lead").await;
    let member = json!({"team_id": "shop", "member": {"role": "admin", "user_id": "lead"}});
    app.post("/team/member_add", member).expect_status(200).await;
    let secret = app.new_key(json!({"team_id": "shop", "user_id": "lead"})).await;
    for scope in [
        json!({"team_id": "shop"}),
        json!({"team_id": "lab"}),
        json!({}),
        json!({"api_key": secret}),
        json!({"user_id": "lead"}),
    ] {
        let mut body = json!({"month": "2026-11", "amount": 1, "reason": "a test"});
        body.as_object_mut().unwrap().extend(scope.as_object().unwrap().clone());
        book(&app, body).await;
    }
    let all = entries(&app, "page_size=2").await;
    assert_eq!((all.total, all.total_pages, all.adjustments.len()), (5, 3, 2));
    assert_eq!((all.adjustments[1].team_id.as_str(), all.adjustments[1].organization_id.as_str()), ("shop", "acme"));
    assert_eq!(all.adjustments[1].api_key.len(), 64);
    assert_eq!(entries(&app, "page=3&page_size=2").await.adjustments[0].id, 1);
    let center = entries(&app, "cost_center=CC-1&kind=manual").await;
    assert_eq!((center.total, entries(&app, "kind=late_call").await.total), (2, 0));

    let lead = app.sign_in("lead", "lead").await;
    let body = json!({"month": "2026-11", "amount": -1, "team_id": "shop", "reason": "mine"});
    lead.post(BOOK, body.clone()).expect_status(403).await;
    add_user(&app, "viewer", None, UserRole::ProxyAdminViewer, "viewer").await;
    app.sign_in("viewer", "viewer").await.post(BOOK, body).expect_status(403).await;
    let own: AdjustmentPage = lead.get("/spend/adjustments").expect_status(200).await.json();
    assert_eq!((own.total, own.adjustments[0].booked_by.as_deref()), (3, None));
    let none: AdjustmentPage = lead.get("/spend/adjustments?team_id=lab").expect_status(200).await.json();
    assert_eq!(none.total, 0);

    let audit = app.get("/audit?table_name=adjustment").expect_status(200).await.value();
    assert_eq!(audit["audit_logs"].as_array().unwrap().len(), 5);
    assert_eq!(audit["audit_logs"][0]["action"], json!("created"));
}

/// What calls added to closed months before there were entries by hand is told as it was.
#[tokio::test]
async fn entries_of_calls_are_kept_through_an_upgrade() {
    let app = TestApp::start().await;
    october(&app).await;
    app.post("/spend/month/close", json!({"month": "2026-10"})).expect_status(200).await;
    write(&app, &[call("late", "key1", "2026-10-31T22:00:00Z")]).await;
    app.advance(Duration::from_secs(20 * 24 * 3600));
    app.post("/spend/month/close", json!({"month": "2026-11"})).expect_status(200).await;
    let before = [statement(&app, "month=2026-10").await, statement(&app, "month=2026-11").await];
    assert_eq!((before[0].later_adjustments_spend, before[1].due), (usd(0.015), usd(0.015)));
    migrate_again(&app, "m20261123_000015_corrections").await;
    let after = [statement(&app, "month=2026-10").await, statement(&app, "month=2026-11").await];
    assert_eq!(after, before);
    assert_eq!(months_that_differ(&app).await, 0);
}
