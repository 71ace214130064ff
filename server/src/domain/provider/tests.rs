//! Models are found by prefix, hint, address and name.

use super::*;

fn parse(model: &str, hint: Option<&str>, api_base: Option<&str>) -> (ProviderKind, String) {
    let parsed = ModelRef::parse(model, hint, api_base).unwrap();
    (parsed.provider, parsed.name)
}

#[test]
fn by_prefix() {
    for (model, provider, name) in [
        ("openai/gpt-4o", ProviderKind::OpenAi, "gpt-4o"),
        ("azure/my-deployment", ProviderKind::Azure, "my-deployment"),
        (
            "bedrock/converse/us.anthropic.claude-3-7-sonnet-20250219-v1:0",
            ProviderKind::Bedrock,
            "converse/us.anthropic.claude-3-7-sonnet-20250219-v1:0",
        ),
        (
            "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo",
            ProviderKind::TogetherAi,
            "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        ),
        ("vllm/qwen", ProviderKind::HostedVllm, "qwen"),
        ("ollama/llama3", ProviderKind::Ollama, "llama3"),
        ("openrouter/openai/gpt-4o", ProviderKind::OpenRouter, "openai/gpt-4o"),
    ] {
        assert_eq!(parse(model, None, None), (provider, name.to_owned()), "{model}");
    }
}

#[test]
fn by_name() {
    for (model, provider) in [
        ("gpt-4o-mini", ProviderKind::OpenAi),
        ("o4-mini", ProviderKind::OpenAi),
        ("text-embedding-3-small", ProviderKind::OpenAi),
        ("claude-sonnet-4-20250514", ProviderKind::Anthropic),
        ("gemini-2.5-flash", ProviderKind::Gemini),
        ("mistral-large-latest", ProviderKind::Mistral),
    ] {
        assert_eq!(parse(model, None, None), (provider, model.to_owned()), "{model}");
    }
}

#[test]
fn by_address() {
    let azure = Some("https://myopenai20250920.openai.azure.com/");
    assert_eq!(parse("o4-mini", None, azure).0, ProviderKind::Azure);
    assert_eq!(
        parse("my-own-model", None, Some("http://localhost:8000/v1")),
        (ProviderKind::OpenAiCompatible, "my-own-model".to_owned())
    );
    assert_eq!(parse("org/my-own-model", None, Some("http://localhost:8000/v1")).1, "org/my-own-model");
    // A name that merely contains the host is not on it.
    assert_ne!(parse("x", None, Some("http://evil.test/.openai.azure.com")).0, ProviderKind::Azure);
}

#[test]
fn by_hint() {
    assert_eq!(
        parse("meta-llama/Llama-3", Some("hosted_vllm"), None),
        (ProviderKind::HostedVllm, "meta-llama/Llama-3".to_owned())
    );
    assert_eq!(parse("openai/gpt-4o", Some("openai"), None), (ProviderKind::OpenAi, "gpt-4o".to_owned()));
    assert_eq!(
        parse("openai/gpt-4o", Some("openrouter"), None),
        (ProviderKind::OpenRouter, "openai/gpt-4o".to_owned())
    );
}

#[test]
fn says_what_is_wrong() {
    assert_eq!(
        ModelRef::parse("llama", None, None).unwrap_err().to_string(),
        "cannot tell the provider of model \"llama\"; write it as \"provider/model\" (such as \"openai/llama\") or give its api_base"
    );
    assert_eq!(
        ModelRef::parse("x", Some("antropic"), None).unwrap_err().to_string(),
        "unknown provider \"antropic\"; did you mean \"anthropic\"?"
    );
    assert_eq!(ModelRef::parse("", None, None), Err(ModelRefError::Empty));
    assert_eq!(ModelRef::parse("openai/", None, None), Err(ModelRefError::Empty));
}

#[test]
fn every_name_means_one_provider_and_every_kind_is_in_the_table() {
    let mut names: Vec<&str> = PROVIDERS.iter().flat_map(|p| p.names).copied().collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "a provider's name is listed twice");
    for info in PROVIDERS {
        assert_eq!(info.kind.as_str(), info.names[0]);
        assert_eq!(ProviderKind::from_name(info.names[0]), Some(info.kind));
    }
    // With no kind listed twice, as many rows as kinds means that all are there.
    let last_kind = std::mem::discriminant(&ProviderKind::Jina);
    assert_eq!(std::mem::discriminant(&PROVIDERS.last().unwrap().kind), last_kind);
    assert_eq!(PROVIDERS.len(), 29);
}

#[test]
fn is_its_name_in_json() {
    for info in PROVIDERS {
        let json = serde_json::to_value(info.kind).unwrap();
        assert_eq!(json, info.names[0]);
        assert_eq!(serde_json::from_value::<ProviderKind>(json).unwrap(), info.kind);
    }
}
