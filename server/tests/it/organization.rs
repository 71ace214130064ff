//! Organizations.

mod member;

use reqwest::Method;
use serde_json::{Value, json};
use tollgate_openapi::key::{KeyCreated, KeyInfo};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::organization::{OrganizationInfo, OrganizationView};
use tollgate_openapi::session::UserRole;
use tollgate_openapi::team::TeamInfo;

use crate::budget::small;
use crate::chat::CHAT;
use crate::kit::{Call, Client, FakeUpstream, TestApp};
use crate::session::add_user;
use crate::team::new_team;

async fn new_organization(app: &TestApp, body: Value) -> OrganizationView {
    app.post("/organization/new", body).expect_status(200).await.json()
}

async fn info(app: &TestApp, id: &str) -> OrganizationView {
    let path = format!("/organization/info?organization_id={id}");
    app.get(&path).expect_status(200).await.json::<OrganizationInfo>().organization
}

fn update(client: &Client, body: &Value) -> Call {
    client.call(Method::PATCH, "/organization/update", Some(body.to_string()))
}

fn delete(client: &Client, ids: &[&str]) -> Call {
    client.call(Method::DELETE, "/organization/delete", Some(json!({"organization_ids": ids}).to_string()))
}

#[tokio::test]
async fn an_organization_is_made_changed_and_shown() {
    let app = TestApp::start().await;
    let made = new_organization(
        &app,
        json!({"organization_id": "acme", "organization_alias": "Acme", "timezone": "Asia/Tokyo", "max_budget": 50,
               "budget_duration": "1d", "models": ["gpt"], "metadata": {"a": 1}, "tpd_limit": 9}),
    )
    .await;
    assert_eq!((made.organization_alias.as_str(), made.timezone.as_deref()), ("Acme", Some("Asia/Tokyo")));
    assert_eq!(made.standing.budget_reset_at.unwrap().to_string(), "2026-11-21 15:00:00 UTC", "midnight in Tokyo");
    assert_eq!((made.limits.max_budget, made.other["tpd_limit"].clone()), (Some(NanoUsd(50_000_000_000)), json!(9)));
    new_team(&app, json!({"team_id": "t", "organization_id": "acme"})).await;
    assert_eq!(info(&app, "acme").await.teams, ["t"]);

    let body = json!({"organization_id": "acme", "organization_alias": "Acme Ltd", "timezone": null, "models": null,
                      "max_budget": null, "tpd_limit": null});
    let changed: OrganizationView = update(&app, &body).expect_status(200).await.json();
    assert_eq!((changed.organization_alias.as_str(), changed.timezone.clone()), ("Acme Ltd", None));
    assert_eq!((changed.limits.max_budget, changed.limits.budget_duration.as_deref()), (None, Some("1d")));
    assert!(changed.models.is_empty() && changed.other.is_empty() && changed.metadata["a"] == 1);
    assert_eq!(changed.standing.budget_reset_at.unwrap().to_string(), "2026-11-22 00:00:00 UTC");
    assert_eq!(info(&app, "acme").await, changed);

    new_organization(&app, json!({"organization_alias": "Globex"})).await;
    let page = app.get("/organization/list?page_size=1").expect_status(200).await;
    assert_eq!((page.header("x-total-count"), page.json::<Vec<OrganizationView>>().len()), ("2", 1));
    for query in ["org_id=acme", "org_alias=ACME", "search=me%20L", "search=cm"] {
        let found: Vec<OrganizationView> =
            app.get(&format!("/organization/list?{query}")).expect_status(200).await.json();
        assert_eq!((found.len(), found[0].organization_id.as_str()), (1, "acme"));
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let app = TestApp::start().await;
    new_organization(&app, json!({"organization_id": "o", "organization_alias": "O"})).await;
    for (body, place) in [
        (json!({}), "body.organization_alias"),
        (json!({"organization_alias": "x", "max_budget": "ten"}), "body.max_budget"),
        (json!({"organization_alias": "x", "timezon": "UTC"}), "body.timezon"),
    ] {
        assert_eq!(app.post("/organization/new", &body).expect_status(422).await.problems(), [place], "{body}");
    }
    for (body, field) in [
        (json!({"organization_alias": "x", "timezone": "Mars/Olympus"}), "timezone"),
        (json!({"organization_alias": "x", "max_budget": -1}), "max_budget"),
        (json!({"organization_alias": "x", "budget_id": "none"}), "budget_id"),
        (json!({"organization_alias": "x", "organization_id": "o"}), "organization_id"),
        (json!({"organization_alias": " "}), "organization_alias"),
    ] {
        let (_, param, message) = app.post("/organization/new", &body).expect_status(400).await.error();
        assert_eq!(param.as_deref(), Some(field), "{message}");
    }
    update(&app, &json!({"organization_id": "none"})).expect_status(404).await;
    update(&app, &json!({"organization_id": "o", "timezone": "Mars"})).expect_status(400).await;
    delete(&app, &["none"]).expect_status(404).await;
    app.get("/organization/info?organization_id=none").expect_status(404).await;
}

#[tokio::test]
async fn another_calendar_takes_along_what_was_spent() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let daily = json!({"organization_id": "o", "organization_alias": "O", "max_budget": 1, "budget_duration": "1d"});
    new_organization(&app, daily).await;
    let limits = json!({"max_budget": 1, "budget_duration": "1d"});
    let with = |mut body: Value| {
        body.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
        body
    };
    new_team(&app, with(json!({"team_id": "t", "organization_id": "o"}))).await;
    let member = with(json!({"team_id": "t", "member": {"user_id": "ada"}}));
    app.post("/team/member_add", member).expect_status(200).await;
    app.post("/user/update", with(json!({"user_id": "ada"}))).expect_status(200).await;
    let in_team = with(json!({"team_id": "t", "user_id": "ada"}));
    let key: KeyCreated = app.post("/key/generate", in_team).expect_status(200).await.json();
    app.bearer(&key.key).post(CHAT, small()).expect_status(200).await;
    app.settled().await;

    let standings = async || {
        let team: TeamInfo = app.get("/team/info?team_id=t").expect_status(200).await.json();
        let user = app.get("/user/info?user_id=ada").expect_status(200).await.value();
        let key: KeyInfo = app.get(&format!("/key/info?key={}", key.key)).expect_status(200).await.json();
        let user = (user["user_info"]["spend"].clone(), user["user_info"]["budget_reset_at"].clone());
        let of = |spend: NanoUsd, at: Option<chrono::DateTime<chrono::Utc>>| (json!(spend), json!(at));
        let organization = info(&app, "o").await.standing;
        let (team, member) = (team.team_info.standing, team.team_memberships[0].standing.clone());
        [
            of(organization.spend, organization.budget_reset_at),
            of(team.spend, team.budget_reset_at),
            of(member.spend, member.budget_reset_at),
            of(key.info.spend, key.info.budget_reset_at),
            user,
        ]
    };
    let spent = |at: &str| std::array::from_fn(|_| (json!(0.00005), json!(at)));
    assert_eq!(standings().await, spent("2026-11-22T00:00:00Z"));
    let tokyo = json!({"organization_id": "o", "timezone": "Asia/Tokyo"});
    update(&app, &tokyo).expect_status(200).await;
    assert_eq!(standings().await, spent("2026-11-21T15:00:00Z"));
    app.bearer(&key.key).post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    assert_eq!(info(&app, "o").await.standing.spend, NanoUsd(100_000), "and calls are charged there");
}

#[tokio::test]
async fn an_organization_goes_with_its_teams_and_keys() {
    let app = TestApp::start().await;
    new_organization(&app, json!({"organization_id": "o", "organization_alias": "O", "max_budget": 5})).await;
    new_team(&app, json!({"team_id": "t", "organization_id": "o", "members": ["ada"]})).await;
    let in_team = app.new_key(json!({"team_id": "t"})).await;
    let own = app.new_key(json!({"organization_id": "o"})).await;
    let other = app.new_key(json!({"user_id": "ada"})).await;
    let gone: Vec<OrganizationView> = delete(&app, &["o"]).expect_status(200).await.json();
    assert_eq!((gone[0].organization_id.as_str(), gone[0].teams.clone()), ("o", vec!["t".to_owned()]));
    for key in [&in_team, &own] {
        app.bearer(key).get("/v1/models").expect_status(401).await;
    }
    app.bearer(&other).get("/v1/models").expect_status(200).await;
    app.get("/team/info?team_id=t").expect_status(404).await;
    app.get("/organization/info?organization_id=o").expect_status(404).await;
}

#[tokio::test]
async fn the_organizations_budget_refuses_calls_until_it_is_raised() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let body = json!({"organization_id": "o", "organization_alias": "Acme", "max_budget": 0.00006});
    new_organization(&app, body).await;
    let client = app.bearer(&app.new_key(json!({"organization_id": "o"})).await);
    while client.post(CHAT, small()).send().await.status == 200 {
        app.settled().await;
    }
    let (kind, _, message) = client.post(CHAT, small()).expect_status(400).await.error();
    assert_eq!(kind, "budget_exceeded");
    assert!(message.contains("Acme"), "{message}");
    update(&app, &json!({"organization_id": "o", "max_budget": 1})).expect_status(200).await;
    client.post(CHAT, small()).expect_status(200).await;
}

#[tokio::test]
async fn only_administrators_touch_organizations() {
    let app = TestApp::start().await;
    new_organization(&app, json!({"organization_id": "o", "organization_alias": "O"})).await;
    add_user(&app, "viewer", None, UserRole::ProxyAdminViewer, "v").await;
    add_user(&app, "ada", None, UserRole::InternalUser, "a").await;
    let key = app.bearer(&app.new_key(json!({"organization_id": "o"})).await);
    let (viewer, ada) = (app.sign_in("viewer", "v").await, app.sign_in("ada", "a").await);
    viewer.get("/organization/list").expect_status(200).await;
    viewer.get("/organization/info?organization_id=o").expect_status(200).await;
    // What one may not see does not exist; a key learns nothing of what there is.
    for (client, status) in [(&viewer, 403), (&ada, 404), (&key, 403)] {
        client.post("/organization/new", json!({"organization_alias": "x"})).expect_status(403).await;
        update(client, &json!({"organization_id": "o"})).expect_status(status).await;
        delete(client, &["o"]).expect_status(status).await;
    }
    assert_eq!(ada.get("/organization/list").expect_status(200).await.value(), json!([]));
    ada.get("/organization/info?organization_id=o").expect_status(404).await;
    key.get("/organization/list").expect_status(403).await;
    key.get("/organization/info?organization_id=o").expect_status(403).await;
    app.nobody().get("/organization/list").expect_status(401).await;
}
