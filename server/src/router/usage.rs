//! What a deployment took lately, as this node knows.

use std::time::Instant;

use super::Deployment;

/// Counts are forgotten by a factor of e in this time: under even traffic they are those of a minute.
const MEMORY_SECONDS: f64 = 60.0;

/// Requests and tokens of about the last minute.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recent {
    requests: f64,
    tokens: f64,
    at: Option<Instant>,
}

impl Recent {
    pub(super) fn add(&mut self, requests: f64, tokens: f64, now: Instant) {
        let Self { requests: before, tokens: tokens_before, .. } = self.at(now);
        *self = Self { requests: before + requests, tokens: tokens_before + tokens, at: Some(now) };
    }

    /// What still counts at `now`.
    pub(super) fn at(&self, now: Instant) -> Self {
        let age = self.at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
        let left = (-age / MEMORY_SECONDS).exp();
        Self { requests: self.requests * left, tokens: self.tokens * left, at: self.at }
    }
}

/// How much of its limits `one` has used, in parts of them, and how many tokens.
pub(super) fn used(one: &Deployment, now: Instant) -> (f64, f64) {
    let Recent { requests, tokens, .. } = one.health.recent(now);
    let part = |used: f64, limit: Option<f64>| limit.map_or(0.0, |limit| used / limit.max(1.0));
    (part(requests, one.rpm).max(part(tokens, one.tpm)), tokens)
}
