//! Calls that were in flight when a gateway died: seen, and booked once at what they really cost.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use tollgate::db;
use tollgate::ledger::spool::Cursor;
use tollgate::ledger::{BeginRecord, Charge, SpendEvent, Spool};
use tollgate_openapi::session::UserRole;
use tollgate_openapi::spend::{CallStatus, InterruptedPage, InterruptedView};

use super::{call, usd};
use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, TestApp};
use crate::session::add_user;

const DAY: Duration = Duration::from_secs(24 * 3600);
const LIST: &str = "/spend/interrupted";
const RESOLVE: &str = "/spend/interrupted/resolve";

async fn list(app: &TestApp, query: &str) -> InterruptedPage {
    app.get(&format!("{LIST}?{query}")).expect_status(200).await.json()
}

/// Stops the app, leaves begun calls in its spool as a killed process would, and starts it again.
async fn interrupt(app: TestApp, begun: &[SpendEvent]) -> TestApp {
    let clock = app.app.clock.clone();
    let home = app.stop().await;
    let spool = Spool::open(&home.data.path().join("spool"), clock).unwrap();
    for event in begun {
        spool.begin(&BeginRecord { event: Cow::Borrowed(event), reserved_nano: 2_000_000 }).unwrap();
    }
    drop(spool);
    let app = home.start().await;
    app.settled().await;
    app
}

/// A call of `token` in flight, admitted in the windows that its calls so far were charged to.
async fn in_flight(app: &TestApp, id: &str, token: &str) -> SpendEvent {
    let windows = db::budget_spend::Entity::find().all(&app.app.db).await.unwrap();
    let charge = |row: db::budget_spend::Model| Charge {
        kind: row.scope_kind.into(),
        id: Arc::from(row.scope_id),
        window_start_us: row.window_start,
    };
    let charges = windows.into_iter().map(charge).collect();
    let begun = call(id, token, "2026-11-21T11:59:00Z");
    SpendEvent { spend_nano: 0, status: CallStatus::Failure, charges, ..begun }
}

#[tokio::test]
async fn what_an_interrupted_call_cost_is_booked_once_and_counts_where_it_was_admitted() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let made = app.post("/key/generate", json!({"max_budget": 0.001, "budget_duration": "30d"}));
    let made = made.expect_status(200).await.value();
    let (key, token) = (made["key"].as_str().unwrap(), made["token"].as_str().unwrap());
    app.bearer(key).post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
    let begun = [in_flight(&app, "first", token).await, in_flight(&app, "second", token).await];
    let app = Box::pin(interrupt(app, &begun)).await;

    let page = list(&app, "").await;
    assert_eq!((page.total, page.data.len()), (2, 2));
    let shown = page.data.iter().find(|one| one.request_id == "first").unwrap();
    assert_eq!((shown.reserved, shown.api_key.as_str()), (usd(0.002), token));
    assert_eq!(
        (shown.model_id.as_deref(), shown.custom_llm_provider.as_deref()),
        (Some("deployment-1"), Some("openai"))
    );
    assert_eq!((shown.noticed_at, &shown.resolution), (app.app.clock.now(), &None));

    // In memory, too: two calls and the interrupted one use the budget up to the last nano-dollar.
    app.bearer(key).post(CHAT, ask("gpt")).expect_status(200).await;
    let resolve = json!({"request_id": "first", "spend": 0.0009, "reason": "the provider's bill"});
    let resolved: InterruptedView = app.post(RESOLVE, resolve.clone()).expect_status(200).await.json();
    let resolution = resolved.resolution.unwrap();
    assert_eq!((resolution.spend, resolution.reason.as_str()), (usd(0.0009), "the provider's bill"));
    assert_eq!(resolution.resolved_by, "default_user_id");
    let (kind, _, message) = app.bearer(key).post(CHAT, ask("gpt")).expect_status(400).await.error();
    assert_eq!(kind, "budget_exceeded");
    assert!(message.contains("Current cost: 0.001,"), "{message}");
    assert_eq!(app.settled().await.spend.0, 1_000_000);
    let info = app.get(&format!("/key/info?key={key}")).expect_status(200).await.value();
    assert_eq!(info["info"]["spend"], 0.001);

    let (_, param, message) = app.post(RESOLVE, resolve).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("request_id"));
    assert!(message.contains("resolved at 2026-11-21T12:00:00Z by default_user_id"), "{message}");
    assert_eq!(app.settled().await.spend.0, 1_000_000);
    assert_eq!((list(&app, "resolved=true").await.total, list(&app, "resolved=False").await.total), (1, 1));

    // The window it was admitted in is over: the new one is not charged.
    app.advance(31 * DAY);
    app.bearer(key).post(CHAT, ask("gpt")).expect_status(200).await;
    app.post(RESOLVE, json!({"request_id": "second", "spend": 5, "reason": "?"})).expect_status(200).await;
    app.bearer(key).post(CHAT, ask("gpt")).expect_status(200).await;
    assert_eq!(app.settled().await.spend.0, 5_001_100_000);
}

#[tokio::test]
async fn a_call_that_cost_nothing_is_resolved_as_well() {
    let app = TestApp::start().await;
    let app = Box::pin(interrupt(app, &[call("free", "key1", "2026-11-21T10:00:00Z")])).await;
    app.post(RESOLVE, json!({"request_id": "free", "spend": 0, "reason": "not on the bill"})).expect_status(200).await;
    app.post(RESOLVE, json!({"request_id": "free", "spend": 1, "reason": "after all"})).expect_status(400).await;
    assert_eq!(list(&app, "resolved=true").await.data[0].resolution.as_ref().unwrap().spend, usd(0.0));
    let rows = db::audit::Entity::find().order_by_asc(db::audit::Column::Id).all(&app.app.db).await.unwrap();
    let last = rows.last().unwrap();
    assert_eq!(
        (last.action.as_str(), last.resource.as_str(), last.resource_id.as_str()),
        ("resolved", "interrupted_call", "free")
    );
    let after: Value = serde_json::from_str(last.after.as_deref().unwrap()).unwrap();
    assert_eq!(after["resolution"]["reason"], "not on the bill");
}

#[tokio::test]
async fn only_the_administrator_resolves_and_only_what_there_is() {
    let app = TestApp::start().await;
    let app = Box::pin(interrupt(app, &[call("one", "key1", "2026-11-21T10:00:00Z")])).await;
    let good = json!({"request_id": "one", "spend": 1, "reason": "bill"});
    for role in [UserRole::ProxyAdminViewer, UserRole::InternalUser] {
        add_user(&app, role.as_str(), None, role, "password").await;
        let browser = app.sign_in(role.as_str(), "password").await;
        let may_read = role == UserRole::ProxyAdminViewer;
        browser.get(LIST).expect_status(if may_read { 200 } else { 403 }).await;
        browser.post(RESOLVE, &good).expect_status(403).await;
    }
    app.bearer(&app.new_key(json!({})).await).get(LIST).expect_status(403).await;
    for (body, status, param) in [
        (json!({"request_id": "none", "spend": 1, "reason": "bill"}), 404, None),
        (json!({"request_id": "one", "spend": -1, "reason": "bill"}), 400, Some("spend")),
        (json!({"request_id": "one", "spend": 1, "reason": ""}), 400, Some("reason")),
    ] {
        let (_, named, _) = app.post(RESOLVE, body).expect_status(status).await.error();
        assert_eq!(named.as_deref(), param);
    }
    assert_eq!(app.settled().await.spend.0, 0);
    assert_eq!(list(&app, "resolved=false").await.total, 1);
}

#[tokio::test]
async fn a_call_in_flight_is_in_the_spool_with_its_deployment() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    upstream.then(Behaviour::Hang);
    let request = app.post(CHAT, ask("gpt"));
    let call = tokio::spawn(async move { request.send().await });
    upstream.until_called(1).await;
    // What a process that is killed now leaves behind.
    let (home, left) = (app.running.gateway.spool.dir().to_owned(), tempfile::tempdir().unwrap());
    for file in std::fs::read_dir(home).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), left.path().join(file.file_name())).unwrap();
    }
    call.abort();
    let spool = Spool::open(left.path(), app.app.clock.clone()).unwrap();
    let (mut events, mut cursor) = (Vec::new(), Cursor::default());
    while events.is_empty() {
        (events, cursor) = spool.read(cursor).unwrap();
    }
    let event = &events[0];
    assert_eq!((event.status, event.model_id.as_deref()), (CallStatus::Interrupted, Some("one")));
    assert!(event.metadata["reserved_nano_usd"].as_i64().unwrap() > 0);
    assert_eq!(event.charges.len(), 3, "the key, its user and the gateway: {:?}", event.charges);
}
