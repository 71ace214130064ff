//! What a model's name tells of what it takes.

/// Models that differ in how they are asked to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    /// 2.0 and before: they do not think.
    Unthinking,
    /// 2.5: thinking is measured in tokens.
    Budget,
    /// 3 and later: thinking has levels, and calls of functions have ids.
    Level,
}

/// Fewest tokens that `model` can be told to think with, where it thinks at all.
pub(super) fn least_budget(model: &str) -> i64 {
    if model.contains("pro") {
        128
    } else if model.contains("flash-lite") {
        512
    } else {
        1
    }
}

/// Whether `model` can be told not to think.
pub(super) fn can_rest(model: &str) -> bool {
    !model.contains("pro")
}

impl Generation {
    /// Of a model. A name that does not tell, such as a tuned model's, is taken for what most are tuned from.
    pub(super) fn of(model: &str) -> Self {
        let Some((_, rest)) = model.split_once("gemini-") else { return Self::Budget };
        let version: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
        match (numbers.next().flatten(), numbers.next().flatten()) {
            (Some(major), _) if major >= 3 => Self::Level,
            (Some(2), Some(minor)) if minor >= 5 => Self::Budget,
            (Some(_), _) => Self::Unthinking,
            // `gemini-flash-latest` and its like.
            (None, _) => Self::Level,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_generation() {
        for (model, expected) in [
            ("gemini-1.5-pro-002", Generation::Unthinking),
            ("gemini-2.0-flash", Generation::Unthinking),
            ("gemini-2.5-flash-lite", Generation::Budget),
            ("gemini-3-pro-preview", Generation::Level),
            ("gemini-3.1-flash-lite", Generation::Level),
            ("gemini-flash-latest", Generation::Level),
            ("models/gemini-2.5-pro", Generation::Budget),
            ("4611686018427387904", Generation::Budget),
        ] {
            assert_eq!(Generation::of(model), expected, "{model}");
        }
    }
}
