//! Scopes nobody uses leave memory, and come back with all they have spent.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tollgate::jobs::Work;
use tollgate::jobs::idle_counters::{IDLE_AFTER, IdleCounters};
use tollgate::ledger::Spool;

use super::small;
use crate::chat::CHAT;
use crate::kit::{FakeUpstream, TestApp};
use crate::ledger::event;

/// Customers may spend 0.00008 dollars: one call of 0.00005 fits, a second one does not.
async fn start(upstream: &FakeUpstream) -> TestApp {
    let yaml = format!(
        "litellm_settings:\n  max_end_user_budget: 0.00008\nmodel_list:\n{}",
        upstream.deployment("gpt", "one")
    );
    TestApp::builder().config(&yaml).start().await
}

async fn call(app: &TestApp, key: &str, customer: &str, expected: u16) {
    let mut body = small();
    body["user"] = customer.into();
    app.bearer(key).post(CHAT, body).expect_status(expected).await;
}

async fn look_three_times(job: &mut IdleCounters) {
    for _ in 0..3 {
        job.look().await;
    }
}

fn work(app: &TestApp) -> Work {
    let gateway = &app.running.gateway;
    Work {
        clock: app.app.clock.clone(),
        db: app.app.db.clone(),
        spool: Arc::clone(&gateway.spool),
        policy: Arc::clone(&gateway.policy),
        waiting: Arc::clone(&app.running.gateway.waiting),
        counters: Arc::clone(&gateway.counters),
        router: Arc::clone(&app.running.gateway.router),
        models: Arc::clone(&app.app.models),
        alerts: Arc::clone(&app.app.alerts),
        settings: Arc::clone(&app.app.settings),
        figures: Arc::clone(&app.app.figures),
        rests: None,
        health_checks: None,
        retention: None,
        app: actix_web::web::Data::new(app.app.clone()),
    }
}

fn wait(app: &TestApp) {
    app.advance(IDLE_AFTER + Duration::from_secs(3));
}

#[actix_web::test]
async fn an_idle_scope_leaves_memory_and_its_spend_is_not_lost() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let key = app.new_key(serde_json::json!({})).await;
    for n in 0..300 {
        call(&app, &key, &format!("customer-{n}"), 200).await;
    }
    app.settled().await;
    let mut job = IdleCounters::new(&work(&app), 10);
    let before = app.app.counters.len();
    assert!(before > 300, "{before} scopes");

    wait(&app);
    call(&app, &key, "customer-7", 400).await;
    app.settled().await;
    job.look().await;
    job.look().await;
    assert_eq!(app.app.counters.len(), before, "only found and forgotten so far");
    call(&app, &key, "customer-8", 400).await;
    job.look().await;

    let after = app.app.counters.len();
    assert!((10..20).contains(&after), "{after} scopes are left");
    for customer in ["customer-0", "customer-7", "customer-8", "customer-299"] {
        call(&app, &key, customer, 400).await;
    }
    call(&app, &key, "customer-new", 200).await;
}

#[actix_web::test]
async fn a_scope_stays_while_few_are_in_memory_or_it_was_used_lately() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let key = app.new_key(serde_json::json!({ "rpm_limit": 100 })).await;
    call(&app, &key, "somebody", 200).await;
    let before = app.app.counters.len();
    for kept in [0, before] {
        let mut job = IdleCounters::new(&work(&app), kept);
        app.settled().await;
        look_three_times(&mut job).await;
        assert_eq!(app.app.counters.len(), before);
        wait(&app);
        call(&app, &key, "somebody", 400).await;
    }
}

#[actix_web::test]
async fn a_scope_stays_while_the_database_does_not_know_all_it_has_spent() {
    let upstream = FakeUpstream::start();
    let app = start(&upstream).await;
    let key = app.new_key(serde_json::json!({})).await;
    call(&app, &key, "somebody", 200).await;
    app.settled().await;
    let before = app.app.counters.len();
    wait(&app);

    let folder = TempDir::new().unwrap();
    let unwritten = Spool::open(folder.path(), app.app.clock.clone()).unwrap();
    unwritten.end(&event(1)).unwrap();
    let mut job = IdleCounters::new(&Work { spool: Arc::clone(&unwritten), ..work(&app) }, 0);
    for _ in 0..5 {
        job.look().await;
    }
    assert_eq!(app.app.counters.len(), before);
    unwritten.trim(&unwritten.end_cursor(), 1).unwrap();
    look_three_times(&mut job).await;
    assert!(app.app.counters.len() < before);
}

/// What the gateway has spent is read at the start and never again.
#[actix_web::test]
async fn the_gateway_stays() {
    let upstream = FakeUpstream::start();
    let yaml = format!("litellm_settings:\n  max_budget: 0.00008\nmodel_list:\n{}", upstream.deployment("gpt", "one"));
    let app = TestApp::builder().config(&yaml).start().await;
    let key = app.new_key(serde_json::json!({})).await;
    call(&app, &key, "somebody", 200).await;
    app.settled().await;
    wait(&app);
    look_three_times(&mut IdleCounters::new(&work(&app), 0)).await;
    assert_eq!(app.app.counters.len(), 1);
    call(&app, &key, "somebody", 400).await;
}
