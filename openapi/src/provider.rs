//! What a deployment of each provider has to be told: the sheet that forms are made from. The names are those of
//! `litellm_params`.

/// A provider that deployments can be added of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderSheet {
    /// What stands before the `/` of `litellm_params.model`.
    pub prefix: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// A model of it, by the provider's own name.
    pub model: &'static str,
    /// What it has to be told besides the model, the most important first.
    pub fields: &'static [ProviderField],
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderField {
    /// Its name in `litellm_params`.
    pub name: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// What it is for, in a sentence; empty where the label says it.
    pub hint: &'static str,
    /// An example.
    pub placeholder: &'static str,
    /// What is typed there.
    pub kind: FieldKind,
    /// Without it nothing can be called, unless a credential or the gateway's environment has it.
    pub is_needed: bool,
}

/// What is typed into a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A line that may be seen.
    Text,
    /// A line that may not.
    Secret,
    /// Lines that may not, such as the JSON of a key.
    SecretLines,
}

const fn text(name: &'static str, label: &'static str, placeholder: &'static str, hint: &'static str) -> ProviderField {
    ProviderField { name, label, hint, placeholder, kind: FieldKind::Text, is_needed: false }
}

const fn secret(name: &'static str, label: &'static str, hint: &'static str) -> ProviderField {
    ProviderField { name, label, hint, placeholder: "", kind: FieldKind::Secret, is_needed: false }
}

const fn needed(field: ProviderField) -> ProviderField {
    ProviderField { is_needed: true, ..field }
}

const KEY: ProviderField = needed(secret("api_key", "API key", ""));
const OPTIONAL_KEY: ProviderField = secret("api_key", "API key", "Left empty, calls carry none.");
const OTHER_ADDRESS: ProviderField = text(
    "api_base",
    "API base",
    "https://…",
    "Left empty, it is the provider's own address. With another one a key is needed here, too: none is taken from the environment.",
);
const OWN_ADDRESS: ProviderField =
    needed(text("api_base", "API base", "https://…/v1", "Where the server's API is, its version included."));

const USUAL: &[ProviderField] = &[KEY, OTHER_ADDRESS];
const OWN_SERVER: &[ProviderField] = &[OWN_ADDRESS, OPTIONAL_KEY];

const OPENAI: &[ProviderField] =
    &[KEY, OTHER_ADDRESS, text("organization", "Organization", "org-…", "Which of the key's organizations is billed.")];

const AZURE: &[ProviderField] = &[
    needed(text("api_base", "Endpoint", "https://my-resource.openai.azure.com", "The resource's endpoint.")),
    secret("api_key", "API key", "Or, in its place, an application of Microsoft Entra ID below."),
    text("api_version", "API version", "2024-10-21", "Left empty, the newest API is used."),
    text("tenant_id", "Entra ID tenant", "", ""),
    text("client_id", "Entra ID application", "", ""),
    secret("client_secret", "Entra ID client secret", ""),
];

const BEDROCK: &[ProviderField] = &[
    needed(text("aws_region_name", "Region", "us-east-1", "")),
    secret(
        "api_key",
        "Bedrock API key",
        "Or, in its place, an access key below; with neither, the identity of this machine.",
    ),
    secret("aws_access_key_id", "Access key ID", ""),
    secret("aws_secret_access_key", "Secret access key", ""),
    secret("aws_session_token", "Session token", "Of a temporary key."),
    text("aws_role_name", "Role to take on", "arn:aws:iam::123456789012:role/…", ""),
];

const VERTEX: &[ProviderField] = &[
    text("vertex_project", "Project", "my-project", "Left empty, the one that the key belongs to."),
    text("vertex_location", "Location", "us-central1", "A region, or global."),
    ProviderField {
        name: "vertex_credentials",
        label: "Service account key",
        hint: "The JSON that Google gives out. Left empty, the identity of this machine.",
        placeholder: "{\"type\": \"service_account\", …}",
        kind: FieldKind::SecretLines,
        is_needed: false,
    },
];

const OLLAMA: &[ProviderField] =
    &[text("api_base", "API base", "http://localhost:11434", "Left empty, Ollama on this machine."), OPTIONAL_KEY];

const fn sheet(
    prefix: &'static str,
    name: &'static str,
    model: &'static str,
    fields: &'static [ProviderField],
) -> ProviderSheet {
    ProviderSheet { prefix, name, model, fields }
}

/// Every provider that the gateway can call, those that most people want first.
pub const PROVIDERS: &[ProviderSheet] = &[
    sheet("openai", "OpenAI", "gpt-4o", OPENAI),
    sheet("anthropic", "Anthropic", "claude-sonnet-4-5", USUAL),
    sheet("azure", "Azure OpenAI", "my-deployment", AZURE),
    sheet("bedrock", "AWS Bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", BEDROCK),
    sheet("vertex_ai", "Google Vertex AI", "gemini-2.5-flash", VERTEX),
    sheet("gemini", "Google Gemini", "gemini-2.5-flash", USUAL),
    sheet("openai_compatible", "OpenAI-compatible server", "my-model", OWN_SERVER),
    sheet("hosted_vllm", "vLLM", "my-model", OWN_SERVER),
    sheet("ollama", "Ollama", "llama3.2", OLLAMA),
    sheet("mistral", "Mistral", "mistral-large-latest", USUAL),
    sheet("cohere", "Cohere", "command-a-03-2025", USUAL),
    sheet("deepseek", "DeepSeek", "deepseek-chat", USUAL),
    sheet("groq", "Groq", "llama-3.3-70b-versatile", USUAL),
    sheet("xai", "xAI", "grok-4", USUAL),
    sheet("together_ai", "Together AI", "meta-llama/Llama-3.3-70B-Instruct-Turbo", USUAL),
    sheet("fireworks_ai", "Fireworks AI", "accounts/fireworks/models/llama-v3p3-70b-instruct", USUAL),
    sheet("perplexity", "Perplexity", "sonar", USUAL),
    sheet("openrouter", "OpenRouter", "openai/gpt-4o", USUAL),
    sheet("nvidia_nim", "NVIDIA NIM", "meta/llama-3.3-70b-instruct", USUAL),
    sheet("huggingface", "Hugging Face", "together/meta-llama/Llama-3.3-70B-Instruct", USUAL),
];

/// The sheet of the provider that `model`, as in `litellm_params`, names before its `/`.
#[must_use]
pub fn sheet_of(model: &str) -> Option<&'static ProviderSheet> {
    let (prefix, _) = model.split_once('/')?;
    PROVIDERS.iter().find(|sheet| sheet.prefix == prefix)
}
