//! Settings that change while the gateway runs, and those that do not.

use std::time::Duration;

use serde_json::{Value, json};
use tollgate_openapi::session::UserRole;

use crate::chat::{CHAT, ask};
use crate::kit::{Behaviour, FakeUpstream, RedisServer, TestApp};
use crate::session::add_user;

const RETRIES: &str = "/config/field/info?config_type=router_settings&field_name=num_retries";

async fn with_fallback(one: &FakeUpstream, two: &FakeUpstream, settings: &str) -> TestApp {
    let models = format!("model_list:\n{}{}", one.deployment("gpt", "one"), two.deployment("other", "two"));
    TestApp::builder().config(&format!("{settings}\n{models}")).start().await
}

async fn setting(app: &TestApp, section: &str, name: &str) -> Value {
    let path = format!("/config/field/info?config_type={section}&field_name={name}");
    app.get(&path).expect_status(200).await.value()
}

async fn fails_once(app: &TestApp, upstream: &FakeUpstream, status: u16) {
    upstream.then(Behaviour::Status(500, "{}".to_owned(), vec![]));
    app.post(CHAT, ask("gpt")).expect_status(status).await;
}

#[tokio::test]
async fn a_routers_setting_is_in_force_at_once_and_kept() {
    let (one, two) = (FakeUpstream::start(), FakeUpstream::start());
    let app = with_fallback(&one, &two, "router_settings: {num_retries: 0, cooldown_time: 0}").await;
    fails_once(&app, &one, 500).await;
    let before = setting(&app, "router_settings", "fallbacks").await;
    assert_eq!(
        (&before["source"], &before["field_value"], &before["version"]),
        (&json!("default"), &json!([]), &json!(0))
    );

    let body = json!({"router_settings": {"fallbacks": [{"gpt": ["other"]}], "max_fallbacks": 2}});
    let answer = app.post("/config/update", body).expect_status(200).await.value();
    assert_eq!(answer, json!({"message": "Config updated successfully", "warnings": []}));
    fails_once(&app, &one, 200).await;
    let after = setting(&app, "router_settings", "fallbacks").await;
    assert_eq!((&after["source"], &after["stored_in_db"]), (&json!("database"), &json!(true)));
    assert_eq!(after["field_value"], json!([{"gpt": ["other"]}]));
    assert_eq!(after["updated_by"], "default_user_id");

    let app = app.stop().await.start().await;
    fails_once(&app, &one, 200).await;
    let gone = json!({"config_type": "router_settings", "field_name": "fallbacks", "version": after["version"]});
    let gone = app.post("/config/field/delete", gone).expect_status(200).await.value();
    assert_eq!((&gone["source"], &gone["field_value"]), (&json!("default"), &json!([])));
    fails_once(&app, &one, 500).await;
    app.settled().await;
}

#[tokio::test]
async fn the_database_goes_before_the_file_and_the_file_comes_back() {
    let (one, two) = (FakeUpstream::start(), FakeUpstream::start());
    let app = with_fallback(&one, &two, "router_settings: {num_retries: 4}").await;
    let own = app.get(RETRIES).expect_status(200).await.value();
    assert_eq!((&own["field_value"], &own["source"]), (&json!(4), &json!("file")));
    assert!(own["place"].as_str().unwrap().ends_with("config.yaml:1:32"), "{}", own["place"]);
    let body = json!({"config_type": "router_settings", "field_name": "num_retries", "field_value": 1});
    let set = app.post("/config/field/update", body).expect_status(200).await.value();
    assert_eq!((&set["field_value"], &set["source"]), (&json!(1), &json!("database")));
    // The file changes below it, and nothing of that shows.
    let yaml = std::fs::read_to_string(app.config_file()).unwrap().replace("num_retries: 4", "num_retries: 5");
    std::fs::write(app.config_file(), yaml).unwrap();
    app.running.app.settings.reload().await;
    assert_eq!(app.get(RETRIES).expect_status(200).await.value()["field_value"], 1);
    app.post("/config/update", json!({"router_settings": {"num_retries": null}})).expect_status(200).await;
    assert_eq!(app.get(RETRIES).expect_status(200).await.value()["field_value"], 5);
}

#[tokio::test]
async fn a_value_that_will_not_do_is_refused_as_the_file_refuses_it_and_changes_nothing() {
    let app = TestApp::start().await;
    for (section, name, value, says) in [
        ("router_settings", "num_retries", json!("many"), "expected a whole number"),
        ("router_settings", "num_retries", json!(-1), "expected a whole number"),
        ("router_settings", "routing_strategy", json!("by-luck"), "by-luck"),
        ("router_settings", "cooldown_time", json!([]), "expected a number"),
        ("router_settings", "routing_strategy_args.ttl", json!(-1), "expected"),
        ("litellm_settings", "budget_exceeded_status_code", json!(500), "expected 400, 422 or 429"),
        ("litellm_settings", "drop_params", json!("perhaps"), "expected true or false"),
        ("litellm_settings", "cache_params.isolation", json!("world"), "expected"),
        ("router_settings", "num_retries", json!("os.environ/HOME"), "the environment is only read for config.yaml"),
        ("router_settings", "num_retires", json!(1), "did you mean router_settings.num_retries?"),
        ("general_settings", "database_url", json!("sqlite:other"), "DATABASE_URL"),
        ("general_settings", "master_key", json!("sk-new"), "only when the gateway starts"),
        ("litellm_settings", "cache", json!(true), "--config"),
    ] {
        let body = json!({"config_type": section, "field_name": name, "field_value": value});
        let refused = app.post("/config/field/update", body).expect_status(400).await.value();
        let (message, path) = (refused["error"]["message"].as_str().unwrap(), format!("{section}.{name}"));
        assert!(message.contains(says) && message.contains(&path), "{message}");
        assert_eq!(refused["error"]["param"], path);
    }
    // All or none.
    let half = json!({"router_settings": {"max_fallbacks": 3, "num_retries": "many"}});
    let refused = app.post("/config/update", half).expect_status(400).await.value();
    assert_eq!(refused["error"]["param"], "router_settings.num_retries");
    let refused = app.post("/config/update", json!({"environment_variables": {"A": "b"}})).expect_status(400).await;
    assert_eq!(refused.value()["error"]["param"], "environment_variables");
    app.post("/config/update", json!({"router_settings": 1})).expect_status(422).await;
    app.post("/config/update", json!({"router_setings": {}})).expect_status(422).await;
    let all = app.get("/config/list").expect_status(200).await.value();
    assert!(all.as_array().unwrap().iter().all(|one| one["version"] == 0 && one["stored_in_db"] == false));
}

#[tokio::test]
async fn concurrent_edits_do_not_overwrite_each_other() {
    let app = TestApp::start().await;
    let set = |value: i64, version: i64| json!({"config_type": "router_settings", "field_name": "num_retries", "field_value": value, "version": version});
    let first =
        app.post("/config/field/update", set(1, 0)).expect_status(200).await.value()["version"].as_i64().unwrap();
    let refused = app.post("/config/field/update", set(2, 0)).expect_status(409).await.value();
    assert!(refused["error"]["message"].as_str().unwrap().contains("has changed this meanwhile"));
    let delete = json!({"config_type": "router_settings", "field_name": "num_retries", "version": 0});
    app.post("/config/field/delete", delete).expect_status(409).await;
    let second = app.post("/config/field/update", set(2, first)).expect_status(200).await.value();
    assert_eq!(second["field_value"], 2);
    assert!(second["version"].as_i64().unwrap() > first);
    // Taken out and set again it is another one, which whoever saw the first has not seen.
    app.advance(Duration::from_secs(1));
    let delete = json!({"config_type": "router_settings", "field_name": "num_retries"});
    app.post("/config/field/delete", delete).expect_status(200).await;
    app.post("/config/field/update", set(3, 0)).expect_status(200).await;
    app.post("/config/field/update", set(4, first)).expect_status(409).await;
    // Another setting is nobody's business.
    let other =
        json!({"config_type": "router_settings", "field_name": "max_fallbacks", "field_value": 3, "version": 0});
    app.post("/config/field/update", other).expect_status(200).await;
}

#[tokio::test]
async fn groups_of_settings_are_joined_member_by_member() {
    let app = TestApp::start().await;
    let body =
        json!({"litellm_settings": {"cache_params": {"ttl": 60}, "default_internal_user_params": {"max_budget": 5}}});
    app.post("/config/update", body).expect_status(200).await;
    let body = json!({"litellm_settings": {"cache_params": {"mode": "default_off"}}});
    app.post("/config/update", body).expect_status(200).await;
    assert_eq!(setting(&app, "litellm_settings", "cache_params.ttl").await["field_value"], 60);
    assert_eq!(setting(&app, "litellm_settings", "cache_params.mode").await["field_value"], "default_off");
    let body = json!({"litellm_settings": {"cache_params": null}});
    app.post("/config/update", body).expect_status(200).await;
    assert_eq!(setting(&app, "litellm_settings", "cache_params.ttl").await["source"], "default");
    let newcomers = setting(&app, "litellm_settings", "default_internal_user_params.max_budget").await;
    assert_eq!((&newcomers["field_value"], &newcomers["source"]), (&json!(5), &json!("database")));
    let refused = app.post("/config/update", json!({"litellm_settings": {"cache_params": 1}})).expect_status(400).await;
    assert!(refused.value()["error"]["message"].as_str().unwrap().contains("expected a mapping"));
}

#[tokio::test]
async fn secrets_are_never_shown_and_what_waits_for_a_restart_says_so() {
    let yaml = "general_settings: {master_key: sk-of-the-file, database_url: 'postgres://u:hush@h/d'}\n\
                router_settings: {redis_password: hush}\nlitellm_settings: {timezone: UTC}\nmodel_list: []\n";
    // Environment and data folder of the tests go before what would need a server.
    let app = TestApp::builder().config("litellm_settings: {timezone: UTC}\nmodel_list: []\n").start().await;
    std::fs::write(app.config_file(), yaml.replace("timezone: UTC", "timezone: Europe/Berlin")).unwrap();
    app.running.app.settings.reload().await;
    let shown = app.get("/config/list").expect_status(200).await;
    assert!(!shown.body().contains("hush") && !shown.body().contains("sk-of-the-file"), "{}", shown.body());
    let master = setting(&app, "general_settings", "master_key").await;
    assert_eq!(
        (&master["field_value"], &master["source"], &master["editable"]),
        (&json!("****"), &json!("file"), &json!(false))
    );
    assert_eq!(master["waits_for_restart"], true);
    let timezone = setting(&app, "litellm_settings", "timezone").await;
    assert_eq!((&timezone["field_value"], &timezone["waits_for_restart"]), (&json!("Europe/Berlin"), &json!(true)));
    let port = setting(&app, "router_settings", "redis_port").await;
    assert_eq!((&port["source"], &port["place"]), (&json!("default"), &json!("REDIS_PORT")));
    let callbacks = app.get("/get/config/callbacks").expect_status(200).await.value();
    assert_eq!((&callbacks["status"], &callbacks["router_settings"]["cooldown_time"]), (&json!("success"), &json!(5)));
}

#[tokio::test]
async fn the_audit_log_has_before_and_after() {
    let app = TestApp::start().await;
    for value in [1, 2] {
        app.post("/config/update", json!({"router_settings": {"num_retries": value}})).expect_status(200).await;
    }
    app.post("/config/update", json!({"router_settings": {"num_retries": null}})).expect_status(200).await;
    let log = app.get("/audit?object_id=router_settings.num_retries").expect_status(200).await.value();
    let rows = log["audit_logs"].as_array().unwrap();
    let told: Vec<_> = rows
        .iter()
        .map(|row| (&row["action"], &row["before_value"]["value"], &row["updated_values"]["value"]))
        .collect();
    let (one, two) = (json!(1), json!(2));
    assert_eq!(
        told,
        [
            (&json!("deleted"), &two, &Value::Null),
            (&json!("updated"), &one, &two),
            (&json!("created"), &Value::Null, &one),
        ]
    );
}

#[tokio::test]
async fn only_administrators_see_and_change_settings() {
    let app = TestApp::start().await;
    for (name, role, reads) in [("viewer", UserRole::ProxyAdminViewer, 200), ("user", UserRole::InternalUser, 403)] {
        add_user(&app, name, None, role, name).await;
        let person = app.sign_in(name, name).await;
        for path in ["/config/list", RETRIES, "/get/config/callbacks"] {
            person.get(path).expect_status(reads).await;
        }
        let body = json!({"config_type": "router_settings", "field_name": "num_retries", "field_value": 1});
        person.post("/config/field/update", body).expect_status(403).await;
        person.post("/config/update", json!({"router_settings": {}})).expect_status(403).await;
        let body = json!({"config_type": "router_settings", "field_name": "num_retries"});
        person.post("/config/field/delete", body).expect_status(403).await;
    }
}

#[tokio::test]
async fn how_calls_are_made_changes_too() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let key = app.new_key(json!({"max_budget": 0.0})).await;
    app.bearer(&key).post(CHAT, ask("gpt")).expect_status(400).await;
    let body = json!({"litellm_settings": {"budget_exceeded_status_code": 429},
        "general_settings": {"max_request_size_mb": 0.001}});
    app.post("/config/update", body).expect_status(200).await;
    app.bearer(&key).post(CHAT, ask("gpt")).expect_status(429).await;
    let mut long = ask("gpt");
    long["messages"][0]["content"] = json!("a".repeat(2000));
    app.post(CHAT, long).expect_status(413).await;
    app.post(CHAT, ask("gpt")).expect_status(200).await;
    app.settled().await;
}

#[tokio::test]
async fn a_caches_ttl_changes_while_it_keeps_its_answers() {
    let upstream = FakeUpstream::start();
    let models = upstream.deployment("gpt", "one");
    let yaml = format!("litellm_settings: {{cache: true}}\nmodel_list:\n{models}");
    let app = TestApp::builder().config(&yaml).start().await;
    let hit = async |content: &str| {
        let mut body = ask("gpt");
        body["messages"][0]["content"] = json!(content);
        let answer = app.post(CHAT, body).expect_status(200).await;
        answer.has_header("x-litellm-cache-hit") && answer.header("x-litellm-cache-hit") == "True"
    };
    assert!(!hit("first").await && hit("first").await);
    app.post("/config/update", json!({"litellm_settings": {"cache_params": {"ttl": 5}}})).expect_status(200).await;
    assert!(hit("first").await, "what was kept is still there");
    assert!(!hit("second").await && hit("second").await);
    app.advance(Duration::from_secs(6));
    assert!(!hit("second").await, "it was kept for five seconds");
    assert!(hit("first").await, "and this for ten minutes");
    app.post("/config/update", json!({"litellm_settings": {"cache_params": {"mode": "default_off"}}}))
        .expect_status(200)
        .await;
    assert!(!hit("first").await, "only who asks for the cache has it");
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_nodes_follow() {
    let (one, two, redis) = (FakeUpstream::start(), FakeUpstream::start(), RedisServer::start().await);
    let models = format!("model_list:\n{}{}", one.deployment("gpt", "one"), two.deployment("other", "two"));
    let yaml = format!("router_settings: {{num_retries: 0, cooldown_time: 0}}\n{models}");
    let first = TestApp::builder().config(&yaml).redis(&redis).start().await;
    let second = first.beside().await;
    let body = json!({"router_settings": {"fallbacks": [{"gpt": ["other"]}]}});
    first.post("/config/update", body).expect_status(200).await;
    let follows = async {
        while setting(&second, "router_settings", "fallbacks").await["source"] != "database" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), follows).await.expect("the other node follows");
    fails_once(&second, &one, 200).await;
    second.settled().await;
}

#[tokio::test]
async fn metrics_are_told_to_nobody_where_that_is_asked_for() {
    let app = TestApp::start().await;
    app.nobody().get("/metrics").expect_status(200).await;
    app.post("/config/update", json!({"litellm_settings": {"require_auth_for_metrics_endpoint": true}}))
        .expect_status(200)
        .await;
    app.nobody().get("/metrics").expect_status(401).await;
    let key = app.new_key(json!({})).await;
    app.bearer(&key).get("/metrics").expect_status(403).await;
    assert!(app.get("/metrics").expect_status(200).await.body().contains("tollgate_"));
}
