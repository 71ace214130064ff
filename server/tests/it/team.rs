//! Teams and their members.

mod access;
mod member;

use serde_json::{Value, json};
use tollgate_openapi::key::KeyCreated;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::team::{MemberRole, TeamInfo, TeamPage, TeamUpdated, TeamView, TeamsDeleted};

use crate::budget::small;
use crate::chat::CHAT;
use crate::kit::{FakeUpstream, TestApp};
use crate::scope::add_organization;

pub(crate) async fn new_team(app: &TestApp, body: Value) -> TeamView {
    app.post("/team/new", body).expect_status(200).await.json()
}

async fn info(app: &TestApp, team_id: &str) -> TeamInfo {
    app.get(&format!("/team/info?team_id={team_id}")).expect_status(200).await.json()
}

#[tokio::test]
async fn a_team_is_made_changed_and_shown() {
    let app = TestApp::start().await;
    add_organization(&app, "acme", None).await;
    let made = new_team(
        &app,
        json!({"team_id": "shop", "team_alias": "The shop", "organization_id": "acme", "models": ["gpt-4o"],
               "metadata": {"floor": 2}, "tags": ["prod"], "max_budget": 100, "soft_budget": 80,
               "budget_duration": "1mo", "rpm_limit": 60, "model_tpm_limit": {"gpt-4o": 1000},
               "members_with_roles": [{"role": "admin", "user_email": "Ada@Example.com"}], "members": ["bob"]}),
    )
    .await;
    assert_eq!((made.team_id.as_str(), made.team_alias.as_deref()), ("shop", Some("The shop")));
    assert_eq!(made.limits.max_budget, Some(NanoUsd(100_000_000_000)));
    assert_eq!(made.limits.model_tpm_limit["gpt-4o"], 1000);
    assert_eq!(made.standing.budget_reset_at.unwrap().to_string(), "2026-12-01 00:00:00 UTC");
    assert_eq!(made.standing.litellm_budget_table.as_ref().unwrap().limits, made.limits);
    assert_eq!((made.members_count, made.other["tags"].clone()), (2, json!(["prod"])));
    let admin = made.members_with_roles.iter().find(|member| member.role == MemberRole::Admin).unwrap();
    assert_eq!(admin.user_email.as_deref(), Some("ada@example.com"));
    let shown = info(&app, "shop").await;
    assert_eq!((shown.team_info, shown.team_memberships.len()), (made, 2));

    let body = json!({"team_id": "shop", "team_alias": null, "models": null, "max_budget": 200, "soft_budget": null,
                      "budget_duration": null, "model_tpm_limit": null, "tags": null, "organization_id": null});
    let changed: TeamUpdated = app.post("/team/update", body).expect_status(200).await.json();
    assert_eq!((changed.team_id.as_str(), changed.data.team_alias.as_deref()), ("shop", None));
    assert!(changed.data.models.is_empty() && changed.data.other.is_empty());
    assert_eq!(changed.data.organization_id, None);
    let limits = &changed.data.limits;
    assert_eq!((limits.max_budget, limits.soft_budget), (Some(NanoUsd(200_000_000_000)), None));
    assert_eq!((limits.rpm_limit, changed.data.standing.budget_reset_at), (Some(60), None), "what was not sent stays");
    assert_eq!(changed.data.metadata["floor"], 2);
    assert_eq!(info(&app, "shop").await.team_info, changed.data);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    new_team(&app, json!({"team_id": "t", "max_budget": 5})).await;
    for (body, place) in [
        (json!({"max_budget": "ten"}), "body.max_budget"),
        (json!({"teem_alias": "x"}), "body.teem_alias"),
        (json!({"team_member_budget": 5}), "body.team_member_budget"),
        (json!({"members_with_roles": [{"role": "owner", "user_id": "a"}]}), "body.members_with_roles.0.role"),
        (json!({"tags": "prod"}), "body.tags"),
        (json!({"model_max_budget": {"gpt": "much"}}), "body.model_max_budget.gpt"),
    ] {
        assert_eq!(app.post("/team/new", &body).expect_status(422).await.problems(), [place], "{body}");
    }
    for (body, field) in [
        (json!({"max_budget": -1}), "max_budget"),
        (json!({"max_budget": 5, "soft_budget": 5}), "soft_budget"),
        (json!({"budget_duration": "soon"}), "budget_duration"),
        (json!({"budget_id": "none"}), "budget_id"),
        (json!({"organization_id": "none"}), "organization_id"),
        (json!({"team_id": "t"}), "team_id"),
        (json!({"team_id": "a/b"}), "team_id"),
        (json!({"members_with_roles": [{"role": "user"}]}), "user_id"),
    ] {
        let (_, param, message) = app.post("/team/new", &body).expect_status(400).await.error();
        assert_eq!(param.as_deref(), Some(field), "{message}");
    }
    let update =
        |field: &str, value: Value| app.post("/team/update", json!({"team_id": "t", "rpm_limit": 7, field: value}));
    update("soft_budget", json!(6)).expect_status(400).await;
    update("organization_id", json!("none")).expect_status(400).await;
    update("members", json!(["ada"])).expect_status(422).await;
    app.post("/team/update", json!({"team_id": "none"})).expect_status(404).await;
    app.get("/team/info?team_id=none").expect_status(404).await;
    app.post("/team/block", json!({"team_id": "none"})).expect_status(404).await;
    let teams = app.get("/team/list").expect_status(200).await;
    assert_eq!(teams.header("x-total-count"), "1");
    assert_eq!(teams.json::<Vec<TeamView>>()[0].limits.rpm_limit, None);
}

#[tokio::test]
async fn teams_are_listed_and_searched_in_pages() {
    let app = TestApp::start().await;
    add_organization(&app, "acme", None).await;
    new_team(&app, json!({"team_id": "one", "team_alias": "Été 100%", "organization_id": "acme"})).await;
    for id in ["two", "three"] {
        new_team(&app, json!({"team_id": id, "members": ["ada"]})).await;
    }
    app.new_key(json!({"team_id": "two"})).await;
    let page: TeamPage = app.get("/v2/team/list?page=1&page_size=2").expect_status(200).await.json();
    assert_eq!((page.teams.len(), page.total, page.total_pages), (2, 3, 2));
    let ids = async |query: &str| {
        let answer = app.get(&format!("/team/list?{query}")).expect_status(200).await;
        let mut ids: Vec<String> = answer.json::<Vec<TeamView>>().into_iter().map(|team| team.team_id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids("organization_id=acme").await, ["one"]);
    assert_eq!(ids("user_id=ada").await, ["three", "two"]);
    assert_eq!(ids("search=0%25").await, ["one"]);
    assert_eq!(ids("search=T").await, ["one", "three", "two"]);
    assert_eq!(ids("team_alias=t").await, ["one"]);
    let two: Vec<TeamView> = app.get("/team/list?team_id=two").expect_status(200).await.json();
    assert_eq!((two[0].members_count, two[0].keys_count), (1, 1));
}

#[tokio::test]
async fn a_team_goes_with_its_keys_and_memberships() {
    let app = TestApp::start().await;
    new_team(&app, json!({"team_id": "t", "max_budget": 5, "members": ["ada", "bob"]})).await;
    new_team(&app, json!({"team_id": "other"})).await;
    let key: KeyCreated =
        app.post("/key/generate", json!({"team_id": "t", "user_id": "ada"})).expect_status(200).await.json();
    let free = app.new_key(json!({"team_id": "t"})).await;
    let stays = app.new_key(json!({"team_id": "other"})).await;
    app.post("/team/delete", json!({"team_ids": ["t", "none"]})).expect_status(404).await;
    app.bearer(&free).get("/v1/models").expect_status(200).await;

    let gone: TeamsDeleted = app.post("/team/delete", json!({"team_ids": ["t"]})).expect_status(200).await.json();
    assert_eq!((gone.deleted_teams, gone.deleted_keys), (vec!["t".to_owned()], 2));
    for key in [&key.key, &free] {
        app.bearer(key).get("/v1/models").expect_status(401).await;
    }
    app.bearer(&stays).get("/v1/models").expect_status(200).await;
    app.get("/team/info?team_id=t").expect_status(404).await;
    let again = new_team(&app, json!({"team_id": "t"})).await;
    assert_eq!((again.members_count, again.keys_count, again.limits.max_budget), (0, 0, None));
}

#[tokio::test]
async fn what_the_team_spent_counts_on_in_another_window_and_calendar() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    add_organization(&app, "tokyo", Some("Asia/Tokyo")).await;
    new_team(&app, json!({"team_id": "t", "max_budget": 1, "budget_duration": "1d", "members": ["ada"]})).await;
    let member = json!({"team_id": "t", "user_id": "ada", "max_budget_in_team": 1, "budget_duration": "1d"});
    app.post("/team/member_update", member).expect_status(200).await;
    let body = json!({"team_id": "t", "user_id": "ada", "max_budget": 1, "budget_duration": "1d"});
    let key: KeyCreated = app.post("/key/generate", body).expect_status(200).await.json();
    app.bearer(&key.key).post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    let spent = NanoUsd(50_000);
    let shown = info(&app, "t").await;
    assert_eq!((shown.team_info.standing.spend, shown.team_info.standing.total_spend), (spent, spent));
    let member = &shown.team_memberships[0].standing;
    assert_eq!((member.spend, member.total_spend, shown.keys[0].spend), (spent, spent, spent));
    assert_eq!(member.budget_reset_at.unwrap().to_string(), "2026-11-22 00:00:00 UTC");

    app.post("/team/update", json!({"team_id": "t", "organization_id": "tokyo"})).expect_status(200).await;
    let shown = info(&app, "t").await;
    for limited in [&shown.team_info.standing, &shown.team_memberships[0].standing] {
        assert_eq!(limited.budget_reset_at.unwrap().to_string(), "2026-11-21 15:00:00 UTC", "midnight in Tokyo");
        assert_eq!((limited.spend, limited.total_spend), (spent, spent));
    }
    assert_eq!(shown.keys[0].budget_reset_at.unwrap().to_string(), "2026-11-21 15:00:00 UTC");
    assert_eq!(shown.keys[0].spend, spent);

    app.post("/team/update", json!({"team_id": "t", "budget_duration": "1mo"})).expect_status(200).await;
    let team = info(&app, "t").await.team_info.standing;
    assert_eq!((team.spend, team.budget_reset_at.unwrap().to_string().as_str()), (spent, "2026-11-30 15:00:00 UTC"));
}

#[tokio::test]
async fn the_teams_budget_refuses_calls_until_it_is_raised() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    new_team(&app, json!({"team_id": "t", "team_alias": "shop", "max_budget": 0.00006})).await;
    let client = app.bearer(&app.new_key(json!({"team_id": "t"})).await);
    while client.post(CHAT, small()).send().await.status == 200 {
        app.settled().await;
    }
    let (kind, _, message) = client.post(CHAT, small()).expect_status(400).await.error();
    assert_eq!(kind, "budget_exceeded");
    assert!(message.contains("shop"), "{message}");
    app.post("/team/update", json!({"team_id": "t", "max_budget": 1})).expect_status(200).await;
    client.post(CHAT, small()).expect_status(200).await;

    app.post("/team/block", json!({"team_id": "t"})).expect_status(200).await;
    client.post(CHAT, small()).expect_status(401).await;
    let team: TeamView = app.post("/team/unblock", json!({"team_id": "t"})).expect_status(200).await.json();
    assert!(!team.blocked);
    client.post(CHAT, small()).expect_status(200).await;
}
