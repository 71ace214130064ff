//! Months: forecast, closed, adjusted, told as a statement; and that every report says the same of one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveTime;
use sea_orm::EntityTrait;
use serde_json::json;
use tollgate::db;
use tollgate::ledger::verify::verify;
use tollgate::ledger::writer::write_batch;
use tollgate::ledger::{Charge, SpendEvent};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::session::UserRole;
use tollgate_openapi::spend::{
    AdjustmentKind, Month, MonthList, MonthState, MonthView, SpendForecast, Statement, StatementLine, Usage,
};

use super::{call, usd, write};
use crate::kit::TestApp;
use crate::session::add_user;

const DAY: Duration = Duration::from_secs(24 * 3600);
const CLOSE: &str = "/spend/month/close";

fn costing(cents: i64, call: SpendEvent) -> SpendEvent {
    SpendEvent { spend_nano: cents * 10_000_000, ..call }
}

fn of_team(team: &str, call: SpendEvent) -> SpendEvent {
    SpendEvent { team_id: Some(Arc::from(team)), ..call }
}

async fn statement(app: &TestApp, query: &str) -> Statement {
    app.get(&format!("/spend/statement?{query}")).expect_status(200).await.json()
}

async fn months(app: &TestApp) -> Vec<MonthView> {
    app.get("/spend/month/list").expect_status(200).await.json::<MonthList>().months
}

fn ids(lines: &[StatementLine]) -> Vec<(&str, NanoUsd)> {
    lines.iter().map(|line| (line.id.as_str(), line.sums.spend)).collect()
}

/// How many sums of closed months do not agree with their days, as `tollgate ledger verify` finds.
async fn months_that_differ(app: &TestApp) -> usize {
    verify(&app.app.db).await.unwrap().mismatches.iter().filter(|one| one.kind == "month").count()
}

/// An organization whose cost centre is that of its team "shop"; "search" has one of its own.
async fn teams(app: &TestApp) {
    app.post(
        "/organization/new",
        json!({"organization_id": "acme", "organization_alias": "Acme", "cost_center": "CC-1"}),
    )
    .expect_status(200)
    .await;
    for body in [
        json!({"team_id": "shop", "team_alias": "Shop", "organization_id": "acme"}),
        json!({"team_id": "search", "team_alias": "Search", "organization_id": "acme", "cost_center": "CC-2"}),
    ] {
        app.post("/team/new", body).expect_status(200).await;
    }
}

/// October's calls: a cent and a half of "shop", two of "search", one of nobody.
async fn october(app: &TestApp) {
    let of_acme = |call: SpendEvent| SpendEvent { organization_id: Some(Arc::from("acme")), ..call };
    let alone = SpendEvent { team_id: None, user_id: None, ..call("c", "key2", "2026-10-31T23:59:59Z") };
    let calls = [
        of_acme(call("a", "key1", "2026-10-01T00:00:00Z")),
        costing(2, of_acme(of_team("search", call("b", "key1", "2026-10-15T10:00:00Z")))),
        costing(1, alone),
    ];
    write(app, &calls).await;
}

#[tokio::test]
async fn a_closed_month_keeps_its_figures_and_what_comes_late_is_an_entry() {
    let app = TestApp::start().await;
    teams(&app).await;
    october(&app).await;
    let before = statement(&app, "month=2026-10").await;
    assert_eq!((before.state, before.due), (MonthState::Open, usd(0.045)));
    let closed: MonthView = app.post(CLOSE, json!({"month": "2026-10"})).expect_status(200).await.json();
    assert_eq!((closed.state, closed.spend, closed.api_requests), (MonthState::Closed, usd(0.045), 3));

    // Calls of October that the ledger hears of now, one of them twice, and one of November.
    let late = costing(4, of_team("search", call("late", "key1", "2026-10-31T22:00:00Z")));
    write(&app, &[late.clone(), call("on time", "key1", "2026-11-20T10:00:00Z")]).await;
    write(&app, &[late]).await;

    let after = statement(&app, "month=2026-10").await;
    assert_eq!((after.usage, after.due, &after.teams), (before.usage, before.due, &before.teams));
    assert_eq!((after.later_adjustments_spend, after.later_adjustments_count), (usd(0.04), 1));
    assert!(after.adjustments.is_empty() && after.closed_at.is_some());
    let november = statement(&app, "").await;
    assert_eq!((november.state, november.usage.spend), (MonthState::Current, usd(0.015)));
    assert_eq!(
        (november.adjustments_spend, november.due, november.previous_spend),
        (usd(0.04), usd(0.055), usd(0.045))
    );
    let entry = &november.adjustments[0];
    assert_eq!((entry.month.to_string().as_str(), entry.kind), ("2026-10", AdjustmentKind::LateCall));
    assert_eq!((entry.request_id.as_str(), entry.team_id.as_str(), entry.amount), ("late", "search", usd(0.04)));
    // All that was ever spent is in one statement or another.
    let usage: Usage =
        app.get("/spend/usage?start_date=2026-10-01&end_date=2026-11-21").expect_status(200).await.json();
    assert_eq!(before.due + november.due, usage.total.spend);
    let shown = months(&app).await;
    assert_eq!(
        (shown[1].spend, shown[1].adjustments, shown[1].closed_by.as_deref()),
        (usd(0.045), usd(0.04), Some("default_user_id"))
    );
    assert_eq!(months_that_differ(&app).await, 0);
    db::spend_adjustment::Entity::delete_many().exec(&app.app.db).await.unwrap();
    assert_eq!(months_that_differ(&app).await, 1);
}

#[tokio::test]
async fn a_statement_is_of_whom_it_is_asked_for_and_names_what_was() {
    let app = TestApp::start().await;
    teams(&app).await;
    october(&app).await;
    app.post(CLOSE, json!({"month": "2026-10"})).expect_status(200).await;
    // What is renamed, moved or deleted afterwards changes no closed month.
    app.post("/team/update", json!({"team_id": "shop", "team_alias": "Store", "cost_center": "CC-9"}))
        .expect_status(200)
        .await;
    app.post("/team/delete", json!({"team_ids": ["search"]})).expect_status(200).await;

    // Nor what was booked to it afterwards, once it was.
    let of_acme = |call: SpendEvent| SpendEvent { organization_id: Some(Arc::from("acme")), ..call };
    write(&app, &[of_acme(costing(5, call("late", "key1", "2026-10-30T10:00:00Z")))]).await;
    app.post("/team/update", json!({"team_id": "shop", "cost_center": "CC-10"})).expect_status(200).await;
    let booked = statement(&app, "cost_center=CC-9").await;
    assert_eq!((booked.due, booked.adjustments_count), (usd(0.05), 1));
    assert_eq!(statement(&app, "cost_center=CC-10").await.due, NanoUsd::ZERO);

    let all = statement(&app, "month=2026-10").await;
    assert_eq!(ids(&all.cost_centers), [("CC-2", usd(0.02)), ("CC-1", usd(0.015)), ("", usd(0.01))]);
    assert_eq!(ids(&all.organizations), [("acme", usd(0.035)), ("", usd(0.01))]);
    let names: Vec<_> = all.teams.iter().map(|line| line.name.as_deref()).collect();
    assert_eq!(names, [Some("Search"), Some("Shop"), None]);
    let acme = statement(&app, "month=2026-10&organization_id=acme").await;
    assert_eq!((acme.title.as_deref(), acme.due, acme.usage.api_requests), (Some("Acme"), usd(0.035), 2));
    let center = statement(&app, "month=2026-10&cost_center=CC-1").await;
    assert_eq!((center.title.as_deref(), ids(&center.teams)), (Some("CC-1"), vec![("shop", usd(0.015))]));
    assert_eq!(statement(&app, "month=2026-10&cost_center=CC-9").await.due, NanoUsd::ZERO);
    for (query, field) in [("month=2026-13", "month"), ("month=october", "month")] {
        let answer = app.get(&format!("/spend/statement?{query}")).expect_status(422).await;
        assert!(answer.body().contains(field) && answer.body().contains("2026-11"), "{}", answer.body());
    }
}

#[tokio::test]
async fn only_the_gateways_administrator_closes_a_month_that_is_over_and_once() {
    let app = TestApp::start().await;
    october(&app).await;
    for (month, says) in [("2026-11", "is not"), ("2026-12", "is not")] {
        let error = app.post(CLOSE, json!({ "month": month })).expect_status(400).await.error();
        assert!(error.2.contains(says), "{error:?}");
    }
    app.post(CLOSE, json!({"month": "2026-1"})).expect_status(422).await;
    app.post(CLOSE, json!({})).expect_status(422).await;
    for (name, role) in [("viewer", UserRole::ProxyAdminViewer), ("dev", UserRole::InternalUser)] {
        add_user(&app, name, None, role, name).await;
        let person = app.sign_in(name, name).await;
        person.post(CLOSE, json!({"month": "2026-10"})).expect_status(403).await;
        person.get("/spend/month/list").expect_status(200).await;
    }
    app.post(CLOSE, json!({"month": "2026-10"})).expect_status(200).await;
    let error = app.post(CLOSE, json!({"month": "2026-10"})).expect_status(400).await.error();
    assert!(error.2.contains("closed already"), "{error:?}");
    let audit = app.get("/audit?kind=month").expect_status(200).await.value();
    assert_eq!(
        (&audit["audit_logs"][0]["action"], &audit["audit_logs"][0]["object_id"]),
        (&json!("closed"), &json!("2026-10"))
    );
    let error = app.post(CLOSE, json!({"month": "2026-09"})).expect_status(400).await.error();
    assert!(error.2.contains("after 2026-10"), "{error:?}");
    // A month without calls is closed like the others, and none is left out.
    app.advance(DAY * 75);
    let error = app.post(CLOSE, json!({"month": "2027-01"})).expect_status(400).await.error();
    assert!(error.2.contains("expected 2026-11"), "{error:?}");
    app.post(CLOSE, json!({"month": "2026-11"})).expect_status(200).await;
    let states: Vec<_> = months(&app).await.iter().map(|month| month.state).collect();
    use MonthState::{Closed, Current, Open};
    assert_eq!(states, [Current, Open, Open, Closed, Closed]);
    app.get("/spend/statement?month=2030-01").expect_status(422).await;
}

#[tokio::test]
async fn people_see_their_own_part_of_a_month() {
    let app = TestApp::start().await;
    teams(&app).await;
    october(&app).await;
    add_user(&app, "lead", None, UserRole::InternalUser, "lead").await;
    let member = json!({"team_id": "search", "member": {"role": "admin", "user_id": "lead"}});
    app.post("/team/member_add", member).expect_status(200).await;
    app.post(CLOSE, json!({"month": "2026-10"})).expect_status(200).await;
    write(
        &app,
        &[
            costing(3, of_team("search", call("late", "key1", "2026-10-20T10:00:00Z"))),
            call("hidden", "key2", "2026-10-20T10:00:00Z"),
        ],
    )
    .await;
    let lead = app.sign_in("lead", "lead").await;
    let own: Statement = lead.get("/spend/statement?month=2026-10").expect_status(200).await.json();
    assert_eq!((own.due, own.later_adjustments_spend, own.later_adjustments_count), (usd(0.02), usd(0.03), 1));
    let now: Statement = lead.get("/spend/statement").expect_status(200).await.json();
    assert_eq!(now.adjustments.iter().map(|entry| entry.request_id.as_str()).collect::<Vec<_>>(), ["late"]);
    let shop: Statement = lead.get("/spend/statement?month=2026-10&team_id=shop").expect_status(200).await.json();
    assert_eq!(shop.due, NanoUsd::ZERO);
    // Finance says what is booked where, not the team itself.
    let answer =
        lead.post("/team/update", json!({"team_id": "search", "cost_center": "CC-7"})).expect_status(403).await;
    assert_eq!(answer.error().1.as_deref(), Some("cost_center"));
    let shown: MonthList = lead.get("/spend/month/list").expect_status(200).await.json();
    assert_eq!(shown.months[1].spend, usd(0.02));
}

#[tokio::test]
async fn what_an_interrupted_call_of_a_closed_month_cost_is_an_entry() {
    use tollgate_openapi::spend::CallStatus;
    let app = TestApp::start().await;
    let interrupted =
        SpendEvent { status: CallStatus::Interrupted, ..costing(0, call("cut", "key1", "2026-10-31T23:59:00Z")) };
    write(&app, &[interrupted]).await;
    app.post(CLOSE, json!({"month": "2026-10"})).expect_status(200).await;
    let resolve = json!({"request_id": "cut", "spend": 0.5, "reason": "the provider's bill"});
    app.post("/spend/interrupted/resolve", resolve).expect_status(200).await;
    let now = statement(&app, "").await;
    assert_eq!((now.due, now.adjustments[0].kind), (usd(0.5), AdjustmentKind::ResolvedCall));
    assert_eq!(statement(&app, "month=2026-10").await.usage.spend, NanoUsd::ZERO);
    assert_eq!(months_that_differ(&app).await, 0);
}

#[tokio::test]
async fn usage_is_told_by_cost_centre_and_by_two_things_at_once() {
    let app = TestApp::start().await;
    teams(&app).await;
    october(&app).await;
    let range = "start_date=2026-10-01&end_date=2026-10-31";
    let get = async |query: &str| -> Usage {
        app.get(&format!("/spend/usage?{range}&{query}")).expect_status(200).await.json()
    };
    let usage = get("group_by=cost_center&then_by=team").await;
    let shown: Vec<_> =
        usage.groups.iter().map(|group| (group.id.as_str(), group.sums.spend, group.parts.len())).collect();
    assert_eq!(shown, [("CC-2", usd(0.02), 1), ("CC-1", usd(0.015), 1), ("", usd(0.01), 1)]);
    assert_eq!(usage.groups[0].parts[0].name.as_deref(), Some("Search"));
    let usage = get("group_by=key&then_by=cost_center").await;
    let parts: Vec<_> = usage.groups[0].parts.iter().map(|part| (part.id.as_str(), part.sums.spend)).collect();
    assert_eq!(parts, [("CC-2", usd(0.02)), ("CC-1", usd(0.015))]);
    let narrowed = get("cost_center=CC-1&group_by=model").await;
    assert_eq!((narrowed.total.spend, narrowed.days[0].sums.spend), (usd(0.015), usd(0.015)));
}

/// The team's window of the month.
fn charged_to(team: &str, call: &SpendEvent) -> Vec<Charge> {
    let month = Month::of(call.start_time.date_naive()).first_day().and_time(NaiveTime::MIN).and_utc();
    vec![Charge { kind: "team".into(), id: Arc::from(team), window_start_us: month.timestamp_micros() }]
}

#[tokio::test]
async fn a_forecast_goes_on_as_it_went_and_knows_the_budget() {
    let app = TestApp::start().await;
    teams(&app).await;
    app.post("/team/update", json!({"team_id": "shop", "max_budget": 25, "budget_duration": "30d"}))
        .expect_status(200)
        .await;
    app.post("/team/update", json!({"team_id": "search", "max_budget": 25, "budget_duration": "7d"}))
        .expect_status(200)
        .await;
    // Two dollars a day: one of each team, for fifty days.
    let calls: Vec<SpendEvent> = (1..=50)
        .flat_map(|back| {
            let at = (app.app.clock.now() - DAY * back).to_rfc3339();
            ["shop", "search"].map(|team| {
                let call = costing(100, of_team(team, call(&format!("{team}-{back}"), "key1", &at)));
                SpendEvent { charges: charged_to(team, &call), ..call }
            })
        })
        .collect();
    write(&app, &calls).await;
    let get = async |query: &str| -> SpendForecast {
        app.get(&format!("/spend/forecast{query}")).expect_status(200).await.json()
    };
    let all = get("").await;
    // Twenty days are over and nothing came today yet.
    assert_eq!((all.spend, all.previous_spend, all.previous_spend_to_date), (usd(40.0), usd(60.0), usd(40.0)));
    let month = all.forecast.unwrap();
    assert_eq!(month.spend, usd(60.0));
    assert!(month.low < month.spend && month.spend < month.high && month.low >= all.spend, "{month:?}");
    assert_eq!((all.days.len(), all.days[19].spend, all.days[29].expected), (30, Some(usd(2.0)), Some(usd(2.0))));
    let shop = get("?team_id=shop").await;
    assert_eq!((shop.max_budget, shop.budget_spend), (Some(usd(25.0)), Some(usd(20.0))));
    assert_eq!(shop.exhausted_on.unwrap().to_string(), "2026-11-25");
    // A weekly budget is no measure of a month.
    assert_eq!(get("?team_id=search").await.max_budget, None);
    assert_eq!(get("?team_id=nobody").await.forecast, None);
    add_user(&app, "dev", None, UserRole::InternalUser, "dev").await;
    let dev = app.sign_in("dev", "dev").await;
    let unseen: SpendForecast = dev.get("/spend/forecast?team_id=shop").expect_status(200).await.json();
    assert_eq!((unseen.spend, unseen.max_budget), (NanoUsd::ZERO, None));
}

#[tokio::test]
async fn budgets_of_the_gateway_and_its_providers_are_shown_with_what_is_spent() {
    let yaml = "litellm_settings:\n  max_budget: 100\n  budget_duration: 30d\nrouter_settings:\n  provider_budget_config:\n    openai:\n      budget_limit: 10\n      time_period: 1d\n";
    let app = TestApp::builder().config(yaml).start().await;
    let charge = Charge {
        kind: "provider".into(),
        id: Arc::from("openai"),
        window_start_us: "2026-11-21T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_micros(),
    };
    write(&app, &[SpendEvent { charges: vec![charge], ..call("a", "key1", "2026-11-21T10:00:00Z") }]).await;
    let budgets = app.get("/provider/budgets").expect_status(200).await.value();
    let expected =
        json!({"budget_limit": 10.0, "time_period": "1d", "spend": 0.015, "budget_reset_at": "2026-11-22T00:00:00Z"});
    assert_eq!(budgets["providers"], json!({ "openai": expected }));
    let whole = app.get("/global/spend").expect_status(200).await.value();
    assert_eq!(whole, json!({"spend": 0.015, "max_budget": 100.0}));
    let month: SpendForecast = app.get("/spend/forecast").expect_status(200).await.json();
    assert_eq!(month.max_budget, Some(usd(100.0)));
}

/// Whatever is asked for one month says the same to the nano-dollar.
#[tokio::test]
async fn every_report_says_the_same_of_a_month() {
    let app = TestApp::start().await;
    teams(&app).await;
    let calls: Vec<SpendEvent> = (0..300)
        .map(|n: i64| {
            let at = format!("2026-10-{:02}T{:02}:30:00Z", 1 + n % 31, n % 24);
            let call = call(&format!("call-{n}"), &format!("key{}", n % 7), &at);
            let team = ["shop", "search", ""][usize::try_from(n % 3).unwrap()];
            SpendEvent {
                spend_nano: 1 + n * 1_234_567,
                team_id: (!team.is_empty()).then(|| Arc::from(team)),
                organization_id: (!team.is_empty()).then(|| Arc::from("acme")),
                user_id: (n % 5 > 0).then(|| Arc::from(format!("user-{}", n % 5))),
                end_user: (n % 4 > 0).then(|| format!("customer-{}", n % 4)),
                model_group: Arc::from(format!("model-{}", n % 6)),
                tags: vec![Arc::from(format!("tag-{}", n % 2))],
                ..call
            }
        })
        .collect();
    write(&app, &calls).await;
    let sum: NanoUsd = calls.iter().map(|call| NanoUsd(call.spend_nano)).sum();
    let range = "start_date=2026-10-01&end_date=2026-10-31";
    let mut said: BTreeMap<String, NanoUsd> = BTreeMap::new();

    for by in ["model", "provider", "organization", "team", "user", "key", "tag", "cost_center"] {
        let then = if by == "key" { "model" } else { "key" };
        let usage: Usage =
            app.get(&format!("/spend/usage?{range}&group_by={by}&then_by={then}")).expect_status(200).await.json();
        said.insert(format!("usage by {by}"), usage.total.spend);
        said.insert(format!("usage by day, {by}"), usage.days.iter().map(|day| day.sums.spend).sum());
        let groups: NanoUsd = usage.groups.iter().map(|group| group.sums.spend).sum();
        said.insert(format!("usage, groups by {by}"), groups);
        let parts: NanoUsd = usage.groups.iter().flat_map(|group| &group.parts).map(|part| part.sums.spend).sum();
        said.insert(format!("usage, parts by {by}"), parts);
    }
    let statement = statement(&app, "month=2026-10").await;
    said.insert("statement".to_owned(), statement.due);
    for (name, lines) in [
        ("cost centres", &statement.cost_centers),
        ("organizations", &statement.organizations),
        ("teams", &statement.teams),
        ("users", &statement.users),
        ("keys", &statement.keys),
        ("models", &statement.models),
        ("providers", &statement.providers),
    ] {
        said.insert(format!("statement, {name}"), lines.iter().map(|line| line.sums.spend).sum());
    }
    said.insert("month".to_owned(), months(&app).await[1].spend);
    other_reports(&app, range, &mut said).await;
    let closed: MonthView = app.post(CLOSE, json!({"month": "2026-10"})).expect_status(200).await.json();
    said.insert("closed month".to_owned(), closed.spend);

    let others: Vec<_> = said.iter().filter(|(_, amount)| **amount != sum).collect();
    assert!(others.is_empty(), "expected {sum}: {others:?}");
    assert!(said.len() > 40, "{}", said.len());
}

/// What the reports say that are no statement.
async fn other_reports(app: &TestApp, range: &str, said: &mut BTreeMap<String, NanoUsd>) {
    let forecast: SpendForecast = app.get("/spend/forecast").expect_status(200).await.json();
    said.insert("the month before of a forecast".to_owned(), forecast.previous_spend);
    let overview = app.get("/spend/overview").expect_status(200).await.value();
    said.insert("overview".to_owned(), money(&overview["last_month"]["spend"]));
    for level in ["days", "calls"] {
        let path = format!("/spend/export?format=jsonl&level={level}&{range}");
        let file = app.get(&path).expect_status(200).await;
        let rows = file.body().lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        said.insert(format!("export of {level}"), rows.map(|row| money(&row["spend"])).sum());
    }
    let days = app.get(&format!("/global/spend/logs?{range}")).expect_status(200).await.value();
    said.insert("global by day".to_owned(), days.as_array().unwrap().iter().map(|day| money(&day["spend"])).sum());
    let days = app.get(&format!("/spend/logs?{range}&summarize=true")).expect_status(200).await.value();
    said.insert("logs by day".to_owned(), days.as_array().unwrap().iter().map(|day| money(&day["spend"])).sum());
    for by in ["user", "tag"] {
        let path = format!("/{by}/daily/activity/aggregated?{range}");
        let activity = app.get(&path).expect_status(200).await.value();
        said.insert(format!("activity by {by}"), money(&activity["metadata"]["total_spend"]));
        for export_type in ["daily", "daily_with_keys", "daily_with_models", "daily_with_users"] {
            let path = format!("/{by}/daily/activity/export?format=json&export_type={export_type}&{range}");
            let rows = app.get(&path).expect_status(200).await.value();
            let spend = rows.as_array().unwrap().iter().map(|row| money(&row["spend"])).sum();
            said.insert(format!("export of activity by {by}, {export_type}"), spend);
        }
    }
    let providers = app.get(&format!("/global/spend/provider?{range}")).expect_status(200).await.value();
    said.insert(
        "global by provider".to_owned(),
        providers.as_array().unwrap().iter().map(|one| money(&one["spend"])).sum(),
    );
}

fn money(value: &serde_json::Value) -> NanoUsd {
    serde_json::from_value(value.clone()).unwrap()
}

#[tokio::test]
async fn a_month_that_is_closed_while_nodes_write_misses_no_call_and_has_none_twice() {
    let app = TestApp::start().await;
    october(&app).await;
    let batches = (0..12).map(|batch| {
        let calls: Vec<SpendEvent> = (0..20)
            .map(|n| costing(1, call(&format!("{batch}-{n}"), &format!("key{}", n % 5), "2026-10-20T10:00:00Z")))
            .collect();
        let db = app.app.db.clone();
        tokio::spawn(async move { write_batch(&db, &calls).await.unwrap() })
    });
    let batches: Vec<_> = batches.collect();
    app.post(CLOSE, json!({"month": "2026-10"})).expect_status(200).await;
    for batch in batches {
        batch.await.unwrap();
    }
    let closed = statement(&app, "month=2026-10").await;
    assert_eq!(closed.due + closed.later_adjustments_spend, usd(0.045 + 2.4));
    assert_eq!(closed.usage.api_requests + closed.later_adjustments_count, 243);
    assert_eq!(months_that_differ(&app).await, 0);
}
