//! What the semantic conventions call operations, providers and parameters.

/// Parameters of requests, and their attributes.
pub(super) const PARAMETERS: [(&str, &str); 9] = [
    ("temperature", "gen_ai.request.temperature"),
    ("top_p", "gen_ai.request.top_p"),
    ("top_k", "gen_ai.request.top_k"),
    ("max_tokens", "gen_ai.request.max_tokens"),
    ("max_completion_tokens", "gen_ai.request.max_tokens"),
    ("presence_penalty", "gen_ai.request.presence_penalty"),
    ("frequency_penalty", "gen_ai.request.frequency_penalty"),
    ("seed", "gen_ai.request.seed"),
    ("n", "gen_ai.request.choice.count"),
];
/// Attributes that count.
const WHOLE: [&str; 3] = ["gen_ai.request.max_tokens", "gen_ai.request.seed", "gen_ai.request.choice.count"];
/// Providers that the conventions know by another name.
const PROVIDERS: [(&str, &str); 12] = [
    ("azure", "azure.ai.openai"),
    ("azure_ai", "azure.ai.inference"),
    ("bedrock", "aws.bedrock"),
    ("bedrock_converse", "aws.bedrock"),
    ("gemini", "gcp.gemini"),
    ("mistral", "mistral_ai"),
    ("vertex_ai", "gcp.vertex_ai"),
    ("watsonx", "ibm.watsonx.ai"),
    ("xai", "x_ai"),
    ("codestral", "mistral_ai"),
    ("cohere_chat", "cohere"),
    ("text-completion-openai", "openai"),
];

/// Whether an attribute is a whole number.
pub(super) fn is_whole(attribute: &str) -> bool {
    WHOLE.contains(&attribute)
}

/// What is done, by the kind of call.
pub(super) fn operation(call_type: &str) -> &str {
    match call_type {
        "acompletion" | "anthropic_messages" | "aresponses" => "chat",
        "atext_completion" => "text_completion",
        "aembedding" => "embeddings",
        // The conventions have no name for it; LiteLLM's begins with an a for what does not wait.
        other => other.strip_prefix('a').filter(|rest| !rest.is_empty()).unwrap_or(other),
    }
}

/// Who answers.
pub(super) fn provider(name: &str) -> &str {
    PROVIDERS.iter().find(|(own, _)| *own == name).map_or(name, |(_, known)| known)
}
