//! Two organizations on one gateway: neither learns of the other or touches what is the other's, by any operation.

mod worlds;

use reqwest::Method;
use serde_json::{Map, Value, json};
use tollgate_openapi::session::UserRole;

use crate::chat::{CHAT, ask};
use crate::kit::{Client, FakeUpstream, TestApp};
use crate::session::add_user;

/// Is part of all that Acme alone knows and nobody of Globex ever sends.
const SECRET: &str = "hush";
/// Operations that are about nobody's: what they take has no owner.
const OF_NOBODY: [&str; 30] = [
    // Open to everybody.
    "session_new",
    "health_liveliness",
    "health_liveness",
    "health_readiness",
    "metrics",
    "sso_lookup",
    "user_password_forgot",
    // Open to whoever holds the secret of a letter.
    "invitation_accept",
    "user_password_reset",
    // About the caller, who would no longer be one.
    "session_delete",
    "session_info",
    "second_factor_new",
    "second_factor_confirm",
    "second_factor_recovery_codes_new",
    "user_password_change",
    // Makes something that is the caller's own, or nobody's yet.
    "access_token_new",
    "organization_new",
    "budget_new",
    "tag_new",
    // About the gateway.
    "cache_ping",
    "cache_delete",
    "cache_flushall",
    "health_test_connection",
    "spend_calculate",
    "cost_estimate",
    "spend_month_close",
    "global_spend_reset",
    "config_update",
    "config_field_update",
    "config_field_delete",
];

/// Operations that answer for each of many by itself.
const BY_ITEM: [&str; 3] = ["key_bulk_update", "key_bulk_delete", "keys_info"];

struct World {
    app: TestApp,
    /// Names of fields and parameters, and what of Acme's they can name.
    names: Map<String, Value>,
}

impl World {
    async fn new(upstream: &FakeUpstream) -> Self {
        let app = TestApp::with_upstream(upstream).await;
        for name in ["acme", "globex"] {
            found(&app, name).await;
        }
        add_user(&app, "stranger", None, UserRole::InternalUser, "stranger").await;
        app.post("/budget/new", json!({"budget_id": "acme-budget", "max_budget": 77})).expect_status(200).await;
        app.post("/customer/new", json!({"user_id": "acme-customer", "alias": SECRET})).expect_status(200).await;
        app.post("/tag/new", json!({"name": "acme-tag", "description": SECRET})).expect_status(200).await;
        let secret = app
            .new_key(json!({"key_alias": "acme-key", "soft_budget": 0.00000001, "team_id": "acme-team", "user_id": "acme-worker",
                            "metadata": {"note": SECRET}}))
            .await;
        let mut call = ask("gpt");
        call["user"] = json!("acme-customer");
        call["metadata"] = json!({"tags": ["acme-tag"]});
        app.bearer(&secret).post(CHAT, call).expect_status(200).await;
        app.settled().await;
        let credential = json!({"credential_name": "acme-credential", "credential_values": {"api_key": SECRET},
            "credential_info": {"note": SECRET}});
        app.post("/credentials", credential).expect_status(200).await;
        let model = json!({"model_name": "shared-model", "model_info": {"id": "shared-model"},
            "litellm_params": {"model": "openai/gpt-4o", "api_key": SECRET}});
        app.post("/model/new", model).expect_status(200).await;
        let provider = json!({"provider_id": "acme-sign-in", "kind": "google", "client_id": SECRET, "client_secret": SECRET,
            "allowed_domains": ["hush.example"],
            "organization_id": "acme"});
        app.post("/sso/provider/new", provider).expect_status(200).await;
        let callback = json!({"callback_name": "langfuse", "callback_vars": {
            "langfuse_public_key": SECRET, "langfuse_secret_key": SECRET, "langfuse_host": "https://hush.example"}});
        app.post("/team/acme-team/callback", callback).expect_status(200).await;
        let channel = json!({"name": SECRET, "kind": "webhook", "url": "https://hush.example/hook", "organization_id": "acme", "alert_types": ["team_deleted"]});
        let channel = app.post("/alert/channel/new", channel).expect_status(200).await.value();
        let report = json!({"name": SECRET, "period": "week", "organization_id": "acme"});
        let report = app.post("/spend/report/new", report).expect_status(200).await.value();
        let invitation =
            app.post("/invitation/new", json!({"user_id": "acme-worker"})).expect_status(200).await.value();
        let worker = app.sign_in("acme-worker", "acme-worker").await;
        let own = worker.post("/access_token/new", json!({"name": "hush"})).expect_status(200).await.value();
        let listed = app.get("/key/list?key_alias=acme-key").expect_status(200).await.value();
        let token = listed["keys"][0].clone();
        let logged = app.get("/spend/logs/v2").expect_status(200).await.value();
        let request = logged["data"][0]["request_id"].clone();
        let of_report = json!({"report_id": report["report_id"], "channel_ids": [channel["channel_id"]],
            "email_to": ["acme-worker@hush.example"]});
        let mut names = json!({
            "key": token, "keys": [token], "api_key": token, "key_hash": token, "key_alias": "acme-key",
            "key_aliases": ["acme-key"], "team_id": "acme-team", "team_ids": ["acme-team"], "team": "acme-team",
            "team_alias": "acme", "user_id": "acme-worker", "user_ids": ["acme-worker"], "user_email": "acme-worker@hush.example",
            "organization_id": "acme", "organization_ids": ["acme"], "org_id": "acme", "org_alias": "acme",
            "end_user_id": "acme-customer", "end_user_ids": "acme-customer",
            "internal_user_id": "acme-worker", "customer_id": "acme-customer", "end_user": "acme-customer", "search": "acme", "request_id": request,
            "budget_id": "acme-budget", "budgets": ["acme-budget"], "id": "acme-budget", "name": "acme-tag",
            "names": ["acme-tag"], "tag": "acme-tag", "cost_center": "acme-center", "month": "2026-11", "member": {"user_id": "acme-worker"}, "object_id": "acme-team",
            "provider_id": "acme-sign-in", "channel_id": channel["channel_id"], "invitation_id": invitation["id"], "token_id": own["token_id"],
            "credential_name": "acme-credential", "model_id": "shared-model", "model_name": "shared-model",
        });
        names.as_object_mut().unwrap().extend(of_report.as_object().unwrap().clone());
        names["callback_name"] = json!("langfuse");
        Self { app, names: names.as_object().unwrap().clone() }
    }

    /// What Acme looks like to those who see everything.
    async fn acme(&self) -> Vec<String> {
        let mut shown = Vec::new();
        for path in [
            "/organization/info?organization_id=acme",
            "/team/info?team_id=acme-team",
            "/user/info?user_id=acme-worker",
            "/user/info?user_id=acme-boss",
            "/customer/info?end_user_id=acme-customer",
            "/key/list?team_id=acme-team&return_full_object=true",
            "/sso/provider/list",
            "/credentials",
            "/alert/channel/list",
            "/spend/report/list",
        ] {
            shown.push(self.app.get(path).expect_status(200).await.body().to_owned());
        }
        shown
    }

    /// Every call of an operation that names something of Acme's, and the one that names nothing.
    fn calls(&self, path: &str, operation: &Value, document: &Value) -> Vec<(String, Option<Value>)> {
        let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
        let named = |place: &str| {
            let names = parameters.iter().filter(|one| one["in"] == place).map(|one| one["name"].as_str().unwrap());
            names.filter_map(|name| Some((name, self.names.get(name)?))).collect::<Vec<_>>()
        };
        let path = named("path").iter().fold(path.to_owned(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), value.as_str().unwrap_or_default())
        });
        if let Some(body) = body_of(operation, document) {
            let mut named: Vec<Value> = Vec::new();
            for (name, value) in self.names.iter().filter(|(name, _)| is_field(operation, document, name)) {
                let mut body = body.clone();
                body[name] = value.clone();
                named.push(body);
            }
            // And all at once.
            let mut all = body;
            let fields = self.names.iter().filter(|(name, _)| is_field(operation, document, name));
            fields.for_each(|(name, value)| all[name] = value.clone());
            named.push(all);
            return named.into_iter().map(|body| (path.clone(), Some(body))).collect();
        }
        let queries = named("query").into_iter().map(|(name, value)| format!("{path}?{name}={}", text_of(value)));
        let mut calls: Vec<_> = queries.map(|path| (path, None)).collect();
        calls.push((path.clone(), None));
        calls
    }
}

/// An organization with an administrator, a lead of its team, a member and one who only looks.
async fn found(app: &TestApp, name: &str) {
    let secret = if name == "acme" { SECRET } else { "plain" };
    let organization = json!({"organization_id": name, "organization_alias": format!("{name} {secret}")});
    app.post("/organization/new", organization).expect_status(200).await;
    for (role, user_role) in [
        ("boss", UserRole::InternalUser),
        ("lead", UserRole::InternalUser),
        ("worker", UserRole::InternalUser),
        ("looker", UserRole::InternalUserViewer),
    ] {
        let id = format!("{name}-{role}");
        let email = format!("{id}@{secret}.example");
        add_user(app, &id, Some(&email), user_role, &id).await;
    }
    let team = json!({"team_id": format!("{name}-team"), "team_alias": format!("{name} {secret}"),
        "organization_id": name, "admins": [format!("{name}-lead")],
        "members": [format!("{name}-worker"), format!("{name}-looker")], "metadata": {"note": secret}});
    app.post("/team/new", team).expect_status(200).await;
    let boss = json!({"user_id": format!("{name}-boss"), "role": "org_admin"});
    app.post("/organization/member_add", json!({"organization_id": name, "member": boss})).expect_status(200).await;
}

/// The example of a body.
fn body_of(operation: &Value, document: &Value) -> Option<Value> {
    let schema = schema_of(operation, document)?;
    Some(schema["example"].clone()).filter(Value::is_object).or_else(|| Some(json!({})))
}

fn schema_of<'a>(operation: &'a Value, document: &'a Value) -> Option<&'a Value> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')),
        None => Some(schema).filter(|schema| schema.is_object()),
    }
}

/// Whether a body has a field of this name.
fn is_field(operation: &Value, document: &Value, name: &str) -> bool {
    fn has(schema: &Value, document: &Value, name: &str) -> bool {
        let parts = schema["allOf"].as_array().into_iter().flatten();
        let referred = schema["$ref"].as_str().and_then(|text| document.pointer(text.trim_start_matches('#')));
        !schema["properties"][name].is_null() || parts.chain(referred).any(|part| has(part, document, name))
    }
    schema_of(operation, document).is_some_and(|schema| has(schema, document, name))
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Array(values) => text_of(&values[0]),
        Value::String(text) => text.replace(' ', "%20"),
        other => other.to_string(),
    }
}

async fn everybody_of_globex(app: &TestApp) -> Vec<(&'static str, Client)> {
    let mut people = Vec::new();
    for name in ["globex-boss", "globex-lead", "globex-worker", "globex-looker", "stranger"] {
        people.push((name, app.sign_in(name, name).await));
    }
    people.push(("key", app.bearer(&app.new_key(json!({"team_id": "globex-team"})).await)));
    people
}

#[tokio::test]
async fn no_operation_crosses_the_border() {
    let upstream = FakeUpstream::start();
    let world = World::new(&upstream).await;
    let document: Value = world.app.nobody().get("/openapi.json").expect_status(200).await.value();
    let before = world.acme().await;
    let people = everybody_of_globex(&world.app).await;
    let (mut uncovered, mut crossed) = (Vec::new(), Vec::new());
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            if OF_NOBODY.contains(&id) {
                continue;
            }
            let mut calls = world.calls(path, operation, &document);
            if id == "key_bulk_update" {
                let change = json!({"key": world.names["key"], "max_budget": 1});
                calls.push((path.clone(), Some(json!({"keys": [change]}))));
            }
            let is_named = calls.len() > 1 || path.contains('{');
            if method != "get" && !is_named || calls.iter().any(|(path, _)| path.contains('{')) {
                uncovered.push(format!("{method} {path}"));
                continue;
            }
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            for (path, body) in &calls {
                for (name, person) in &people {
                    let told = crosses(person, &method, path, body.as_ref(), BY_ITEM.contains(&id)).await;
                    crossed.extend(told.map(|told| format!("{name}: {told}")));
                }
            }
        }
    }
    assert!(crossed.is_empty(), "{}", crossed.join("\n"));
    assert_eq!(uncovered, Vec::<String>::new(), "say in `names` what of Acme's these can name, or why nothing");
    assert_eq!(world.acme().await, before);
}

/// Calls as a stranger to Acme, and tells what came of it where something was read or written. `by_item`: 200 says
/// nothing of that; whether something was written shows in the end.
async fn crosses(person: &Client, method: &Method, path: &str, body: Option<&Value>, by_item: bool) -> Option<String> {
    let answer = person.call(method.clone(), path, body.map(Value::to_string)).send().await;
    let sent = format!("{path} {}", body.unwrap_or(&Value::Null));
    // What was sent may come back in a refusal.
    let tells = !sent.contains(SECRET) && answer.body().contains(SECRET);
    let stays_out = match *method {
        Method::GET => answer.status < 500 && (answer.status != 200 || !answer.body().contains("acme")),
        _ => (400..500).contains(&answer.status) || by_item && answer.status == 200,
    };
    let is_fine = stays_out && !tells;
    (!is_fine).then(|| format!("{method} {sent} → {} {}", answer.status, answer.body()))
}
