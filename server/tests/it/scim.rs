//! Provisioning by SCIM 2.0, as Entra and Okta ask for it.

use reqwest::Method;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use tollgate::db;

use crate::kit::{Answer, Client, FakeUpstream, TestApp};

const USERS: &str = "/scim/v2/Users";
const GROUPS: &str = "/scim/v2/Groups";

/// A directory with a token of its own.
async fn directory(app: &TestApp) -> Client {
    let made = app.post("/scim/token/new", json!({"name": "Entra"})).expect_status(200).await.value();
    assert_eq!(made["base_url"], format!("{}/scim/v2", app.base));
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("scim-"), "{token}");
    app.bearer(token)
}

async fn send(client: &Client, method: Method, path: &str, body: Value, status: u16) -> Answer {
    let answer = client.call(method, path, Some(body.to_string())).expect_status(status).await;
    if status != 204 {
        assert_eq!(answer.header("content-type"), "application/scim+json");
    }
    answer
}

async fn post(client: &Client, path: &str, body: Value) -> Value {
    send(client, Method::POST, path, body, 201).await.value()
}

async fn patch(client: &Client, path: &str, operations: Value, status: u16) -> Answer {
    let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
    send(client, Method::PATCH, path, body, status).await
}

async fn get(client: &Client, path: &str) -> Value {
    client.get(path).expect_status(200).await.value()
}

/// What Entra sends for a new user.
fn entras_user() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": "Ada@Acme.com",
        "active": true,
        "displayName": "Ada Lovelace",
        "emails": [{"primary": true, "type": "work", "value": "Ada.Lovelace@Acme.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Ada Lovelace", "familyName": "Lovelace", "givenName": "Ada"},
        "title": "Countess",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Engines"},
        "roles": []
    })
}

fn filtered(path: &str, filter: &str) -> String {
    let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    format!("{path}?filter={filter}")
}

#[tokio::test]
async fn entra_finds_makes_changes_and_switches_off_a_user() {
    let app = TestApp::start().await;
    let entra = directory(&app).await;
    // Its test of the connection, and its look before it makes anybody.
    let none = get(&entra, &filtered(USERS, "userName eq \"non-existent-user\"")).await;
    assert_eq!((&none["totalResults"], &none["Resources"]), (&json!(0), &json!([])));
    let made = post(&entra, USERS, entras_user()).await;
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!((&made["userName"], &made["active"]), (&json!("Ada@Acme.com"), &json!(true)));
    assert_eq!(made["emails"][0]["value"], "ada.lovelace@acme.com");
    assert_eq!(made["meta"]["location"], format!("{}{USERS}/{id}", app.base));
    let again = send(&entra, Method::POST, USERS, entras_user(), 409).await.value();
    assert_eq!((&again["scimType"], &again["status"]), (&json!("uniqueness"), &json!("409")));

    for filter in ["userName eq \"ada@acme.com\"", "externalId eq \"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef\""] {
        let found = get(&entra, &filtered(USERS, filter)).await;
        assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(1), &json!(id)), "{filter}");
    }
    let path = format!("{USERS}/{id}");
    let operations = json!([
        {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "countess@acme.com"},
        {"op": "Replace", "path": "name.familyName", "value": "King"},
        {"op": "Add", "path": "displayName", "value": "Ada King"},
        {"op": "Replace", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "x"}
    ]);
    let changed = patch(&entra, &path, operations, 200).await.value();
    assert_eq!(changed["emails"][0]["value"], "countess@acme.com");
    assert_eq!((&changed["name"]["familyName"], &changed["displayName"]), (&json!("King"), &json!("Ada King")));
    let user = app.get(&format!("/user/info?user_id={id}")).expect_status(200).await.value();
    assert_eq!(user["user_info"]["user_email"], "countess@acme.com");

    let off = patch(&entra, &path, json!([{"op": "Replace", "path": "active", "value": "False"}]), 200).await;
    assert_eq!(off.value()["active"], false);
    send(&entra, Method::DELETE, &path, json!({}), 204).await;
    entra.get(&path).expect_status(404).await;
    let audit = db::audit::Entity::find().all(&app.app.db).await.unwrap();
    let of_user: Vec<_> = audit.iter().filter(|row| row.resource == "user" && row.actor_kind == "scim").collect();
    assert_eq!(of_user.len(), 4, "{of_user:?}");
    assert_eq!(db::audit::first_broken(&app.app.db).await.unwrap(), None);
}

#[tokio::test]
async fn okta_replaces_and_switches_off_and_on() {
    let app = TestApp::start().await;
    let okta = directory(&app).await;
    let body = |active: bool| {
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "grace@acme.com",
            "name": {"givenName": "Grace", "familyName": "Hopper"},
            "emails": [{"primary": true, "value": "grace@acme.com", "type": "work"}],
            "displayName": "Grace Hopper", "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7", "groups": [],
            "password": "1mz050nq", "active": active})
    };
    let page = get(&okta, &format!("{USERS}?startIndex=1&count=2")).await;
    assert_eq!((&page["totalResults"], &page["itemsPerPage"]), (&json!(1), &json!(1)), "the first administrator");
    let id = post(&okta, USERS, body(true)).await["id"].as_str().unwrap().to_owned();
    let path = format!("{USERS}/{id}");
    let replaced = send(&okta, Method::PUT, &path, body(false), 200).await.value();
    assert_eq!(replaced["active"], false);
    let on = patch(&okta, &path, json!([{"op": "replace", "value": {"active": true}}]), 200).await.value();
    assert_eq!(on["active"], true);
    // A password that a directory sends is nobody's to sign in with.
    app.nobody().try_sign_in("grace@acme.com", "1mz050nq").expect_status(401).await;
    let pages = get(&okta, &format!("{USERS}?startIndex=2&count=1")).await;
    assert_eq!((&pages["startIndex"], &pages["itemsPerPage"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn who_is_not_active_is_out_at_once_with_their_keys() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    let entra = directory(&app).await;
    let id = post(&entra, USERS, entras_user()).await["id"].as_str().unwrap().to_owned();
    let key = app.new_key(json!({"user_id": id})).await;
    let call = json!({"model": "gpt", "messages": [{"role": "user", "content": "Hello"}]});
    app.bearer(&key).post("/v1/chat/completions", &call).expect_status(200).await;
    let path = format!("{USERS}/{id}");
    patch(&entra, &path, json!([{"op": "Replace", "path": "active", "value": "False"}]), 200).await;
    app.bearer(&key).post("/v1/chat/completions", &call).expect_status(401).await;
    patch(&entra, &path, json!([{"op": "Replace", "path": "active", "value": "True"}]), 200).await;
    app.bearer(&key).post("/v1/chat/completions", &call).expect_status(200).await;
}

#[tokio::test]
async fn groups_are_teams() {
    let config = "litellm_settings:\n  default_team_params:\n    max_budget: 50\n    budget_duration: 1mo\n";
    let app = TestApp::builder().config(config).start().await;
    let entra = directory(&app).await;
    let ada = post(&entra, USERS, entras_user()).await["id"].as_str().unwrap().to_owned();
    let mut other = entras_user();
    (other["userName"], other["emails"], other["externalId"]) = (json!("eve@acme.com"), json!([]), json!("e"));
    let eve = post(&entra, USERS, other).await["id"].as_str().unwrap().to_owned();
    let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group",
        "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": "8aa1a0c0", "displayName": "Engineers", "meta": {"resourceType": "Group"}});
    let made = post(&entra, GROUPS, group.clone()).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let team = app.get(&format!("/team/info?team_id={id}")).expect_status(200).await.value();
    assert_eq!(
        (&team["team_info"]["team_alias"], &team["team_info"]["max_budget"]),
        (&json!("Engineers"), &json!(50.0))
    );
    send(&entra, Method::POST, GROUPS, group, 409).await;

    let path = format!("{GROUPS}/{id}");
    let members = async |path: &str| {
        let group = get(&entra, path).await;
        let members = group["members"].as_array().unwrap().iter();
        let mut ids: Vec<String> = members.map(|one| one["value"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    let both = json!([{"value": ada}, {"value": eve}]);
    patch(&entra, &path, json!([{"op": "Add", "path": "members", "value": both}]), 204).await;
    let mut expected = vec![ada.clone(), eve.clone()];
    expected.sort();
    assert_eq!(members(&path).await, expected);
    let key = app.new_key(json!({"user_id": eve, "team_id": id})).await;
    patch(&entra, &path, json!([{"op": "Remove", "path": "members", "value": [{"value": eve}]}]), 204).await;
    assert_eq!(members(&path).await, std::slice::from_ref(&ada));
    app.get(&format!("/key/info?key={key}")).expect_status(404).await;
    let seen = get(&entra, &format!("{USERS}/{ada}")).await;
    let reference = seen["groups"][0]["$ref"].as_str().unwrap();
    assert!(reference.ends_with(&path), "{reference}");
    assert_eq!(seen["groups"], json!([{"value": id, "$ref": reference, "display": "Engineers"}]));

    // Okta's forms.
    let renamed = json!([{"op": "replace", "value": {"id": id, "displayName": "Builders"}}]);
    patch(&entra, &path, renamed, 204).await;
    patch(&entra, &path, json!([{"op": "remove", "path": format!("members[value eq \"{ada}\"]")}]), 204).await;
    assert!(members(&path).await.is_empty());
    let whole = json!({"displayName": "Builders", "members": [{"value": eve, "display": "Eve"}]});
    let replaced = send(&entra, Method::PUT, &path, whole, 200).await.value();
    assert_eq!((&replaced["displayName"], &replaced["members"][0]["value"]), (&json!("Builders"), &json!(eve)));
    let named = filtered(GROUPS, "displayName eq \"Builders\"");
    let found = get(&entra, &format!("{named}&excludedAttributes=members")).await;
    assert_eq!((&found["totalResults"], &found["Resources"][0]["members"]), (&json!(1), &Value::Null));
    let nobody = json!([{"op": "add", "path": "members", "value": [{"value": "nobody"}]}]);
    assert_eq!(patch(&entra, &path, nobody, 400).await.value()["scimType"], "invalidValue");
    send(&entra, Method::DELETE, &path, json!({}), 204).await;
    app.get(&format!("/team/info?team_id={id}")).expect_status(404).await;
}

#[tokio::test]
async fn what_changed_meanwhile_is_not_overwritten() {
    let app = TestApp::start().await;
    let entra = directory(&app).await;
    let made = post(&entra, USERS, entras_user()).await;
    let path = format!("{USERS}/{}", made["id"].as_str().unwrap());
    let version = made["meta"]["version"].as_str().unwrap().to_owned();
    assert_eq!(entra.get(&path).expect_status(200).await.header("etag"), version);
    entra.clone().with_header("if-none-match", &version).get(&path).expect_status(304).await;
    app.advance(std::time::Duration::from_secs(1));
    let careful = entra.clone().with_header("if-match", &version);
    let rename = |name: &str| json!([{"op": "replace", "path": "displayName", "value": name}]);
    patch(&careful, &path, rename("One"), 200).await;
    patch(&careful, &path, rename("Two"), 412).await;
    assert_eq!(get(&entra, &path).await["displayName"], "One");
}

#[tokio::test]
async fn nonsense_is_refused_in_scims_form_and_changes_nothing() {
    let app = TestApp::start().await;
    let entra = directory(&app).await;
    let made = post(&entra, USERS, entras_user()).await;
    let path = format!("{USERS}/{}", made["id"].as_str().unwrap());
    for (method, path, body, kind) in [
        (Method::POST, USERS, json!({}), "invalidValue"),
        (Method::POST, USERS, json!([1]), "invalidSyntax"),
        (Method::POST, USERS, json!({"userName": 7}), "invalidValue"),
        (Method::POST, USERS, json!({"userName": "x", "emails": [{"value": "no address"}]}), "invalidValue"),
        (Method::POST, USERS, json!({"userName": "x", "active": "maybe"}), "invalidValue"),
        (Method::PATCH, &path, json!({"Operations": [{"op": "burn"}]}), "invalidSyntax"),
        (Method::PATCH, &path, json!({"Operations": [{"op": "remove", "path": "userName"}]}), "mutability"),
        (Method::PATCH, &path, json!({"Operations": [{"op": "remove"}]}), "noTarget"),
        (Method::POST, GROUPS, json!({"displayName": " "}), "invalidValue"),
    ] {
        let refusal = send(&entra, method, path, body.clone(), 400).await.value();
        assert_eq!(refusal["scimType"], kind, "{body}");
        assert_eq!(refusal["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
        assert!(refusal["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{refusal}");
    }
    for path in [filtered(USERS, "userName co \"a\""), filtered(USERS, "title eq \"a\""), filtered(GROUPS, "x")] {
        let refusal = entra.get(&path).expect_status(400).await.value();
        assert_eq!(refusal["scimType"], "invalidFilter", "{path}");
    }
    entra.get("/scim/v2/Nothing").expect_status(404).await;
    assert_eq!(get(&entra, &path).await["meta"]["version"], made["meta"]["version"]);
}

#[tokio::test]
async fn a_directory_is_known_by_its_token_alone() {
    let app = TestApp::start().await;
    let entra = directory(&app).await;
    let tokens = app.get("/scim/token/list").expect_status(200).await;
    assert!(!tokens.body().contains("scim-"), "{}", tokens.body());
    let id = tokens.value()[0]["token_id"].clone();
    for client in [app.nobody(), app.bearer("scim-made-up"), app.bearer(crate::kit::MASTER_KEY)] {
        for path in [USERS, GROUPS, "/scim/v2/ServiceProviderConfig", "/scim/v2/Schemas", "/scim/v2/ResourceTypes"] {
            let refusal = client.get(path).expect_status(401).await.value();
            assert_eq!(refusal["status"], "401");
        }
    }
    // Nor is it good for anything else.
    entra.get("/user/list").expect_status(401).await;
    let config = get(&entra, "/scim/v2/ServiceProviderConfig").await;
    assert_eq!((&config["patch"]["supported"], &config["etag"]["supported"]), (&json!(true), &json!(true)));
    assert_eq!(get(&entra, "/scim/v2/Schemas").await["totalResults"], 2);
    get(&entra, "/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User").await;
    get(&entra, "/scim/v2/ResourceTypes/Group").await;
    app.post("/scim/token/delete", json!({"token_id": id})).expect_status(200).await;
    entra.get(USERS).expect_status(401).await;
}
