//! What a model on Bedrock can be asked for. The Converse API is one form for all, but refuses fields that the model
//! behind it does not take; there is nothing to ask which those are, so it follows from the name.

use crate::provider::anthropic::model::{Thinking, version};

/// Groups of regions, written before a model's name.
const AREAS: &[&str] = &["us.", "us-gov.", "eu.", "apac.", "au.", "jp.", "ca.", "in.", "global."];

/// Makers whose models only take what the Converse API says of all.
const PLAIN_MAKERS: &[&str] = &["meta.", "ai21.", "amazon.titan", "google.", "writer."];

/// Beginnings of names that take a JSON schema of their answer (`outputConfig`), beside Claude.
const SCHEMA_MODELS: &[&str] = &[
    "deepseek.v3",
    "minimax.",
    "mistral.ministral-3",
    "mistral.mistral-large-3",
    "mistral.voxtral",
    "moonshot.kimi-k2",
    "nvidia.nemotron-nano-3",
    "qwen.qwen3",
    "zai.glm-5",
];

/// Models of Claude that refuse to be made to call a tool.
const NEVER_FORCED: &[&str] = &["fable-5-1", "mythos-5-1", "opus-5-5", "sonnet-5-5"];

/// A model, by what its name says.
#[derive(Clone, Debug)]
pub(super) struct Model {
    /// Without the group of regions; of an ARN, what follows its last slash.
    name: String,
    maker: Maker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    /// With its version.
    Claude(u32, u32),
    Nova,
    Nova2,
    Cohere,
    DeepSeekR1,
    /// OpenAI's models that are not open: `openai.gpt-5` and so on.
    Gpt,
    Mistral,
    Plain,
    /// All others that reason take `reasoning_effort`.
    Other,
    /// An ARN that does not say what is behind it.
    Hidden,
}

/// How a model is told to reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reasoning {
    /// Claude's `thinking` with a budget.
    Budget,
    /// Claude's `thinking` that finds its budget itself, and an effort.
    Adaptive,
    /// Nova's `reasoningConfig`.
    Config,
    /// `reasoning.effort`.
    NestedEffort,
    /// `reasoning_effort`.
    Effort,
    /// Not at all.
    None,
}

/// Under which name a model takes `top_k`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TopK {
    Plain,
    /// Cohere's `k`.
    K,
    /// Nova's `inferenceConfig.topK`.
    InferenceConfig,
    None,
}

/// Which tools a model can be made to call. A choice of any kind is refused where it can be made to call none. Source: AWS,
/// "ToolChoice": any of them Claude, Nova and Mistral Large, a certain one Claude and Nova.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forcing {
    /// A certain one.
    One,
    /// Any.
    Any,
    None,
}

impl Model {
    /// The model of this id, ARN or name.
    pub(super) fn new(id: &str) -> Self {
        let is_arn = id.starts_with("arn:");
        let id = id.rsplit('/').next().unwrap_or(id);
        let name = AREAS.iter().find_map(|area| id.strip_prefix(area)).unwrap_or(id).to_ascii_lowercase();
        let maker = maker(&name, is_arn);
        Self { name, maker }
    }

    /// Whether Anthropic's own fields go into `additionalModelRequestFields`.
    pub(super) const fn is_claude(&self) -> bool {
        matches!(self.maker, Maker::Claude(..))
    }

    /// Nova can search the web.
    pub(super) const fn searches(&self) -> bool {
        matches!(self.maker, Maker::Nova | Maker::Nova2)
    }

    /// Whether Anthropic's `thinking` may be sent as it is.
    pub(super) const fn takes_thinking(&self) -> bool {
        matches!(self.reasoning(), Reasoning::Budget | Reasoning::Adaptive) || matches!(self.maker, Maker::Hidden)
    }

    pub(super) const fn reasoning(&self) -> Reasoning {
        match self.maker {
            Maker::Claude(major, minor) => match Thinking::of_version(major, minor) {
                Thinking::None => Reasoning::None,
                Thinking::Budget => Reasoning::Budget,
                Thinking::Adaptive => Reasoning::Adaptive,
            },
            Maker::Nova2 => Reasoning::Config,
            Maker::Gpt => Reasoning::NestedEffort,
            Maker::Other | Maker::Hidden => Reasoning::Effort,
            Maker::Nova | Maker::Cohere | Maker::DeepSeekR1 | Maker::Mistral | Maker::Plain => Reasoning::None,
        }
    }

    pub(super) const fn top_k(&self) -> TopK {
        match self.maker {
            Maker::Claude(..) | Maker::Mistral | Maker::Other | Maker::Hidden => TopK::Plain,
            Maker::Nova | Maker::Nova2 => TopK::InferenceConfig,
            Maker::Cohere => TopK::K,
            Maker::DeepSeekR1 | Maker::Gpt | Maker::Plain => TopK::None,
        }
    }

    /// Whether marks of what is to be cached may be sent: other models refuse the whole request for them.
    pub(super) const fn takes_cache_points(&self) -> bool {
        matches!(self.maker, Maker::Claude(..) | Maker::Nova | Maker::Nova2 | Maker::Hidden)
    }

    /// Whether such a mark may ask for an hour.
    pub(super) const fn caches_an_hour(&self) -> bool {
        self.is_recent_claude()
    }

    /// Whether tools may ask for arguments exactly of their schema: later models do, but not on Bedrock.
    pub(super) const fn takes_strict_tools(&self) -> bool {
        matches!(self.maker, Maker::Claude(4, 5..=6))
    }

    /// Whether it can be told to call one tool at a time.
    pub(super) const fn limits_parallel_tools(&self) -> bool {
        self.is_recent_claude()
    }

    /// Claude 4.5 and later.
    const fn is_recent_claude(&self) -> bool {
        matches!(self.maker, Maker::Claude(4, 5..) | Maker::Claude(5.., _))
    }

    /// Whether it takes a JSON schema of its answer. Claude's is used where it must not be forced to call a tool: it
    /// takes fewer schemas than tools do.
    pub(super) fn takes_schema(&self, thinks: bool) -> bool {
        (self.is_recent_claude() && self.must_be_free(thinks))
            || SCHEMA_MODELS.iter().any(|name| self.name.starts_with(name))
    }

    /// Whether it refuses to be made to call a tool: Claude does while it thinks, and some of its models always.
    pub(super) fn must_be_free(&self, thinks: bool) -> bool {
        self.is_claude() && (thinks || NEVER_FORCED.iter().any(|name| self.name.contains(name)))
    }

    /// What it can be made to call.
    pub(super) const fn forcing(&self) -> Forcing {
        match self.maker {
            Maker::Claude(..) | Maker::Nova | Maker::Nova2 | Maker::Gpt | Maker::Other | Maker::Hidden => Forcing::One,
            Maker::Mistral => Forcing::Any,
            Maker::Cohere | Maker::DeepSeekR1 | Maker::Plain => Forcing::None,
        }
    }
}

fn maker(name: &str, is_arn: bool) -> Maker {
    if name.contains("claude") {
        let (major, minor) = version(name);
        return Maker::Claude(major, minor);
    }
    match name {
        name if name.starts_with("amazon.nova-2") => Maker::Nova2,
        name if name.starts_with("amazon.nova") => Maker::Nova,
        name if name.starts_with("cohere.") => Maker::Cohere,
        name if name.starts_with("deepseek.r1") => Maker::DeepSeekR1,
        name if name.starts_with("mistral.") => Maker::Mistral,
        name if PLAIN_MAKERS.iter().any(|maker| name.starts_with(maker)) => Maker::Plain,
        name if name.starts_with("openai.gpt-") && !name.starts_with("openai.gpt-oss") => Maker::Gpt,
        _ if is_arn => Maker::Hidden,
        _ => Maker::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_takes_follows_from_its_name() {
        use Reasoning as R;
        for (id, reasoning, top_k, caches, forcing) in [
            ("anthropic.claude-instant-v1", R::None, TopK::Plain, true, Forcing::One),
            ("anthropic.claude-3-5-sonnet-20241022-v2:0", R::None, TopK::Plain, true, Forcing::One),
            ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", R::Budget, TopK::Plain, true, Forcing::One),
            ("anthropic.claude-sonnet-4-20250514-v1:0", R::Budget, TopK::Plain, true, Forcing::One),
            ("global.anthropic.claude-haiku-4-5-20251001-v1:0", R::Budget, TopK::Plain, true, Forcing::One),
            ("anthropic.claude-opus-4-6-v1", R::Adaptive, TopK::Plain, true, Forcing::One),
            ("us-gov.anthropic.claude-sonnet-5", R::Adaptive, TopK::Plain, true, Forcing::One),
            ("anthropic.claude-mythos-preview", R::Adaptive, TopK::Plain, true, Forcing::One),
            ("eu.amazon.nova-lite-v1:0", R::None, TopK::InferenceConfig, true, Forcing::One),
            ("amazon.nova-2-lite-v1:0", R::Config, TopK::InferenceConfig, true, Forcing::One),
            ("meta.llama3-3-70b-instruct-v1:0", R::None, TopK::None, false, Forcing::None),
            ("mistral.mistral-large-2407-v1:0", R::None, TopK::Plain, false, Forcing::Any),
            ("cohere.command-r-plus-v1:0", R::None, TopK::K, false, Forcing::None),
            ("deepseek.r1-v1:0", R::None, TopK::None, false, Forcing::None),
            ("deepseek.v3-v1:0", R::Effort, TopK::Plain, false, Forcing::One),
            ("openai.gpt-oss-120b-1:0", R::Effort, TopK::Plain, false, Forcing::One),
            ("openai.gpt-6-sol", R::NestedEffort, TopK::None, false, Forcing::One),
            (
                "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc",
                R::Effort,
                TopK::Plain,
                true,
                Forcing::One,
            ),
            (
                "arn:aws:bedrock:us-east-1:1:inference-profile/us.meta.llama4-x",
                R::None,
                TopK::None,
                false,
                Forcing::None,
            ),
        ] {
            let model = Model::new(id);
            let found = (model.reasoning(), model.top_k(), model.takes_cache_points(), model.forcing());
            assert_eq!(found, (reasoning, top_k, caches, forcing), "{id}");
        }
    }

    #[test]
    fn schemas_and_long_caches_are_of_newer_models() {
        for (id, hour, schema, schema_thinking) in [
            ("anthropic.claude-sonnet-4-20250514-v1:0", false, false, false),
            ("anthropic.claude-sonnet-4-5-20250929-v1:0", true, false, true),
            ("us.anthropic.claude-sonnet-5-5", true, true, true),
            ("qwen.qwen3-32b-v1:0", false, true, true),
            ("meta.llama3-3-70b-instruct-v1:0", false, false, false),
        ] {
            let model = Model::new(id);
            let found = (model.caches_an_hour(), model.takes_schema(false), model.takes_schema(true));
            assert_eq!(found, (hour, schema, schema_thinking), "{id}");
        }
    }
}
