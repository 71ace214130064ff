//! What a model of Anthropic's takes, wherever it is served: it follows from its name, since there is nothing to ask.
//!
//! Source: Anthropic's documentation, "Adaptive thinking", "Extended thinking" and "Effort" and "Structured
//! outputs"; Amazon Bedrock User Guide,
//! "Adaptive thinking".

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) enum Thinking {
    /// Not at all.
    None,
    /// With a budget.
    Budget,
    /// It finds its budget itself, given an effort.
    Adaptive,
}

/// Budgets that levels of effort stand for, in tokens: LiteLLM's, and twice as many for each step above.
pub(in crate::provider) const EFFORTS: [(&str, u64); 6] =
    [("minimal", 1024), ("low", 1024), ("medium", 2048), ("high", 4096), ("xhigh", 8192), ("max", 16_384)];

impl Thinking {
    /// Of Claude in this version.
    pub(in crate::provider) const fn of_version(major: u32, minor: u32) -> Self {
        match (major, minor) {
            (0..=2, _) | (3, 0..=6) => Self::None,
            (3, _) | (4, 0..=5) => Self::Budget,
            _ => Self::Adaptive,
        }
    }

    /// Of the model of this name. Others than Claude that are served in Anthropic's protocol know budgets.
    pub(super) fn of(name: &str) -> Self {
        if !name.contains("claude") {
            return Self::Budget;
        }
        let (major, minor) = version(name);
        Self::of_version(major, minor)
    }
}

/// Whether Anthropic holds the model to a schema where one is asked for.
pub(super) fn is_held_to_schemas(name: &str) -> bool {
    name.contains("claude") && version(name) >= (4, 5)
}

/// The effort of a model that finds its budget itself: it knows none below the lowest.
pub(in crate::provider) fn adaptive_effort(level: &str) -> &str {
    if level == "minimal" { "low" } else { level }
}

/// The version in a name such as `claude-opus-4-6`, `claude-sonnet-4-5@20250929` or
/// `anthropic.claude-3-7-sonnet-20250219-v1:0`. One without a number is taken to be new, but for the first ones.
pub(in crate::provider) fn version(name: &str) -> (u32, u32) {
    let mut words = name.split(['-', '@']).skip_while(|word| !word.ends_with("claude")).skip(1).peekable();
    if words.peek().is_some_and(|word| *word == "instant" || word.starts_with('v')) {
        return (2, 0);
    }
    let number = |word: &str| {
        // The first ones had a dot between the numbers.
        let word = word.split('.').next().unwrap_or(word);
        if word.len() <= 2 { word.parse::<u32>().ok() } else { None }
    };
    let mut words = words.skip_while(|word| number(word).is_none());
    let Some(major) = words.next().and_then(number) else { return (u32::MAX, 0) };
    (major, words.next().and_then(number).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_model_thinks_follows_from_its_name() {
        for (name, expected) in [
            ("claude-2.1", Thinking::None),
            ("claude-instant-1.2", Thinking::None),
            ("claude-3-opus-20240229", Thinking::None),
            ("claude-3-5-sonnet-latest", Thinking::None),
            ("claude-3-7-sonnet-20250219", Thinking::Budget),
            ("claude-sonnet-4-20250514", Thinking::Budget),
            ("claude-opus-4-1-20250805", Thinking::Budget),
            ("claude-sonnet-4-5@20250929", Thinking::Budget),
            ("claude-haiku-4-5-20251001", Thinking::Budget),
            ("claude-opus-4-6", Thinking::Adaptive),
            ("claude-opus-4-6@20260205", Thinking::Adaptive),
            ("claude-sonnet-4-6", Thinking::Adaptive),
            ("claude-opus-4-7", Thinking::Adaptive),
            ("claude-sonnet-5", Thinking::Adaptive),
            ("claude-mythos-preview", Thinking::Adaptive),
            ("glm-4.6", Thinking::Budget),
        ] {
            assert_eq!(Thinking::of(name), expected, "{name}");
        }
    }
}
