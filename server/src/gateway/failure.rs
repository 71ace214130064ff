//! What kind of failure a provider's is: whether another deployment may do better, how often it is tried again, and
//! which models stand in.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::error::GatewayError;
use super::suitable::Unsuitable;
use super::upstream::UpstreamFailure;
use crate::config::ErrorClass;
use crate::provider::openai::routing::MockFailure;
use crate::provider::quirks;
use crate::router::RouteError;

/// What providers say where they refuse what is asked, in lower case: OpenAI's and Azure's codes and words, Vertex AI's,
/// Bedrock's and Anthropic's.
const CONTENT_POLICY_WORDS: [&str; 8] = [
    "content_policy_violation",
    "content_filter",
    "responsibleaipolicyviolation",
    "content management policy",
    "safety system",
    "blocked by content filtering",
    "content filtering policy",
    "violates our usage policies",
];
/// Where a prompt is too long: the code that every provider's error is given then.
const CONTEXT_WINDOW_CODE: &str = "context_length_exceeded";

/// Why a call fails, as far as it decides what stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// The prompt is longer than the model reads.
    ContextWindow,
    /// The provider refuses the content.
    ContentPolicy,
    /// Anything else.
    Other,
}

impl GatewayError {
    /// Why the call cannot be made, where a model that stands in may be asked to; `None`: none may.
    pub(super) const fn stands_in_for(&self) -> Option<FailureKind> {
        match self {
            Self::Unsuitable(Unsuitable::TooLong { .. }) => Some(FailureKind::ContextWindow),
            Self::Route(RouteError::Unavailable { .. } | RouteError::Exhausted(_)) => Some(FailureKind::Other),
            _ => None,
        }
    }
}

impl UpstreamFailure {
    /// Why the call failed.
    pub(super) fn kind(&self) -> FailureKind {
        let Self::Status { status: status @ 400..=499, body, .. } = self else { return FailureKind::Other };
        let text = String::from_utf8_lossy(body).to_lowercase();
        if quirks::is_too_long(*status, &text) {
            FailureKind::ContextWindow
        } else if CONTENT_POLICY_WORDS.iter().any(|words| text.contains(words)) {
            FailureKind::ContentPolicy
        } else {
            FailureKind::Other
        }
    }

    /// The HTTP status that the provider answered with, or that a client would see; `None`: it gave no answer.
    pub(super) const fn status(&self) -> Option<u16> {
        match self {
            Self::Unreachable(_) => None,
            Self::Timeout(_) => Some(408),
            Self::Status { status, .. } => Some(*status),
        }
    }

    /// LiteLLM's class of the failure, for which a configuration may have a number of retries of its own.
    pub(super) fn class(&self) -> ErrorClass {
        match self {
            Self::Unreachable(_) => ErrorClass::of_status(None),
            Self::Timeout(_) => ErrorClass::Timeout,
            Self::Status { .. } if self.kind() == FailureKind::ContentPolicy => ErrorClass::ContentPolicyViolation,
            Self::Status { status, .. } => ErrorClass::of_status(Some(*status)),
        }
    }

    /// Whether another deployment may do better. A failed dependency is Bedrock's word for a model that broke down, and
    /// another deployment may read more.
    pub(super) fn is_worth_another(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Timeout(_) => true,
            Self::Status { status, .. } => {
                matches!(status, 401 | 402 | 403 | 404 | 408 | 424 | 429 | 500..=599)
                    || self.kind() == FailureKind::ContextWindow
            }
        }
    }

    /// Whether the same deployment may do better in a moment.
    pub(super) const fn is_worth_the_same(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Timeout(_) => false,
            Self::Status { status, .. } => matches!(status, 429 | 500 | 502..=599),
        }
    }

    /// How long the provider wants to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.for_router().retry_after
    }

    /// What a client asked for that wants to see what stands in.
    pub(super) fn mock(failure: MockFailure) -> Self {
        let (status, kind, code, message) = match failure {
            MockFailure::Error => {
                (500, "internal_server_error", "500", "mock_testing_fallbacks: a failure was asked for.")
            }
            MockFailure::ContextWindow => (
                400,
                "invalid_request_error",
                CONTEXT_WINDOW_CODE,
                "mock_testing_context_fallbacks: a prompt that is too long was asked for.",
            ),
            MockFailure::ContentPolicy => (
                400,
                "invalid_request_error",
                "content_policy_violation",
                "mock_testing_content_policy_fallbacks: refused content was asked for.",
            ),
            MockFailure::RateLimit => {
                (429, "rate_limit_error", "429", "mock_testing_rate_limit_error: a rate limit was asked for.")
            }
        };
        let error: Value = json!({ "error": { "message": message, "type": kind, "param": null, "code": code } });
        Self::Status { status, headers: HeaderMap::new(), body: Bytes::from(error.to_string()) }
    }
}
