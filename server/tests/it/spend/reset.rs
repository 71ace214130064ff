//! Setting back the spend of all keys and teams.

use serde_json::{Value, json};
use tollgate::db::audit;
use tollgate_openapi::session::UserRole;

use crate::budget::small;
use crate::chat::CHAT;
use crate::kit::{FakeUpstream, TestApp};
use crate::session::add_user;

const RESET: &str = "/global/spend/reset";

async fn spend_of(app: &TestApp, path: &str, place: &str) -> Value {
    app.get(path).expect_status(200).await.value().pointer(place).unwrap().clone()
}

#[tokio::test]
async fn keys_and_teams_may_spend_again_and_the_history_stays() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    app.post("/team/new", json!({"team_id": "shop", "max_budget": 0.0001, "budget_duration": "30d"}))
        .expect_status(200)
        .await;
    let of_team = app.new_key(json!({"team_id": "shop"})).await;
    let own = app.new_key(json!({"max_budget": 0.0001})).await;
    let idle = app.new_key(json!({"max_budget": 1})).await;
    for key in [&of_team, &own] {
        let client = app.bearer(key);
        while client.post(CHAT, small()).send().await.status == 200 {}
    }
    let before = app.settled().await;
    let resets_at = spend_of(&app, "/team/info?team_id=shop", "/team_info/budget_reset_at").await;

    let answer = app.post(RESET, json!({})).expect_status(200).await.value();
    assert_eq!((&answer["status"], &answer["keys"], &answer["teams"]), (&json!("success"), &json!(2), &json!(1)));
    assert_eq!(answer["message"], "Spend for all API Keys and Teams reset successfully");
    for key in [&of_team, &own, &idle] {
        assert_eq!(spend_of(&app, &format!("/key/info?key={key}"), "/info/spend").await, 0.0);
    }
    assert_eq!(spend_of(&app, "/team/info?team_id=shop", "/team_info/spend").await, 0.0);
    assert_eq!(spend_of(&app, "/team/info?team_id=shop", "/team_info/budget_reset_at").await, resets_at);
    // What was spent stays in the ledger, and all its sums agree.
    let after = app.settled().await;
    assert!(after.is_sound() && after.spend == before.spend && before.spend.0 > 0, "{after:?}");
    assert_eq!(spend_of(&app, "/global/spend", "/spend").await, json!(before.spend));
    // Here, at once.
    for key in [&of_team, &own] {
        app.bearer(key).post(CHAT, small()).expect_status(200).await;
    }
    app.settled().await;
    // Nothing is left to be set back but that.
    let again = app.post(RESET, json!({})).expect_status(200).await.value();
    assert_eq!((&again["keys"], &again["teams"]), (&json!(2), &json!(1)));
    let none = app.post(RESET, json!({})).expect_status(200).await.value();
    assert_eq!((&none["keys"], &none["teams"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn more_than_are_set_back_at_once_are_all_set_back_and_the_audit_log_says_what_they_had_spent() {
    let app = TestApp::start().await;
    for n in 0..205 {
        app.post("/key/generate", json!({"key": format!("sk-number-of-key-{n:04}"), "spend": 1.5}))
            .expect_status(200)
            .await;
    }
    let answer = app.post(RESET, json!({})).expect_status(200).await.value();
    assert_eq!((&answer["keys"], &answer["teams"]), (&json!(205), &json!(0)));
    let logged = app.get("/audit?table_name=spend&action=reset").expect_status(200).await.value();
    let entries = logged["audit_logs"].as_array().unwrap().iter();
    let named: Vec<&Value> = entries.flat_map(|entry| entry["before_value"]["spent"].as_array().unwrap()).collect();
    assert_eq!((named.len(), &logged["total"]), (205, &json!(2)), "{logged}");
    assert!(named.iter().all(|one| one["spend"] == json!(1.5) && one["id"].is_string()), "{named:?}");
    assert_eq!(audit::first_broken(&app.app.db).await.unwrap(), None);
}

#[tokio::test]
async fn only_the_master_key_sets_all_back() {
    let app = TestApp::start().await;
    let key = app.new_key(json!({"spend": 2})).await;
    add_user(&app, "chief", None, UserRole::ProxyAdmin, "chief").await;
    let chief = app.sign_in("chief", "chief").await;
    for client in [&chief, &app.bearer(&key)] {
        let (_, _, message) = client.post(RESET, json!({})).expect_status(403).await.error();
        assert!(message.contains("Only the master key"), "{message}");
    }
    app.nobody().post(RESET, json!({})).expect_status(401).await;
    assert_eq!(spend_of(&app, &format!("/key/info?key={key}"), "/info/spend").await, 2.0);
}
