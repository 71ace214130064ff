//! How a call ended, as it is settled.

use tollgate_openapi::spend::CallStatus;

use crate::domain::usage::Usage;
use crate::ledger::contents::AnswerContent;
use crate::provider::openai::Answer;
use crate::provider::tokens::TextCounter;

/// Status booked for a client that left, as nginx does.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// How a call ended.
#[derive(Debug)]
pub struct Outcome {
    /// In a word.
    pub status: CallStatus,
    /// HTTP status the client got.
    pub status_code: u16,
    /// What the provider told.
    pub answer: Answer,
    /// What came, for counting where the provider did not tell.
    pub text: TextCounter,
    /// What went wrong.
    pub error: Option<String>,
    /// What was answered, where that is kept.
    pub content: AnswerContent,
}

impl Outcome {
    /// Answered in full.
    #[must_use]
    pub fn answered(status_code: u16, answer: Answer, text: TextCounter) -> Self {
        Self { status: CallStatus::Success, status_code, answer, text, error: None, content: AnswerContent::None }
    }

    /// Failed before anything came: it costs nothing.
    #[must_use]
    pub fn failed(status_code: u16, error: impl Into<String>) -> Self {
        let answer = Answer { usage: Some(Usage::default()), ..Answer::default() };
        Self {
            status: CallStatus::Failure,
            status_code,
            answer,
            text: TextCounter::default(),
            error: Some(error.into()),
            content: AnswerContent::None,
        }
    }

    /// The same, with what was answered.
    #[must_use]
    pub fn with_content(self, content: AnswerContent) -> Self {
        Self { content, ..self }
    }

    /// The provider broke off: what came is charged.
    #[must_use]
    pub fn broken(answer: Answer, text: TextCounter, error: impl Into<String>) -> Self {
        let (status, error, content) = (CallStatus::Failure, Some(error.into()), AnswerContent::None);
        Self { status, status_code: 502, answer, text, error, content }
    }

    /// The client left: what came is charged.
    #[must_use]
    pub fn left(answer: Answer, text: TextCounter) -> Self {
        let error = Some("the client left before the end".to_owned());
        let (status, status_code) = (CallStatus::Cancelled, CLIENT_CLOSED_REQUEST);
        Self { status, status_code, answer, text, error, content: AnswerContent::None }
    }
}
