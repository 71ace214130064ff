//! The audit chain.

use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use serde_json::{Value, json};
use tollgate::db::audit::{Column, Entity, Model, first_broken};
use tollgate_openapi::audit::{AuditEntry, AuditPage};
use tollgate_openapi::session::UserRole;

use crate::kit::{Client, TestApp};
use crate::session::add_user;

async fn chain(app: &TestApp) -> Vec<Model> {
    assert_eq!(first_broken(&app.app.db).await.unwrap(), None);
    Entity::find().order_by_asc(Column::Id).all(&app.app.db).await.unwrap()
}

#[tokio::test]
async fn every_mutation_of_a_key_is_in_the_chain() {
    let app = TestApp::start().await;
    let made = app.post("/key/generate", json!({"key_alias": "a", "max_budget": 5})).expect_status(200).await.value();
    let (key, token) = (made["key"].clone(), made["token"].as_str().unwrap());
    app.post("/key/update", json!({"key": key, "max_budget": 7.5})).expect_status(200).await;
    app.post("/key/block", json!({"key": key})).expect_status(200).await;
    app.post("/key/unblock", json!({"key": key})).expect_status(200).await;
    app.post("/key/delete", json!({"keys": [key]})).expect_status(200).await;

    let rows = chain(&app).await;
    let actions: Vec<_> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["created", "updated", "blocked", "unblocked", "deleted"]);
    for row in &rows {
        assert_eq!((row.actor_kind.as_str(), row.actor_id.as_str()), ("master_key", "default_user_id"));
        assert_eq!((row.resource.as_str(), row.resource_id.as_str()), ("key", token));
        assert_eq!(row.ip_address.as_deref(), Some("127.0.0.1"));
        let text = format!("{:?}{:?}", row.before, row.after);
        assert!(!text.contains(key.as_str().unwrap()), "{text}");
    }
    let budgets =
        |text: &Option<String>| serde_json::from_str::<Value>(text.as_deref().unwrap()).unwrap()["max_budget"].clone();
    assert_eq!((budgets(&rows[1].before), budgets(&rows[1].after)), (json!(5.0), json!(7.5)));
    assert_eq!((rows[0].before.as_ref(), rows[4].after.as_ref()), (None, None));
}

#[tokio::test]
async fn refused_mutations_leave_no_row() {
    let app = TestApp::start().await;
    app.post("/key/generate", json!({"key_alias": "a"})).expect_status(200).await;
    app.post("/key/generate", json!({"key_alias": "a"})).expect_status(400).await;
    app.post("/key/update", json!({"key": "sk-unknown", "blocked": true})).expect_status(404).await;
    app.post("/key/generate", json!({"max_budget": -1})).expect_status(400).await;
    assert_eq!(chain(&app).await.len(), 1);
}

#[tokio::test]
async fn writers_at_once_do_not_fork_the_chain() {
    let app = TestApp::start().await;
    let calls = (0..24).map(|_| app.post("/key/generate", json!({})).expect_status(200));
    futures_util::future::join_all(calls).await;
    assert_eq!(chain(&app).await.len(), 24);
}

async fn listed(client: &Client, query: &str) -> AuditPage {
    client.get(&format!("/audit{query}")).expect_status(200).await.json()
}

#[tokio::test]
async fn changes_are_listed_and_found_by_every_filter() {
    let app = TestApp::start().await;
    add_user(&app, "ada", Some("ada@example.com"), UserRole::ProxyAdmin, "countess").await;
    let made = app.post("/key/generate", json!({"key_alias": "a"})).expect_status(200).await.value();
    let token = made["token"].as_str().unwrap();
    app.advance(Duration::from_secs(86_400));
    let ada = app.sign_in("ada", "countess").await;
    ada.post("/key/update", json!({"key": token, "max_budget": 7.5})).expect_status(200).await;
    ada.post("/team/new", json!({"team_id": "t"})).expect_status(200).await;

    let all = listed(&ada, "").await;
    let words: Vec<_> = all.audit_logs.iter().map(|row| format!("{} {}", row.action, row.table_name)).collect();
    assert_eq!(words, ["created team", "updated key", "signed_in session", "created key"]);
    assert_eq!((all.total, all.page, all.total_pages, all.next_cursor), (4, 1, 1, None));
    let update = &all.audit_logs[1];
    assert_eq!((update.changed_by.as_str(), update.changed_by_email.as_deref()), ("ada", Some("ada@example.com")));
    assert_eq!((update.actor_kind.as_str(), update.changed_by_api_key.as_str()), ("session", ""));
    assert_eq!(update.before_value.as_ref().unwrap()["max_budget"], Value::Null);
    assert_eq!(update.updated_values.as_ref().unwrap()["max_budget"], json!(7.5));
    assert_eq!(all.audit_logs[3].changed_by_api_key, "litellm_proxy_master_key");

    for (query, count) in [
        ("?changed_by=ada".to_owned(), 3),
        ("?changed_by=ADA@example.com".to_owned(), 3),
        ("?changed_by=nobody".to_owned(), 0),
        ("?action=updated".to_owned(), 1),
        ("?table_name=key".to_owned(), 2),
        (format!("?object_id={token}"), 2),
        (format!("?object_id={token}&action=created&table_name=key&changed_by=default_user_id"), 1),
        ("?start_date=2026-11-22".to_owned(), 3),
        ("?end_date=2026-11-21".to_owned(), 1),
        ("?start_date=2026-11-22T12:00:00Z&end_date=2026-11-22T12:00:00Z".to_owned(), 3),
    ] {
        let found = listed(&app, &query).await;
        assert_eq!((found.audit_logs.len(), found.total), (usize::try_from(count).unwrap(), count), "{query}");
    }
}

#[tokio::test]
async fn a_cursor_goes_through_all_changes_once() {
    let app = TestApp::start().await;
    for n in 0..7 {
        app.post("/key/generate", json!({"key_alias": n.to_string()})).expect_status(200).await;
    }
    let (mut seen, mut query) = (Vec::new(), "?page_size=3".to_owned());
    loop {
        let page = listed(&app, &query).await;
        assert_eq!((page.total, page.total_pages, page.page_size), (7, 3, 3));
        seen.extend(page.audit_logs.into_iter().map(|row| row.id.parse::<i64>().unwrap()));
        match page.next_cursor {
            Some(next) => query = format!("?page_size=3&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    let by_number = listed(&app, "?page_size=3&page=2").await;
    assert_eq!(by_number.audit_logs[0].id, "4");
}

#[tokio::test]
async fn one_change_says_whether_it_is_what_was_written() {
    let app = TestApp::start().await;
    for n in 0..2 {
        app.post("/key/generate", json!({"key_alias": n.to_string()})).expect_status(200).await;
    }
    let entry: AuditEntry = app.get("/audit/2").expect_status(200).await.json();
    let first: AuditEntry = app.get("/audit/1").expect_status(200).await.json();
    assert_eq!((entry.is_intact, entry.previous_hash.as_str()), (true, first.hash.as_str()));
    assert_eq!((first.is_intact, first.previous_hash.as_str()), (true, ""));

    app.app.db.execute_unprepared("UPDATE audit_logs SET actor_id = 'eve' WHERE id = 2").await.unwrap();
    let forged: AuditEntry = app.get("/audit/2").expect_status(200).await.json();
    assert!(!forged.is_intact);
    for id in ["3", "0", "-1", "x", "99999999999999999999"] {
        app.get(&format!("/audit/{id}")).expect_status(404).await;
    }
}

#[tokio::test]
async fn only_who_sees_everything_sees_who_changed_what() {
    let app = TestApp::start().await;
    for (id, role, status) in [
        ("boss", UserRole::ProxyAdmin, 200),
        ("viewer", UserRole::ProxyAdminViewer, 200),
        ("org", UserRole::OrgAdmin, 403),
        ("user", UserRole::InternalUser, 403),
        ("reader", UserRole::InternalUserViewer, 403),
    ] {
        add_user(&app, id, None, role, id).await;
        let client = app.sign_in(id, id).await;
        client.get("/audit").expect_status(status).await;
        client.get("/audit/1").expect_status(status).await;
    }
    let key = app.new_key(json!({})).await;
    app.bearer(&key).get("/audit").expect_status(403).await;
    for query in ["?page=0", "?page_size=101", "?start_date=soon", "?cursor=x", "?page=101&page_size=100"] {
        app.get(&format!("/audit{query}")).expect_status(422).await;
    }
}
