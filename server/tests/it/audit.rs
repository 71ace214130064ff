//! The audit chain.

use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use tollgate::db::audit::{Column, Entity, Model, first_broken};

use crate::kit::TestApp;

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
