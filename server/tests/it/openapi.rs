//! The committed openapi.json is the one this code describes.

use serde_json::{Value, json};
use tollgate::management::openapi::document;
use tollgate_openapi::{
    access_token, alert, audit, budget, cache, credential, customer, health, invitation, key, model, organization,
    paths, policy, second_factor, session, spend, sso, tag, team, user,
};

use crate::kit::TestApp;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/openapi.json");

/// `UPDATE_OPENAPI=1 cargo test openapi` writes it anew.
#[test]
fn the_committed_document_is_up_to_date() {
    let now = document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(COMMITTED, &now).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap();
    assert!(committed == now, "openapi/openapi.json has drifted: run UPDATE_OPENAPI=1 cargo test -p tollgate openapi");
}

/// `(method, path, operation)` of each operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let operations = item.as_object().unwrap();
        operations.iter().map(move |(method, operation)| (method.clone(), path.clone(), operation.clone()))
    });
    operations.collect()
}

fn is_public(operation: &Value) -> bool {
    operation["security"].as_array().is_some_and(|ways| ways.contains(&json!({})))
}

#[test]
fn every_operation_is_named_explained_and_says_how_it_refuses() {
    let document: Value = serde_json::to_value(document()).unwrap();
    let mut ids = Vec::new();
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        let statuses = operation["responses"].as_object().unwrap();
        let expected: &[&str] = match (is_public(&operation), operation["requestBody"].is_object()) {
            (true, false) => &["200"],
            (true, true) => &["200", "400", "413", "422"],
            (false, false) => &["200", "401", "403", "503"],
            (false, true) => &["200", "400", "401", "403", "413", "422", "503"],
        };
        let missing: Vec<_> = expected.iter().filter(|status| !statuses.contains_key(**status)).collect();
        assert!(missing.is_empty(), "{name} does not say how it answers {missing:?}");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name} has no summary");
        assert!(operation["tags"][0].is_string(), "{name} has no tag");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let names: Vec<_> = parameters.iter().map(|parameter| parameter["name"].to_string()).collect();
        let mut unique = names.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), names.len(), "{name} names a parameter twice");
        for parameter in &parameters {
            let is_condition = parameter["in"] == "header" && parameter["name"] == "If-Match";
            assert!(is_condition || parameter["in"] == "query" || parameter["in"] == "path", "{name}: {parameter}");
            assert!(!is_condition || statuses.contains_key("412"), "{name} does not say what it answers if not");
            assert!(parameter["description"].is_string(), "{name}: {parameter}");
        }
        ids.push(operation["operationId"].to_string());
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "two operations share an id");
}

/// Every `$ref` in `value`.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document: Value = serde_json::to_value(document()).unwrap();
    for reference in references(&document) {
        let place = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(place).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn every_body_has_an_example_that_fits() {
    let document: Value = serde_json::to_value(document()).unwrap();
    for (method, path, operation) in operations(&document) {
        let mut contents: Vec<Value> = vec![operation["requestBody"]["content"].clone()];
        contents
            .extend(operation["responses"].as_object().unwrap().values().map(|response| response["content"].clone()));
        for content in contents.iter().filter_map(Value::as_object).flat_map(|content| content.values()) {
            let schema = &content["schema"];
            let parts = [&schema["items"], &schema["additionalProperties"]];
            let items = parts.into_iter().find(|part| part.is_object()).unwrap_or(schema);
            let shown = items["$ref"].as_str().and_then(|place| document.pointer(place.strip_prefix('#')?));
            let has_example =
                content["example"] != Value::Null || shown.is_some_and(|shown| has_example(&document, shown));
            assert!(has_example, "{method} {path}: {content}");
        }
    }
    every_example_is_read(&document);
}

fn every_example_is_read(document: &Value) {
    let example = |name: &str| document["components"]["schemas"][name]["example"].clone();
    serde_json::from_value::<key::KeyCreate>(example("KeyCreate")).unwrap();
    serde_json::from_value::<key::KeyPatch>(example("KeyPatch")).unwrap();
    serde_json::from_value::<key::KeyRegenerate>(example("KeyRegenerate")).unwrap();
    serde_json::from_value::<key::KeyBulkUpdate>(example("KeyBulkUpdate")).unwrap();
    serde_json::from_value::<key::KeyBounds>(example("KeyBounds")).unwrap();
    serde_json::from_value::<key::KeyBlock>(example("KeyBlock")).unwrap();
    serde_json::from_value::<key::KeyDelete>(example("KeyDelete")).unwrap();
    serde_json::from_value::<key::KeyCreated>(example("KeyCreated")).unwrap();
    serde_json::from_value::<key::KeyUpdated>(example("KeyUpdated")).unwrap();
    serde_json::from_value::<key::KeyInfo>(example("KeyInfo")).unwrap();
    serde_json::from_value::<budget::BudgetCreate>(example("BudgetCreate")).unwrap();
    serde_json::from_value::<budget::BudgetPatch>(example("BudgetPatch")).unwrap();
    serde_json::from_value::<budget::BudgetView>(example("BudgetView")).unwrap();
    serde_json::from_value::<team::TeamCreate>(example("TeamCreate")).unwrap();
    serde_json::from_value::<team::TeamPatch>(example("TeamPatch")).unwrap();
    serde_json::from_value::<team::TeamView>(example("TeamView")).unwrap();
    serde_json::from_value::<team::TeamMembership>(example("TeamMembership")).unwrap();
    serde_json::from_value::<team::TeamMemberAdd>(example("TeamMemberAdd")).unwrap();
    serde_json::from_value::<team::TeamMemberPatch>(example("TeamMemberPatch")).unwrap();
    serde_json::from_value::<user::UserCreate>(example("UserCreate")).unwrap();
    serde_json::from_value::<user::UserPatch>(example("UserPatch")).unwrap();
    serde_json::from_value::<user::UserView>(example("UserView")).unwrap();
    serde_json::from_value::<customer::CustomerCreate>(example("CustomerCreate")).unwrap();
    serde_json::from_value::<customer::CustomerPatch>(example("CustomerPatch")).unwrap();
    serde_json::from_value::<customer::CustomerView>(example("CustomerView")).unwrap();
    serde_json::from_value::<organization::OrganizationCreate>(example("OrganizationCreate")).unwrap();
    serde_json::from_value::<organization::OrganizationPatch>(example("OrganizationPatch")).unwrap();
    serde_json::from_value::<organization::OrganizationView>(example("OrganizationView")).unwrap();
    serde_json::from_value::<tag::TagCreate>(example("TagCreate")).unwrap();
    serde_json::from_value::<tag::TagPatch>(example("TagPatch")).unwrap();
    serde_json::from_value::<tag::TagView>(example("TagView")).unwrap();
    serde_json::from_value::<sso::SsoProvider>(example("SsoProvider")).unwrap();
    serde_json::from_value::<sso::SsoProviderView>(example("SsoProviderView")).unwrap();
    serde_json::from_value::<sso::SsoTestView>(example("SsoTestView")).unwrap();
    serde_json::from_value::<sso::SsoChoices>(example("SsoChoices")).unwrap();
    serde_json::from_value::<sso::SsoLookupView>(example("SsoLookupView")).unwrap();
    serde_json::from_value::<spend::SpendLogView>(example("SpendLogView")).unwrap();
    serde_json::from_value::<spend::PriceView>(example("PriceView")).unwrap();
    serde_json::from_value::<spend::SpendLogsDay>(example("SpendLogsDay")).unwrap();
    serde_json::from_value::<spend::InterruptedView>(example("InterruptedView")).unwrap();
    serde_json::from_value::<spend::InterruptedResolve>(example("InterruptedResolve")).unwrap();
    serde_json::from_value::<spend::Activity>(example("Activity")).unwrap();
    serde_json::from_value::<health::HealthReport>(example("HealthReport")).unwrap();
    serde_json::from_value::<audit::AuditPage>(example("AuditPage")).unwrap();
    serde_json::from_value::<audit::AuditView>(example("AuditView")).unwrap();
    serde_json::from_value::<cache::CacheDelete>(example("CacheDelete")).unwrap();
    serde_json::from_value::<cache::CachePing>(example("CachePing")).unwrap();
    serde_json::from_value::<policy::PolicyExplain>(example("PolicyExplain")).unwrap();
    serde_json::from_value::<policy::PolicyExplanation>(example("PolicyExplanation")).unwrap();
}

#[test]
fn the_examples_of_how_people_sign_in_fit() {
    let document: Value = serde_json::to_value(document()).unwrap();
    let example = |name: &str| document["components"]["schemas"][name]["example"].clone();
    serde_json::from_value::<session::SessionCreate>(example("SessionCreate")).unwrap();
    serde_json::from_value::<session::SessionView>(example("SessionView")).unwrap();
    serde_json::from_value::<session::SessionList>(example("SessionList")).unwrap();
    serde_json::from_value::<second_factor::SecondFactorView>(example("SecondFactorView")).unwrap();
    serde_json::from_value::<second_factor::SecondFactorCreate>(example("SecondFactorCreate")).unwrap();
    serde_json::from_value::<second_factor::SecondFactorConfirm>(example("SecondFactorConfirm")).unwrap();
    serde_json::from_value::<second_factor::SecondFactorDelete>(example("SecondFactorDelete")).unwrap();
    serde_json::from_value::<access_token::AccessTokenCreate>(example("AccessTokenCreate")).unwrap();
    serde_json::from_value::<access_token::AccessTokenView>(example("AccessTokenView")).unwrap();
    serde_json::from_value::<access_token::AccessTokenDelete>(example("AccessTokenDelete")).unwrap();
    serde_json::from_value::<session::SessionRevoke>(example("SessionRevoke")).unwrap();
    serde_json::from_value::<invitation::InvitationCreate>(example("InvitationCreate")).unwrap();
    serde_json::from_value::<invitation::InvitationPatch>(example("InvitationPatch")).unwrap();
    serde_json::from_value::<invitation::InvitationView>(example("InvitationView")).unwrap();
    serde_json::from_value::<invitation::InvitationAccept>(example("InvitationAccept")).unwrap();
    serde_json::from_value::<invitation::InvitationAccepted>(example("InvitationAccepted")).unwrap();
    serde_json::from_value::<user::password::PasswordForgot>(example("PasswordForgot")).unwrap();
    serde_json::from_value::<user::password::PasswordReset>(example("PasswordReset")).unwrap();
    serde_json::from_value::<user::password::PasswordChange>(example("PasswordChange")).unwrap();
}

#[test]
fn the_examples_of_alerts_fit() {
    let document: Value = serde_json::to_value(document()).unwrap();
    let example = |name: &str| document["components"]["schemas"][name]["example"].clone();
    serde_json::from_value::<alert::AlertView>(example("AlertView")).unwrap();
    serde_json::from_value::<alert::AlertChannel>(example("AlertChannel")).unwrap();
    serde_json::from_value::<alert::AlertChannelCreate>(example("AlertChannelCreate")).unwrap();
    serde_json::from_value::<alert::AlertChannelPatch>(example("AlertChannelPatch")).unwrap();
    serde_json::from_value::<alert::AlertChannelDelete>(example("AlertChannelDelete")).unwrap();
    serde_json::from_value::<alert::AlertChannelTest>(example("AlertChannelTest")).unwrap();
    serde_json::from_value::<alert::AlertChannelTested>(example("AlertChannelTested")).unwrap();
}

#[test]
fn the_examples_of_models_and_credentials_fit() {
    let document: Value = serde_json::to_value(document()).unwrap();
    let example = |name: &str| document["components"]["schemas"][name]["example"].clone();
    serde_json::from_value::<model::ModelList>(example("ModelList")).unwrap();
    serde_json::from_value::<model::ModelPage>(example("ModelPage")).unwrap();
    serde_json::from_value::<model::ModelGroupList>(example("ModelGroupList")).unwrap();
    serde_json::from_value::<model::ModelCreate>(example("ModelCreate")).unwrap();
    serde_json::from_value::<model::ModelPatch>(example("ModelPatch")).unwrap();
    serde_json::from_value::<model::ModelStored>(example("ModelStored")).unwrap();
    serde_json::from_value::<model::ModelTest>(example("ModelTest")).unwrap();
    serde_json::from_value::<model::ModelTested>(example("ModelTested")).unwrap();
    serde_json::from_value::<credential::CredentialCreate>(example("CredentialCreate")).unwrap();
    serde_json::from_value::<credential::CredentialPatch>(example("CredentialPatch")).unwrap();
    serde_json::from_value::<credential::CredentialView>(example("CredentialView")).unwrap();
    serde_json::from_value::<credential::CredentialList>(example("CredentialList")).unwrap();
}

/// An example of its own, or of each part that it is made of.
fn has_example(document: &Value, schema: &Value) -> bool {
    let parts = references(schema);
    let part = |place: &String| document.pointer(place.strip_prefix('#').unwrap()).unwrap();
    schema["example"] != Value::Null
        || (!parts.is_empty() && parts.iter().any(|place| has_example(document, part(place))))
}

/// Every path that clients know by name.
const PATHS: [&str; 191] = [
    paths::REPORT_NEW,
    paths::REPORT_UPDATE,
    paths::REPORT_DELETE,
    paths::REPORT_LIST,
    paths::REPORT_INFO,
    paths::REPORT_RUN,
    paths::REPORT_FILE,
    paths::ALERT_LIST,
    paths::ALERT_CHANNEL_LIST,
    paths::ALERT_CHANNEL_NEW,
    paths::ALERT_CHANNEL_UPDATE,
    paths::ALERT_CHANNEL_DELETE,
    paths::ALERT_CHANNEL_TEST,
    paths::KEY_BOUNDS,
    paths::KEY_SERVICE_ACCOUNT_GENERATE,
    paths::KEY_BULK_UPDATE,
    paths::TEAM_KEY_BULK_UPDATE,
    paths::KEY_BULK_DELETE,
    paths::KEY_REGENERATE,
    paths::KEY_REGENERATE_NAMED,
    paths::KEY_RESET_SPEND,
    paths::KEY_ALIASES,
    paths::KEYS_INFO,
    paths::SCIM_TOKEN_LIST,
    paths::SCIM_TOKEN_NEW,
    paths::SCIM_TOKEN_DELETE,
    paths::AUDIT_LIST,
    paths::AUDIT_INFO,
    paths::SSO_PROVIDER_LIST,
    paths::SSO_PROVIDER_NEW,
    paths::SSO_PROVIDER_UPDATE,
    paths::SSO_PROVIDER_DELETE,
    paths::SSO_PROVIDER_TEST,
    paths::SSO_CHOICES,
    paths::SSO_LOOKUP,
    paths::CACHE_PING,
    paths::CACHE_DELETE,
    paths::CACHE_FLUSHALL,
    paths::KEY_GENERATE,
    paths::KEY_UPDATE,
    paths::KEY_DELETE,
    paths::KEY_INFO,
    paths::KEY_LIST,
    paths::KEY_BLOCK,
    paths::KEY_UNBLOCK,
    paths::BUDGET_NEW,
    paths::BUDGET_UPDATE,
    paths::BUDGET_INFO,
    paths::BUDGET_LIST,
    paths::BUDGET_DELETE,
    paths::TEAM_NEW,
    paths::TEAM_UPDATE,
    paths::TEAM_DELETE,
    paths::TEAM_BLOCK,
    paths::TEAM_UNBLOCK,
    paths::TEAM_CALLBACK,
    paths::TEAM_CALLBACK_NAMED,
    paths::TEAM_DISABLE_LOGGING,
    paths::TEAM_INFO,
    paths::TEAM_LIST,
    paths::TEAM_LIST_PAGE,
    paths::TEAM_MEMBER_ADD,
    paths::TEAM_MEMBER_UPDATE,
    paths::TEAM_MEMBER_DELETE,
    paths::USER_NEW,
    paths::USER_UPDATE,
    paths::USER_DELETE,
    paths::USER_INFO,
    paths::USER_LIST,
    paths::USER_PASSWORD_CHANGE,
    paths::USER_PASSWORD_FORGOT,
    paths::USER_PASSWORD_RESET,
    paths::INVITATION_NEW,
    paths::INVITATION_INFO,
    paths::INVITATION_UPDATE,
    paths::INVITATION_DELETE,
    paths::INVITATION_ACCEPT,
    paths::CUSTOMER_NEW,
    paths::CUSTOMER_UPDATE,
    paths::CUSTOMER_INFO,
    paths::CUSTOMER_LIST,
    paths::CUSTOMER_DELETE,
    paths::CUSTOMER_BLOCK,
    paths::CUSTOMER_UNBLOCK,
    paths::ORGANIZATION_NEW,
    paths::ORGANIZATION_UPDATE,
    paths::ORGANIZATION_INFO,
    paths::ORGANIZATION_LIST,
    paths::ORGANIZATION_DELETE,
    paths::ORGANIZATION_MEMBER_ADD,
    paths::ORGANIZATION_MEMBER_UPDATE,
    paths::ORGANIZATION_MEMBER_DELETE,
    paths::TAG_NEW,
    paths::TAG_UPDATE,
    paths::TAG_INFO,
    paths::TAG_LIST,
    paths::TAG_DELETE,
    paths::MODEL_INFO,
    paths::MODEL_INFO_OLD,
    paths::MODEL_INFO_PAGE,
    paths::MODEL_DEPRECATIONS,
    paths::MODEL_GROUP_INFO,
    paths::MODEL_NEW,
    paths::MODEL_UPDATE,
    paths::MODEL_PATCH,
    paths::MODEL_DELETE,
    paths::MODEL_BLOCK,
    paths::MODEL_UNBLOCK,
    paths::CREDENTIALS,
    paths::CREDENTIAL,
    paths::CREDENTIAL_BY_NAME,
    paths::HEALTH_TEST_CONNECTION,
    paths::SPEND_INTERRUPTED,
    paths::SPEND_INTERRUPTED_RESOLVE,
    paths::SPEND_LOGS,
    paths::SPEND_LOGS_PAGE,
    paths::SPEND_OVERVIEW,
    paths::SPEND_USAGE,
    paths::SPEND_EXPORT,
    paths::SPEND_FORECAST,
    paths::SPEND_MONTH_LIST,
    paths::SPEND_MONTH_CLOSE,
    paths::SPEND_ADJUSTMENT,
    paths::SPEND_ADJUSTMENTS,
    paths::SPEND_PRICES,
    paths::SPEND_STATEMENT,
    paths::PROVIDER_BUDGETS,
    paths::GLOBAL_SPEND,
    paths::GLOBAL_SPEND_LOGS,
    paths::GLOBAL_SPEND_KEYS,
    paths::GLOBAL_SPEND_MODELS,
    paths::GLOBAL_ACTIVITY,
    paths::CONFIG_LIST,
    paths::CONFIG_UPDATE,
    paths::CONFIG_FIELD_INFO,
    paths::CONFIG_FIELD_UPDATE,
    paths::CONFIG_FIELD_DELETE,
    paths::CONFIG_CALLBACKS,
    paths::GLOBAL_SPEND_TEAMS,
    paths::GLOBAL_SPEND_PROVIDER,
    paths::GLOBAL_SPEND_END_USERS,
    paths::GLOBAL_SPEND_TAGS,
    paths::GLOBAL_SPEND_ALL_TAG_NAMES,
    paths::GLOBAL_SPEND_REPORT,
    paths::GLOBAL_SPEND_RESET,
    paths::KEY_SPEND_REPORT,
    paths::USER_SPEND_REPORT,
    paths::TEAM_SPEND_REPORT,
    paths::ORGANIZATION_SPEND_REPORT,
    paths::GLOBAL_ACTIVITY_MODEL,
    paths::SPEND_KEYS,
    paths::SPEND_USERS,
    paths::SPEND_TAGS,
    paths::SPEND_CALCULATE,
    paths::COST_ESTIMATE,
    paths::USER_DAILY_ACTIVITY,
    paths::TEAM_DAILY_ACTIVITY,
    paths::ORGANIZATION_DAILY_ACTIVITY,
    paths::CUSTOMER_DAILY_ACTIVITY,
    paths::TAG_DAILY_ACTIVITY,
    paths::USER_DAILY_ACTIVITY_WHOLE,
    paths::TEAM_DAILY_ACTIVITY_WHOLE,
    paths::ORGANIZATION_DAILY_ACTIVITY_WHOLE,
    paths::CUSTOMER_DAILY_ACTIVITY_WHOLE,
    paths::TAG_DAILY_ACTIVITY_WHOLE,
    paths::USER_DAILY_ACTIVITY_EXPORT,
    paths::TEAM_DAILY_ACTIVITY_EXPORT,
    paths::ORGANIZATION_DAILY_ACTIVITY_EXPORT,
    paths::CUSTOMER_DAILY_ACTIVITY_EXPORT,
    paths::TAG_DAILY_ACTIVITY_EXPORT,
    paths::SESSION_NEW,
    paths::SESSION_INFO,
    paths::SESSION_DELETE,
    paths::SESSION_LIST,
    paths::SESSION_REVOKE,
    paths::SECOND_FACTOR_INFO,
    paths::SECOND_FACTOR_NEW,
    paths::SECOND_FACTOR_CONFIRM,
    paths::SECOND_FACTOR_RECOVERY_CODES_NEW,
    paths::SECOND_FACTOR_DELETE,
    paths::ACCESS_TOKEN_NEW,
    paths::ACCESS_TOKEN_LIST,
    paths::ACCESS_TOKEN_DELETE,
    paths::HEALTH_LIVELINESS,
    paths::HEALTH_LIVENESS,
    paths::HEALTH_READINESS,
    paths::HEALTH,
    paths::HEALTH_LATEST,
    paths::HEALTH_HISTORY,
    paths::HEALTH_SERVICES,
    paths::METRICS,
];

#[tokio::test]
async fn every_operation_is_served_and_lets_nobody_in() {
    let app = TestApp::start().await;
    let document: Value = app.nobody().get("/openapi.json").expect_status(200).await.value();
    let operations = operations(&document);
    for path in PATHS {
        assert!(operations.iter().any(|(_, other, _)| other == path), "{path} is not documented");
    }
    for (method, path, operation) in operations {
        let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let answer = app.nobody().call(method.clone(), &path, None).send().await;
        let expected = match (is_public(&operation), &method) {
            (false, _) => 401,
            (true, &reqwest::Method::GET) => 200,
            (true, _) => 422,
        };
        assert_eq!(answer.status, expected, "{method} {path}");
    }
    let paths = document["paths"].as_object().unwrap();
    for (path, item) in paths {
        let is_served = |method: &reqwest::Method| item.get(method.as_str().to_lowercase()).is_some();
        let methods = [reqwest::Method::GET, reqwest::Method::POST, reqwest::Method::DELETE];
        let other = methods.into_iter().find(|method| !is_served(method)).unwrap();
        app.call(other, path, None).expect_status(405).await;
    }
}
