//! Who may do what with teams.

use sea_orm::{EntityTrait, QueryOrder};
use serde_json::json;
use tollgate::db::audit::{Column, Entity, first_broken};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::session::UserRole;
use tollgate_openapi::team::{TeamInfo, TeamMembership, TeamView};

use super::new_team;
use crate::kit::{Client, TestApp};
use crate::session::add_user;

struct People {
    lead: Client,
    member: Client,
    stranger: Client,
    viewer: Client,
    key: Client,
}

async fn people(app: &TestApp) -> People {
    for (id, role) in [
        ("lead", UserRole::InternalUser),
        ("member", UserRole::InternalUser),
        ("stranger", UserRole::InternalUser),
        ("viewer", UserRole::ProxyAdminViewer),
    ] {
        add_user(app, id, None, role, id).await;
    }
    new_team(app, json!({"team_id": "t", "admins": ["lead"], "members": ["member"]})).await;
    new_team(app, json!({"team_id": "other", "admins": ["stranger"]})).await;
    People {
        lead: app.sign_in("lead", "lead").await,
        member: app.sign_in("member", "member").await,
        stranger: app.sign_in("stranger", "stranger").await,
        viewer: app.sign_in("viewer", "viewer").await,
        key: app.bearer(&app.new_key(json!({"team_id": "t"})).await),
    }
}

#[tokio::test]
async fn a_team_is_seen_by_its_members_and_by_administrators() {
    let app = TestApp::start().await;
    let people = people(&app).await;
    let teams = async |client: &Client| client.get("/team/list").expect_status(200).await.json::<Vec<TeamView>>().len();
    assert_eq!((teams(&people.lead).await, teams(&people.stranger).await, teams(&people.viewer).await), (1, 1, 2));
    let as_lead: TeamInfo = people.lead.get("/team/info?team_id=t").expect_status(200).await.json();
    let as_member: TeamInfo = people.member.get("/team/info?team_id=t").expect_status(200).await.json();
    assert_eq!((as_lead.team_memberships.len(), as_lead.keys.len()), (2, 1));
    assert_eq!((as_member.team_memberships.len(), as_member.keys.len()), (1, 0), "a member sees what is theirs");
    people.viewer.get("/team/info?team_id=t").expect_status(200).await;
    // What one may not see does not exist.
    people.stranger.get("/team/info?team_id=t").expect_status(404).await;
    let listed = people.stranger.get("/team/list?user_id=lead").expect_status(200).await;
    assert_eq!(listed.json::<Vec<TeamView>>().len(), 0);
    people.key.get("/team/info?team_id=t").expect_status(403).await;
    people.key.get("/team/list").expect_status(403).await;
    app.nobody().get("/team/list").expect_status(401).await;
}

#[tokio::test]
async fn a_team_admin_manages_members_and_their_parts_and_not_the_budget() {
    let app = TestApp::start().await;
    let People { lead, member, stranger, viewer, key } = people(&app).await;
    lead.post("/team/update", json!({"team_id": "t", "team_alias": "ours", "metadata": {"a": 1}}))
        .expect_status(200)
        .await;
    lead.post("/team/member_add", json!({"team_id": "t", "member": {"user_id": "stranger"}})).expect_status(200).await;
    lead.post("/team/member_update", json!({"team_id": "t", "user_id": "stranger", "role": "admin"}))
        .expect_status(200)
        .await;
    lead.post("/team/member_delete", json!({"team_id": "t", "user_id": "stranger"})).expect_status(200).await;
    lead.post("/team/member_add", json!({"team_id": "t", "member": {"user_id": "nobody"}})).expect_status(400).await;
    let add = json!({"team_id": "t", "member": {"user_id": "stranger"}, "max_budget_in_team": 4, "rpm_limit": 9});
    lead.post("/team/member_add", add).expect_status(200).await;
    let update = json!({"team_id": "t", "user_id": "stranger", "max_budget_in_team": 3});
    let now: TeamMembership = lead.post("/team/member_update", update).expect_status(200).await.json();
    assert_eq!((now.limits.max_budget.map(NanoUsd::to_usd), now.limits.rpm_limit), (Some(3.0), Some(9)));
    lead.post("/team/member_delete", json!({"team_id": "t", "user_id": "stranger"})).expect_status(200).await;
    for (path, body, param) in [
        ("/team/update", json!({"team_id": "t", "max_budget": 1}), Some("max_budget")),
        ("/team/update", json!({"team_id": "t", "budget_id": null}), Some("budget_id")),
        ("/team/update", json!({"team_id": "t", "organization_id": null}), Some("organization_id")),
        ("/team/update", json!({"team_id": "t", "blocked": false}), Some("blocked")),
        // Nobody raises their own part.
        (
            "/team/member_update",
            json!({"team_id": "t", "user_id": "lead", "max_budget_in_team": 9}),
            Some("max_budget_in_team"),
        ),
        (
            "/team/member_update",
            json!({"team_id": "t", "user_id": "lead", "rpm_limit": null}),
            Some("max_budget_in_team"),
        ),
        ("/team/member_update", json!({"team_id": "t", "user_id": "member", "budget_id": "b"}), Some("budget_id")),
        (
            "/team/member_add",
            json!({"team_id": "t", "member": {"user_id": "stranger"}, "budget_id": "b"}),
            Some("budget_id"),
        ),
        ("/team/block", json!({"team_id": "t"}), None),
        ("/team/delete", json!({"team_ids": ["t"]}), None),
        ("/team/new", json!({}), None),
    ] {
        assert_eq!(lead.post(path, &body).expect_status(403).await.error().1.as_deref(), param, "{path} {body}");
    }
    for (path, body) in [
        ("/team/update", json!({"team_id": "t", "team_alias": "mine"})),
        ("/team/member_add", json!({"team_id": "t", "member": {"user_id": "stranger"}})),
        ("/team/member_update", json!({"team_id": "t", "user_id": "member", "role": "admin"})),
        ("/team/member_delete", json!({"team_id": "t", "user_id": "lead"})),
        ("/team/unblock", json!({"team_id": "t"})),
        ("/team/delete", json!({"team_ids": ["t"]})),
    ] {
        for client in [&member, &viewer, &key] {
            client.post(path, &body).expect_status(403).await;
        }
        stranger.post(path, &body).expect_status(404).await;
    }
}

#[tokio::test]
async fn every_mutation_is_in_the_audit_chain() {
    let app = TestApp::start().await;
    new_team(&app, json!({"team_id": "t", "max_budget": 5, "members": ["ada"]})).await;
    app.post("/team/update", json!({"team_id": "t", "max_budget": 6})).expect_status(200).await;
    app.post("/team/member_update", json!({"team_id": "t", "user_id": "ada", "rpm_limit": 6})).expect_status(200).await;
    app.post("/team/block", json!({"team_id": "t"})).expect_status(200).await;
    app.post("/team/update", json!({"team_id": "t", "budget_id": "none"})).expect_status(400).await;
    app.new_key(json!({"team_id": "t"})).await;
    app.post("/team/delete", json!({"team_ids": ["t"]})).expect_status(200).await;
    assert_eq!(first_broken(&app.app.db).await.unwrap(), None);
    let rows = Entity::find().order_by_asc(Column::Id).all(&app.app.db).await.unwrap();
    let acts: Vec<_> = rows.iter().map(|row| format!("{} {} {}", row.action, row.resource, row.resource_id)).collect();
    let key = format!("key {}", rows[6].resource_id);
    assert_eq!(
        acts,
        [
            "created team t".to_owned(),
            "created user ada".to_owned(),
            "created team_member t/ada".to_owned(),
            "updated team t".to_owned(),
            "updated team_member t/ada".to_owned(),
            "blocked team t".to_owned(),
            format!("created {key}"),
            "deleted team_member t/ada".to_owned(),
            format!("deleted {key}"),
            "deleted team t".to_owned(),
        ]
    );
    assert!(rows[3].before.as_ref().unwrap().contains(r#""max_budget":5.0"#), "{:?}", rows[3].before);
    assert!(rows[3].after.as_ref().unwrap().contains(r#""max_budget":6.0"#), "{:?}", rows[3].after);
}
