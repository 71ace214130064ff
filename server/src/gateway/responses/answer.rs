//! A chat completion as a response.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::Form;
use super::request::{CUSTOM_ARGUMENT, Called, sealed_thinking};
use crate::provider::chat::content::DataUri;
use crate::provider::chat::{Completion, FinishReason, ReplyMessage};
use crate::provider::openai::read_answer;
use crate::provider::responses::wire::WireUsage;

/// The response; `None` where the answer is none that can be read.
pub(in crate::gateway) fn encode(openai: &Bytes, form: &Form) -> Option<Bytes> {
    let completion: Completion = serde_json::from_slice(openai).ok()?;
    let usage = read_answer(openai).usage.map(|usage| WireUsage::from(&usage));
    let choice = completion.choices.into_iter().next()?;
    let head = Head::new(&completion.id, completion.created, &completion.model, completion.service_tier);
    let ending = Ending::of(choice.finish_reason);
    let output = Items { id: &head.id, form, ending }.of(choice.message, choice.logprobs.as_ref());
    let response = head.response(form, ending, output, usage);
    serde_json::to_vec(&response).ok().map(Bytes::from)
}

/// What a response says of itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    pub(super) id: String,
    created: i64,
    model: String,
    service_tier: Option<String>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// By itself.
    Completed,
    /// For this reason.
    Incomplete(&'static str),
}

impl Ending {
    pub(super) const fn of(reason: Option<FinishReason>) -> Self {
        match reason {
            Some(FinishReason::Length) => Self::Incomplete("max_output_tokens"),
            Some(FinishReason::ContentFilter) => Self::Incomplete("content_filter"),
            _ => Self::Completed,
        }
    }

    pub(super) const fn status(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
        }
    }
}

impl Head {
    pub(super) fn new(id: &str, created: i64, model: &str, service_tier: Option<String>) -> Self {
        let id = if id.starts_with("resp_") {
            id.to_owned()
        } else {
            format!("resp_{}", id.trim_start_matches("chatcmpl-"))
        };
        Self { id, created, model: model.to_owned(), service_tier }
    }

    /// What its chunks tell later.
    pub(super) fn note_tier(&mut self, service_tier: Option<String>) {
        self.service_tier = service_tier.or(self.service_tier.take());
    }

    /// A response that has ended.
    pub(super) fn response(
        &self,
        form: &Form,
        ending: Ending,
        output: Vec<Value>,
        usage: Option<WireUsage>,
    ) -> Map<String, Value> {
        let mut response = self.begun(form, ending.status());
        if let Ending::Incomplete(reason) = ending {
            response.insert("incomplete_details".to_owned(), json!({ "reason": reason }));
        }
        response.insert("output".to_owned(), Value::Array(output));
        response.insert("usage".to_owned(), json!(usage));
        response
    }

    /// One that has not.
    pub(super) fn begun(&self, form: &Form, status: &str) -> Map<String, Value> {
        let mut response = Map::from_iter([
            ("id".to_owned(), Value::from(self.id.as_str())),
            ("object".to_owned(), Value::from("response")),
            ("created_at".to_owned(), Value::from(self.created)),
            ("status".to_owned(), Value::from(status)),
            ("error".to_owned(), Value::Null),
            ("incomplete_details".to_owned(), Value::Null),
            ("model".to_owned(), Value::from(self.model.as_str())),
            ("output".to_owned(), Value::Array(Vec::new())),
            ("usage".to_owned(), Value::Null),
        ]);
        response.extend(form.echo.clone());
        if let Some(tier) = &self.service_tier {
            response.insert("service_tier".to_owned(), Value::from(tier.as_str()));
        }
        response
    }

    /// The id of the item number `index`, of the kind that `prefix` stands for.
    pub(super) fn item_id(id: &str, prefix: &str, index: usize) -> String {
        format!("{prefix}_{}_{index}", id.trim_start_matches("resp_"))
    }
}

/// Makes the items of an answer.
struct Items<'a> {
    id: &'a str,
    form: &'a Form,
    ending: Ending,
}

impl Items<'_> {
    fn of(&self, message: ReplyMessage, logprobs: Option<&Value>) -> Vec<Value> {
        let mut output = Vec::new();
        let thought = message.reasoning_content.unwrap_or_default();
        if !thought.is_empty() || !message.thinking_blocks.is_empty() {
            output.push(reasoning(&Head::item_id(self.id, "rs", 0), &thought, &message.thinking_blocks));
        }
        let text = message.content.filter(|text| !text.is_empty());
        let is_empty = output.is_empty() && message.tool_calls.is_empty() && message.images.is_empty();
        let mut content = Vec::new();
        if let Some(text) = text.or_else(|| (is_empty && message.refusal.is_none()).then(String::new)) {
            let annotations: Vec<Value> = message.annotations.iter().map(annotation).collect();
            content.push(output_text(&text, &annotations, &listed_logprobs(logprobs)));
        }
        content.extend(message.refusal.filter(|text| !text.is_empty()).map(|refusal| refusal_part(&refusal)));
        if !content.is_empty() {
            let id = Head::item_id(self.id, "msg", output.len());
            output.push(message_item(&id, self.ending.status(), content));
        }
        output.extend(message.images.iter().filter_map(|image| image_item(self.id, image)));
        for call in message.tool_calls {
            let called = self.form.called(&call.function.name);
            let id = Head::item_id(self.id, call_prefix(called.is_custom), output.len());
            output.push(call_item(&id, &call.id, &called, &call.function.arguments, "completed"));
        }
        output
    }
}

/// What the ids of calls begin with.
pub(super) const fn call_prefix(is_custom: bool) -> &'static str {
    if is_custom { "ctc" } else { "fc" }
}

pub(super) fn reasoning(id: &str, thought: &str, blocks: &[Value]) -> Value {
    let summary: Vec<Value> =
        (!thought.is_empty()).then(|| json!({ "type": "summary_text", "text": thought })).into_iter().collect();
    json!({ "id": id, "type": "reasoning", "summary": summary, "encrypted_content": sealed_thinking(blocks) })
}

pub(super) fn message_item(id: &str, status: &str, content: Vec<Value>) -> Value {
    json!({ "id": id, "type": "message", "status": status, "role": "assistant", "content": content })
}

pub(super) fn output_text(text: &str, annotations: &[Value], logprobs: &[Value]) -> Value {
    json!({ "type": "output_text", "text": text, "annotations": annotations, "logprobs": logprobs })
}

pub(super) fn refusal_part(refusal: &str) -> Value {
    json!({ "type": "refusal", "refusal": refusal })
}

/// A call of a function, or of a custom tool.
pub(super) fn call_item(id: &str, call_id: &str, called: &Called, arguments: &str, status: &str) -> Value {
    let Called { name, namespace, is_custom } = called;
    let mut item = if *is_custom {
        let (kind, input) = ("custom_tool_call", custom_input(arguments));
        json!({ "id": id, "type": kind, "status": status, "call_id": call_id, "name": name, "input": input })
    } else {
        let kind = "function_call";
        json!({ "id": id, "type": kind, "status": status, "call_id": call_id, "name": name, "arguments": arguments })
    };
    if let (Some(fields), Some(namespace)) = (item.as_object_mut(), namespace) {
        fields.insert("namespace".to_owned(), Value::from(namespace.as_str()));
    }
    item
}

/// The text in the arguments of the function that stands for a custom tool; whatever else a model wrote, as it is.
pub(super) fn custom_input(arguments: &str) -> String {
    let read: Option<Value> = serde_json::from_str(arguments).ok();
    let input = read.as_ref().and_then(|read| read.get(CUSTOM_ARGUMENT)).and_then(Value::as_str);
    input.unwrap_or(arguments).to_owned()
}

/// A citation, which chat completions have one level deeper.
pub(super) fn annotation(annotation: &Value) -> Value {
    let Some(citation) = annotation.get("url_citation").and_then(Value::as_object) else { return annotation.clone() };
    let mut citation = citation.clone();
    for (name, value) in
        [("type", json!("url_citation")), ("start_index", json!(0)), ("end_index", json!(0)), ("title", json!(""))]
    {
        citation.entry(name).or_insert(value);
    }
    Value::Object(citation)
}

/// Log probabilities as a list, each with all its members.
pub(super) fn listed_logprobs(logprobs: Option<&Value>) -> Vec<Value> {
    let listed = logprobs.and_then(|logprobs| logprobs.get("content")).and_then(Value::as_array);
    listed.cloned().unwrap_or_default()
}

/// An image the model made.
pub(super) fn image_item(id: &str, image: &Value) -> Option<Value> {
    let url = image.pointer("/image_url/url").and_then(Value::as_str)?;
    let result = DataUri::parse(url)?.data;
    let index = image.get("index").and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok()).unwrap_or(0);
    let id = Head::item_id(id, "ig", index);
    Some(json!({ "id": id, "type": "image_generation_call", "status": "completed", "result": result }))
}
