//! `model_list`.

use std::time::Duration;

use super::*;
use crate::domain::price::{Rate, ServiceTier};
use crate::domain::provider::{OnClientDisconnect, ProviderKind};
use crate::domain::usage::Usage;

const KEY: &[(&str, &str)] = &[("OPENAI_API_KEY", "sk-from-environment")];

fn one(text: &str, variables: &[(&str, &str)]) -> DeploymentConfig {
    let mut deployments = load_with(text, variables).config.deployments;
    assert_eq!(deployments.len(), 1);
    deployments.remove(0)
}

#[test]
fn without_a_file_a_demo_model_answers() {
    let loaded = Config::load(None, |_| None);
    assert!(loaded.problems.is_empty());
    let [demo] = loaded.config.deployments.as_slice() else {
        panic!("expected one deployment");
    };
    assert_eq!(demo.model_name, "demo");
    assert!(demo.mock_response.is_some());
    assert_eq!(demo.unavailable, None);
}

#[test]
fn every_parameter_arrives() {
    let text = r#"
model_list:
  - model_name: fast
    litellm_params:
      model: hosted_vllm/qwen
      api_key: sk-written-out
      api_base: http://vllm:8000/v1/
      api_version: 2024-02-15
      organization: org-1
      timeout: 1.5
      stream_timeout: 30
      weight: 2
      order: 1
      extra_headers: {X-Team: red, Authorization: Basic abc}
    model_info:
      id: my-id
      base_model: qwen2.5
      mode: chat
      note: anything
"#;
    let loaded = load_with(text, &[]);
    assert_eq!(shown(&loaded), Vec::<String>::new());
    let d = &loaded.config.deployments[0];
    assert_eq!((d.id.as_str(), d.model_name.as_str()), ("my-id", "fast"));
    assert_eq!(d.model, "hosted_vllm/qwen");
    assert_eq!((d.provider, d.provider_model.as_str()), (Some(ProviderKind::HostedVllm), "qwen"));
    assert_eq!(d.api_key.as_ref().map(Secret::expose), Some("sk-written-out"));
    assert_eq!(d.api_base.as_deref(), Some("http://vllm:8000/v1"));
    assert_eq!(d.api_version.as_deref(), Some("2024-02-15"));
    assert_eq!(d.organization.as_deref(), Some("org-1"));
    assert_eq!(d.timeout, Some(Duration::from_millis(1500)));
    assert_eq!(d.stream_timeout, Some(Duration::from_secs(30)));
    assert_eq!((d.weight, d.order), (Some(2.0), Some(1)));
    assert_eq!(d.extra_headers[0], ("X-Team".to_owned(), Secret::new("red")));
    assert_eq!(d.base_model.as_deref(), Some("qwen2.5"));
    assert_eq!(d.mode.as_deref(), Some("chat"));
    assert_eq!(d.info["note"], "anything");
    assert_eq!(d.unavailable, None);
}

#[test]
fn secrets_are_masked_in_what_is_shown() {
    let text = r#"
model_list:
  - model_name: m
    litellm_params:
      model: openai/gpt-4o
      api_key: os.environ/OPENAI_API_KEY
      api_base: http://user:hunter2@proxy.test/v1
      extra_headers: {Authorization: hunter2, X-Team: red}
      vertex_credentials: {private: hunter2, project: hunter2}
      max_tokens: 5
"#;
    let deployment = one(text, KEY);
    let shown = serde_json::to_string(&deployment.params).unwrap();
    assert!(!shown.contains("hunter2") && !shown.contains("sk-from"), "{shown}");
    assert_eq!(deployment.params["api_key"], "****");
    assert_eq!(deployment.params["max_tokens"], 5);
    assert_eq!(deployment.params["extra_headers"]["X-Team"], "red");
    assert!(!format!("{deployment:?}").contains("sk-from"));
    assert_eq!(deployment.api_key.unwrap().expose(), "sk-from-environment");
}

fn id_of(params: &str, variables: &[(&str, &str)]) -> String {
    one(&format!("model_list: [{{model_name: m, litellm_params: {params}}}]"), variables).id
}

#[test]
fn ids_are_stable_and_tell_no_secrets() {
    let id = id_of("{model: openai/a, rpm: 5, api_key: one}", &[]);
    assert_eq!(id.len(), 32);
    assert_eq!(id, id_of("{api_key: two, rpm: 5, model: openai/a}", &[]));
    assert_ne!(id, id_of("{api_key: one, rpm: 6, model: openai/a}", &[]));
    let from_env = "{model: openai/a, api_key: os.environ/OPENAI_API_KEY}";
    assert_eq!(id_of(from_env, KEY), id_of(from_env, &[]));
    assert_ne!(id_of(from_env, KEY), id_of("{model: openai/a, api_key: os.environ/OTHER}", &[]));
}

#[test]
fn twins_get_ids_of_their_own_and_given_ids_must_differ() {
    let twin = "{model_name: m, litellm_params: {model: openai/a, api_key: x}}";
    let config = load(&format!("model_list: [{twin}, {twin}]")).config;
    assert_eq!(config.deployments[1].id, format!("{}-2", config.deployments[0].id));

    let named = "{model_name: m, litellm_params: {model: openai/a, api_key: x}, model_info: {id: one}}";
    let lines = shown(&load(&format!("model_list:\n - {named}\n - {named}\n")));
    assert_eq!(lines.len(), 1);
    let beginning = "config.yaml:3:84: error: model_list[1].model_info.id: the id \"one\" is already used at ";
    assert!(lines[0].starts_with(beginning) && lines[0].ends_with("config.yaml:2:84"), "{lines:?}");
}

#[test]
fn a_missing_variable_concerns_only_the_deployment_that_needs_it() {
    let text = r#"
model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4o, api_key: os.environ/NO_SUCH_KEY}}
  - {model_name: b, litellm_params: {model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY}}
"#;
    let loaded = load_with(text, KEY);
    assert_eq!(
        shown(&loaded),
        [
            "config.yaml:3:69: warning: model_list[0].litellm_params.api_key: environment variable NO_SUCH_KEY is not set"
        ]
    );
    assert_eq!(
        loaded.config.deployments[0].unavailable.as_deref(),
        Some("environment variable NO_SUCH_KEY is not set (model_list[0].litellm_params.api_key)")
    );
    assert_eq!(loaded.config.deployments[1].unavailable, None);
}

#[test]
fn key_and_address_come_from_where_the_providers_users_keep_them() {
    let plain = "model_list: [{model_name: m, litellm_params: {model: gpt-4o}}]";
    let deployment = one(plain, KEY);
    assert_eq!(deployment.api_base.as_deref(), Some("https://api.openai.com/v1"));
    assert_eq!(deployment.api_key.unwrap().expose(), "sk-from-environment");

    let moved = one(plain, &[("OPENAI_API_KEY", "k"), ("OPENAI_BASE_URL", "http://here/v1/")]);
    assert_eq!(moved.api_base.as_deref(), Some("http://here/v1"));

    let reason = one(plain, &[]).unavailable.unwrap();
    assert!(
        reason.contains("environment variable OPENAI_API_KEY is not set (model_list[0].litellm_params)"),
        "{reason}"
    );

    // A server of one's own may need no key, but it needs an address.
    let own = "model_list: [{model_name: m, litellm_params: {model: hosted_vllm/x, api_base: 'http://here'}}]";
    assert_eq!(one(own, &[]).unavailable, None);
    let nowhere = "model_list: [{model_name: m, litellm_params: {model: hosted_vllm/x}}]";
    assert!(one(nowhere, &[]).unavailable.unwrap().contains("needs an \"api_base\""));
}

#[test]
fn a_mock_needs_nothing() {
    let text = "model_list: [{model_name: m, litellm_params: {model: whatever, mock_response: Hi}}]";
    let deployment = load_clean(text, &[]).deployments.remove(0);
    assert_eq!(deployment.unavailable, None);
    assert_eq!(deployment.mock_response.as_deref(), Some("Hi"));
}

#[test]
fn what_cannot_be_served_yet_is_unavailable_and_named() {
    for (entry, reason) in [
        ("{model_name: m, litellm_params: {model: databricks/x}}", "the provider databricks is not supported yet"),
        ("{model_name: m, litellm_params: {model: mystery}}", "cannot tell the provider of model \"mystery\""),
        ("{model_name: 'a/*/*', litellm_params: {model: 'openai/*', api_key: k}}", "a name may have one"),
        (
            "{model_name: m, litellm_params: {model: openai/x, litellm_credential_name: prod}}",
            "there is no credential \"prod\"",
        ),
    ] {
        let loaded = load(&format!("model_list: [{entry}]"));
        assert!(!loaded.has_errors());
        assert!(shown(&loaded).iter().any(|line| line.contains(reason)), "{:?}", loaded.problems);
        assert!(loaded.config.deployments[0].unavailable.as_ref().unwrap().contains(reason));
    }
}

#[test]
fn prices_of_ones_own() {
    let text = r#"
model_list:
  - model_name: m
    litellm_params:
      model: openai/gpt-4o
      api_key: k
      input_cost_per_token: 0.0000025
      output_cost_per_token: "1e-05"
      input_cost_per_token_batches: os.environ/BATCH_PRICE
      input_cost_per_token_above_200k_tokens: 5e-06
      cache_creation_input_token_cost_above_1hr: 4.0e-06
    model_info:
      input_cost_per_token: 9
      cache_read_input_token_cost: 1.25e-06
"#;
    let prices = load_clean(text, &[("BATCH_PRICE", "0.00000125")]).deployments.remove(0).prices;
    assert_eq!(prices.input, Some(Rate::from_femto(2_500_000_000)));
    assert_eq!(prices.output, Some(Rate::from_femto(10_000_000_000)));
    assert_eq!(prices.cache_write_1h, Some(Rate::from_femto(4_000_000_000)));
    let cost = |input, tier| {
        let usage = Usage { input, ..Usage::default() };
        prices.cost(&usage, tier).0
    };
    assert_eq!(cost(1, ServiceTier::Standard), 2500);
    assert_eq!(cost(1, ServiceTier::Batch), 1250);
    assert_eq!(cost(200_001, ServiceTier::Standard), 200_001 * 5000);
}

#[test]
fn prices_of_ones_own_for_what_is_not_counted_in_tokens() {
    let text = "
model_list:
  - model_name: m
    litellm_params:
      model: openai/whisper-1
      api_key: k
      input_cost_per_character: 0.000015
      input_cost_per_second: 0.0001
      input_cost_per_query: 0.002
      output_cost_per_second: 0.00025
    model_info:
      output_cost_per_image: 0.04
      output_cost_per_image_batches: 0.02
";
    let prices = load_clean(text, &[]).deployments.remove(0).prices;
    let usage =
        Usage { characters: 2, audio_ms: 500, queries: 1, output_audio_ms: 2000, images: 1, ..Usage::default() };
    let cost = |tier| {
        let parts = prices.cost_parts(&usage, tier);
        (parts.input.0, parts.output.0)
    };
    assert_eq!(cost(ServiceTier::Standard), (30_000 + 50_000 + 2_000_000, 500_000 + 40_000_000));
    assert_eq!(cost(ServiceTier::Batch), (30_000 + 50_000 + 2_000_000, 500_000 + 20_000_000));
}

#[test]
fn a_wrong_price_is_an_error() {
    let text = "model_list: [{model_name: m, litellm_params: {model: openai/x, api_key: k, input_cost_per_token: -1}}]";
    assert_eq!(
        shown(&load(text)),
        [
            "config.yaml:1:98: error: model_list[0].litellm_params.input_cost_per_token: expected a price of zero or more"
        ]
    );
}

#[test]
fn what_becomes_of_an_answer_without_a_client_is_a_choice_of_two() {
    let text = |choice: &str| {
        let params = format!("{{model: openai/x, api_key: k, on_client_disconnect: {choice}}}");
        format!("model_list: [{{model_name: m, litellm_params: {params}}}]")
    };
    assert_eq!(one(&text("drain"), &[]).on_client_disconnect, Some(OnClientDisconnect::Drain));
    assert_eq!(
        shown(&load(&text("keep"))),
        [
            "config.yaml:1:98: error: model_list[0].litellm_params.on_client_disconnect: expected \"cancel\" or \"drain\", got \"keep\""
        ]
    );
}

/// Provider's name of the model, region, address and what is in the way, of one deployment on Bedrock.
fn on_bedrock(params: &str, variables: &[(&str, &str)]) -> DeploymentConfig {
    one(&format!("model_list:\n  - model_name: m\n    litellm_params: {{{params}}}\n"), variables)
}

#[test]
fn where_bedrock_is_called_follows_from_several_places() {
    const ARN: &str = "model: 'bedrock/arn:aws:bedrock:eu-west-3:1:inference-profile/x'";
    let region = [("AWS_REGION", "sa-east-1")];
    let default = [("AWS_DEFAULT_REGION", "ca-central-1")];
    let moved = [("AWS_REGION", "sa-east-1"), ("AWS_BEDROCK_RUNTIME_ENDPOINT", "https://vpce.test/")];
    for (params, variables, expected) in [
        ("model: bedrock/amazon.nova-lite-v1:0, aws_region_name: us-east-1", &region[..], "us-east-1"),
        ("model: bedrock/us-west-2/amazon.nova-lite-v1:0", &region[..], "us-west-2"),
        (ARN, &region[..], "eu-west-3"),
        ("model: bedrock/amazon.nova-lite-v1:0", &region[..], "sa-east-1"),
        ("model: bedrock/amazon.nova-lite-v1:0", &default[..], "ca-central-1"),
    ] {
        let found = on_bedrock(params, variables);
        assert_eq!(found.aws.region.as_deref(), Some(expected), "{params}");
        assert_eq!(found.api_base, Some(format!("https://bedrock-runtime.{expected}.amazonaws.com")));
        assert_eq!(found.unavailable, None);
    }
    for (params, expected) in [
        ("model: bedrock/m, aws_bedrock_runtime_endpoint: 'https://own.test/'", "https://own.test"),
        ("model: bedrock/m, api_base: 'https://base.test'", "https://base.test"),
        ("model: bedrock/m", "https://vpce.test"),
        ("model: bedrock/m, aws_region_name: cn-north-1", "https://vpce.test"),
    ] {
        assert_eq!(on_bedrock(params, &moved).api_base.as_deref(), Some(expected), "{params}");
    }
    let china = on_bedrock("model: bedrock/m, region_name: cn-north-1", &[]);
    assert_eq!(china.api_base.as_deref(), Some("https://bedrock-runtime.cn-north-1.amazonaws.com.cn"));
}

#[test]
fn whose_credentials_are_used_on_bedrock() {
    const KEYS: &[(&str, &str)] = &[
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "key"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_BEARER_TOKEN_BEDROCK", "bearer"),
    ];
    let exposed = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    const MODEL: &str = "model: bedrock/m, aws_region_name: us-east-1";
    for (more, api_key, id) in [
        ("", Some("bearer"), Some("id")),
        (", api_key: own", Some("own"), Some("id")),
        (", aws_access_key_id: mine, aws_secret_access_key: my-key", None, Some("mine")),
        (", aws_profile_name: p", None, None),
        (", aws_role_name: r", None, Some("id")),
        (", aws_role_name: r, aws_web_identity_token: t", None, None),
    ] {
        let found = on_bedrock(&format!("{MODEL}{more}"), KEYS);
        assert_eq!(exposed(&found.api_key).as_deref(), api_key, "{more}");
        assert_eq!(exposed(&found.aws.access_key_id).as_deref(), id, "{more}");
        let token = id.filter(|id| *id == "id").map(|_| "token");
        assert_eq!(exposed(&found.aws.session_token).as_deref(), token, "{more}");
    }
}

#[test]
fn what_bedrock_lacks_is_said() {
    for (params, reason) in [
        ("model: bedrock/m", "aws_region_name"),
        ("model: bedrock/m, api_base: 'https://own.test'", "aws_region_name"),
        ("model: bedrock/m, aws_region_name: us-east-1, aws_access_key_id: id", "only work together"),
        ("model: bedrock/m, aws_region_name: us-east-1, aws_web_identity_token: t", "aws_role_name"),
    ] {
        let found = on_bedrock(params, &[]);
        assert!(found.unavailable.as_deref().is_some_and(|text| text.contains(reason)), "{params}: {found:?}");
    }
    // An API key names no region.
    let found = on_bedrock("model: bedrock/m, api_base: 'https://own.test', api_key: k", &[]);
    assert_eq!(found.unavailable, None);
    let text = "model_list:\n  - model_name: m\n    litellm_params: {model: bedrock/m, aws_region_name: us-east-1, guardrailConfig: on}\n";
    assert!(shown(&load_with(text, &[])).iter().any(|line| line.contains("guardrailConfig: expected a mapping")));
}

#[test]
fn a_pattern_becomes_the_deployment_of_a_name_that_fits() {
    let of = |name: &str, model: &str, asked: &str| {
        let yaml = format!("model_list: [{{model_name: '{name}', litellm_params: {{model: '{model}', api_key: k}}}}]");
        let pattern = load_clean(&yaml, &[]).deployments.remove(0);
        assert!(pattern.is_pattern());
        pattern.of_name(asked).map(|one| (one.model_name, one.model, one.provider_model))
    };
    let found =
        |name: &str, model: &str, upstream: &str| Some((name.to_owned(), model.to_owned(), upstream.to_owned()));
    assert_eq!(of("openai/*", "openai/*", "openai/gpt-4o"), found("openai/gpt-4o", "openai/gpt-4o", "gpt-4o"));
    assert_eq!(
        of("fast-*", "groq/*-instant", "fast-llama"),
        found("fast-llama", "groq/llama-instant", "llama-instant")
    );
    assert_eq!(of("gpt-*", "openai/gpt-4o", "gpt-9"), found("gpt-9", "openai/gpt-4o", "gpt-4o"));
    assert_eq!(of("*", "openai/*", "any/name"), found("any/name", "openai/any/name", "any/name"));
    assert_eq!(of("openai/*", "openai/*", "anthropic/claude"), None);
    assert_eq!(of("openai/*", "openai/*", "openai/"), None);
}

#[test]
fn an_entry_for_every_model_is_one_for_each_provider_with_a_key() {
    let text = "model_list: [{model_name: '*', litellm_params: {model: '*', order: 5}, model_info: {id: all}}]";
    let config = load_clean(text, &[("OPENAI_API_KEY", "sk-1"), ("ANTHROPIC_API_KEY", "sk-2")]);
    let names: Vec<_> = config.deployments.iter().map(|one| (&*one.model_name, &*one.model, one.order)).collect();
    assert_eq!(
        names,
        [("openai/*", "openai/*", Some(5)), ("*", "openai/*", Some(5)), ("anthropic/*", "anthropic/*", Some(5))]
    );
    assert!(config.deployments.iter().all(|one| one.unavailable.is_none() && one.api_key.is_some()));
    let none = load(text);
    assert!(none.config.deployments.is_empty());
    assert!(shown(&none).iter().any(|line| line.contains("no provider's key")), "{:?}", none.problems);
}

#[test]
fn a_credential_fills_in_what_a_deployment_does_not_say() {
    let text = r#"
credential_list:
  - credential_name: prod
    credential_values: {api_key: os.environ/PROD_KEY, api_base: "https://proxy.example/v1", organization: org-1}
  - credential_name: unset
    credential_values: {api_key: os.environ/NOT_SET}
model_list:
  - {model_name: a, litellm_params: {model: openai/x, litellm_credential_name: prod, organization: org-2}}
  - {model_name: b, litellm_params: {model: openai/x, litellm_credential_name: unset}}
"#;
    let loaded = load_with(text, &[("PROD_KEY", "sk-prod")]);
    let [a, b] = loaded.config.deployments.as_slice() else { panic!("two deployments") };
    assert_eq!(a.api_key.as_ref().map(Secret::expose), Some("sk-prod"));
    assert_eq!(a.api_base.as_deref(), Some("https://proxy.example/v1"));
    assert_eq!(a.organization.as_deref(), Some("org-2"));
    assert_eq!(a.unavailable, None);
    // What is shown, and the id, are the deployment's own.
    let shown = serde_json::json!({"model": "openai/x", "litellm_credential_name": "prod", "organization": "org-2"});
    assert_eq!(serde_json::Value::Object(a.params.clone()), shown);
    let other = load_with(&text.replace("org-1", "org-3"), &[("PROD_KEY", "sk-other")]).config.deployments.remove(0);
    assert_eq!(other.id, a.id);
    assert!(b.unavailable.as_ref().unwrap().contains("NOT_SET"), "{b:?}");
    assert!(!format!("{:?}", loaded.config).contains("sk-prod"));
}

#[test]
fn a_credential_needs_a_name_of_its_own_and_values() {
    for (entry, problem) in [
        ("{credential_name: c}", "expected \"credential_name\" and \"credential_values\""),
        ("{credential_values: {api_key: k}}", "expected \"credential_name\" and \"credential_values\""),
        ("{credential_name: prod, credential_values: {api_key: k}}", "is listed already"),
    ] {
        let text = format!(
            "model_list: []\ncredential_list:\n  - {{credential_name: prod, credential_values: {{api_key: k}}}}\n  - {entry}\n"
        );
        let loaded = load(&text);
        assert!(
            loaded.has_errors() && shown(&loaded).iter().any(|line| line.contains(problem)),
            "{:?}",
            loaded.problems
        );
    }
}
