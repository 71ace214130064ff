//! A whole answer as a chat completion.
//!
//! Source: Gemini API reference, `GenerateContentResponse`.

use serde_json::{Map, Value, json};

use super::reading::{Reader, ending_details, finish_reason};
use super::sources;
use super::wire::{Candidate, LogprobsResult, PromptFeedback, Response, TokenLogprob};
use crate::provider::chat::answer::{Choice, Completion, FinishReason, ReplyMessage};
use crate::provider::chat::{AnswerHead, CompletionUsage};

/// Translates an answer.
///
/// # Errors
/// When the body is none; the text says why.
pub(super) fn translate(body: &[u8], head: &AnswerHead) -> Result<Completion, String> {
    let answer: Response =
        serde_json::from_slice(body).map_err(|error| format!("its answer cannot be read: {error}"))?;
    let id = answer.response_id.filter(|id| !id.is_empty()).unwrap_or_else(|| head.id.clone());
    let other = sources::beside(&answer.candidates);
    let choices = if answer.candidates.is_empty() {
        let feedback = answer.prompt_feedback.ok_or("it answered with no candidates and no reason why")?;
        vec![blocked(&feedback)]
    } else {
        answer.candidates.into_iter().map(|candidate| choice(candidate, &id)).collect()
    };
    let usage = answer.usage_metadata.unwrap_or_default();
    Ok(Completion {
        id,
        object: "chat.completion".to_owned(),
        created: head.created,
        model: answer.model_version.unwrap_or_else(|| head.model.clone()),
        choices,
        service_tier: usage.service_tier().map(str::to_owned),
        usage: usage.normalise().map(CompletionUsage::from),
        other,
        ..Completion::default()
    })
}

fn choice(mut candidate: Candidate, id: &str) -> Choice {
    let mut reader = Reader::default();
    let said = reader.read(std::mem::take(&mut candidate.content.parts), candidate.index, id);
    let annotations = sources::annotations(&candidate, said.text.as_deref().unwrap_or_default());
    let mut message = said.into_message();
    message.annotations = annotations;
    add_fields(&mut message.provider_specific_fields, ending_details(&candidate));
    let reason = candidate.finish_reason.as_deref().map(|reason| finish_reason(reason, reader.has_calls()));
    Choice {
        index: candidate.index,
        message,
        finish_reason: reason.or(Some(FinishReason::Stop)),
        logprobs: candidate.logprobs_result.as_ref().map(logprobs),
    }
}

/// Adds `more` to the fields of a message.
pub(super) fn add_fields(fields: &mut Option<Value>, more: Map<String, Value>) {
    if more.is_empty() {
        return;
    }
    match fields {
        Some(Value::Object(fields)) => fields.extend(more),
        _ => *fields = Some(Value::Object(more)),
    }
}

/// What stands for the answer to a prompt that was not let through.
fn blocked(feedback: &PromptFeedback) -> Choice {
    let fields = Some(Value::Object(block_details(feedback)));
    let role = "assistant".to_owned();
    let message = ReplyMessage { role, provider_specific_fields: fields, ..ReplyMessage::default() };
    Choice { message, finish_reason: Some(FinishReason::ContentFilter), ..Choice::default() }
}

/// Why a prompt was not let through.
pub(super) fn block_details(feedback: &PromptFeedback) -> Map<String, Value> {
    let text = |text: &Option<String>| text.as_ref().map(|text| Value::from(text.as_str()));
    let named = [
        ("block_reason", text(&feedback.block_reason)),
        ("block_reason_message", text(&feedback.block_reason_message)),
        ("safety_ratings", feedback.safety_ratings.clone()),
    ];
    named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// How likely each token was, in OpenAI's form.
pub(super) fn logprobs(result: &LogprobsResult) -> Value {
    let of_token = |token: &TokenLogprob| {
        let bytes = token.token.as_bytes();
        json!({ "token": token.token, "logprob": token.log_probability, "bytes": bytes })
    };
    let tokens = result.chosen_candidates.iter().enumerate().map(|(index, chosen)| {
        let top = result.top_candidates.get(index).map(|top| &top.candidates[..]).unwrap_or_default();
        let mut token = of_token(chosen);
        if let Some(token) = token.as_object_mut() {
            token.insert("top_logprobs".to_owned(), top.iter().map(of_token).collect());
        }
        token
    });
    json!({ "content": tokens.collect::<Vec<_>>(), "refusal": null })
}
