//! Members of teams, and their limits within.

use serde_json::json;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::team::{MemberRole, MembersAdded, TeamMembership, TeamView};

use super::new_team;
use crate::budget::small;
use crate::chat::CHAT;
use crate::kit::{FakeUpstream, TestApp};

#[tokio::test]
async fn members_join_change_and_leave() {
    let app = TestApp::start().await;
    new_team(&app, json!({"team_id": "t"})).await;
    let body = json!({"team_id": "t", "member": {"role": "user", "user_id": "ada"}, "max_budget_in_team": 20,
                      "budget_duration": "1mo", "rpm_limit": 5, "allowed_models": ["gpt"]});
    let added: MembersAdded = app.post("/team/member_add", body).expect_status(200).await.json();
    assert_eq!((added.team.members_count, added.updated_users[0].user_id.as_str()), (1, "ada"));
    let membership = &added.updated_team_memberships[0];
    assert_eq!(membership.limits.max_budget, Some(NanoUsd(20_000_000_000)));
    assert_eq!((membership.limits.rpm_limit, membership.other["allowed_models"][0].as_str()), (Some(5), Some("gpt")));
    app.get("/user/info?user_id=ada").expect_status(200).await;

    let both =
        json!({"team_id": "t", "member": [{"user_email": "Bob@example.com"}, {"user_id": "eve", "role": "admin"}]});
    let added: MembersAdded = app.post("/team/member_add", both).expect_status(200).await.json();
    assert_eq!((added.team.members_count, added.updated_users.len()), (3, 2));

    let again = json!({"team_id": "t", "member": [{"user_id": "new"}, {"user_email": "bob@EXAMPLE.com"}]});
    let (kind, param, _) = app.post("/team/member_add", again).expect_status(400).await.error();
    assert_eq!((kind.as_str(), param.as_deref()), ("team_member_already_in_team", Some("user_id")));
    app.get("/user/info?user_id=new").expect_status(404).await;

    let patch = json!({"team_id": "t", "user_id": "ada", "role": "admin", "max_budget_in_team": null, "tpm_limit": 9,
                       "allowed_models": null});
    let member: TeamMembership = app.post("/team/member_update", patch).expect_status(200).await.json();
    assert_eq!((member.role, member.limits.max_budget), (MemberRole::Admin, None));
    assert_eq!((member.limits.rpm_limit, member.limits.tpm_limit), (Some(5), Some(9)));
    assert!(member.other.is_empty());

    let key = app.new_key(json!({"team_id": "t", "user_id": "ada"})).await;
    let own = app.new_key(json!({"user_id": "ada"})).await;
    let team: TeamView =
        app.post("/team/member_delete", json!({"team_id": "t", "user_id": "ada"})).expect_status(200).await.json();
    assert_eq!(team.members_count, 2);
    app.bearer(&key).get("/v1/models").expect_status(401).await;
    app.bearer(&own).get("/v1/models").expect_status(200).await;
    app.post("/team/member_delete", json!({"team_id": "t", "user_id": "ada"})).expect_status(400).await;
    app.post("/team/member_delete", json!({"team_id": "t", "user_email": "bob@example.com"})).expect_status(200).await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let app = TestApp::start().await;
    new_team(&app, json!({"team_id": "t", "members": ["ada"]})).await;
    for (body, place) in [
        (json!({"team_id": "t"}), "body.member"),
        (json!({"team_id": "t", "member": {"user_id": "b"}, "max_budget": "ten"}), "body.max_budget"),
        (json!({"team_id": "t", "member": {"user_id": "b"}, "max_budget_in_teem": 1}), "body.max_budget_in_teem"),
    ] {
        assert_eq!(app.post("/team/member_add", &body).expect_status(422).await.problems(), [place], "{body}");
    }
    for (body, field) in [
        (json!({"team_id": "t", "member": {"user_id": "b"}, "max_budget_in_team": -1}), "max_budget_in_team"),
        (
            json!({"team_id": "t", "member": {"user_id": "b"}, "max_budget_in_team": 1, "max_budget": 1}),
            "max_budget_in_team",
        ),
        (json!({"team_id": "t", "member": {"user_id": "b"}, "budget_id": "none"}), "budget_id"),
        (json!({"team_id": "t", "member": {"user_email": "nobody"}}), "member"),
        (json!({"team_id": "t", "member": []}), "member"),
        (json!({"team_id": "t", "member": {}}), "user_id"),
    ] {
        let (_, param, message) = app.post("/team/member_add", &body).expect_status(400).await.error();
        assert_eq!(param.as_deref(), Some(field), "{message}");
    }
    app.post("/team/member_add", json!({"team_id": "none", "member": {"user_id": "b"}})).expect_status(404).await;
    app.post("/team/member_update", json!({"team_id": "t", "user_id": "b"})).expect_status(400).await;
    app.post("/team/member_update", json!({"team_id": "t"})).expect_status(400).await;
}

#[tokio::test]
async fn a_members_budget_refuses_calls_until_it_is_raised() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    new_team(&app, json!({"team_id": "t"})).await;
    let body = json!({"team_id": "t", "member": {"user_id": "ada"}, "max_budget_in_team": 0});
    app.post("/team/member_add", body).expect_status(200).await;
    let client = app.bearer(&app.new_key(json!({"team_id": "t", "user_id": "ada"})).await);
    let other = app.bearer(&app.new_key(json!({"team_id": "t", "user_id": "bob"})).await);
    let (kind, _, message) = client.post(CHAT, small()).expect_status(400).await.error();
    assert_eq!(kind, "budget_exceeded");
    assert!(message.contains("ada in team t"), "{message}");
    other.post(CHAT, small()).expect_status(200).await;
    let body = json!({"team_id": "t", "user_id": "ada", "max_budget_in_team": 1});
    app.post("/team/member_update", body).expect_status(200).await;
    client.post(CHAT, small()).expect_status(200).await;
}
