//! What a request is about: the member that has it, for every operation.

use serde_json::value::RawValue;

use super::request::{RequestError, read, wrong};
use crate::domain::operation::Operation;

/// The members that may have it.
#[derive(Default)]
pub(super) struct ContentFields<'a> {
    messages: Option<&'a RawValue>,
    prompt: Option<&'a RawValue>,
    input: Option<&'a RawValue>,
    query: Option<&'a RawValue>,
    documents: Option<&'a RawValue>,
    best_of: Option<&'a RawValue>,
}

impl<'a> ContentFields<'a> {
    pub(super) fn slot(&mut self, name: &str) -> Option<&mut Option<&'a RawValue>> {
        Some(match name {
            "messages" => &mut self.messages,
            "prompt" => &mut self.prompt,
            "input" => &mut self.input,
            "query" => &mut self.query,
            "documents" => &mut self.documents,
            "best_of" => &mut self.best_of,
            _ => return None,
        })
    }

    /// Answers that are written where `choices` are asked for: text completions are written for every prompt, and more of
    /// them than are shown where the best are wanted.
    ///
    /// # Errors
    /// When `best_of` is no number.
    pub(super) fn answers(&self, choices: u64) -> Result<u64, RequestError> {
        let best_of: Option<u64> = read("best_of", "a whole number from 1", self.best_of)?;
        let prompts = self.prompt.and_then(|prompt| serde_json::from_str::<Vec<&RawValue>>(prompt.get()).ok());
        let is_prompt = |item: &&&RawValue| item.get().starts_with(['"', '[']);
        let prompts = prompts.map_or(1, |prompts| prompts.iter().filter(is_prompt).count().max(1));
        let written = best_of.unwrap_or(0).max(choices);
        Ok(written.saturating_mul(u64::try_from(prompts).unwrap_or(u64::MAX)))
    }

    /// Whether a request for `operation` has what it is about.
    ///
    /// # Errors
    /// When it is missing, or of a type that it cannot have.
    pub(super) fn check(&self, operation: Operation) -> Result<(), RequestError> {
        match operation {
            Operation::Chat => check_list("messages", self.messages, "a list of at least one message"),
            Operation::Completion => check_text_or_list("prompt", self.prompt),
            Operation::Embedding | Operation::Moderation => check_text_or_list("input", self.input),
            Operation::Speech => check_text("input", self.input),
            Operation::Image => check_text("prompt", self.prompt),
            Operation::Rerank => {
                check_text("query", self.query)?;
                check_list("documents", self.documents, "a list of at least one document")
            }
            // Their requests are forms.
            Operation::ImageEdit | Operation::Transcription | Operation::Translation => Ok(()),
        }
    }
}

fn check_list(name: &'static str, value: Option<&RawValue>, expected: &str) -> Result<(), RequestError> {
    let rest = value.and_then(|value| value.get().strip_prefix('[')).ok_or_else(|| wrong(name, expected))?;
    if rest.trim_start().starts_with(']') { Err(wrong(name, expected)) } else { Ok(()) }
}

fn check_text(name: &'static str, value: Option<&RawValue>) -> Result<(), RequestError> {
    let is_text = value.is_some_and(|value| value.get().starts_with('"') && value.get() != "\"\"");
    if is_text { Ok(()) } else { Err(wrong(name, "a text that is not empty")) }
}

fn check_text_or_list(name: &'static str, value: Option<&RawValue>) -> Result<(), RequestError> {
    if check_text(name, value).is_ok() {
        return Ok(());
    }
    check_list(name, value, "a text that is not empty, or a list of at least one")
}
