//! Providers' own APIs, as clients call them through the gateway: where each is, and where a call names its model.
//!
//! Sources: each provider's API reference, for paths and for the fields that name a model or say what was used.

mod address;
mod path;
pub mod reading;
mod request;
mod usage;

use crate::domain::provider::ProviderKind;

pub use address::{Place, model_at};
pub use path::NativePath;
pub use request::NativeRequest;
pub use usage::usage_in;

/// A provider's own API, below a path of the gateway's.
#[derive(Debug)]
pub struct NativeApi {
    /// Whose it is.
    pub provider: ProviderKind,
    /// What the gateway's paths to it begin with; LiteLLM has two for some.
    pub prefixes: &'static [&'static str],
    /// Where a call names its model.
    pub model: ModelPlace,
}

/// Where a call names its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelPlace {
    /// In `model` of the body.
    Body,
    /// Behind one of these parts of the path, up to a colon; else in the body.
    Path(&'static [&'static str]),
}

/// Those that are served.
pub const NATIVE_APIS: &[NativeApi] = &[
    NativeApi { provider: ProviderKind::OpenAi, prefixes: &["openai", "openai_passthrough"], model: ModelPlace::Body },
    NativeApi { provider: ProviderKind::Anthropic, prefixes: &["anthropic"], model: ModelPlace::Body },
    NativeApi {
        provider: ProviderKind::Gemini,
        prefixes: &["gemini"],
        model: ModelPlace::Path(&["models", "tunedModels"]),
    },
    NativeApi {
        provider: ProviderKind::VertexAi,
        prefixes: &["vertex_ai", "vertex-ai"],
        model: ModelPlace::Path(&["models", "endpoints"]),
    },
    NativeApi { provider: ProviderKind::Bedrock, prefixes: &["bedrock"], model: ModelPlace::Path(&["model"]) },
    NativeApi { provider: ProviderKind::Cohere, prefixes: &["cohere"], model: ModelPlace::Body },
    NativeApi { provider: ProviderKind::Azure, prefixes: &["azure"], model: ModelPlace::Path(&["deployments"]) },
    NativeApi { provider: ProviderKind::Mistral, prefixes: &["mistral"], model: ModelPlace::Body },
    NativeApi { provider: ProviderKind::HostedVllm, prefixes: &["vllm"], model: ModelPlace::Body },
];
