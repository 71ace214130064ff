//! Everything a call is charged to besides its key: all of it is checked at once, and the tightest limit decides.

mod bench;
mod calendar;
mod gateway;
mod idle;
mod named;
mod provider;
mod soft;

use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use tollgate::counters::ScopeId;
use tollgate::db::limit::Model as Limit;
use tollgate::db::{self, JsonMap, Strings};

use crate::chat::{CHAT, ask};
use crate::kit::{Client, FakeUpstream, TestApp};

/// A call of at most 20 output tokens, which is what the upstream answers: 0.00005 dollars.
pub(crate) fn small() -> Value {
    let mut body = ask("gpt");
    body["max_tokens"] = json!(20);
    body
}

/// Sets limits of a scope as management does.
pub(crate) async fn set_limits(app: &TestApp, kind: &str, id: &str, change: impl FnOnce(&mut Limit)) {
    let mut limits = Limit::none(kind, id, app.app.clock.now());
    change(&mut limits);
    db::limit::set(&app.app.db, limits).await.unwrap();
    app.app.policy.forget(kind, id);
}

pub(crate) async fn add_team(app: &TestApp, team_id: &str, organization_id: Option<&str>, models: &[&str]) {
    let now = db::stored_time(app.app.clock.now());
    let team = db::team::Model {
        team_id: team_id.to_owned(),
        team_alias: Some(format!("alias of {team_id}")),
        organization_id: organization_id.map(str::to_owned),
        models: Strings(models.iter().map(ToString::to_string).collect()),
        metadata: JsonMap::default(),
        other: JsonMap::default(),
        blocked: false,
        cost_center: None,
        created_at: now,
        created_by: None,
        updated_at: now,
        updated_by: None,
    };
    db::team::Entity::insert(team.into_active_model()).exec_without_returning(&app.app.db).await.unwrap();
    app.app.policy.forget("team", team_id);
}

pub(crate) async fn add_organization(app: &TestApp, organization_id: &str, timezone: Option<&str>) {
    let now = db::stored_time(app.app.clock.now());
    let organization = db::organization::Model {
        organization_id: organization_id.to_owned(),
        organization_alias: format!("alias of {organization_id}"),
        models: Strings::default(),
        metadata: JsonMap::default(),
        timezone: timezone.map(str::to_owned),
        cost_center: None,
        other: JsonMap::default(),
        created_at: now,
        created_by: None,
        updated_at: now,
        updated_by: None,
    };
    let insert = db::organization::Entity::insert(organization.into_active_model());
    insert.exec_without_returning(&app.app.db).await.unwrap();
    app.app.policy.forget("organization", organization_id);
}

/// A call that belongs to one entity of each kind, all named after `case`.
struct Caller {
    client: Client,
    token: String,
    body: Value,
}

impl Caller {
    async fn new(app: &TestApp, case: &str) -> Self {
        let ids = json!({"user_id": format!("{case}-user"), "team_id": format!("{case}-team"),
            "organization_id": format!("{case}-organization")});
        let key = app.new_key(ids).await;
        let info = app.get(&format!("/key/info?key={key}")).expect_status(200).await.value();
        let mut body = small();
        body["user"] = json!(format!("{case}-customer"));
        body["tags"] = json!([format!("{case}-tag")]);
        Self { client: app.bearer(&key), token: info["info"]["token"].as_str().unwrap().to_owned(), body }
    }

    async fn status(&self) -> u16 {
        self.client.post(CHAT, self.body.clone()).send().await.status
    }
}

fn id_of(kind: &str, case: &str) -> String {
    match kind {
        "team_member" => format!("{case}-team/{case}-user"),
        "organization_member" => format!("{case}-organization/{case}-user"),
        "provider" => "openai".to_owned(),
        _ => format!("{case}-{kind}"),
    }
}

const KINDS: [(&str, &str); 8] = [
    ("team_member", "Team member"),
    ("organization_member", "Organization member"),
    ("user", "User"),
    ("team", "Team"),
    ("organization", "Organization"),
    ("customer", "Customer"),
    ("tag", "Tag"),
    ("provider", "Provider"),
];

/// Its name, how it is set, and the status and text of a second call's refusal.
type Case = (&'static str, fn(&mut Limit), u16, &'static str);

fn limits() -> Vec<Case> {
    vec![
        ("max_budget", |limit| limit.max_budget = Some(80_000), 400, "Current cost: 0.00005, Max budget: 0.00008"),
        ("rpm_limit", |limit| limit.rpm_limit = Some(1), 429, "Limit type: requests. Current limit: 1"),
        ("tpm_limit", |limit| limit.tpm_limit = Some(40), 429, "Limit type: tokens. Current limit: 40"),
        ("model_max_budget", |limit| limit.model_limits = model("model_max_budget", json!(0.00008)), 400, "model gpt"),
        ("model_rpm_limit", |limit| limit.model_limits = model("model_rpm_limit", json!(1)), 429, "model gpt"),
        ("model_tpm_limit", |limit| limit.model_limits = model("model_tpm_limit", json!(40)), 429, "model gpt"),
    ]
}

fn model(field: &str, limit: Value) -> JsonMap {
    JsonMap(json!({field: {"gpt": limit}}).as_object().unwrap().clone())
}

#[tokio::test]
async fn every_scope_has_every_limit() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    for (kind, label) in KINDS {
        for (name, set, status, part) in limits() {
            let case = format!("{kind}-{name}");
            let id = id_of(kind, &case);
            set_limits(&app, kind, &id, set).await;
            let caller = Caller::new(&app, &case).await;
            assert_eq!(caller.status().await, 200, "{case}");
            app.settled().await;
            let refused = caller.client.post(CHAT, caller.body.clone()).expect_status(status).await;
            let (error, _, message) = refused.error();
            assert_eq!(error, if status == 400 { "budget_exceeded" } else { "throttling_error" }, "{case}");
            let named = if status == 400 { format!("{label}=") } else { format!("for {kind}: ") };
            let parts = [part, named.as_str(), "can raise the limit"];
            assert!(parts.iter().all(|text| message.contains(text)), "{case}: {message}");
            // All or nothing: what refused is last in line for some, and none was charged.
            let spent = app.app.counters.spent(&ScopeId::key(&caller.token), None).unwrap();
            assert_eq!(spent.0, 50_000, "{case}");
            if kind == "provider" {
                app.advance(Duration::from_secs(63));
                continue;
            }
            let elsewhere = Caller::new(&app, &format!("{case}-other")).await;
            assert_eq!(elsewhere.status().await, 200, "{case}: others are not concerned");
        }
        let case = format!("{kind}-parallel");
        set_limits(&app, kind, &id_of(kind, &case), |limit| limit.max_parallel_requests = Some(0)).await;
        assert_eq!(Caller::new(&app, &case).await.status().await, 429);
    }
    app.settled().await;
}

#[tokio::test]
async fn keys_share_what_they_belong_to() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    add_team(&app, "crew", None, &[]).await;
    set_limits(&app, "team", "crew", |limit| limit.max_budget = Some(180_000)).await;
    let (one, other) = (app.new_key(json!({"team_id": "crew"})).await, app.new_key(json!({"team_id": "crew"})).await);
    for key in [&one, &other, &one] {
        app.bearer(key).post(CHAT, small()).expect_status(200).await;
    }
    let message = app.bearer(&other).post(CHAT, small()).expect_status(400).await.error().2;
    assert!(message.contains("Team=alias of crew (crew) Current cost: 0.00015, Max budget: 0.00018"), "{message}");
    app.settled().await;
    // It is known after a restart, too.
    let app = app.stop().await.start().await;
    app.bearer(&other).post(CHAT, small()).expect_status(400).await;
    // A raise is in force at once.
    set_limits(&app, "team", "crew", |limit| limit.max_budget = Some(1_000_000)).await;
    app.bearer(&other).post(CHAT, small()).expect_status(200).await;
}

#[tokio::test]
async fn a_teams_organization_is_charged_for_the_teams_keys() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    add_organization(&app, "acme", None).await;
    add_team(&app, "crew", Some("acme"), &[]).await;
    set_limits(&app, "organization", "acme", |limit| limit.rpm_limit = Some(1)).await;
    let key = app.bearer(&app.new_key(json!({"team_id": "crew"})).await);
    let answer = key.post(CHAT, small()).expect_status(200).await;
    assert_eq!(answer.header("x-ratelimit-limit-requests"), "1");
    let message = key.post(CHAT, small()).expect_status(429).await.error().2;
    assert!(message.starts_with("Rate limit exceeded for organization: alias of acme (acme). "), "{message}");
    app.settled().await;
    let log = app.get("/spend/logs").expect_status(200).await.value()[0].clone();
    assert_eq!(log["organization_id"], "acme");
}

#[tokio::test]
async fn the_tightest_limit_decides_and_is_shown() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    set_limits(&app, "team", "t", |limit| limit.rpm_limit = Some(2)).await;
    set_limits(&app, "user", "u", |limit| limit.rpm_limit = Some(5)).await;
    let key = app.bearer(&app.new_key(json!({"team_id": "t", "user_id": "u", "rpm_limit": 9})).await);
    for remaining in ["1", "0"] {
        let answer = key.post(CHAT, small()).expect_status(200).await;
        assert_eq!(answer.header("x-ratelimit-limit-requests"), "2");
        assert_eq!(answer.header("x-ratelimit-remaining-requests"), remaining);
    }
    assert!(key.post(CHAT, small()).expect_status(429).await.error().2.contains("for team: t"));
    // Elsewhere the user has not used more than the calls that were made.
    let key = app.bearer(&app.new_key(json!({"user_id": "u"})).await);
    let answer = key.post(CHAT, small()).expect_status(200).await;
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), "2");
}

#[tokio::test]
async fn a_budget_is_attached_to_many_and_each_spends_on_its_own_account() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let now = db::stored_time(app.app.clock.now());
    let budget = db::budget::Model {
        budget_id: "small".to_owned(),
        max_budget: Some(80_000),
        soft_budget: None,
        budget_duration: Some("1d".to_owned()),
        budget_anchor_at: now,
        max_parallel_requests: None,
        rpm_limit: None,
        tpm_limit: None,
        model_limits: JsonMap::default(),
        other: JsonMap::default(),
        created_at: now,
        created_by: None,
        updated_at: now,
        updated_by: None,
    };
    db::budget::Entity::insert(budget.clone().into_active_model()).exec_without_returning(&app.app.db).await.unwrap();
    let attach = |limit: &mut Limit| limit.budget_id = Some("small".to_owned());
    for kind in ["team", "user"] {
        set_limits(&app, kind, "it", attach).await;
    }
    let keys = [json!({"team_id": "it"}), json!({"user_id": "it"}), json!({"budget_id": "small", "user_id": "u"})];
    let mut clients = Vec::new();
    for fields in keys {
        let client = app.bearer(&app.new_key(fields).await);
        client.post(CHAT, small()).expect_status(200).await;
        app.settled().await;
        let message = client.post(CHAT, small()).expect_status(400).await.error().2;
        assert!(message.contains("The budget resets at 2026-11-22 00:00:00 UTC."), "{message}");
        clients.push(client);
    }
    // What is set on the scope itself goes before the budget; a change of the budget is in force at once.
    set_limits(&app, "team", "it", |limit| {
        attach(limit);
        limit.max_budget = Some(130_000);
    })
    .await;
    clients[0].post(CHAT, small()).expect_status(200).await;
    let mut row = db::budget::Model { max_budget: Some(130_000), ..budget }.into_active_model();
    sea_orm::ActiveModelTrait::reset(&mut row, db::budget::Column::MaxBudget);
    sea_orm::ActiveModelTrait::update(row, &app.app.db).await.unwrap();
    app.app.policy.forget("budget", "small");
    for client in &clients[1..] {
        client.post(CHAT, small()).expect_status(200).await;
    }
}

/// A key that moves to another team takes nothing with it: past calls stay where they were booked.
#[tokio::test]
async fn a_key_that_moves_leaves_its_past_where_it_was() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"team_id": "old", "user_id": "u"})).await;
    let client = app.bearer(&key);
    client.post(CHAT, small()).expect_status(200).await;
    client.post(CHAT, small()).expect_status(200).await;
    app.post("/key/update", json!({"key": key, "team_id": "new"})).expect_status(200).await;
    client.post(CHAT, small()).expect_status(200).await;
    app.settled().await;
    let spent = async |kind: &str, id: &str| db::budget_spend::spent(&app.app.db, kind, id, None).await.unwrap().0;
    assert_eq!((spent("team", "old").await, spent("team", "new").await), (100_000, 50_000));
    assert_eq!((spent("team_member", "old/u").await, spent("team_member", "new/u").await), (100_000, 50_000));
    assert_eq!(spent("user", "u").await, 150_000);
    // The new team's budget knows only its own.
    set_limits(&app, "team", "new", |limit| limit.max_budget = Some(110_000)).await;
    client.post(CHAT, small()).expect_status(200).await;
    client.post(CHAT, small()).expect_status(400).await;
}

#[tokio::test]
async fn a_new_window_carries_over_what_was_spent() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let team = json!({"team_id": "t", "max_budget": 0.00013, "budget_duration": "1d"});
    app.post("/team/new", team).expect_status(200).await;
    let client = app.bearer(&app.new_key(json!({"team_id": "t"})).await);
    client.post(CHAT, small()).expect_status(200).await;
    client.post(CHAT, small()).expect_status(200).await;
    app.post("/team/update", json!({"team_id": "t", "budget_duration": "1mo"})).expect_status(200).await;
    let message = client.post(CHAT, small()).expect_status(400).await.error().2;
    assert!(message.contains("Current cost: 0.0001,") && message.contains("resets at 2026-12-01"), "{message}");
    app.advance(Duration::from_secs(10 * 24 * 3600));
    client.post(CHAT, small()).expect_status(200).await;
}

#[tokio::test]
async fn a_team_may_be_blocked_or_have_few_models() {
    let upstream = FakeUpstream::start();
    let yaml = format!("model_list:\n{}{}", upstream.deployment("gpt", "one"), upstream.deployment("other", "two"));
    let app = TestApp::builder().config(&yaml).start().await;
    add_team(&app, "crew", None, &["gpt"]).await;
    let client = app.bearer(&app.new_key(json!({"team_id": "crew", "models": ["all-team-models"]})).await);
    client.post(CHAT, small()).expect_status(200).await;
    let (kind, param, message) = client.post(CHAT, ask("other")).expect_status(403).await.error();
    assert_eq!((kind.as_str(), param.as_deref()), ("team_model_access_denied", Some("model")));
    assert!(message.contains("is not available for the team alias of crew (crew)"), "{message}");
    let models = client.get("/v1/models").expect_status(200).await.value();
    assert_eq!(models["data"].as_array().unwrap().len(), 1, "only what the team may use");
    app.app.db.execute_unprepared("UPDATE teams SET blocked = TRUE").await.unwrap();
    app.app.policy.forget("team", "crew");
    let (kind, _, message) = client.post(CHAT, small()).expect_status(401).await.error();
    assert_eq!(kind, "auth_error");
    assert!(message.contains("Team=alias of crew (crew) is blocked"), "{message}");
    app.settled().await;
}

/// Known entities go on without a database, and unknown end users as well while none of them has limits.
#[tokio::test]
async fn what_is_known_needs_no_database() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    set_limits(&app, "team", "t", |limit| limit.rpm_limit = Some(100)).await;
    let client = app.bearer(&app.new_key(json!({"team_id": "t", "user_id": "u", "organization_id": "o"})).await);
    let for_customer = |customer: &str| {
        let mut body = small();
        body["user"] = json!(customer);
        body
    };
    client.post(CHAT, for_customer("first")).expect_status(200).await;
    for table in ["limits", "customers", "keys", "teams", "budget_spend"] {
        app.app.db.execute_unprepared(&format!("ALTER TABLE {table} RENAME TO {table}_away")).await.unwrap();
    }
    for customer in 0..20 {
        client.post(CHAT, for_customer(&format!("customer-{customer}"))).expect_status(200).await;
    }
    for table in ["limits", "customers", "keys", "teams", "budget_spend"] {
        app.app.db.execute_unprepared(&format!("ALTER TABLE {table}_away RENAME TO {table}")).await.unwrap();
    }
    set_limits(&app, "customer", "customer-7", |limit| limit.rpm_limit = Some(0)).await;
    client.post(CHAT, for_customer("customer-7")).expect_status(429).await;
    client.post(CHAT, for_customer("customer-8")).expect_status(200).await;
    app.settled().await;
}

/// What another node changes is in force here within a second.
#[tokio::test]
async fn a_change_made_elsewhere_is_heard_of() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let client = app.bearer(&app.new_key(json!({"team_id": "t"})).await);
    client.post(CHAT, small()).expect_status(200).await;
    let now = app.app.clock.now();
    let limits = Limit { rpm_limit: Some(0), ..Limit::none("team", "t", now) };
    db::limit::set(&app.app.db, limits).await.unwrap();
    client.post(CHAT, small()).expect_status(200).await;
    db::policy_change::record(&app.app.db, "team", "t", now).await.unwrap();
    while client.post(CHAT, small()).send().await.status == 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
