//! A whole answer, and what whole answers and streams have in common.

use serde_json::{Value, json};

use super::turns::arguments;
use super::wire::{ChatAnswer, LogProb, ToolCall as WireCall};
use crate::provider::chat::{AnswerHead, Choice, Completion, FinishReason, FunctionCall, ReplyMessage, ToolCall};

/// # Errors
/// When the body is no answer, or says that none came about.
pub(super) fn translate(body: &[u8], head: &AnswerHead) -> Result<Completion, String> {
    let answer: ChatAnswer = serde_json::from_slice(body).map_err(|error| format!("not an answer: {error}"))?;
    let finish_reason = finish_reason(&answer.finish_reason)?;
    let message = answer.message;
    let parts = message.content.unwrap_or_default();
    let join = |texts: Vec<String>| Some(texts.concat()).filter(|text| !text.is_empty());
    let content = join(parts.iter().filter_map(|part| part.text.clone()).collect());
    let thought = join(parts.into_iter().filter_map(|part| part.thinking).collect());
    let plan = message.tool_plan.filter(|plan| !plan.is_empty());
    let citations = message.citations.unwrap_or_default();
    let message = ReplyMessage {
        role: "assistant".to_owned(),
        content,
        tool_calls: message.tool_calls.unwrap_or_default().into_iter().map(call).collect(),
        annotations: citations.iter().flat_map(annotations).collect(),
        provider_specific_fields: own_fields(plan.as_deref(), &citations),
        reasoning_content: thought.or(plan),
        ..ReplyMessage::default()
    };
    let logprobs = answer.logprobs.map(|all| json!({ "content": all.iter().map(logprob).collect::<Vec<_>>() }));
    Ok(Completion {
        id: if answer.id.is_empty() { head.id.clone() } else { answer.id },
        object: "chat.completion".to_owned(),
        created: head.created,
        model: head.model.clone(),
        choices: vec![Choice { index: 0, message, finish_reason: Some(finish_reason), logprobs }],
        usage: answer.usage.map(|usage| usage.normalise().into()),
        ..Completion::default()
    })
}

fn call(call: WireCall) -> ToolCall {
    let function = FunctionCall { name: call.function.name, arguments: arguments(&call.function.arguments) };
    ToolCall { id: call.id, kind: "function".to_owned(), function, provider_specific_fields: None }
}

/// What has no place in OpenAI's form: the plan goes back with the next request, citations are here as they came.
fn own_fields(plan: Option<&str>, citations: &[Value]) -> Option<Value> {
    let mut fields = serde_json::Map::new();
    fields.extend(plan.map(|plan| ("tool_plan".to_owned(), Value::from(plan))));
    if !citations.is_empty() {
        fields.insert("citations".to_owned(), Value::from(citations));
    }
    (!fields.is_empty()).then_some(Value::Object(fields))
}

/// Why the model stopped.
///
/// # Errors
/// When it did not stop but failed.
pub(super) fn finish_reason(name: &str) -> Result<FinishReason, String> {
    match name {
        "COMPLETE" | "STOP_SEQUENCE" => Ok(FinishReason::Stop),
        "MAX_TOKENS" => Ok(FinishReason::Length),
        "TOOL_CALL" => Ok(FinishReason::ToolCalls),
        "ERROR_TOXIC" => Ok(FinishReason::ContentFilter),
        "ERROR" => Err("Cohere failed while answering".to_owned()),
        "TIMEOUT" => Err("Cohere ran out of time while answering".to_owned()),
        _ => Ok(FinishReason::Other),
    }
}

/// A citation as OpenAI has them: one for each of its sources.
pub(super) fn annotations(citation: &Value) -> Vec<Value> {
    let sources = citation.get("sources").and_then(Value::as_array);
    let annotation = |source: &Value| {
        let document = source.get("document");
        let text = |name: &str| document.and_then(|document| document.get(name)?.as_str());
        let id = source.get("id").and_then(Value::as_str).unwrap_or("unknown");
        let url = text("url").map_or_else(|| format!("source:{id}"), str::to_owned);
        json!({ "type": "url_citation", "url_citation": {
            "start_index": citation.get("start").and_then(Value::as_u64).unwrap_or(0),
            "end_index": citation.get("end").and_then(Value::as_u64).unwrap_or(0),
            "title": text("title").unwrap_or_default(),
            "url": url,
        }})
    };
    sources.into_iter().flatten().map(annotation).collect()
}

/// Text of several tokens is as likely as all of them together.
pub(super) fn logprob(item: &LogProb) -> Value {
    let text = item.text.as_deref().unwrap_or_default();
    let sum: f64 = item.logprobs.iter().flatten().sum();
    json!({ "token": text, "logprob": sum, "bytes": text.as_bytes(), "top_logprobs": [] })
}
