//! Addresses and credentials. That Google's side accepts an assertion is tried from outside, with a JWT library.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::*;
use crate::config::Config;
use crate::provider::anthropic::Anthropic;
use crate::provider::chat::unsupported::Unsupported;
use crate::provider::chat::{ChatBody, Translation};
use crate::provider::endpoint::Endpoint;

const USER: &str = r#"{"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r",
    "quota_project_id": "billed"}"#;

/// The endpoint of a deployment with these parameters.
fn of(params: &str, variables: &[(&str, &str)]) -> Result<Endpoint, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, format!("model_list: [{{model_name: m, litellm_params: {{{params}}}}}]")).unwrap();
    let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
    let loaded = Config::load(Some(&path), |name| variables.get(name).map(|value| (*value).to_owned()));
    assert!(!loaded.has_errors(), "{:?}", loaded.problems);
    let deployment = &loaded.config.deployments[0];
    assert_eq!(deployment.unavailable, None);
    Endpoint::of(deployment)
}

fn url(params: &str, variables: &[(&str, &str)]) -> String {
    of(params, variables).unwrap().whole_url.to_string()
}

#[test]
fn a_location_has_a_host() {
    let of = |location: &str| {
        url(&format!("model: vertex_ai/gemini-2.5-flash, vertex_project: p, vertex_location: {location}"), &[])
    };
    let path = |location: &str| {
        format!("v1/projects/p/locations/{location}/publishers/google/models/gemini-2.5-flash:generateContent")
    };
    for (location, host) in [
        ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
    ] {
        assert_eq!(of(location), format!("https://{host}/{}", path(location)));
    }
}

#[test]
fn streams_have_an_address_of_their_own() {
    let endpoint = of("model: vertex_ai/gemini-2.5-pro, vertex_project: p", &[]).unwrap();
    let stream = endpoint.stream_url.to_string();
    assert!(stream.ends_with("/models/gemini-2.5-pro:streamGenerateContent?alt=sse"), "{stream}");
    let studio = of("model: gemini/gemini-2.5-pro, api_key: k", &[]).unwrap();
    let base = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro";
    assert_eq!(studio.whole_url.to_string(), format!("{base}:generateContent"));
    assert_eq!(studio.stream_url.to_string(), format!("{base}:streamGenerateContent?alt=sse"));
    assert_eq!(studio.headers["x-goog-api-key"], "k");
    assert!(studio.headers["x-goog-api-key"].is_sensitive());
}

#[test]
fn keys_and_places_come_from_the_environment() {
    let key = [("GOOGLE_API_KEY", "k2")];
    assert_eq!(of("model: gemini/gemini-2.5-pro", &key).unwrap().headers["x-goog-api-key"], "k2");
    let places = [("VERTEXAI_PROJECT", "p"), ("VERTEXAI_LOCATION", "us")];
    let found = url("model: vertex_ai/gemini-2.5-flash", &places);
    assert!(found.starts_with("https://aiplatform.us.rep.googleapis.com/v1/projects/p/locations/us/"), "{found}");
    // LiteLLM's default, but for models that are served nowhere but globally.
    let found = url("model: vertex_ai/gemini-2.5-flash, vertex_project: p", &[]);
    assert!(found.contains("://us-central1-aiplatform"), "{found}");
    let found = url("model: vertex_ai/gemini-3-pro-preview, vertex_project: p", &[]);
    assert!(found.contains("/locations/global/"), "{found}");
}

#[test]
fn an_address_may_be_given_as_far_as_wanted() {
    let of =
        |base: &str| url(&format!("model: vertex_ai/gemini-2.5-flash, vertex_project: p, api_base: '{base}'"), &[]);
    let rest = "projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash:generateContent";
    assert_eq!(of("http://proxy.test"), format!("http://proxy.test/v1/{rest}"));
    assert_eq!(of("http://proxy.test/v1beta1/"), format!("http://proxy.test/v1beta1/{rest}"));
    assert_eq!(of("http://proxy.test/x/models/own"), "http://proxy.test/x/models/own:generateContent");
}

#[test]
fn a_models_name_tells_whose_it_is() {
    let of = |model: &str| of(&format!("model: vertex_ai/{model}, vertex_project: p"), &[]);
    for (model, whole, stream) in [
        ("gemini/123456", "endpoints/123456:generateContent", "endpoints/123456:streamGenerateContent?alt=sse"),
        (
            "google/gemma-3",
            "publishers/google/models/gemma-3:generateContent",
            "publishers/google/models/gemma-3:streamGenerateContent?alt=sse",
        ),
        (
            "claude-sonnet-4-5@20250929",
            "publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict",
            "publishers/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict",
        ),
    ] {
        let endpoint = of(model).unwrap();
        let base = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1";
        assert_eq!(endpoint.whole_url.to_string(), format!("{base}/{whole}"));
        assert_eq!(endpoint.stream_url.to_string(), format!("{base}/{stream}"));
    }
    let error = of("meta/llama-4").unwrap_err();
    assert!(error.contains("meta/llama-4"), "{error}");
}

#[test]
fn claude_is_told_the_version_in_the_body_and_the_model_in_the_address() {
    let body = serde_json::json!({ "model": "m", "messages": [{ "role": "user", "content": "Hi" }], "max_tokens": 5 });
    let body: ChatBody = serde_json::from_value(body).unwrap();
    let how = Translation {
        model: "claude-sonnet-4-5@20250929",
        max_output_tokens: Some(5),
        model_max_output_tokens: None,
        unsupported: Unsupported { provider: "vertex_ai", drop_params: false, wishes: &[] },
    };
    let plain: Map<String, Value> = serde_json::from_slice(&Anthropic.request(&body, &how).unwrap()).unwrap();
    let mut sent: Map<String, Value> = serde_json::from_slice(&Claude.request(&body, &how).unwrap()).unwrap();
    assert_eq!(sent.remove("anthropic_version"), Some("vertex-2023-10-16".into()));
    assert_eq!(sent.insert("model".to_owned(), how.model.into()), None);
    assert_eq!(sent, plain);
    let error = br#"{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}"#;
    assert_eq!(Claude.error_message(error).as_deref(), Some("Overloaded"));
}

#[test]
fn the_project_may_come_with_the_credentials() {
    let params = format!("model: vertex_ai/gemini-2.5-flash, vertex_credentials: {USER}");
    let found = url(&params, &[]);
    assert!(found.contains("/projects/billed/"), "{found}");
    let error = of("model: vertex_ai/gemini-2.5-flash", &[]).unwrap_err();
    assert!(error.contains("vertex_project"), "{error}");
}

#[test]
fn credentials_are_a_file_or_json_wherever_they_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.json");
    std::fs::write(&file, USER).unwrap();
    let path = file.to_str().unwrap();
    let gcloud = folder.path().join("application_default_credentials.json");
    std::fs::write(&gcloud, USER).unwrap();
    let model = "model: vertex_ai/gemini-2.5-flash";
    for (params, variable, value) in [
        (format!("{model}, vertex_credentials: '{path}'"), "UNUSED", ""),
        (format!("{model}, vertex_credentials: '{}'", USER.replace('\n', "")), "UNUSED", ""),
        (format!("{model}, vertex_credentials: os.environ/MINE"), "MINE", USER),
        (model.to_owned(), "VERTEXAI_CREDENTIALS", USER),
        (model.to_owned(), "GOOGLE_APPLICATION_CREDENTIALS", path),
        (model.to_owned(), "CLOUDSDK_CONFIG", folder.path().to_str().unwrap()),
    ] {
        let found = url(&params, &[(variable, value)]);
        assert!(found.contains("/projects/billed/"), "{params} {variable}: {found}");
    }
}

fn load(json: &str) -> Result<KeyFile, String> {
    let secret = crate::config::Secret::new(json);
    KeyFile::load(&GoogleCredentials::Json(secret)).map(Option::unwrap)
}

#[test]
fn bad_credentials_say_what_is_wrong_and_nothing_else() {
    for (json, words) in [
        ("{", "not JSON"),
        (r#"{"type": "external_account", "audience": "hunter2"}"#, "subject_token_type"),
        (r#"{"type": "gdch_service_account", "name": "hunter2"}"#, "gdch_service_account"),
        (r#"{"type": "service_account", "client_email": "hunter2"}"#, "private_key"),
        (r#"{"client_email": "hunter2"}"#, "type"),
    ] {
        let error = load(json).err().unwrap();
        assert!(error.contains(words) && !error.contains("hunter2"), "{error}");
    }
    let missing = GoogleCredentials::File("/no/such/file.json".into());
    assert!(KeyFile::load(&missing).err().unwrap().contains("/no/such/file.json"));
    let unsigned = r#"{"type": "service_account", "client_email": "e", "private_key": "hunter2"}"#;
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let KeyFile::ServiceAccount(account) = load(unsigned).unwrap() else { panic!("of another type") };
    let error = account.token_request(now).err().unwrap();
    assert!(error.contains("private_key") && !error.contains("hunter2"), "{error}");
}

#[test]
fn somebody_who_signed_in_is_asked_for_by_refresh_token() {
    let KeyFile::AuthorizedUser(user) = load(USER).unwrap() else { panic!("of another type") };
    let request = user.token_request();
    assert_eq!(request.address, "https://oauth2.googleapis.com/token");
    assert_eq!(request.form, "grant_type=refresh_token&client_id=i&client_secret=s&refresh_token=r");
}
