//! The golden matrix: what each provider is told of one request, and what clients are told of its answers and streams.
//!
//! A request is a file in `golden/requests` and a snapshot of the same name, with all providers in it. Answers and streams
//! are in the providers' own wire formats, as their references show them: a file a provider in `golden/answers`, one a
//! stream in `golden/streams`.

mod answers;
mod faults;
mod requests;
mod streams;
mod text;
mod wire;

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::provider::catalog::Catalog;
use crate::provider::chat::AnswerHead;
use crate::provider::endpoint::{Endpoint, Protocol};
use crate::router::deployment::Target;
use crate::router::{self, Deployment};

/// What a person would set up of each provider, by the name in the snapshots.
const DEPLOYMENTS: [(&str, &str); 29] = [
    ("openai", "model: openai/gpt-4o"),
    ("openai_reasoning", "model: openai/gpt-5-mini"),
    ("openai_responses", "model: openai/o1-pro"),
    ("azure", "model: azure/gpt-4o, api_base: 'https://mine.openai.azure.com'"),
    ("mistral", "model: mistral/mistral-large-latest"),
    ("deepseek", "model: deepseek/deepseek-chat"),
    ("groq", "model: groq/openai/gpt-oss-120b"),
    ("together_ai", "model: together_ai/openai/gpt-oss-20b"),
    ("fireworks_ai", "model: fireworks_ai/accounts/fireworks/models/gpt-oss-120b"),
    ("perplexity", "model: perplexity/sonar-pro"),
    ("xai", "model: xai/grok-4"),
    ("openrouter", "model: openrouter/qwen/qwen3-coder"),
    ("nvidia_nim", "model: nvidia_nim/meta/llama-3.3-70b-instruct"),
    ("hosted_vllm", "model: hosted_vllm/llama, api_base: 'http://vllm:8000/v1'"),
    ("huggingface_tgi", "model: huggingface/tgi, api_base: 'http://tgi:8080'"),
    ("openai_compatible", "model: openai_compatible/x, api_base: 'http://there/v1'"),
    ("anthropic", "model: anthropic/claude-sonnet-4-5-20250929"),
    ("anthropic_adaptive", "model: anthropic/claude-opus-4-6"),
    ("vertex_claude", "model: vertex_ai/claude-sonnet-4-5@20250929, vertex_project: p, vertex_location: us-east5"),
    ("bedrock_claude", "model: bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0, aws_region_name: us-east-1"),
    ("bedrock_nova", "model: bedrock/amazon.nova-pro-v1:0, aws_region_name: us-east-1"),
    ("bedrock_llama", "model: bedrock/meta.llama3-3-70b-instruct-v1:0, aws_region_name: us-east-1"),
    ("bedrock_mistral", "model: bedrock/mistral.mistral-large-2407-v1:0, aws_region_name: us-west-2"),
    ("bedrock_cohere", "model: bedrock/cohere.command-r-plus-v1:0, aws_region_name: us-east-1"),
    ("gemini", "model: gemini/gemini-2.5-flash"),
    ("gemini_3", "model: gemini/gemini-3-pro-preview"),
    ("vertex_gemini", "model: vertex_ai/gemini-2.5-flash, vertex_project: p, vertex_location: us-east5"),
    ("cohere", "model: cohere/command-a-03-2025"),
    ("ollama", "model: ollama/llama3.2, api_base: 'http://ollama:11434'"),
];

fn deployments() -> Vec<(&'static str, Deployment)> {
    let models = DEPLOYMENTS.map(|(_, params)| format!("{{model_name: m, litellm_params: {{{params}, api_key: k}}}}"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    std::fs::write(&path, format!("model_list: [{}]", models.join(", "))).unwrap();
    let loaded = Config::load(Some(&path), |_| None);
    let built = router::deployments(&loaded.config, Catalog::embedded());
    let names = DEPLOYMENTS.into_iter().map(|(name, _)| name);
    let named: Vec<_> = names.zip(built).collect();
    for (name, one) in &named {
        assert!(matches!(one.target, Target::Provider(_)), "{name}: {:?}", one.unavailable);
    }
    named
}

/// The deployment of this name in the snapshots.
fn deployment(wanted: &str) -> Deployment {
    deployments().into_iter().find(|(name, _)| *name == wanted).unwrap().1
}

fn endpoint(deployment: &Deployment) -> &Endpoint {
    match &deployment.target {
        Target::Provider(endpoint) => endpoint,
        other => panic!("{other:?}"),
    }
}

fn protocol(deployment: &Deployment) -> &Protocol {
    &endpoint(deployment).protocol
}

fn head() -> AnswerHead {
    AnswerHead {
        id: "chatcmpl-1".to_owned(),
        created: 1_700_000_000,
        model: "asked".to_owned(),
        ..AnswerHead::default()
    }
}

/// The fixtures in a folder, by name.
fn fixtures(folder: &str) -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gateway/golden").join(folder);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path)).collect();
    found.sort();
    found
}

fn assert_golden(folder: &str, name: &str, text: &str) {
    let path = format!("golden/snapshots/{folder}");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true,
        snapshot_path => Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gateway").join(path) },
        { insta::assert_snapshot!(name, text) });
}
