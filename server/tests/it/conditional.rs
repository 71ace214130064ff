//! Two people change the same thing: whoever says what they have seen does not overwrite what they have not.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{Client, FakeUpstream, TestApp};

/// Something that can be changed: where it is shown and where in that, and how it is changed.
struct Thing {
    read: String,
    pointer: String,
    method: Method,
    update: String,
    body: Value,
}

/// Makes one of each, and a key, which is told.
async fn make_all(app: &TestApp, upstream: &FakeUpstream) -> String {
    for (path, body) in [
        ("/team/new", json!({"team_id": "red"})),
        ("/user/new", json!({"user_id": "ada", "auto_create_key": false})),
        ("/organization/new", json!({"organization_id": "acme", "organization_alias": "Acme"})),
        ("/customer/new", json!({"user_id": "eve"})),
        ("/budget/new", json!({"budget_id": "small", "max_budget": 1})),
        ("/tag/new", json!({"name": "night"})),
        (
            "/model/new",
            json!({"model_name": "gpt", "model_info": {"id": "gpt-1"},
            "litellm_params": {"model": "openai/gpt", "api_base": upstream.base(), "api_key": "sk-x"}}),
        ),
        (
            "/credentials",
            json!({"credential_name": "open", "credential_values": {"api_key": "sk-y"}, "credential_info": {}}),
        ),
    ] {
        app.post(path, body).expect_status(200).await;
    }
    app.new_key(json!({"key_alias": "one"})).await
}

const MODEL: &str = "/v1/model/info?litellm_model_id=gpt-1 /data/0/model_info/updated_at";

fn things(key: &str) -> [Thing; 10] {
    let key_info = format!("/key/info?key={key} /info/updated_at");
    [
        (&*key_info, "POST /key/update", json!({"key": key, "max_budget": 2})),
        (
            "/team/info?team_id=red /team_info/updated_at",
            "POST /team/update",
            json!({"team_id": "red", "max_budget": 2}),
        ),
        (
            "/user/info?user_id=ada /user_info/updated_at",
            "POST /user/update",
            json!({"user_id": "ada", "max_budget": 2}),
        ),
        (
            "/organization/info?organization_id=acme /updated_at",
            "PATCH /organization/update",
            json!({"organization_id": "acme", "max_budget": 2}),
        ),
        (
            "/customer/info?end_user_id=eve /updated_at",
            "POST /customer/update",
            json!({"user_id": "eve", "max_budget": 2}),
        ),
        ("/budget/list /0/updated_at", "POST /budget/update", json!({"budget_id": "small", "max_budget": 2})),
        ("/tag/list /0/updated_at", "POST /tag/update", json!({"name": "night", "max_budget": 2})),
        (MODEL, "POST /model/update", json!({"model_info": {"id": "gpt-1"}, "litellm_params": {"rpm": 7}})),
        (MODEL, "PATCH /model/gpt-1/update", json!({"litellm_params": {"rpm": 8}})),
        (
            "/credentials/by_name/open /updated_at",
            "PATCH /credentials/open",
            json!({"credential_values": {"api_key": "sk-z"}}),
        ),
    ]
    .map(|(shown, update, body)| {
        let (read, pointer) = shown.split_once(' ').unwrap();
        let (method, update) = update.split_once(' ').unwrap();
        let method = method.parse().unwrap();
        Thing { read: read.to_owned(), pointer: pointer.to_owned(), method, update: update.to_owned(), body }
    })
}

async fn change(client: &Client, thing: &Thing, seen: &str, status: u16) -> Value {
    let client = client.clone().with_header("if-match", seen);
    client.call(thing.method.clone(), &thing.update, Some(thing.body.to_string())).expect_status(status).await.value()
}

#[tokio::test]
async fn what_somebody_else_has_changed_is_not_overwritten() {
    let upstream = FakeUpstream::start();
    let app = TestApp::start().await;
    let key = make_all(&app, &upstream).await;
    for thing in things(&key) {
        let read = async || app.get(&thing.read).expect_status(200).await.value();
        let shown = read().await;
        let seen =
            shown.pointer(&thing.pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{shown}")).to_owned();
        app.advance(Duration::from_secs(1));
        change(&app, &thing, &format!("\"{seen}\""), 200).await;
        let after = read().await;
        assert_ne!(after.pointer(&thing.pointer), shown.pointer(&thing.pointer), "{}", thing.update);
        let refused = change(&app, &thing, &format!("\"{seen}\""), 412).await;
        assert_eq!(refused["error"]["type"], "conflict", "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains("Nothing was overwritten"), "{refused}");
        assert_eq!(read().await, after, "{}", thing.update);
        change(&app, &thing, "*", 200).await;
        for nonsense in [&*seen, "\"yesterday\"", ""] {
            let refused = change(&app, &thing, nonsense, 400).await;
            assert_eq!(refused["error"]["param"], "If-Match", "{refused}");
        }
    }
}
