//! The ledger: each settled call once, whatever happens to the database.

mod bench;
mod late;
mod retention;
mod sums;

use std::collections::BTreeSet;

use std::time::Duration;

use chrono::DateTime;
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use serde_json::json;
use tollgate::domain::usage::Usage;
use tollgate::ledger::writer::write_batch;
use tollgate::ledger::{Charge, Saved, SpendEvent, Spool, verify};
use tollgate_migration::{Migrator, MigratorTrait as _};
use tollgate_openapi::spend::CallStatus;

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};

pub(crate) fn event(id: usize) -> SpendEvent {
    let text = |kind: &str, of: usize| std::sync::Arc::from(format!("{kind}-{}", id % of));
    let spend_nano = i64::try_from(id * 7 + 1).unwrap();
    SpendEvent {
        request_id: std::sync::Arc::from(format!("call-{id}")),
        call_type: "acompletion".into(),
        api_key: text("key", 5),
        key_alias: None,
        user_id: (!id.is_multiple_of(3)).then(|| text("user", 3)),
        team_id: (!id.is_multiple_of(2)).then(|| text("team", 2)),
        organization_id: None,
        end_user: (id.is_multiple_of(4)).then(|| format!("customer-{}", id % 8)),
        spend_nano,
        saved: Saved::default(),
        usage: Usage { input: 10, output: 20, ..Usage::default() },
        start_time: DateTime::from_timestamp(i64::try_from(id).unwrap() * 3600, 0).unwrap(),
        end_time: DateTime::from_timestamp(i64::try_from(id).unwrap() * 3600 + 2, 0).unwrap(),
        completion_start_time: None,
        overhead_us: 50,
        model_group: text("model", 4),
        model: text("upstream", 4),
        model_id: Some(text("deployment", 4)),
        provider: Some("openai".into()),
        api_base: None,
        requester_ip_address: None,
        stream: false,
        status: if id.is_multiple_of(10) { CallStatus::Failure } else { CallStatus::Success },
        status_code: 200,
        cache_hit: false,
        response_id: None,
        provider_usage: None,
        metadata: serde_json::Map::new(),
        tags: (0..id % 3).map(|tag| std::sync::Arc::from(format!("tag-{tag}"))).collect(),
        charges: vec![
            Charge { kind: "key".into(), id: text("key", 5), window_start_us: 0 },
            // What is charged to a team now and then only, as one that was made later.
            Charge { kind: "team".into(), id: text("team", 7), window_start_us: i64::try_from(id / 100).unwrap() },
        ],
    }
}

#[tokio::test]
async fn an_event_written_twice_counts_once() {
    let app = TestApp::start().await;
    let events: Vec<SpendEvent> = (0..1_200).map(event).collect();
    write_batch(&app.app.db, &events[..700]).await.unwrap();
    write_batch(&app.app.db, &events[500..]).await.unwrap();
    let doubled: Vec<SpendEvent> = events.iter().chain(&events).cloned().collect();
    write_batch(&app.app.db, &doubled).await.unwrap();
    let report = verify::verify(&app.app.db).await.unwrap();
    assert_eq!(report.mismatches, []);
    let expected: i64 = events.iter().map(|event| event.spend_nano).sum();
    assert_eq!((report.calls, report.spend.0), (1_200, expected));
    assert!(report.entities > 20);
}

#[tokio::test]
async fn verify_finds_a_single_nano_dollar() {
    let app = TestApp::start().await;
    write_batch(&app.app.db, &(0..50).map(event).collect::<Vec<_>>()).await.unwrap();
    for (table, column) in [
        ("spend_logs WHERE request_id = 'call-7'", "spend"),
        ("daily_spend WHERE api_key = 'key-2'", "spend"),
        ("daily_key_spend WHERE api_key = 'key-2'", "spend"),
        ("daily_team_spend", "spend"),
        ("weekly_entity_spend WHERE entity_kind = 'end_user'", "spend"),
        ("daily_entity_spend WHERE entity_kind = 'user' AND date = '1970-01-02'", "spend"),
        ("daily_entity_spend WHERE entity_kind = 'tag'", "api_requests"),
        ("spend_totals WHERE entity_kind = 'team'", "spend"),
        ("spend_totals WHERE entity_kind = 'global'", "api_requests"),
        ("budget_spend", "spent"),
        ("budget_spend WHERE scope_kind = 'team'", "spent"),
    ] {
        let (name, condition) = table.split_once(" WHERE ").unwrap_or((table, "1 = 1"));
        let change = |by: i64| format!("UPDATE {name} SET {column} = {column} + {by} WHERE {condition}");
        app.app.db.execute_unprepared(&change(1)).await.unwrap();
        let report = verify::verify(&app.app.db).await.unwrap();
        assert_ne!(report.mismatches, [], "{table}");
        app.app.db.execute_unprepared(&change(-1)).await.unwrap();
        assert_eq!(verify::verify(&app.app.db).await.unwrap().mismatches, []);
    }
}

/// Takes back the changes of the schema from this one on.
async fn migrate_back(app: &TestApp, from: &str) {
    let changes = Migrator::migrations();
    let known = changes.iter().position(|change| change.name().contains(from)).unwrap();
    let steps = u32::try_from(changes.len() - known).unwrap();
    Migrator::down(&app.app.db, Some(steps)).await.unwrap();
}

/// Takes back the changes of the schema from this one on, and makes them again.
pub(crate) async fn migrate_again(app: &TestApp, from: &str) {
    migrate_back(app, from).await;
    tollgate::db::migrate(&app.app.db).await.unwrap();
}

#[tokio::test]
async fn a_change_of_the_schema_holds_nobody_up_behind_a_long_statement() {
    let app = TestApp::start().await;
    let db = app.app.db.clone();
    if db.get_database_backend() != DbBackend::Postgres {
        return;
    }
    migrate_back(&app, "m20261123_000015_corrections").await;
    let long = db.begin().await.unwrap();
    long.execute_unprepared("SELECT count(*) FROM spend_adjustments").await.unwrap();
    let change = tokio::spawn({
        let db = db.clone();
        async move { tollgate::db::migrate(&db).await }
    });
    let waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'spend_adjustments'::regclass";
    while db.query_one_raw(Statement::from_string(DbBackend::Postgres, waits)).await.unwrap().is_none() {
        assert!(!change.is_finished(), "it did not wait for the table");
        tokio::task::yield_now().await;
    }
    // Behind it, others wait no longer than it does.
    db.execute_unprepared("SELECT count(*) FROM spend_adjustments").await.unwrap();
    assert!(!change.is_finished());
    long.rollback().await.unwrap();
    change.await.unwrap().unwrap();
    assert_eq!(app.get("/spend/adjustments").expect_status(200).await.value()["total"], 0);
}

#[tokio::test]
async fn a_ledger_from_before_gets_the_sums_that_reports_read() {
    let app = TestApp::start().await;
    write_batch(&app.app.db, &(0..200).map(event).collect::<Vec<_>>()).await.unwrap();
    let entities = verify::verify(&app.app.db).await.unwrap().entities;
    let range = "/spend/logs?start_date=1970-01-01&end_date=1970-01-10";
    let paths = [range.to_owned(), format!("{range}&user_id=user-1"), "/spend/overview".to_owned()];
    let mut before = Vec::new();
    for path in &paths {
        before.push(app.get(path).expect_status(200).await.value());
    }
    migrate_again(&app, "report_sums").await;
    let report = verify::verify(&app.app.db).await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.entities, entities);
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(app.get(path).expect_status(200).await.value(), before, "{path}");
    }
}

#[tokio::test]
async fn budget_windows_of_a_ledger_from_before_agree_with_what_is_written_after() {
    let app = TestApp::start().await;
    let interrupted = SpendEvent { status: CallStatus::Interrupted, spend_nano: 0, ..event(1) };
    write_batch(&app.app.db, &[event(0), interrupted, event(2)]).await.unwrap();
    migrate_again(&app, "charges").await;
    write_batch(&app.app.db, &(3..200).map(event).collect::<Vec<_>>()).await.unwrap();
    assert!(verify::verify(&app.app.db).await.unwrap().is_sound());
    app.post("/spend/interrupted/resolve", json!({"request_id": "call-1", "spend": 0.5, "reason": "bill"}))
        .expect_status(200)
        .await;
    let report = verify::verify(&app.app.db).await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    app.app.db.execute_unprepared("DELETE FROM spend_logs WHERE request_id = 'call-99'").await.unwrap();
    let report = verify::verify(&app.app.db).await.unwrap();
    let kinds: BTreeSet<_> = report.mismatches.iter().map(|mismatch| mismatch.kind).collect();
    assert!(kinds.contains("budget window"), "{report:?}");
}

#[tokio::test]
async fn verify_shows_a_hundred_of_many_mismatches_and_a_broken_audit_chain() {
    let app = TestApp::start().await;
    let events: Vec<SpendEvent> =
        (0..150).map(|id| SpendEvent { api_key: format!("key-{id}").into(), charges: vec![], ..event(id) }).collect();
    write_batch(&app.app.db, &events).await.unwrap();
    app.new_key(json!({})).await;
    app.new_key(json!({})).await;
    app.app.db.execute_unprepared("UPDATE spend_totals SET spend = spend + 1 WHERE entity_kind = 'key'").await.unwrap();
    app.app.db.execute_unprepared("UPDATE audit_logs SET actor_id = 'eve' WHERE id = 2").await.unwrap();
    let report = verify::verify(&app.app.db).await.unwrap();
    // The keys' totals differ from their days and from their budget windows, of which there are none.
    assert_eq!((report.mismatches.len(), report.more_mismatches), (200, 100));
    assert_eq!(report.broken_audit_row, Some(2));
    assert!(!report.is_sound());
}

#[tokio::test]
async fn events_wait_in_the_spool_while_the_database_refuses_them() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({})).await;
    let client = app.bearer(&key);
    client.post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    app.app.db.execute_unprepared("ALTER TABLE spend_logs RENAME TO spend_logs_away").await.unwrap();
    for _ in 0..5 {
        client.post(CHAT, ask("gpt")).expect_status(200).await;
    }
    assert_eq!(app.running.gateway.spool.health().pending, 5);
    let ready = app.nobody().get("/health/readiness").expect_status(200).await.value();
    assert_eq!(ready["spool_pending"], 5);
    app.app.db.execute_unprepared("ALTER TABLE spend_logs_away RENAME TO spend_logs").await.unwrap();
    let report = app.settled().await;
    assert_eq!((report.calls, report.spend.0), (6, 6 * 50_000));
}

#[tokio::test]
async fn what_a_killed_process_spent_counts_from_the_first_call_on() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"max_budget": 0.000_5})).await;
    let info = app.get(&format!("/key/info?key={key}")).expect_status(200).await.value();
    let token = info["info"]["token"].as_str().unwrap().to_owned();
    let clock = app.app.clock.clone();
    let home = app.stop().await;
    let spool = Spool::open(&home.data.path().join("spool"), clock).unwrap();
    for id in 0..5_000 {
        let charge = Charge { kind: "key".into(), id: token.as_str().into(), window_start_us: 0 };
        let event = SpendEvent { spend_nano: 100, api_key: token.as_str().into(), charges: vec![charge], ..event(id) };
        spool.end(&event).unwrap();
    }
    drop(spool);
    let app = home.start().await;
    let (kind, _, message) = app.bearer(&key).post(CHAT, ask("gpt")).expect_status(400).await.error();
    assert_eq!(kind, "budget_exceeded");
    assert!(message.contains("Current cost: 0.0005"), "{message}");
    assert_eq!(app.settled().await.calls, 5_001);
}

#[tokio::test]
async fn no_text_of_a_client_keeps_the_ledger_waiting() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let client = app.bearer(&app.new_key(json!({"user_id": "u".repeat(255)})).await);
    // Random, so that no compression makes an index row of it after all.
    let long = tollgate::crypto::random_base62(9_000).unwrap();
    for user in ["a\0b", "", &long, &"é".repeat(200)] {
        let mut body = ask("gpt");
        body["user"] = json!(user);
        client.post(CHAT, body).expect_status(200).await;
    }
    for model in ["m\0n", &long] {
        client.post(CHAT, ask(model)).expect_status(400).await;
    }
    assert_eq!(app.settled().await.calls, 6);

    let page: tollgate_openapi::spend::SpendLogPage = app.get("/spend/logs/v2").expect_status(200).await.json();
    let users: BTreeSet<_> = page.data.into_iter().filter_map(|call| call.end_user).collect();
    let kept = [String::new(), long[..255].to_owned(), "a?b".to_owned(), "é".repeat(127)];
    assert_eq!(users, kept.into());
}

#[tokio::test]
async fn what_another_node_wrote_is_shown_with_the_key() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"max_budget": 1})).await;
    app.bearer(&key).post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    let path = format!("/key/info?key={key}");
    let info = app.get(&path).expect_status(200).await.value();
    let token: std::sync::Arc<str> = info["info"]["token"].as_str().unwrap().into();
    let charge = Charge { kind: "key".into(), id: token.clone(), window_start_us: 0 };
    let elsewhere = SpendEvent { api_key: token, spend_nano: 25_000, charges: vec![charge], ..event(1) };
    write_batch(&app.app.db, &[elsewhere]).await.unwrap();
    let info = app.get(&path).expect_status(200).await.value();
    assert_eq!(info["info"]["spend"], 0.000_075, "50,000 nano-dollars here, 25,000 there");
}

#[tokio::test]
async fn absurd_usage_of_a_provider_does_not_overflow_the_sums() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let body = json!({"id": "x", "choices": [], "usage": {"prompt_tokens": u64::MAX, "completion_tokens": u64::MAX}});
    for _ in 0..3 {
        upstream.then(Behaviour::Status(200, body.to_string(), vec![]));
        app.post(CHAT, ask("gpt")).expect_status(200).await;
    }
    assert_eq!(app.settled().await.calls, 3);
    // 10 billion tokens each way, at one and at two dollars a million.
    let total = app.get("/global/spend").expect_status(200).await.value();
    assert_eq!(total["spend"], 3.0 * 30_000.0);
    let activity = app.get("/global/activity").expect_status(200).await.value();
    assert_eq!(activity["sum_total_tokens"], 60_000_000_000_u64);
}

#[tokio::test]
async fn an_event_that_the_database_never_takes_is_set_aside() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    // As a row that breaks a rule of the database would be refused, whatever the rule.
    let refuse = if app.app.db.get_database_backend() == sea_orm::DbBackend::Postgres {
        "ALTER TABLE spend_logs ADD CONSTRAINT no_bob CHECK (end_user <> 'bob')"
    } else {
        "CREATE TRIGGER no_bob BEFORE INSERT ON spend_logs WHEN NEW.end_user = 'bob' \
            BEGIN SELECT RAISE(ABORT, 'no bob'); END"
    };
    app.app.db.execute_unprepared(refuse).await.unwrap();
    for user in ["alice", "bob", "carol", "bob", "dave"] {
        let mut asked = ask("gpt");
        asked["user"] = json!(user);
        app.post(CHAT, asked).expect_status(200).await;
    }
    let report = app.settled().await;
    assert_eq!((report.calls, report.spend.0), (3, 3 * 50_000));
    let metrics = app.get("/metrics").expect_status(200).await.body().to_owned();
    assert!(metrics.contains("tollgate_events_set_aside_total"), "{metrics}");
    let home = app.stop().await;
    let (count, path) = tollgate::ledger::set_aside(&home.data.path().join("spool")).unwrap();
    assert_eq!(count, 2);
    let kept = std::fs::read_to_string(path).unwrap();
    let first: serde_json::Value = serde_json::from_str(kept.lines().next().unwrap()).unwrap();
    let event: SpendEvent = serde_json::from_str(first["event"].as_str().unwrap()).unwrap();
    assert_eq!((event.end_user.as_deref(), event.spend_nano), (Some("bob"), 50_000));
}

#[tokio::test]
async fn under_load_batches_are_few() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let clock = tollgate::clock::Clock::system();
    let started = clock.monotonic();
    let client = async || {
        while clock.monotonic() - started < Duration::from_millis(1_500) {
            app.post(CHAT, ask("gpt")).expect_status(200).await;
        }
    };
    futures_util::future::join_all((0..16).map(|_| client())).await;
    app.settled().await;
    // Four times a second, each time in a few pieces; writing without a pause made 92.
    let most = (clock.monotonic() - started).as_millis() / 250 * 3 + 3;
    let metrics = app.get("/metrics").expect_status(200).await.body().to_owned();
    let line = metrics.lines().find(|line| line.starts_with("tollgate_ledger_batches_total")).unwrap();
    let batches: u128 = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert!((1..=most).contains(&batches), "{batches} batches, at most {most} expected");
}

#[tokio::test]
async fn a_full_spool_refuses_new_calls_until_the_database_is_back() {
    let upstream = FakeUpstream::start();
    let yaml =
        format!("tollgate_settings: {{spool_disk_max_mb: 1}}\nmodel_list:\n{}", upstream.deployment("gpt", "one"));
    let app = TestApp::builder().config(&yaml).start().await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    app.app.db.execute_unprepared("ALTER TABLE spend_logs RENAME TO spend_logs_away").await.unwrap();
    let mut large = event(1);
    large.metadata.insert("padding".to_owned(), "x".repeat(1 << 20).into());
    app.running.gateway.spool.end(&large).unwrap();
    let refused = app.post(CHAT, ask("gpt")).expect_status(503).await;
    assert!(refused.body().contains("too many wait for its database"), "{}", refused.body());
    let ready = app.nobody().get("/health/readiness").expect_status(503).await.value();
    assert!(ready["problems"][0].as_str().unwrap().contains("new calls are refused"), "{ready}");
    assert!(ready["spool_bytes"].as_u64().unwrap() > 1 << 20);
    let metrics = app.get("/metrics").expect_status(200).await.body().to_owned();
    assert!(metrics.contains("tollgate_spool_bytes 1"), "{metrics}");
    app.app.db.execute_unprepared("ALTER TABLE spend_logs_away RENAME TO spend_logs").await.unwrap();
    app.settled().await;
    // What is written is taken out of the spool a moment later.
    while !app.running.gateway.spool.is_accepting() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    let mut calls = 0;
    while calls < 3 {
        calls = app.settled().await.calls;
    }
}
