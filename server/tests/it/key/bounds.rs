//! How much a key may be given, by whom.

use serde_json::{Value, json};
use tollgate_openapi::key::{KeyBounds, KeyCreated};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::session::UserRole;

use super::generate;
use crate::kit::{Client, TestApp};
use crate::session::add_user;
use crate::team::new_team;

const BOUNDED: &str = "litellm_settings:
  upperbound_key_generate_params: {max_budget: 10, budget_duration: 30d, duration: 90d, rpm_limit: 100}
";

async fn with_config(yaml: &str) -> TestApp {
    TestApp::builder().config(yaml).start().await
}

async fn person(app: &TestApp, id: &str) -> Client {
    add_user(app, id, None, UserRole::InternalUser, id).await;
    app.sign_in(id, id).await
}

async fn refused(client: &Client, path: &str, body: Value, status: u16) -> (Option<String>, String) {
    let (_, param, message) = client.post(path, body).expect_status(status).await.error();
    (param, message)
}

#[tokio::test]
async fn the_gateways_bounds_hold_for_everybody_and_fill_what_is_left_out() {
    let app = with_config(BOUNDED).await;
    let ada = person(&app, "ada").await;
    for client in [&*app, &ada] {
        let made: KeyCreated = client.post("/key/generate", json!({})).expect_status(200).await.json();
        assert_eq!(made.view.max_budget, Some(NanoUsd(10_000_000_000)));
        assert_eq!((made.view.budget_duration.as_deref(), made.view.rpm_limit), (Some("30d"), Some(100)));
        assert_eq!(made.view.expires, Some(app.app.clock.now() + chrono::TimeDelta::days(90)));
        for (body, field, bound) in [
            (json!({"max_budget": 11}), "max_budget", "at most 10 US dollars in 30d"),
            (json!({"max_budget": 10, "budget_duration": "1d"}), "max_budget", "US dollars in 30d"),
            (json!({"budget_duration": "60d"}), "budget_duration", "at most 30d"),
            (json!({"duration": "91d"}), "duration", "at most 90d"),
            (json!({"rpm_limit": 101}), "rpm_limit", "at most 100"),
        ] {
            let (param, message) = refused(client, "/key/generate", body.clone(), 400).await;
            assert_eq!(param.as_deref(), Some(field), "{body}: {message}");
            let whose = "upperbound_key_generate_params of the gateway";
            assert!(message.contains(whose) && message.contains(bound), "{message}");
        }
        let key = made.view.token;
        for (body, field) in [
            (json!({"key": key, "max_budget": 11}), "max_budget"),
            (json!({"key": key, "max_budget": null}), "max_budget"),
            (json!({"key": key, "duration": null}), "duration"),
            (json!({"key": key, "rpm_limit": null}), "rpm_limit"),
        ] {
            let (param, message) = refused(client, "/key/update", body.clone(), 400).await;
            assert_eq!(param.as_deref(), Some(field), "{body}: {message}");
        }
        client.post("/key/update", json!({"key": key, "max_budget": 2, "rpm_limit": 5})).expect_status(200).await;
        client.post("/key/update", json!({"key": key, "max_budget": 9, "rpm_limit": 90})).expect_status(200).await;
        let (param, _) = refused(client, "/key/regenerate", json!({"key": key, "max_budget": 11}), 400).await;
        assert_eq!(param.as_deref(), Some("max_budget"));
    }
}

#[tokio::test]
async fn a_key_gets_the_defaults_that_it_says_nothing_of() {
    let app = with_config(
        "litellm_settings:
  default_key_generate_params: {max_budget: 1.5, models: [small], tags: [new], duration: 7d, metadata: {from: config}}
",
    )
    .await;
    let made = generate(&app, json!({"max_budget": 3})).await;
    assert_eq!((made.view.max_budget, made.view.models), (Some(NanoUsd(3_000_000_000)), vec!["small".to_owned()]));
    assert_eq!((&made.view.other["tags"], &made.view.metadata["from"]), (&json!(["new"]), &json!("config")));
    assert_eq!(made.view.expires, Some(app.app.clock.now() + chrono::TimeDelta::days(7)));
}

#[tokio::test]
async fn an_owner_does_not_lift_what_others_set_where_nothing_bounds_it() {
    let app = TestApp::start().await;
    let ada = person(&app, "ada").await;
    let body = json!({"user_id": "ada", "max_budget": 5, "budget_duration": "30d", "rpm_limit": 10, "models": ["a"],
                      "duration": "30d", "model_rpm_limit": {"a": 5}});
    let key = generate(&app, body).await.view.token;
    for (body, field) in [
        (json!({"max_budget": 6}), "max_budget"),
        (json!({"max_budget": null}), "max_budget"),
        (json!({"budget_duration": "1d"}), "max_budget"),
        (json!({"rpm_limit": 11}), "rpm_limit"),
        (json!({"models": []}), "models"),
        (json!({"models": ["a", "b"]}), "models"),
        (json!({"duration": "31d"}), "duration"),
        (json!({"duration": null}), "duration"),
        (json!({"temp_budget_increase": 1, "temp_budget_expiry": "2027-01-01T00:00:00Z"}), "max_budget"),
    ] {
        let mut body = body;
        body["key"] = json!(key);
        let (param, message) = refused(&ada, "/key/update", body.clone(), 400).await;
        assert_eq!(param.as_deref(), Some(field), "{body}: {message}");
        assert!(message.contains("what the key has now"), "{message}");
    }
    for body in [json!({"model_rpm_limit": null}), json!({"budget_id": "big"})] {
        let mut body = body;
        body["key"] = json!(key);
        refused(&ada, "/key/update", body, 403).await;
    }
    let narrower =
        json!({"key": key, "max_budget": 4, "rpm_limit": 9, "tpm_limit": 5, "duration": "1d", "key_alias": "x"});
    ada.post("/key/update", narrower).expect_status(200).await;
    app.post("/key/update", json!({"key": key, "max_budget": 100, "models": []})).expect_status(200).await;
}

#[tokio::test]
async fn an_owner_grants_no_more_than_they_have() {
    let app = TestApp::start().await;
    let ada = person(&app, "ada").await;
    app.post("/user/update", json!({"user_id": "ada", "max_budget": 20, "models": ["a", "b"]}))
        .expect_status(200)
        .await;
    let made: KeyCreated =
        ada.post("/key/generate", json!({"max_budget": 5, "models": ["a"]})).expect_status(200).await.json();
    let key = made.view.token;
    ada.post("/key/update", json!({"key": key, "max_budget": 20, "models": ["a", "b"]})).expect_status(200).await;
    for (body, field) in
        [(json!({"key": key, "max_budget": 21}), "max_budget"), (json!({"key": key, "models": ["c"]}), "models")]
    {
        let (param, message) = refused(&ada, "/key/update", body, 400).await;
        assert_eq!(param.as_deref(), Some(field));
        assert!(message.contains("what the user ada has"), "{message}");
    }
}

#[tokio::test]
async fn a_team_lead_makes_keys_of_the_team_within_what_it_has() {
    let app = TestApp::start().await;
    let (lead, member, stranger) =
        (person(&app, "lead").await, person(&app, "member").await, person(&app, "stranger").await);
    let team = json!({"team_id": "t", "admins": ["lead"], "members": ["member"], "models": ["a", "b"], "max_budget": 50,
                      "budget_duration": "30d", "rpm_limit": 100,
                      "key_generation_settings": {"max_budget": 10, "budget_duration": "30d", "models": ["a"]}});
    new_team(&app, team).await;

    let made: KeyCreated = lead
        .post("/key/generate", json!({"team_id": "t", "user_id": "member", "rpm_limit": 100}))
        .expect_status(200)
        .await
        .json();
    assert_eq!(made.view.user_id.as_deref(), Some("member"));
    assert_eq!((made.view.max_budget, made.view.models), (Some(NanoUsd(10_000_000_000)), vec!["a".to_owned()]));
    let robot: KeyCreated =
        lead.post("/key/service-account/generate", json!({"team_id": "t"})).expect_status(200).await.json();
    assert_eq!(robot.view.user_id, None);
    for (body, field, whose) in [
        (json!({"max_budget": 11}), "max_budget", "key_generation_settings of the team t"),
        (json!({"models": ["b"]}), "models", "key_generation_settings of the team t"),
        (json!({"rpm_limit": 101}), "rpm_limit", "what the team t has"),
        (json!({"user_id": "stranger"}), "user_id", "a member of the team t"),
        (json!({"organization_id": "o"}), "organization_id", "the team's organization"),
    ] {
        let mut body = body;
        body["team_id"] = json!("t");
        let (param, message) = refused(&lead, "/key/generate", body, 400).await;
        assert_eq!(param.as_deref(), Some(field), "{message}");
        assert!(message.contains(whose), "{message}");
    }
    // Members do not make the team's keys unless somebody says so; for strangers the team is not there.
    let (param, message) = refused(&member, "/key/generate", json!({"team_id": "t"}), 403).await;
    assert_eq!(param.as_deref(), Some("team_id"));
    assert!(message.contains("allowed") || message.contains("role"), "{message}");
    refused(&stranger, "/key/generate", json!({"team_id": "t"}), 404).await;
    refused(&stranger, "/key/generate", json!({"team_id": "nowhere"}), 404).await;
    let settings = json!({"allowed_team_member_roles": ["admin", "user"], "required_params": ["key_alias"]});
    let (param, _) =
        refused(&lead, "/team/update", json!({"team_id": "t", "key_generation_settings": settings}), 403).await;
    assert_eq!(param.as_deref(), Some("key_generation_settings"));
    app.post("/team/update", json!({"team_id": "t", "key_generation_settings": settings})).expect_status(200).await;
    let (param, _) = refused(&member, "/key/generate", json!({"team_id": "t"}), 400).await;
    assert_eq!(param.as_deref(), Some("key_alias"));
    member.post("/key/generate", json!({"team_id": "t", "key_alias": "mine"})).expect_status(200).await;
    let others = json!({"team_id": "t", "key_alias": "hers", "user_id": "lead"});
    assert_eq!(refused(&member, "/key/generate", others, 403).await.0.as_deref(), Some("user_id"));
    refused(&member, "/key/service-account/generate", json!({"team_id": "t", "key_alias": "r"}), 403).await;
}

#[tokio::test]
async fn who_makes_keys_of_their_own_can_be_said() {
    let app = with_config(
        "litellm_settings:
  key_generation_settings:
    personal_key_generation: {allowed_user_roles: [proxy_admin]}
    team_key_generation: {allowed_team_member_roles: [user], required_params: [tags]}
",
    )
    .await;
    let ada = person(&app, "ada").await;
    let (_, message) = refused(&ada, "/key/generate", json!({}), 403).await;
    assert!(message.contains("personal_key_generation") && message.contains("internal_user"), "{message}");
    new_team(&app, json!({"team_id": "t", "members": ["ada"]})).await;
    refused(&ada, "/key/generate", json!({"team_id": "t"}), 400).await;
    ada.post("/key/generate", json!({"team_id": "t", "tags": ["a"]})).expect_status(200).await;
    app.post("/key/generate", json!({})).expect_status(200).await;
}

#[tokio::test]
async fn bounds_are_told_beforehand() {
    let app = with_config(BOUNDED).await;
    let ada = person(&app, "ada").await;
    let own: KeyBounds = ada.get("/key/bounds").expect_status(200).await.json();
    assert!(own.may_create && own.refusal.is_none());
    let shown: Vec<_> = own.bounds.iter().map(|bound| (bound.field.as_str(), bound.must_be_set)).collect();
    assert_eq!(shown, [("max_budget", true), ("budget_duration", true), ("duration", true), ("rpm_limit", true)]);
    let other: KeyBounds = ada.get("/key/bounds?team_id=t").expect_status(200).await.json();
    assert_eq!((other.may_create, other.refusal.as_deref()), (false, Some("Team not found.")));
    new_team(&app, json!({"team_id": "t", "admins": ["ada"], "max_budget": 5})).await;
    let team: KeyBounds = ada.get("/key/bounds?team_id=t").expect_status(200).await.json();
    assert!(team.bounds.iter().any(|bound| bound.whose == "what the team t has" && !bound.must_be_set));
    let key = app.new_key(json!({})).await;
    app.bearer(&key).get("/key/bounds").expect_status(403).await;
}

#[tokio::test]
async fn settings_that_are_none_are_refused() {
    let app = TestApp::start().await;
    for (settings, place) in [
        (json!({"max_budget": -1}), "max_budget"),
        (json!({"duration": "soon"}), "duration"),
        (json!({"allowed_team_member_roles": ["boss"]}), "allowed_team_member_roles"),
        (json!({"max_budgets": 1}), "max_budgets"),
    ] {
        let body = json!({"team_id": "t", "key_generation_settings": settings});
        let (_, message) = refused(&app, "/team/new", body, 400).await;
        assert!(message.contains(place), "{message}");
        let body = json!({"organization_alias": "o", "key_generation_settings": settings});
        refused(&app, "/organization/new", body, 400).await;
    }
}
