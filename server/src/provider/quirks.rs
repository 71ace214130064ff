//! What providers that speak OpenAI's protocol do differently. A body that needs no change passes through as it is.

mod answer;
mod error;
mod messages;
mod request;
mod table;
#[cfg(test)]
mod tests;

use crate::config::DeploymentConfig;
use crate::domain::provider::ProviderKind;

pub use answer::{AnswerRewriter, openai_answer};
pub use error::{error_code, is_too_long, openai_error};

/// What one provider does differently; a row of the sheet in `table`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// The provider's name, for messages.
    pub provider: &'static str,
    /// Its name of the limit of output tokens, where a body has none.
    pub max_tokens: &'static str,
    /// Parameters it has under another name.
    pub renamed: &'static [(&'static str, &'static str)],
    /// Parameters of OpenAI's that it does not take: refused, or dropped where that is wanted. `n` of 1 says nothing.
    pub unsupported: &'static [&'static str],
    /// Parameters that it does not take and that change no answer: left out.
    pub ignored: &'static [&'static str],
    /// Parameters that some of its models refuse by themselves, in words of their own: only dropped where that is
    /// wanted.
    pub refused: &'static [&'static str],
    /// It has `stream_options`. Those without it tell the usage of every stream.
    pub takes_stream_options: bool,
    /// What it wants differently in messages.
    pub messages: MessageQuirks,
    /// Where it says what the model thought.
    pub reasoning: Reasoning,
    /// Its answers have ids. OpenAI's SDKs miss the usage of a stream without.
    pub gives_ids: bool,
    /// It takes `stop` as a list only.
    pub lists_stop: bool,
    /// How it takes `response_format`.
    pub response_format: FormatField,
    /// It has OpenAI's Responses API.
    pub has_responses: bool,
}

/// What a provider wants differently in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageQuirks {
    /// It has the role `developer`; `system` is said elsewhere.
    pub takes_developer: bool,
    /// It takes the `name` of who speaks.
    pub takes_name: bool,
    /// Members of an answer that clients send back and that it does not take.
    pub dropped: &'static [&'static str],
    /// It takes what the model thought, under this name.
    pub reasoning: Option<&'static str>,
}

/// Where an answer says what the model thought. Clients get it as `reasoning_content`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reasoning {
    /// In `reasoning_content`, or not at all.
    Content,
    /// In `reasoning`.
    Field,
    /// In parts of the content.
    Parts,
}

/// How `response_format` is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatField {
    /// As OpenAI has it.
    OpenAi,
    /// As Hugging Face's TGI has it: the schema under `value`.
    Tgi,
}

impl Quirks {
    /// Nothing: an address of which only the protocol is known.
    pub const NONE: &'static Self = &table::NONE;
    /// What is known of operations that are no conversations.
    pub const TASKS: &'static Self = &table::TASKS;

    /// Those of the provider and the model of `one`.
    #[must_use]
    pub fn of(one: &DeploymentConfig) -> &'static Self {
        use ProviderKind as K;
        match one.provider {
            Some(K::OpenAi) => openai(one),
            Some(K::OpenAiCompatible) => &table::COMPATIBLE,
            Some(K::Azure) => azure(one),
            Some(K::Mistral) => &table::MISTRAL,
            Some(K::DeepSeek) => &table::DEEPSEEK,
            Some(K::Groq) => &table::GROQ,
            Some(K::TogetherAi) => &table::TOGETHER,
            Some(K::FireworksAi) => &table::FIREWORKS,
            Some(K::Perplexity) => &table::PERPLEXITY,
            Some(K::Xai) if is_reasoning_grok(&one.provider_model) => &table::XAI_REASONING,
            Some(K::Xai) => &table::XAI,
            Some(K::OpenRouter) => &table::OPENROUTER,
            Some(K::NvidiaNim) => &table::NIM,
            Some(K::HostedVllm) => &table::VLLM,
            Some(K::HuggingFace) => huggingface(one),
            _ => Self::NONE,
        }
    }

    /// Whether answers pass through as they are.
    #[must_use]
    pub fn keeps_answers(&self) -> bool {
        self.reasoning == Reasoning::Content && self.gives_ids
    }
}

/// OpenAI's models that refuse `max_tokens`: the o series and GPT-5, but for its chat variants.
fn is_reasoning(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let name = name.strip_prefix("ft:").unwrap_or(name);
    let is_o = ["o1", "o3", "o4"].iter().any(|series| name.starts_with(series));
    is_o || (name.starts_with("gpt-5") && !name.contains("-chat"))
}

/// xAI, "Reasoning": all of Grok 4 and later but those that say otherwise, and the small Grok 3.
fn is_reasoning_grok(model: &str) -> bool {
    let is_later = !["grok-1", "grok-2", "grok-3", "grok-beta", "grok-vision"].iter().any(|old| model.starts_with(old));
    (is_later || model.starts_with("grok-3-mini")) && !model.contains("non-reasoning")
}

/// Whoever stands behind another address may know more than OpenAI, but not less.
fn openai(one: &DeploymentConfig) -> &'static Quirks {
    let is_own = one.api_base.as_deref().is_none_or(|base| base.contains("api.openai.com"));
    match (is_own, is_reasoning(&one.provider_model)) {
        (true, true) => &table::OPENAI_REASONING,
        (true, false) => &table::OPENAI,
        (false, true) => &table::OPENAI_REASONING_ELSEWHERE,
        (false, false) => &table::OPENAI_ELSEWHERE,
    }
}

/// A deployment's own name need not tell its model. Older versions of the API do not know `max_completion_tokens`.
fn azure(one: &DeploymentConfig) -> &'static Quirks {
    let names = [Some(one.provider_model.as_str()), one.base_model.as_deref()];
    let is_family = ["/o_series/", "/gpt5_series/"].iter().any(|family| one.model.contains(family));
    if is_family || names.into_iter().flatten().any(is_reasoning) {
        return &table::AZURE_REASONING;
    }
    let is_old = one.api_version.as_deref().is_some_and(|version| version.starts_with("202") && version < "2024-09-01");
    if is_old { &table::AZURE_OLD } else { &table::AZURE }
}

/// Hugging Face's router forwards to providers of OpenAI's protocol; everything else is a TGI.
fn huggingface(one: &DeploymentConfig) -> &'static Quirks {
    let is_router = one.api_base.as_deref().is_some_and(|base| base.contains("://router.huggingface.co"));
    if is_router { &table::HUGGINGFACE } else { &table::TGI }
}
