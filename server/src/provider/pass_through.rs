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
    /// In the path; where a path of OpenAI's names none, in the body.
    Path {
        /// Behind one of these parts.
        folders: &'static [&'static str],
        /// What is to be done follows the name, after a colon; else colons are part of names.
        has_verb: bool,
    },
}

/// Those that are served.
pub const NATIVE_APIS: &[NativeApi] = &[
    NativeApi { provider: ProviderKind::OpenAi, prefixes: &["openai", "openai_passthrough"], model: ModelPlace::Body },
    NativeApi { provider: ProviderKind::Anthropic, prefixes: &["anthropic"], model: ModelPlace::Body },
    NativeApi {
        provider: ProviderKind::Gemini,
        prefixes: &["gemini"],
        model: ModelPlace::Path { folders: &["models", "tunedModels"], has_verb: true },
    },
    NativeApi {
        provider: ProviderKind::VertexAi,
        prefixes: &["vertex_ai", "vertex-ai"],
        model: ModelPlace::Path { folders: &["models", "endpoints"], has_verb: true },
    },
    NativeApi {
        provider: ProviderKind::Bedrock,
        prefixes: &["bedrock"],
        model: ModelPlace::Path { folders: &["model"], has_verb: false },
    },
    NativeApi { provider: ProviderKind::Cohere, prefixes: &["cohere"], model: ModelPlace::Body },
    NativeApi {
        provider: ProviderKind::Azure,
        prefixes: &["azure"],
        model: ModelPlace::Path { folders: &["deployments"], has_verb: false },
    },
    NativeApi { provider: ProviderKind::Mistral, prefixes: &["mistral"], model: ModelPlace::Body },
    NativeApi { provider: ProviderKind::HostedVllm, prefixes: &["vllm"], model: ModelPlace::Body },
];
