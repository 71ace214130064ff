//! The sheet: one row a provider, with the source of what it says.

use super::{FormatField, MessageQuirks, Quirks, Reasoning};

/// Members of an answer that LiteLLM adds to OpenAI's, and marks that only some providers know.
const LITELLM_MEMBERS: &[&str] = &["reasoning_content", "thinking_blocks", "provider_specific_fields", "cache_control"];
/// The same, with what else OpenAI's answers have and its requests do not.
const ANSWER_MEMBERS: &[&str] = &[
    "reasoning_content",
    "thinking_blocks",
    "provider_specific_fields",
    "cache_control",
    "annotations",
    "audio",
    "refusal",
];
/// The same for those that take the reasoning back.
const ANSWER_MEMBERS_WITH_REASONING: &[&str] =
    &["thinking_blocks", "provider_specific_fields", "cache_control", "annotations", "audio", "refusal"];
/// Bookkeeping of OpenAI's, which changes no answer.
const BOOKKEEPING: &[&str] =
    &["metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "store", "user"];
/// What only OpenAI's own models have.
const OPENAI_ONLY: &[&str] = &["audio", "modalities", "prediction", "verbosity", "web_search_options"];

/// An address of which only the protocol is known.
pub(super) const NONE: Quirks = Quirks {
    provider: "The provider",
    max_tokens: "max_tokens",
    renamed: &[],
    unsupported: &[],
    ignored: &[],
    refused: &[],
    takes_stream_options: true,
    messages: MessageQuirks { takes_developer: true, takes_name: true, dropped: &[], reasoning: None },
    reasoning: Reasoning::Content,
    gives_ids: true,
    lists_stop: false,
    response_format: FormatField::OpenAi,
    has_responses: false,
};

/// Of whoever does something else than chat: streams of that have no options.
pub(super) const TASKS: Quirks = Quirks { takes_stream_options: false, ..NONE };

/// OpenAI, "Create chat completion": `max_tokens` is deprecated, messages have no reasoning.
pub(super) const OPENAI: Quirks = Quirks {
    provider: "openai",
    max_tokens: "max_completion_tokens",
    messages: MessageQuirks { dropped: LITELLM_MEMBERS, ..NONE.messages },
    has_responses: true,
    ..NONE
};

/// OpenAI, "Reasoning models" and "Using GPT-5": no `max_tokens`, and no sampling parameters with reasoning.
pub(super) const OPENAI_REASONING: Quirks = Quirks {
    renamed: &[("max_tokens", "max_completion_tokens")],
    refused: &[
        "temperature",
        "top_p",
        "presence_penalty",
        "frequency_penalty",
        "logprobs",
        "top_logprobs",
        "logit_bias",
    ],
    ..OPENAI
};

/// The same protocol at another address: nothing is known of what it takes in messages.
pub(super) const OPENAI_ELSEWHERE: Quirks = Quirks { messages: NONE.messages, has_responses: false, ..OPENAI };

/// The same with the name of a model that reasons.
pub(super) const OPENAI_REASONING_ELSEWHERE: Quirks =
    Quirks { messages: NONE.messages, has_responses: false, ..OPENAI_REASONING };

/// Any server of OpenAI's protocol: many say `reasoning`.
pub(super) const COMPATIBLE: Quirks = Quirks { provider: "openai_compatible", reasoning: Reasoning::Field, ..NONE };

/// Microsoft Learn, "Azure OpenAI REST API reference".
pub(super) const AZURE: Quirks = Quirks { provider: "azure", ..OPENAI };

/// The same, up to version 2024-08-01: there is no `max_completion_tokens`.
pub(super) const AZURE_OLD: Quirks =
    Quirks { max_tokens: "max_tokens", renamed: &[("max_completion_tokens", "max_tokens")], ..AZURE };

/// Microsoft Learn, "Azure OpenAI reasoning models": not supported parameters.
pub(super) const AZURE_REASONING: Quirks = Quirks { provider: "azure", ..OPENAI_REASONING };

/// Mistral's API specification, "Chat completion" (its client's models): unknown members of bodies and messages are
/// refused, the last chunk of a stream has the usage, magistral thinks in parts of the content.
pub(super) const MISTRAL: Quirks = Quirks {
    provider: "mistral",
    renamed: &[("max_completion_tokens", "max_tokens"), ("seed", "random_seed")],
    unsupported: &[
        "audio",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "modalities",
        "service_tier",
        "top_logprobs",
        "verbosity",
        "web_search_options",
    ],
    ignored: &["prompt_cache_retention", "safety_identifier", "store", "stream_options", "user"],
    takes_stream_options: false,
    messages: MessageQuirks { takes_developer: false, takes_name: false, dropped: ANSWER_MEMBERS, reasoning: None },
    reasoning: Reasoning::Parts,
    ..NONE
};

/// DeepSeek, "Create Chat Completion": one answer a call; reasoning goes back in `reasoning_content` ("Thinking Mode").
pub(super) const DEEPSEEK: Quirks = Quirks {
    provider: "deepseek",
    renamed: &[("max_completion_tokens", "max_tokens")],
    unsupported: &["audio", "logit_bias", "modalities", "n", "prediction", "web_search_options"],
    ignored: BOOKKEEPING,
    messages: MessageQuirks {
        takes_developer: false,
        dropped: ANSWER_MEMBERS_WITH_REASONING,
        reasoning: Some("reasoning_content"),
        ..NONE.messages
    },
    ..NONE
};

/// Groq, "OpenAI Compatibility" (fields that are refused) and its API reference (`metadata` and `store` not supported,
/// `reasoning` in answers and messages); "Responses API".
pub(super) const GROQ: Quirks = Quirks {
    provider: "groq",
    max_tokens: "max_completion_tokens",
    unsupported: &[
        "audio",
        "logit_bias",
        "logprobs",
        "modalities",
        "n",
        "prediction",
        "top_logprobs",
        "verbosity",
        "web_search_options",
    ],
    ignored: &["metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "store"],
    messages: MessageQuirks {
        takes_developer: true,
        takes_name: false,
        dropped: ANSWER_MEMBERS_WITH_REASONING,
        reasoning: Some("reasoning"),
    },
    reasoning: Reasoning::Field,
    has_responses: true,
    ..NONE
};

/// Together, "Create chat completion" and "Reasoning models" (`reasoning` in answers).
pub(super) const TOGETHER: Quirks = Quirks {
    provider: "together_ai",
    renamed: &[("max_completion_tokens", "max_tokens")],
    unsupported: OPENAI_ONLY,
    ignored: BOOKKEEPING,
    messages: MessageQuirks { takes_developer: false, dropped: ANSWER_MEMBERS, ..NONE.messages },
    reasoning: Reasoning::Field,
    ..NONE
};

/// Fireworks, "Create Chat Completion" and "OpenAI compatibility" (the last chunk of a stream has the usage); unknown
/// members are refused.
pub(super) const FIREWORKS: Quirks = Quirks {
    provider: "fireworks_ai",
    unsupported: &["audio", "modalities", "verbosity", "web_search_options"],
    ignored: &["prompt_cache_retention", "safety_identifier", "store", "stream_options"],
    takes_stream_options: false,
    messages: MessageQuirks {
        takes_developer: false,
        dropped: ANSWER_MEMBERS_WITH_REASONING,
        reasoning: Some("reasoning_content"),
        ..NONE.messages
    },
    ..NONE
};

/// Perplexity, "Chat Completions" (its client's types): every chunk of a stream has the usage.
pub(super) const PERPLEXITY: Quirks = Quirks {
    provider: "perplexity",
    renamed: &[("max_completion_tokens", "max_tokens")],
    unsupported: &[
        "audio",
        "function_call",
        "functions",
        "logit_bias",
        "modalities",
        "prediction",
        "seed",
        "service_tier",
        "verbosity",
    ],
    ignored: &[
        "metadata",
        "prompt_cache_key",
        "prompt_cache_retention",
        "safety_identifier",
        "store",
        "stream_options",
        "user",
    ],
    takes_stream_options: false,
    messages: MessageQuirks { takes_developer: false, takes_name: false, dropped: ANSWER_MEMBERS, reasoning: None },
    ..NONE
};

/// xAI, "REST API reference" and "Comparison with Chat Completions API": `logit_bias` is not supported, `metadata` is there for compatibility only.
pub(super) const XAI: Quirks = Quirks {
    provider: "xai",
    unsupported: &["audio", "logit_bias", "modalities", "prediction", "verbosity"],
    ignored: &["metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "store"],
    messages: MessageQuirks { takes_developer: false, dropped: ANSWER_MEMBERS, ..NONE.messages },
    has_responses: true,
    ..NONE
};

/// xAI, "Reasoning": these are errors with models that reason.
pub(super) const XAI_REASONING: Quirks = Quirks {
    unsupported: &[
        "audio",
        "frequency_penalty",
        "logit_bias",
        "modalities",
        "prediction",
        "presence_penalty",
        "stop",
        "verbosity",
    ],
    ..XAI
};

/// OpenRouter, "API Reference" (what a model does not take is ignored) and "Reasoning Tokens" (`reasoning`); "Responses API".
pub(super) const OPENROUTER: Quirks = Quirks {
    provider: "openrouter",
    messages: MessageQuirks {
        dropped: &["thinking_blocks", "provider_specific_fields"],
        reasoning: Some("reasoning"),
        ..NONE.messages
    },
    reasoning: Reasoning::Field,
    has_responses: true,
    ..NONE
};

/// vLLM, "OpenAI-Compatible Server" (unknown members are ignored) and "Reasoning Outputs" (`reasoning`, before that
/// `reasoning_content`). Chat templates know no developer.
pub(super) const VLLM: Quirks = Quirks {
    provider: "hosted_vllm",
    messages: MessageQuirks { takes_developer: false, ..NONE.messages },
    reasoning: Reasoning::Field,
    ..NONE
};

/// NVIDIA, "NIM for LLMs, API Reference": vLLM behind another address.
pub(super) const NIM: Quirks = Quirks { provider: "nvidia_nim", ..VLLM };

/// Hugging Face, "Inference Providers, Chat Completion".
pub(super) const HUGGINGFACE: Quirks = Quirks { provider: "huggingface", reasoning: Reasoning::Field, ..NONE };

/// Hugging Face, "Text Generation Inference, Messages API" (its router's `ChatRequest`): `stop` is a list, `logit_bias` is
/// one of numbers, a schema stands under `value`, there is one answer, and it has no id.
pub(super) const TGI: Quirks = Quirks {
    provider: "huggingface",
    renamed: &[("max_completion_tokens", "max_tokens")],
    unsupported: &["audio", "logit_bias", "modalities", "n", "prediction", "web_search_options"],
    ignored: BOOKKEEPING,
    messages: MessageQuirks { takes_developer: false, dropped: ANSWER_MEMBERS, ..NONE.messages },
    lists_stop: true,
    response_format: FormatField::Tgi,
    gives_ids: false,
    ..NONE
};
