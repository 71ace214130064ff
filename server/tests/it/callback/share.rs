//! One tenant's tools do not take the room of another's.

use std::net::TcpListener;

use serde_json::{Value, json};

use super::{exporting, until_calls, until_metric};
use crate::chat::{CHAT, ask};
use crate::kit::{Receiver, TestApp};

const DROPPED: &str = "tollgate_export_dropped_total";
const REACHABLE: &str = "{user_url_allowed_hosts: [127.0.0.1]}";
const TYPES: [&str; 3] = ["success", "failure", "success_and_failure"];

/// Takes connections and never answers.
fn dead() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/logs", listener.local_addr().unwrap());
    (listener, url)
}

/// Tools of three kinds at an address, each for answered calls and for all.
fn tools(url: &str) -> Value {
    let variables = |name: &str| match name {
        "generic_api" => json!({"generic_logger_endpoint": url}),
        "helicone" => json!({"helicone_api_base": url, "helicone_api_key": "sk"}),
        _ => json!({"lunary_api_url": url, "lunary_public_key": "pk"}),
    };
    let each = ["generic_api", "helicone", "lunary"].into_iter().flat_map(|name| {
        let of =
            move |kind: &&str| json!({"callback_name": name, "callback_type": kind, "callback_vars": variables(name)});
        [TYPES[0], TYPES[2]].iter().map(of).collect::<Vec<_>>()
    });
    each.collect()
}

/// A key of a team with these tools.
async fn key(app: &TestApp, team: &str, logging: Value) -> String {
    app.new_key(json!({"team_id": team, "metadata": {"logging": logging}})).await
}

async fn teams(app: &TestApp) {
    for id in ["greedy", "modest"] {
        app.post("/team/new", json!({"team_id": id})).expect_status(200).await;
    }
}

fn told_at(receiver: &Receiver) -> Value {
    json!([{"callback_name": "generic_api", "callback_vars": {"generic_logger_endpoint": receiver.url("/logs")}}])
}

#[tokio::test]
async fn a_tenant_with_many_tools_leaves_some_to_others() {
    let (_listener, url) = dead();
    let receiver = Receiver::start();
    let app = exporting(REACHABLE, "").start().await;
    teams(&app).await;
    let modest = key(&app, "modest", told_at(&receiver)).await;
    // 192 are there for the asking; 43 keys with six each are 258.
    for _ in 0..43 {
        let greedy = key(&app, "greedy", tools(&url)).await;
        app.bearer(&greedy).post(CHAT, ask("mock")).expect_status(200).await;
    }
    for destination in ["own_generic_api", "own_helicone", "own_lunary"] {
        until_metric(&app, DROPPED, destination, "22").await;
    }
    app.bearer(&modest).post(CHAT, ask("mock")).expect_status(200).await;
    assert_eq!(until_calls(&receiver, 1).await.len(), 1);
}

#[tokio::test]
async fn a_tenant_whose_tools_are_dead_leaves_room_and_places_to_others() {
    let (_listener, url) = dead();
    let receiver = Receiver::start();
    let app = exporting(REACHABLE, "").start().await;
    teams(&app).await;
    let modest = key(&app, "modest", told_at(&receiver)).await;
    let keys = [key(&app, "greedy", tools(&url)).await, key(&app, "greedy", tools(&url)).await];
    // Counted for each tool: twelve of them have room for 96 MiB, were it not for all others.
    let mut asked = ask("mock");
    asked["messages"][0]["content"] = json!("a ".repeat(512 * 1024));
    for greedy in keys.iter().cycle().take(16) {
        app.bearer(greedy).post(CHAT, &asked).expect_status(200).await;
    }
    let metrics = app.nobody().get("/metrics").expect_status(200).await.body().to_owned();
    let dropped = metrics.lines().filter(|line| line.starts_with(DROPPED) && !line.ends_with(" 0")).count();
    assert!(dropped > 0, "there was room for all: {metrics}");
    app.bearer(&modest).post(CHAT, &asked).expect_status(200).await;
    assert_eq!(until_calls(&receiver, 1).await.len(), 1);
}
