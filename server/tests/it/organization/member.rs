//! Members of organizations, and what administers them.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tollgate_openapi::key::{KeyBulkDeleted, KeyBulkUpdated, KeyCreated, KeyPage};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::organization::{OrganizationInfo, OrganizationMembership, OrganizationRole};
use tollgate_openapi::session::{SessionView, UserRole};
use tollgate_openapi::team::TeamView;
use tollgate_openapi::user::{UserInfo, UserPage};

use super::new_organization;
use crate::budget::small;
use crate::chat::CHAT;
use crate::kit::{Call, Client, FakeUpstream, TestApp};
use crate::session::add_user;
use crate::team::new_team;

/// Two organizations with an administrator, a team and somebody in it each.
async fn world() -> TestApp {
    build(TestApp::start().await).await
}

async fn build(app: TestApp) -> TestApp {
    for name in ["acme", "globex"] {
        new_organization(
            &app,
            json!({"organization_id": name, "organization_alias": name, "models": ["gpt", "claude"],
            "max_budget": 100, "rpm_limit": 1000}),
        )
        .await;
        let (boss, worker) = (format!("{name}-boss"), format!("{name}-worker"));
        add_user(&app, &boss, None, UserRole::InternalUser, &boss).await;
        add_user(&app, &worker, None, UserRole::InternalUser, &worker).await;
        let boss = json!({"role": "org_admin", "user_id": boss});
        app.post("/organization/member_add", json!({"organization_id": name, "member": boss})).expect_status(200).await;
        new_team(&app, json!({"team_id": format!("{name}-team"), "organization_id": name, "members": [worker]})).await;
        app.new_key(json!({"key_alias": format!("{name}-key"), "team_id": format!("{name}-team")})).await;
    }
    app
}

async fn boss(app: &TestApp) -> Client {
    app.sign_in("acme-boss", "acme-boss").await
}

fn member_update(client: &Client, body: &Value) -> Call {
    client.call(Method::PATCH, "/organization/member_update", Some(body.to_string()))
}

fn member_delete(client: &Client, body: &Value) -> Call {
    client.call(Method::DELETE, "/organization/member_delete", Some(body.to_string()))
}

async fn members(client: &Client) -> Vec<(String, OrganizationRole)> {
    let info: OrganizationInfo = client.get("/organization/info?organization_id=acme").expect_status(200).await.json();
    info.members.into_iter().map(|member| (member.user_id, member.user_role)).collect()
}

async fn aliases(client: &Client) -> Vec<String> {
    let page: KeyPage = client.get("/key/list?return_full_object=true").expect_status(200).await.json();
    let aliases = page.keys.iter().map(|key| serde_json::to_value(key).unwrap()["key_alias"].clone());
    let mut aliases: Vec<_> = aliases.map(|alias| alias.as_str().unwrap_or_default().to_owned()).collect();
    aliases.sort_unstable();
    aliases
}

#[tokio::test]
async fn whoever_is_in_a_team_is_in_its_organization() {
    let app = world().await;
    let role = OrganizationRole::InternalUser;
    assert!(members(&app).await.contains(&("acme-worker".to_owned(), role)));
    new_team(&app, json!({"team_id": "free", "members": ["ada"]})).await;
    assert_eq!(members(&app).await.len(), 2);
    app.post("/team/update", json!({"team_id": "free", "organization_id": "acme"})).expect_status(200).await;
    assert!(members(&app).await.contains(&("ada".to_owned(), role)), "they came with their team");
    app.post("/team/member_add", json!({"team_id": "free", "member": {"user_email": "bob@acme.example"}}))
        .expect_status(200)
        .await;
    assert_eq!(members(&app).await.len(), 4);
}

#[tokio::test]
async fn members_come_change_and_go_with_what_is_theirs() {
    let app = world().await;
    let boss = boss(&app).await;
    let worker = json!({"organization_id": "acme", "user_id": "acme-worker"});
    app.new_key(json!({"key_alias": "in-team", "team_id": "acme-team", "user_id": "acme-worker"})).await;
    app.new_key(json!({"key_alias": "in-organization", "organization_id": "acme", "user_id": "acme-worker"})).await;
    app.new_key(json!({"key_alias": "personal", "user_id": "acme-worker"})).await;
    let again = json!({"organization_id": "acme", "member": [{"user_id": "acme-worker"}]});
    let (kind, param, _) = boss.post("/organization/member_add", again).expect_status(400).await.error();
    assert_eq!((kind.as_str(), param.as_deref()), ("organization_member_already_in_organization", Some("user_id")));

    let made = json!({"organization_id": "acme", "member": {"user_email": "Eve@acme.example", "role": "org_admin"}});
    boss.post("/organization/member_add", made).expect_status(200).await;
    let raised = json!({"organization_id": "acme", "user_email": "eve@acme.example", "role": "internal_user_viewer"});
    let changed: OrganizationMembership = member_update(&boss, &raised).expect_status(200).await.json();
    assert_eq!(changed.user_role, OrganizationRole::InternalUserViewer);

    let gone: OrganizationMembership = member_delete(&boss, &worker).expect_status(200).await.json();
    assert_eq!(gone.user_id, "acme-worker");
    assert_eq!(aliases(&app).await, ["acme-key", "globex-key", "personal"]);
    let team: Vec<TeamView> = app.get("/team/list?team_id=acme-team").expect_status(200).await.json();
    assert_eq!(team[0].members_count, 0);
    assert_eq!(member_delete(&boss, &worker).expect_status(400).await.error().1.as_deref(), Some("user_id"));
}

#[tokio::test]
async fn whoever_only_looks_elsewhere_administers_an_organization_all_the_same() {
    let app = world().await;
    add_user(&app, "auditor", None, UserRole::InternalUserViewer, "auditor").await;
    let auditor = app.sign_in("auditor", "auditor").await;
    let key = json!({"organization_id": "acme", "key_alias": "theirs"});
    let bulk =
        json!({"keys": [{"key_alias": "acme-key", "max_budget": 1}, {"key_alias": "globex-key", "blocked": true}]});
    auditor.post("/key/generate", key.clone()).expect_status(403).await;
    auditor.post("/key/bulk_update", bulk.clone()).expect_status(403).await;

    let member = json!({"organization_id": "acme", "member": {"user_id": "auditor", "role": "org_admin"}});
    app.post("/organization/member_add", member).expect_status(200).await;
    auditor.post("/key/generate", json!({})).expect_status(403).await;
    let made: KeyCreated = auditor.post("/key/generate", key).expect_status(200).await.json();
    let done: KeyBulkUpdated = auditor.post("/key/bulk_update", bulk).expect_status(200).await.json();
    assert_eq!((done.successful_updates.len(), done.failed_updates.len()), (1, 1));
    assert_eq!(done.failed_updates[0].failed_reason, "Key not found.");
    let gone: KeyBulkDeleted =
        auditor.post("/key/bulk_delete", json!({"keys": [made.key]})).expect_status(200).await.json();
    assert_eq!(gone.successful_deletes.len(), 1);
}

#[tokio::test]
async fn an_administrator_of_an_organization_sees_it_and_nothing_else() {
    let app = world().await;
    let boss = boss(&app).await;
    let session: SessionView = boss.get("/session/info").expect_status(200).await.json();
    assert_eq!(session.organizations[0].role, OrganizationRole::OrgAdmin);
    assert_eq!(aliases(&boss).await, ["acme-key"]);
    let teams: Vec<TeamView> = boss.get("/team/list").expect_status(200).await.json();
    assert_eq!(teams.iter().map(|team| team.team_id.as_str()).collect::<Vec<_>>(), ["acme-team"]);
    // Somebody who is in both organizations is seen with what they have in this one.
    app.post("/team/member_add", json!({"team_id": "globex-team", "member": {"user_id": "acme-worker"}}))
        .expect_status(200)
        .await;
    let users: UserPage = boss.get("/user/list").expect_status(200).await.json();
    assert_eq!(users.users.iter().map(|user| user.user_id.as_str()).collect::<Vec<_>>(), ["acme-worker", "acme-boss"]);
    assert_eq!(users.users[0].teams, ["acme-team"]);
    let info: UserInfo = boss.get("/user/info?user_id=acme-worker").expect_status(200).await.json();
    assert_eq!((info.teams.len(), info.user_info.unwrap().teams.len()), (1, 1));
    for path in [
        "/organization/info?organization_id=globex",
        "/team/info?team_id=globex-team",
        "/user/info?user_id=globex-worker",
        "/organization/info?organization_id=nowhere",
    ] {
        boss.get(path).expect_status(404).await;
    }
    let listed: Value = boss.get("/organization/list").expect_status(200).await.json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["organization_id"]), (1, &json!("acme")));
    for path in ["/budget/list", "/customer/list", "/tag/list", "/spend/overview", "/global/spend"] {
        boss.get(path).expect_status(403).await;
    }
}

#[tokio::test]
async fn a_member_sees_the_organization_and_not_who_else_is_in_it() {
    let app = world().await;
    let worker = app.sign_in("acme-worker", "acme-worker").await;
    assert_eq!(members(&worker).await, [("acme-worker".to_owned(), OrganizationRole::InternalUser)]);
    assert!(aliases(&worker).await.is_empty());
    worker.get("/user/list").expect_status(403).await;
    worker.get("/organization/info?organization_id=globex").expect_status(404).await;
    let body = json!({"organization_id": "acme", "member": {"user_email": "me@acme.example"}});
    worker.post("/organization/member_add", &body).expect_status(403).await;
    let raised = json!({"organization_id": "acme", "user_id": "acme-worker", "role": "org_admin"});
    member_update(&worker, &raised).expect_status(403).await;
    member_delete(&worker, &json!({"organization_id": "acme", "user_id": "acme-boss"})).expect_status(403).await;
}

#[tokio::test]
async fn an_administrator_of_an_organization_runs_its_teams_and_keys() {
    let app = world().await;
    let boss = boss(&app).await;
    let made: TeamView = boss
        .post(
            "/team/new",
            json!({"team_id": "second", "organization_id": "acme", "max_budget": 10, "models": ["gpt"],
            "members": ["acme-worker"]}),
        )
        .expect_status(200)
        .await
        .json();
    assert_eq!((made.organization_id.as_deref(), made.members_count), (Some("acme"), 1));
    boss.post("/team/update", json!({"team_id": "second", "max_budget": 20, "blocked": true})).expect_status(200).await;
    boss.post("/team/member_update", json!({"team_id": "second", "user_id": "acme-worker", "max_budget_in_team": 2}))
        .expect_status(200)
        .await;
    let key: KeyPage = boss.get("/key/list?key_alias=acme-key").expect_status(200).await.json();
    let token = serde_json::to_value(&key.keys[0]).unwrap();
    boss.get(&format!("/key/info?key={}", token.as_str().unwrap())).expect_status(200).await;
    boss.post("/key/block", json!({"key": token})).expect_status(200).await;
    boss.post("/key/delete", json!({"keys": [token]})).expect_status(200).await;
    boss.post("/team/delete", json!({"team_ids": ["second"]})).expect_status(200).await;

    let foreign: KeyPage = app.get("/key/list?key_alias=globex-key").expect_status(200).await.json();
    let foreign = serde_json::to_value(&foreign.keys[0]).unwrap();
    for (path, body) in [
        ("/key/block", json!({"key": foreign})),
        ("/key/update", json!({"key": foreign, "max_budget": 1})),
        ("/key/delete", json!({"keys": [foreign]})),
        ("/key/regenerate", json!({"key": foreign})),
        ("/key/generate", json!({"team_id": "globex-team"})),
        ("/key/service-account/generate", json!({"team_id": "globex-team"})),
        ("/team/update", json!({"team_id": "globex-team", "team_alias": "ours"})),
        ("/team/delete", json!({"team_ids": ["globex-team"]})),
        ("/team/member_add", json!({"team_id": "globex-team", "member": {"user_id": "acme-boss"}})),
        ("/organization/member_add", json!({"organization_id": "globex", "member": {"user_id": "acme-boss"}})),
    ] {
        boss.post(path, &body).expect_status(404).await;
    }
}

#[tokio::test]
async fn an_administrator_of_an_organization_makes_keys_in_it() {
    let app = world().await;
    let boss = boss(&app).await;
    let made = async |path: &str, body: Value| -> KeyCreated { boss.post(path, body).expect_status(200).await.json() };
    let of_team = made("/key/generate", json!({"team_id": "acme-team", "user_id": "acme-worker"})).await;
    assert_eq!(of_team.view.user_id.as_deref(), Some("acme-worker"));
    let robot = made("/key/service-account/generate", json!({"team_id": "acme-team", "max_budget": 5})).await;
    assert_eq!((robot.view.user_id, robot.view.team_id.as_deref()), (None, Some("acme-team")));
    let of_organization = made("/key/generate", json!({"organization_id": "acme", "user_id": "acme-worker"})).await;
    assert_eq!(of_organization.view.organization_id.as_deref(), Some("acme"));

    // Unlike an owner, who administers the key may raise it: up to what the organization has.
    let key = robot.view.token;
    boss.post("/key/update", json!({"key": key, "max_budget": 50})).expect_status(200).await;
    for (path, body, status, field) in [
        ("/key/update", json!({"key": key, "max_budget": 101}), 400, "max_budget"),
        ("/key/generate", json!({"team_id": "acme-team", "models": ["o3"]}), 400, "models"),
        ("/key/generate", json!({"team_id": "acme-team", "user_id": "globex-worker"}), 400, "user_id"),
        ("/key/generate", json!({"organization_id": "acme", "user_id": "globex-worker"}), 400, "user_id"),
        ("/key/generate", json!({"organization_id": "acme", "user_id": "nobody"}), 400, "user_id"),
        ("/key/generate", json!({"organization_id": "globex"}), 403, "organization_id"),
        ("/key/generate", json!({"organization_id": "nowhere"}), 403, "organization_id"),
        ("/key/generate", json!({"user_id": "acme-worker"}), 403, "user_id"),
        ("/key/update", json!({"key": key, "team_id": "globex-team"}), 403, "team_id"),
    ] {
        let (_, param, message) = boss.post(path, &body).expect_status(status).await.error();
        assert_eq!(param.as_deref(), Some(field), "{body}: {message}");
    }
    app.sign_in("acme-worker", "acme-worker")
        .await
        .post("/key/generate", json!({"organization_id": "acme"}))
        .expect_status(403)
        .await;
}

#[tokio::test]
async fn nobody_grants_what_they_do_not_hold() {
    let app = world().await;
    let boss = boss(&app).await;
    for (body, field) in [
        (json!({"max_budget": 101}), "max_budget"),
        (json!({"rpm_limit": 1001}), "rpm_limit"),
        (json!({"models": ["gpt", "o3"]}), "models"),
    ] {
        let mut new = body.clone();
        new["organization_id"] = json!("acme");
        // The gateway's own administrators are told as well: it would never come to bear.
        for client in [&boss, &*app] {
            assert_eq!(client.post("/team/new", &new).expect_status(400).await.error().1.as_deref(), Some(field));
            let mut changed = body.clone();
            changed["team_id"] = json!("acme-team");
            assert_eq!(
                client.post("/team/update", &changed).expect_status(400).await.error().1.as_deref(),
                Some(field)
            );
        }
    }
    for (path, body, param) in [
        ("/team/new", json!({"team_id": "x"}), "organization_id"),
        ("/team/new", json!({"organization_id": "globex"}), "organization_id"),
        ("/team/new", json!({"organization_id": "nowhere"}), "organization_id"),
        ("/team/new", json!({"organization_id": "acme", "budget_id": "b"}), "budget_id"),
        ("/team/update", json!({"team_id": "acme-team", "organization_id": "globex"}), "organization_id"),
    ] {
        assert_eq!(boss.post(path, &body).expect_status(403).await.error().1.as_deref(), Some(param), "{body}");
    }
    let limits = json!({"organization_id": "acme", "max_budget": 1_000_000}).to_string();
    boss.call(Method::PATCH, "/organization/update", Some(limits)).expect_status(403).await;
    boss.post("/organization/new", json!({"organization_alias": "Mine"})).expect_status(403).await;
    boss.post("/user/new", json!({})).expect_status(403).await;

    // Ids of people elsewhere are not told apart from those of nobody.
    let texts = async |id: &str| {
        let body = json!({"team_id": "acme-team", "member": {"user_id": id}});
        boss.post("/team/member_add", body).expect_status(400).await.error().2.replace(id, "?")
    };
    assert_eq!(texts("globex-worker").await, texts("nobody").await);

    // An admin of a team narrows its list of models and does not widen it.
    app.post("/team/member_update", json!({"team_id": "acme-team", "user_id": "acme-worker", "role": "admin"}))
        .expect_status(200)
        .await;
    app.post("/team/update", json!({"team_id": "acme-team", "models": ["gpt", "claude"]})).expect_status(200).await;
    let lead = app.sign_in("acme-worker", "acme-worker").await;
    lead.post("/team/update", json!({"team_id": "acme-team", "models": ["gpt"]})).expect_status(200).await;
    for models in [json!(["gpt", "claude"]), json!([]), json!(["*"]), Value::Null] {
        let body = json!({"team_id": "acme-team", "models": models});
        assert_eq!(lead.post("/team/update", body).expect_status(403).await.error().1.as_deref(), Some("models"));
    }
}

/// A key of acme-worker's in each organization, and one of their own.
async fn keys_of_worker(app: &TestApp) -> [Client; 3] {
    app.post("/team/member_add", json!({"team_id": "globex-team", "member": {"user_id": "acme-worker"}}))
        .expect_status(200)
        .await;
    let mut clients = Vec::new();
    for body in [
        json!({"user_id": "acme-worker", "organization_id": "acme"}),
        json!({"user_id": "acme-worker", "team_id": "globex-team"}),
        json!({"user_id": "acme-worker"}),
    ] {
        clients.push(app.bearer(&app.new_key(body).await));
    }
    clients.try_into().ok().unwrap()
}

#[tokio::test]
async fn a_members_budget_holds_in_the_organization_and_nowhere_else() {
    let upstream = FakeUpstream::start();
    let app = build(TestApp::with_upstream(&upstream).await).await;
    let boss = boss(&app).await;
    let [acme, globex, own] = keys_of_worker(&app).await;
    acme.post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    // What came before counts.
    let budget = json!({"organization_id": "acme", "user_id": "acme-worker", "max_budget_in_organization": 0.00013});
    let member: OrganizationMembership = member_update(&boss, &budget).expect_status(200).await.json();
    assert_eq!(member.user_role, OrganizationRole::InternalUser, "what is not sent stays");
    assert_eq!((member.limits.max_budget, member.standing.spend), (Some(NanoUsd(130_000)), NanoUsd(50_000)));
    acme.post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    let (kind, _, message) = acme.post(CHAT, small()).expect_status(400).await.error();
    assert_eq!(kind, "budget_exceeded");
    for part in ["Organization member=acme-worker in organization acme", "An admin of the organization can raise"] {
        assert!(message.contains(part), "{message}");
    }
    for elsewhere in [&globex, &own] {
        elsewhere.post(CHAT, small()).expect_status(200).await;
    }
    let raised = json!({"organization_id": "acme", "user_id": "acme-worker", "max_budget_in_organization": 1});
    member_update(&boss, &raised).expect_status(200).await;
    acme.post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    let app = app.stop().await.start().await;
    let info: OrganizationInfo = app.get("/organization/info?organization_id=acme").expect_status(200).await.json();
    let worker = info.members.iter().find(|member| member.user_id == "acme-worker").unwrap();
    assert_eq!(worker.standing.spend, NanoUsd(150_000), "it is known after a restart");
    // Whoever comes back begins anew, without the old limit.
    let gone = json!({"organization_id": "acme", "user_id": "acme-worker"});
    member_delete(&app, &gone).expect_status(200).await;
    let back = json!({"organization_id": "acme", "member": {"user_id": "acme-worker"}});
    let back = app.post("/organization/member_add", back).expect_status(200).await.value();
    assert_eq!(back["updated_organization_memberships"][0]["max_budget"], Value::Null);
}

#[tokio::test]
async fn a_budget_with_windows_does_not_count_what_was_spent_in_others() {
    let upstream = FakeUpstream::start();
    let app = build(TestApp::with_upstream(&upstream).await).await;
    let [acme, ..] = keys_of_worker(&app).await;
    acme.post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    app.advance(Duration::from_secs(2 * 24 * 3600));
    for (field, value) in [("budget_duration", json!("1d")), ("max_budget_in_organization", json!(1))] {
        let mut body = json!({"organization_id": "acme", "user_id": "acme-worker"});
        body[field] = value;
        let member: OrganizationMembership = member_update(&app, &body).expect_status(200).await.json();
        assert_eq!(member.standing.spend, NanoUsd::ZERO, "{field}");
    }
}

#[tokio::test]
async fn members_join_with_a_budget_and_nobody_sets_their_own() {
    let app = world().await;
    let boss = boss(&app).await;
    let add = json!({"organization_id": "acme", "member": [{"user_email": "a@acme.example"}, {"user_email": "b@acme.example"}],
        "max_budget_in_organization": 5, "budget_duration": "1mo"});
    let added = boss.post("/organization/member_add", add).expect_status(200).await.value();
    for member in added["updated_organization_memberships"].as_array().unwrap() {
        assert_eq!((&member["max_budget"], &member["budget_duration"]), (&json!(5.0), &json!("1mo")));
        assert_eq!(member["budget_reset_at"], "2026-12-01T00:00:00Z");
    }
    let own = json!({"organization_id": "acme", "user_id": "acme-boss", "max_budget_in_organization": 100});
    let (_, param, _) = member_update(&boss, &own).expect_status(403).await.error();
    assert_eq!(param.as_deref(), Some("max_budget_in_organization"));
    for (field, value) in [("max_budget_in_organization", json!(-1)), ("budget_duration", json!("often"))] {
        let mut body = json!({"organization_id": "acme", "user_id": "acme-worker"});
        body[field] = value;
        let (_, param, _) = member_update(&boss, &body).expect_status(400).await.error();
        assert_eq!(param.as_deref(), Some(field));
    }
    let slash = json!({"organization_id": "a/b", "organization_alias": "a"});
    let (_, param, _) = app.post("/organization/new", slash).expect_status(400).await.error();
    assert_eq!(param.as_deref(), Some("organization_id"));
}
