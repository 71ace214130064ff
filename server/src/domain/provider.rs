//! Which provider a configured model belongs to, and what is known of each provider. Serving another provider
//! begins by turning its `supported` on in the table here.

pub mod bedrock;
mod disconnect;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use disconnect::OnClientDisconnect;

/// Whose API a deployment speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the provider of that name; PROVIDERS says what is known of it")]
pub enum ProviderKind {
    OpenAi,
    /// Any server that speaks OpenAI's API.
    OpenAiCompatible,
    Azure,
    AzureAi,
    Anthropic,
    Bedrock,
    SageMaker,
    VertexAi,
    Gemini,
    Mistral,
    Cohere,
    DeepSeek,
    Groq,
    TogetherAi,
    FireworksAi,
    Perplexity,
    Xai,
    OpenRouter,
    NvidiaNim,
    HostedVllm,
    Ollama,
    HuggingFace,
    Databricks,
    Watsonx,
    Replicate,
    Cloudflare,
    Ai21,
    Voyage,
    Jina,
}

/// What is known of a provider.
#[derive(Clone, Copy, Debug)]
pub struct ProviderInfo {
    /// The provider.
    pub kind: ProviderKind,
    /// Its name in `model: name/…` and `custom_llm_provider`; the first is the one shown.
    pub names: &'static [&'static str],
    /// Where its API is unless `api_base` says otherwise. `None`: `api_base` is needed.
    pub api_base: Option<&'static str>,
    /// The environment variable its key is taken from where a deployment has no `api_key`.
    pub key_variable: Option<&'static str>,
    /// Whether the gateway can call it.
    pub supported: bool,
}

const fn served(
    kind: ProviderKind,
    names: &'static [&'static str],
    api_base: Option<&'static str>,
    key_variable: Option<&'static str>,
) -> ProviderInfo {
    ProviderInfo { kind, names, api_base, key_variable, supported: true }
}

const fn known(kind: ProviderKind, names: &'static [&'static str]) -> ProviderInfo {
    ProviderInfo { kind, names, api_base: None, key_variable: None, supported: false }
}

/// Every provider that can be configured, the served ones with the address and the variable of their key.
pub const PROVIDERS: &[ProviderInfo] = &{
    use ProviderKind as K;
    [
        served(
            K::OpenAi,
            &["openai", "text-completion-openai"],
            Some("https://api.openai.com/v1"),
            Some("OPENAI_API_KEY"),
        ),
        served(
            K::OpenAiCompatible,
            &["openai_compatible", "custom_openai", "openai_like", "litellm_proxy"],
            None,
            None,
        ),
        served(K::Mistral, &["mistral"], Some("https://api.mistral.ai/v1"), Some("MISTRAL_API_KEY")),
        served(K::DeepSeek, &["deepseek"], Some("https://api.deepseek.com/v1"), Some("DEEPSEEK_API_KEY")),
        served(K::Groq, &["groq"], Some("https://api.groq.com/openai/v1"), Some("GROQ_API_KEY")),
        served(K::TogetherAi, &["together_ai"], Some("https://api.together.xyz/v1"), Some("TOGETHERAI_API_KEY")),
        served(
            K::FireworksAi,
            &["fireworks_ai"],
            Some("https://api.fireworks.ai/inference/v1"),
            Some("FIREWORKS_AI_API_KEY"),
        ),
        served(K::Perplexity, &["perplexity"], Some("https://api.perplexity.ai"), Some("PERPLEXITYAI_API_KEY")),
        served(K::Xai, &["xai"], Some("https://api.x.ai/v1"), Some("XAI_API_KEY")),
        served(K::OpenRouter, &["openrouter"], Some("https://openrouter.ai/api/v1"), Some("OPENROUTER_API_KEY")),
        served(K::NvidiaNim, &["nvidia_nim"], Some("https://integrate.api.nvidia.com/v1"), Some("NVIDIA_NIM_API_KEY")),
        served(K::HostedVllm, &["hosted_vllm", "vllm"], None, Some("HOSTED_VLLM_API_KEY")),
        served(K::Azure, &["azure", "azure_text"], None, Some("AZURE_API_KEY")),
        known(K::AzureAi, &["azure_ai"]),
        served(
            K::Anthropic,
            &["anthropic", "anthropic_text"],
            Some("https://api.anthropic.com"),
            Some("ANTHROPIC_API_KEY"),
        ),
        // Its address follows from the region, and a key is one of several ways in.
        served(K::Bedrock, &["bedrock", "bedrock_converse", "bedrock_mantle"], None, Some("AWS_BEARER_TOKEN_BEDROCK")),
        known(K::SageMaker, &["sagemaker", "sagemaker_chat"]),
        served(K::VertexAi, &["vertex_ai", "vertex_ai_beta"], None, None),
        served(
            K::Gemini,
            &["gemini"],
            Some("https://generativelanguage.googleapis.com/v1beta"),
            Some("GEMINI_API_KEY"),
        ),
        served(K::Cohere, &["cohere", "cohere_chat"], Some("https://api.cohere.com"), Some("COHERE_API_KEY")),
        served(K::Ollama, &["ollama", "ollama_chat"], Some("http://localhost:11434"), None),
        served(K::HuggingFace, &["huggingface"], Some("https://router.huggingface.co/v1"), Some("HF_TOKEN")),
        known(K::Databricks, &["databricks"]),
        known(K::Watsonx, &["watsonx", "watsonx_text"]),
        known(K::Replicate, &["replicate"]),
        known(K::Cloudflare, &["cloudflare"]),
        known(K::Ai21, &["ai21", "ai21_chat"]),
        known(K::Voyage, &["voyage"]),
        known(K::Jina, &["jina_ai"]),
    ]
};

/// Beginnings of names that tell the provider of a model written without one.
const BARE_NAMES: &[(&str, ProviderKind)] = &[
    ("gpt-", ProviderKind::OpenAi),
    ("chatgpt-", ProviderKind::OpenAi),
    ("codex-", ProviderKind::OpenAi),
    ("computer-use-", ProviderKind::OpenAi),
    ("dall-e", ProviderKind::OpenAi),
    ("davinci", ProviderKind::OpenAi),
    ("babbage", ProviderKind::OpenAi),
    ("ft:", ProviderKind::OpenAi),
    ("o1", ProviderKind::OpenAi),
    ("o3", ProviderKind::OpenAi),
    ("o4", ProviderKind::OpenAi),
    ("omni-moderation", ProviderKind::OpenAi),
    ("text-embedding-3", ProviderKind::OpenAi),
    ("text-embedding-ada", ProviderKind::OpenAi),
    ("text-moderation", ProviderKind::OpenAi),
    ("tts-1", ProviderKind::OpenAi),
    ("whisper-", ProviderKind::OpenAi),
    ("claude-", ProviderKind::Anthropic),
    ("gemini-", ProviderKind::Gemini),
    ("mistral-", ProviderKind::Mistral),
    ("open-mistral-", ProviderKind::Mistral),
    ("codestral-", ProviderKind::Mistral),
    ("magistral-", ProviderKind::Mistral),
    ("ministral-", ProviderKind::Mistral),
    ("pixtral-", ProviderKind::Mistral),
    ("deepseek-", ProviderKind::DeepSeek),
    ("sonar", ProviderKind::Perplexity),
    ("grok-", ProviderKind::Xai),
    ("command-", ProviderKind::Cohere),
    ("anthropic.", ProviderKind::Bedrock),
    ("amazon.", ProviderKind::Bedrock),
];

/// Ends of host names that belong to Azure OpenAI.
const AZURE_HOSTS: &[&str] = &[".openai.azure.com", ".cognitiveservices.azure.com"];

impl ProviderKind {
    /// What is known of this provider.
    #[must_use]
    pub fn info(self) -> &'static ProviderInfo {
        // The first row is only reached for a kind missing from the table, which a test rules out.
        PROVIDERS.iter().find(|info| info.kind == self).unwrap_or(&OPENAI)
    }

    /// The provider's name, as in `model: name/…`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.info().names.first().copied().unwrap_or_default()
    }

    /// Whether the gateway can call it.
    #[must_use]
    pub fn is_supported(self) -> bool {
        self.info().supported
    }

    /// The provider of this name, as written before the slash or in `custom_llm_provider`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        PROVIDERS.iter().find(|info| info.names.contains(&name)).map(|info| info.kind)
    }
}

const OPENAI: ProviderInfo = served(ProviderKind::OpenAi, &["openai"], None, None);

impl fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ProviderKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ProviderKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| de::Error::custom(format!("unknown provider \"{name}\"")))
    }
}

/// A configured model taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRef {
    /// Who serves it.
    pub provider: ProviderKind,
    /// The name the provider knows it by.
    pub name: String,
}

/// Why the provider of a model cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelRefError {
    /// Neither prefix nor name nor address says it.
    #[error(
        "cannot tell the provider of model \"{0}\"; write it as \"provider/model\" (such as \"openai/{0}\") or give its api_base"
    )]
    Unknown(String),
    /// `custom_llm_provider` names nobody.
    #[error("unknown provider \"{name}\"{}", suggest(.nearest))]
    NoSuchProvider {
        /// As written.
        name: String,
        /// The provider it may mean.
        nearest: Option<&'static str>,
    },
    /// There is no model name.
    #[error("the model's name is empty")]
    Empty,
}

fn suggest(nearest: &Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"))
}

impl ModelRef {
    /// Takes `model` (such as `openai/gpt-4o` or `gpt-4o`) apart. In this order: `custom_llm_provider` where given, a
    /// known prefix, an address of Azure's, the beginning of the name, any other `api_base` (OpenAI-compatible).
    ///
    /// # Errors
    /// When none of these tells the provider, or the name is empty.
    pub fn parse(
        model: &str,
        custom_llm_provider: Option<&str>,
        api_base: Option<&str>,
    ) -> Result<Self, ModelRefError> {
        let (prefix, rest) = match model.split_once('/') {
            Some((prefix, rest)) => (ProviderKind::from_name(prefix), rest),
            None => (None, model),
        };
        if model.is_empty() || rest.is_empty() {
            return Err(ModelRefError::Empty);
        }
        let provider = match custom_llm_provider {
            Some(name) => Some(named(name)?),
            None => prefix,
        };
        if let Some(provider) = provider {
            let is_own_prefix = prefix == Some(provider);
            let name = if is_own_prefix { rest } else { model };
            return Ok(Self::new(provider, name));
        }
        if api_base.is_some_and(is_azure_host) {
            return Ok(Self::new(ProviderKind::Azure, model));
        }
        let bare = BARE_NAMES.iter().find(|(beginning, _)| model.starts_with(beginning));
        match (bare, api_base) {
            (Some((_, provider)), _) => Ok(Self::new(*provider, model)),
            (None, Some(_)) => Ok(Self::new(ProviderKind::OpenAiCompatible, model)),
            (None, None) => Err(ModelRefError::Unknown(model.to_owned())),
        }
    }

    fn new(provider: ProviderKind, name: &str) -> Self {
        Self { provider, name: name.to_owned() }
    }
}

fn named(name: &str) -> Result<ProviderKind, ModelRefError> {
    ProviderKind::from_name(name)
        .ok_or_else(|| ModelRefError::NoSuchProvider { name: name.to_owned(), nearest: nearest_name(name) })
}

/// The provider's name most like `name`, if one is alike enough to be meant.
fn nearest_name(name: &str) -> Option<&'static str> {
    PROVIDERS
        .iter()
        .flat_map(|info| info.names)
        .map(|known| (strsim::jaro_winkler(name, known), *known))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

fn is_azure_host(api_base: &str) -> bool {
    let address = api_base.split_once("://").map_or(api_base, |(_, rest)| rest);
    let host = address.split(['/', ':', '?']).next().unwrap_or_default();
    let host = host.to_ascii_lowercase();
    AZURE_HOSTS.iter().any(|end| host.ends_with(end))
}
