//! What is left of the limits that a provider itself sets, as its last answer said.

use std::sync::atomic::{AtomicU64, Ordering};

/// Stands for a figure that was never told.
const UNTOLD: u64 = u64::MAX;
/// Where OpenAI and those compatible with it tell of requests and of tokens, and where Anthropic does.
const HEADERS: [[&str; 2]; 2] = [
    ["x-ratelimit-remaining-requests", "anthropic-ratelimit-requests-remaining"],
    ["x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-remaining"],
];

/// What is left.
#[derive(Debug)]
pub struct Quota {
    requests: AtomicU64,
    tokens: AtomicU64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { requests: AtomicU64::new(UNTOLD), tokens: AtomicU64::new(UNTOLD) }
    }
}

impl Quota {
    /// Notes what an answer says, of which `header` gives the headers.
    pub fn note<'a>(&self, header: impl Fn(&str) -> Option<&'a str>) {
        for (figure, names) in [&self.requests, &self.tokens].into_iter().zip(HEADERS) {
            let told = names.into_iter().find_map(&header).and_then(|text| text.trim().parse().ok());
            if let Some(left) = told {
                figure.store(left, Ordering::Relaxed);
            }
        }
    }

    /// Requests that are left, where that was told.
    #[must_use]
    pub fn requests(&self) -> Option<u64> {
        Some(self.requests.load(Ordering::Relaxed)).filter(|left| *left != UNTOLD)
    }

    /// Tokens that are left, where that was told.
    #[must_use]
    pub fn tokens(&self) -> Option<u64> {
        Some(self.tokens.load(Ordering::Relaxed)).filter(|left| *left != UNTOLD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_last_is_known() {
        let quota = Quota::default();
        assert_eq!((quota.requests(), quota.tokens()), (None, None));
        quota.note(|name| (name == "x-ratelimit-remaining-requests").then_some("99"));
        quota.note(|name| (name == "anthropic-ratelimit-tokens-remaining").then_some(" 1000 "));
        quota.note(|_| Some("no number"));
        assert_eq!((quota.requests(), quota.tokens()), (Some(99), Some(1000)));
    }
}
