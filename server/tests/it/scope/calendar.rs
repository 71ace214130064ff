//! Whose calendar budget windows follow: the organization's, else the gateway's.

use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::json;
use tollgate::db::limit::Model as Limit;

use super::{add_organization, add_team, set_limits, small};
use crate::chat::CHAT;
use crate::kit::{Client, FakeUpstream, TestApp};

fn daily(limit: &mut Limit) {
    limit.max_budget = Some(80_000);
    limit.budget_duration = Some("1d".to_owned());
}

/// When the budget that refuses the call starts anew, as the refusal says.
async fn resets_at(client: &Client) -> String {
    let message = client.post(CHAT, small()).expect_status(400).await.error().2;
    message.split("resets at ").nth(1).unwrap_or_else(|| panic!("{message}")).split(" UTC").next().unwrap().to_owned()
}

fn advance_to(app: &TestApp, at: &str) {
    let at: chrono::DateTime<chrono::Utc> = at.parse().unwrap();
    app.advance((at - app.app.clock.now()).to_std().unwrap());
}

#[tokio::test]
async fn windows_of_all_that_belongs_to_an_organization_follow_its_calendar() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    add_organization(&app, "acme", Some("America/New_York")).await;
    add_team(&app, "crew", Some("acme"), &[]).await;
    for (kind, id) in [
        ("team", "crew"),
        ("team_member", "crew/ada"),
        ("organization_member", "acme/ada"),
        ("user", "ada"),
        ("organization", "acme"),
    ] {
        set_limits(&app, kind, id, daily).await;
        let client = app.bearer(&app.new_key(json!({"team_id": "crew", "user_id": "ada"})).await);
        client.post(CHAT, small()).expect_status(200).await;
        app.settled().await;
        assert_eq!(resets_at(&client).await, "2026-11-22 05:00:00", "{kind}");
        set_limits(&app, kind, id, |_| {}).await;
    }
    let own = json!({"team_id": "crew", "max_budget": 0.00008, "budget_duration": "1d"});
    let client = app.bearer(&app.new_key(own).await);
    client.post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    assert_eq!(resets_at(&client).await, "2026-11-22 05:00:00");
    // Midnight in UTC changes nothing, midnight in New York does.
    advance_to(&app, "2026-11-22T04:59:59Z");
    client.post(CHAT, small()).expect_status(400).await;
    app.advance(Duration::from_secs(1));
    client.post(CHAT, small()).expect_status(200).await;
}

/// The day on which clocks go back has 25 hours, and the one on which they go forward 23.
#[tokio::test]
async fn days_are_as_long_as_the_calendar_makes_them() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    add_organization(&app, "acme", Some("Europe/Berlin")).await;
    set_limits(&app, "organization", "acme", daily).await;
    let client = app.bearer(&app.new_key(json!({"organization_id": "acme"})).await);
    for (day, next) in [
        ("2027-03-27T23:00:00Z", "2027-03-28 22:00:00"),
        ("2027-03-28T22:00:00Z", "2027-03-29 22:00:00"),
        ("2027-10-30T22:00:00Z", "2027-10-31 23:00:00"),
        ("2027-10-31T23:00:00Z", "2027-11-01 23:00:00"),
    ] {
        advance_to(&app, day);
        client.post(CHAT, small()).expect_status(200).await;
        app.settled().await;
        assert_eq!(resets_at(&client).await, next);
    }
}

#[tokio::test]
async fn another_calendar_is_in_force_with_the_next_call() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    add_organization(&app, "acme", None).await;
    add_team(&app, "crew", Some("acme"), &[]).await;
    set_limits(&app, "team", "crew", |limit| {
        daily(limit);
        limit.max_budget = Some(0);
    })
    .await;
    let key = json!({"team_id": "crew", "user_id": "ada"});
    let client = app.bearer(&app.new_key(key).await);
    assert_eq!(resets_at(&client).await, "2026-11-22 00:00:00");
    let change = "UPDATE organizations SET timezone = 'Asia/Tokyo'";
    app.app.db.execute_unprepared(change).await.unwrap();
    app.app.policy.forget("organization", "acme");
    assert_eq!(resets_at(&client).await, "2026-11-21 15:00:00");
    // A team that leaves for another organization follows that one's.
    add_organization(&app, "globex", Some("Europe/Berlin")).await;
    app.app.db.execute_unprepared("UPDATE teams SET organization_id = 'globex'").await.unwrap();
    app.app.policy.forget("team", "crew");
    assert_eq!(resets_at(&client).await, "2026-11-21 23:00:00");
}

/// A user's budget has one window at a time, whichever of their keys is used.
#[tokio::test]
async fn a_user_of_two_organizations_has_the_gateways_calendar() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    add_organization(&app, "acme", Some("America/New_York")).await;
    add_organization(&app, "globex", Some("Europe/Berlin")).await;
    set_limits(&app, "user", "ada", |limit| {
        daily(limit);
        limit.max_budget = Some(0);
    })
    .await;
    let one = app.bearer(&app.new_key(json!({"organization_id": "acme", "user_id": "ada"})).await);
    assert_eq!(resets_at(&one).await, "2026-11-22 05:00:00");
    let other = app.bearer(&app.new_key(json!({"organization_id": "globex", "user_id": "ada"})).await);
    for client in [&other, &one, &other] {
        assert_eq!(resets_at(client).await, "2026-11-22 00:00:00");
    }
}
