//! Messages as turns.
//!
//! Source: Gemini API documentation, "Function calling" (a call's results follow it, together and in its order),
//! "Thought signatures", "File input methods".

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::media;
use super::model::Generation;
use super::signature;
use super::wire::{Content, FunctionCall, FunctionResponse, Part};
use crate::provider::chat::{self, Message, Role, signed_id};
use crate::provider::openai::RequestError;

/// A conversation in Google's form.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) system: Option<Content>,
    pub(super) turns: Vec<Content>,
}

/// What of the conversation is needed for the messages to come.
struct Writer<'m> {
    generation: Generation,
    system: Vec<Part>,
    turns: Vec<Content>,
    /// The calls made so far, by id: what each called.
    calls: HashMap<&'m str, Called<'m>>,
    results: Vec<(usize, Vec<Part>)>,
}

#[derive(Clone, Copy)]
struct Called<'m> {
    name: &'m str,
    /// Its place among all calls.
    number: usize,
}

/// Writes `messages` for a model of `generation`.
///
/// # Errors
/// When a message holds what cannot be said, or a result belongs to no call.
pub(super) fn conversation(messages: &[Message], generation: Generation) -> Result<Conversation, RequestError> {
    let (system, turns, calls, results) = (Vec::new(), Vec::new(), HashMap::new(), Vec::new());
    let mut writer = Writer { generation, system, turns, calls, results };
    for message in messages {
        if !matches!(message.role, Role::Tool | Role::Function) {
            writer.end_results();
        }
        match message.role {
            Role::System | Role::Developer => writer.instruct(message),
            Role::User => {
                let parts = media::parts(message.content.as_ref(), generation)?;
                writer.say("user", parts);
            }
            Role::Assistant => writer.assistant(message)?,
            Role::Tool | Role::Function => writer.result(message)?,
        }
    }
    writer.end_results();
    Ok(writer.finish())
}

impl<'m> Writer<'m> {
    /// Instructions stand before the conversation, wherever the client put them.
    fn instruct(&mut self, message: &Message) {
        let text = message.content.as_ref().map(chat::Content::text).filter(|text| !text.is_empty());
        self.system.extend(text.map(Part::text));
    }

    /// Adds to what a side says; several messages in a row are one turn.
    fn say(&mut self, role: &str, parts: Vec<Part>) {
        if parts.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some(last) if last.role.as_deref() == Some(role) && !last.is_results() => last.parts.extend(parts),
            _ => self.turns.push(Content { role: Some(role.to_owned()), parts }),
        }
    }

    fn assistant(&mut self, message: &'m Message) -> Result<(), RequestError> {
        let mut parts = media::parts(message.content.as_ref(), self.generation)?;
        if let Some(signature) = signature::of_text(message) {
            if parts.is_empty() {
                parts.push(Part::text(String::new()));
            }
            // It came with the last piece of the text.
            if let Some(last) = parts.last_mut() {
                last.thought_signature = Some(signature.to_owned());
            }
        }
        for (index, call) in message.tool_calls.iter().enumerate() {
            self.note_call(&call.id, &call.function.name);
            let is_first_unsigned =
                index == 0 && !message.tool_calls.iter().any(|call| signature::of_call(call).is_some());
            let dummy = (is_first_unsigned && self.generation == Generation::Level).then_some(signature::NONE);
            parts.push(Part {
                function_call: Some(FunctionCall {
                    id: self.id(&call.id),
                    name: call.function.name.clone(),
                    args: call.function.arguments_object(),
                }),
                thought_signature: signature::of_call(call).or(dummy).map(str::to_owned),
                ..Part::default()
            });
        }
        if let Some(call) = &message.function_call {
            self.note_call(&call.name, &call.name);
            let args = call.arguments_object();
            let function_call = Some(FunctionCall { id: None, name: call.name.clone(), args });
            parts.push(Part { function_call, ..Part::default() });
        }
        self.say("model", parts);
        Ok(())
    }

    fn note_call(&mut self, id: &'m str, name: &'m str) {
        let number = self.calls.len();
        self.calls.insert(signed_id::plain(id), Called { name, number });
    }

    /// The id as Google knows it: models before 3 tell calls apart by their order.
    fn id(&self, id: &str) -> Option<String> {
        let id = signed_id::plain(id);
        (self.generation == Generation::Level && !id.is_empty()).then(|| id.to_owned())
    }

    fn result(&mut self, message: &'m Message) -> Result<(), RequestError> {
        let id = message.tool_call_id.as_deref().or(message.name.as_deref()).unwrap_or_default();
        let call = self.calls.get(signed_id::plain(id)).copied();
        let Some(name) = call.map(|call| call.name).or(message.name.as_deref()) else {
            return Err(RequestError {
                param: Some("messages".into()),
                message: format!(
                    "Invalid 'messages': the tool_call_id {id:?} of a tool's message belongs to no call before it."
                ),
            });
        };
        let content = message.content.as_ref();
        let response = response(&content.map(chat::Content::text).unwrap_or_default());
        let id = message.tool_call_id.as_deref().and_then(|id| self.id(id));
        let function_response = Some(FunctionResponse { id, name: name.to_owned(), response });
        let mut parts = vec![Part { function_response, ..Part::default() }];
        let beside = media::parts(content, self.generation)?.into_iter().filter(|part| part.text.is_none());
        parts.extend(beside);
        self.results.push((call.map_or(usize::MAX, |call| call.number), parts));
        Ok(())
    }

    /// Results that came one after the other are one turn, in the order of their calls.
    fn end_results(&mut self) {
        let mut results = std::mem::take(&mut self.results);
        results.sort_by_key(|(number, _)| *number);
        let parts: Vec<_> = results.into_iter().flat_map(|(_, parts)| parts).collect();
        if !parts.is_empty() {
            self.turns.push(Content { role: Some("user".to_owned()), parts });
        }
    }

    fn finish(self) -> Conversation {
        let system = (!self.system.is_empty()).then_some(Content { role: None, parts: self.system });
        if !self.turns.is_empty() {
            return Conversation { system, turns: self.turns };
        }
        // There is no conversation without a turn: the instructions are one, then.
        let turns = system.map(|system| Content { role: Some("user".to_owned()), ..system });
        Conversation { system: None, turns: turns.into_iter().collect() }
    }
}

/// A function's result as an object.
fn response(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text) {
        Ok(Value::Object(response)) => response,
        _ => Map::from_iter([("output".to_owned(), Value::from(text))]),
    }
}

impl Part {
    /// A text.
    pub(super) fn text(text: String) -> Self {
        Self { text: Some(text), ..Self::default() }
    }
}

impl Content {
    fn is_results(&self) -> bool {
        self.parts.iter().any(|part| part.function_response.is_some())
    }
}
