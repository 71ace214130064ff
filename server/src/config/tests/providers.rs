//! What single providers have besides.

use tollgate_openapi::provider;

use super::*;
use crate::domain::provider::{PROVIDERS, ProviderKind};

fn one(text: &str, variables: &[(&str, &str)]) -> DeploymentConfig {
    let mut deployments = load_with(text, variables).config.deployments;
    assert_eq!(deployments.len(), 1);
    deployments.remove(0)
}

#[test]
fn azure_is_proved_by_key_token_or_application() {
    let of = |params: &str, variables: &[(&str, &str)]| {
        one(&format!("model_list: [{{model_name: m, litellm_params: {{{params}}}}}]"), variables)
    };
    let base = "model: azure/o_series/mine, api_base: 'https://name.openai.azure.com/'";
    let key = of(&format!("{base}, api_key: k"), &[("AZURE_API_VERSION", "2024-10-21")]);
    assert_eq!((key.provider, key.provider_model.as_str()), (Some(ProviderKind::Azure), "mine"));
    assert_eq!((key.api_version.as_deref(), key.unavailable.as_deref()), (Some("2024-10-21"), None));
    let token = of(&format!("{base}, azure_ad_token: t"), &[("AZURE_API_KEY", "k")]);
    assert_eq!((token.azure.ad_token, token.api_key), (Some(Secret::new("t")), None));

    let application = format!("{base}, tenant_id: t, client_id: c, client_secret: s");
    let application = of(&application, &[("AZURE_AUTHORITY_HOST", "https://login.test"), ("AZURE_API_KEY", "k")]);
    assert!(application.azure.has_application() && application.api_key.is_none());
    assert_eq!(application.azure.authority_host.as_deref(), Some("https://login.test"));
    let half = of(&format!("{base}, tenant_id: t, client_id: c"), &[("AZURE_API_KEY", "k")]);
    assert!(half.unavailable.unwrap().contains("needs a \"client_secret\", too"));

    let variables = [("AZURE_API_BASE", "https://here.test/"), ("AZURE_API_KEY", "k")];
    let found = of("model: azure/mine", &variables);
    assert_eq!(found.api_base.as_deref(), Some("https://here.test"));
    assert_eq!((found.api_key, found.unavailable), (Some(Secret::new("k")), None));
    let variables = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c"), ("AZURE_CLIENT_SECRET", "s")];
    assert!(of(base, &variables).azure.has_application());
    assert_eq!(of(base, &[("AZURE_AD_TOKEN", "t")]).azure.ad_token, Some(Secret::new("t")));
    let reason = of(base, &[]).unavailable.unwrap();
    assert!(reason.contains("AZURE_API_KEY is not set"), "{reason}");
    assert!(of("model: azure/mine, api_key: k", &[]).unavailable.unwrap().contains("needs an \"api_base\""));
    // Another gateway may stand in front of it.
    assert_eq!(of(&format!("{base}, extra_headers: {{X-Key: k}}"), &[]).unavailable, None);
}

#[test]
fn what_becomes_of_parameters_arrives() {
    let params = "{model: openai/x, api_key: k, drop_params: true, additional_drop_params: [seed, user], \
         allowed_openai_params: [logprobs], extra_body: {top_k: 5, a: {b: [1]}}}";
    let request = one(&format!("model_list: [{{model_name: m, litellm_params: {params}}}]"), &[]).request;
    assert!(request.drop_params);
    assert_eq!(request.additional_drop_params, ["seed", "user"]);
    assert_eq!(request.allowed_openai_params, ["logprobs"]);
    assert_eq!(serde_json::Value::from(request.extra_body), serde_json::json!({ "top_k": 5, "a": { "b": [1] } }));
}

#[test]
fn some_providers_have_several_variables_or_need_no_key() {
    let of = |model: &str, variables: &[(&str, &str)]| {
        one(&format!("model_list: [{{model_name: m, litellm_params: {{model: {model}}}}}]"), variables)
    };
    let ollama = of("ollama_chat/llama3", &[]);
    assert_eq!((ollama.api_base.as_deref(), ollama.unavailable), (Some("http://localhost:11434"), None));
    let moved = of("ollama/llama3", &[("OLLAMA_API_BASE", "https://ollama.test"), ("OLLAMA_API_KEY", "k")]);
    assert_eq!((moved.api_base.as_deref(), moved.api_key), (Some("https://ollama.test"), Some(Secret::new("k"))));
    assert_eq!(of("cohere/command-a", &[("CO_API_KEY", "k")]).api_key, Some(Secret::new("k")));
    assert!(of("cohere_chat/command-a", &[]).unavailable.unwrap().contains("COHERE_API_KEY is not set"));
    let routed = of("huggingface/together/openai/gpt-oss", &[("HF_TOKEN", "k")]);
    assert_eq!(routed.provider_model, "openai/gpt-oss:together");
    assert_eq!(of("huggingface/openai/gpt-oss", &[("HF_TOKEN", "k")]).provider_model, "openai/gpt-oss");
}

#[test]
fn the_forms_of_the_console_ask_for_what_is_read() {
    for info in PROVIDERS.iter().filter(|info| info.supported) {
        let of_it = provider::PROVIDERS.iter().filter(|sheet| sheet.prefix == info.kind.as_str());
        assert_eq!(of_it.count(), 1, "{}", info.kind);
    }
    for sheet in provider::PROVIDERS {
        let mut params = serde_json::Map::new();
        params.insert("model".to_owned(), format!("{}/{}", sheet.prefix, sheet.model).into());
        for field in sheet.fields {
            let value = match field.name {
                "api_base" => "https://proxy.example/v1",
                "vertex_credentials" => "{}",
                _ => "x",
            };
            params.insert(field.name.to_owned(), value.into());
        }
        let sent =
            SentDeployment { id: "i".to_owned(), model_name: "m".to_owned(), params, info: serde_json::Map::new() };
        let read = sent.read(&[], &Variables::default());
        assert!(read.problems.is_empty(), "{}: {:?}", sheet.prefix, read.problems);
        let deployment = read.deployment.unwrap();
        assert_eq!(deployment.unavailable, None, "{}", sheet.prefix);
        assert_eq!(deployment.provider.map(|kind| kind.as_str()), Some(sheet.prefix));
        let is_masked = |name: &str| deployment.params.get(name).and_then(|value| value.as_str()) == Some(MASK);
        for field in sheet.fields {
            assert_eq!(
                is_masked(field.name),
                field.kind != provider::FieldKind::Text,
                "{} {}",
                sheet.prefix,
                field.name
            );
        }
    }
}

#[test]
fn what_is_sent_takes_no_key_of_the_machine_elsewhere() {
    let variables = Variables::new(|name| (name == "OPENAI_API_KEY").then(|| "sk-of-the-machine".to_owned()));
    let read = |params: serde_json::Value| {
        let params = params.as_object().unwrap().clone();
        let info = serde_json::Map::new();
        let sent = SentDeployment { id: "i".to_owned(), model_name: "m".to_owned(), params, info };
        let credential = Credential::new(
            "moved",
            serde_json::json!({"api_base": "https://x.example"}).as_object().unwrap(),
            serde_json::Map::new(),
        );
        sent.read(&[credential], &variables).deployment.unwrap().api_key
    };
    let own = read(serde_json::json!({"model": "openai/x"}));
    assert_eq!(own.as_ref().map(Secret::expose), Some("sk-of-the-machine"));
    assert_eq!(read(serde_json::json!({"model": "openai/x", "api_base": "https://elsewhere.example"})), None);
    assert_eq!(read(serde_json::json!({"model": "openai/x", "litellm_credential_name": "moved"})), None);
}
