//! Teams and roles that follow from what a provider says.

use serde_json::{Value, json};
use tollgate_openapi::session::UserRole;

use super::{ada, add_provider, audit_of, builder, go, signed_in, whoami};
use crate::kit::{Browser, FakeIdp, TestApp};

fn in_groups(groups: &[&str]) -> Value {
    let mut claims = ada();
    claims["groups"] = json!(groups);
    claims
}

async fn teams_of(app: &TestApp, user_id: &str) -> Value {
    app.get(&format!("/user/info?user_id={user_id}")).expect_status(200).await.value()["user_info"]["teams"].clone()
}

#[tokio::test]
async fn who_leaves_a_group_leaves_its_team_and_loses_the_keys_there() {
    let idp = FakeIdp::start();
    let app = builder().start().await;
    for id in ["eng", "ops", "other"] {
        app.post("/team/new", json!({"team_id": id})).expect_status(200).await;
    }
    let mappings = json!([{"group": "engineers", "team_id": "eng", "role": "admin"}, {"group": "operators", "team_id": "ops"},
        {"group": "others", "team_id": "other"}]);
    add_provider(&app, &idp, json!({"team_mappings": mappings})).await;
    let browser = Browser::new();
    go(&app, &idp, &browser, in_groups(&["engineers", "operators", "unknown"])).await;
    let me = whoami(&app, &browser).await.user_id;
    assert_eq!(teams_of(&app, &me).await, json!(["eng", "ops"]));
    let team = app.get("/team/info?team_id=eng").expect_status(200).await.value();
    assert_eq!(team["team_memberships"][0]["role"], "admin", "{team}");
    idp.set_userinfo(ada());
    let key = app.new_key(json!({"user_id": me, "team_id": "eng"})).await;
    // Somebody adds them to a team that no group of theirs leads to: that stays.
    let add = json!({"team_id": "other", "member": {"role": "user", "user_id": me}});
    app.post("/team/member_add", add).expect_status(200).await;

    go(&app, &idp, &browser, in_groups(&["operators"])).await;
    assert_eq!(teams_of(&app, &me).await, json!(["ops", "other"]));
    app.get(&format!("/key/info?key={key}")).expect_status(404).await;
    assert!(audit_of(&app, "team_member").await.iter().any(|(what, _)| what == "sso deleted"));
    // Too many groups to tell: nothing changes.
    let mut overflowing = ada();
    overflowing["_claim_names"] = json!({"groups": "src1"});
    go(&app, &idp, &browser, overflowing).await;
    assert_eq!(teams_of(&app, &me).await, json!(["ops", "other"]));
    // None at all: what groups gave is gone, and nothing else.
    go(&app, &idp, &browser, ada()).await;
    assert_eq!(teams_of(&app, &me).await, json!(["other"]));
}

#[tokio::test]
async fn roles_follow_the_mapping_at_each_sign_in_and_never_go_beyond_it() {
    let idp = FakeIdp::start();
    let app = builder().start().await;
    let mappings =
        json!([{"group": "admins", "user_role": "proxy_admin"}, {"group": "dev", "user_role": "internal_user"}]);
    add_provider(&app, &idp, json!({"role_mappings": mappings, "default_role": "internal_user_viewer"})).await;
    let browser = Browser::new();
    for (groups, role) in [
        (&["dev", "admins"][..], UserRole::ProxyAdmin),
        (&["dev"], UserRole::InternalUser),
        (&["proxy_admin"], UserRole::InternalUserViewer),
        (&["admins"], UserRole::ProxyAdmin),
    ] {
        let mut claims = in_groups(groups);
        claims["role"] = json!("proxy_admin");
        go(&app, &idp, &browser, claims).await;
        assert_eq!(whoami(&app, &browser).await.user_role, role, "{groups:?}");
    }
    // A session that began before holds what the user has become.
    let old = signed_in(&app, &browser);
    go(&app, &idp, &Browser::new(), in_groups(&[])).await;
    old.get("/user/list").expect_status(403).await;
}

#[tokio::test]
async fn without_a_mapping_roles_stay_as_they_were_given() {
    let idp = FakeIdp::start();
    let app = builder().start().await;
    add_provider(&app, &idp, json!({})).await;
    let browser = Browser::new();
    go(&app, &idp, &browser, ada()).await;
    let me = whoami(&app, &browser).await;
    assert_eq!(me.user_role, UserRole::InternalUser);
    let change = json!({"user_id": me.user_id, "user_role": "proxy_admin_viewer"});
    app.post("/user/update", change).expect_status(200).await;
    go(&app, &idp, &browser, in_groups(&["admins"])).await;
    assert_eq!(whoami(&app, &browser).await.user_role, UserRole::ProxyAdminViewer);
}
