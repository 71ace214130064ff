//! The items of the input as messages.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{CUSTOM_ARGUMENT, Translated, flat_name};
use crate::provider::chat::{Content, FilePart, FunctionCall, ImageUrl, Message, Part, Role, ToolCall};
use crate::provider::responses::answer::thoughts;
use crate::provider::responses::wire::{self, Input, Item, Said};

/// What thoughts that are written down here begin with; those of others can be read by their provider alone.
const THINKING: &str = "tollgate-thinking-1.";

/// Anthropic's and Google's blocks of thinking, signatures included, as a client carries them on.
pub(in crate::gateway) fn sealed_thinking(blocks: &[Value]) -> Option<String> {
    let json = serde_json::to_vec(blocks).ok().filter(|_| !blocks.is_empty())?;
    Some(format!("{THINKING}{}", STANDARD.encode(json)))
}

fn opened_thinking(content: &str) -> Option<Vec<Value>> {
    let json = STANDARD.decode(content.strip_prefix(THINKING)?).ok()?;
    serde_json::from_slice(&json).ok()
}

/// The body without thoughts that were written down here: no provider with the API can read them. `None` where it has
/// none.
pub(in crate::gateway) fn without_thinking(body: &[u8]) -> Option<Vec<u8>> {
    memchr::memmem::find(body, THINKING.as_bytes())?;
    let mut json: Value = serde_json::from_slice(body).ok()?;
    let items = json.get_mut("input")?.as_array_mut()?;
    items.retain(|item| {
        let content = item.get("encrypted_content").and_then(Value::as_str);
        !content.is_some_and(|content| content.starts_with(THINKING))
    });
    serde_json::to_vec(&json).ok()
}

/// The conversation so far.
#[derive(Debug, Default)]
pub(super) struct Turns {
    messages: Vec<Message>,
    /// The message that the model is speaking.
    speaking: Option<Message>,
    /// What tools answered with besides text, said by the user once all of them have answered.
    shown: Vec<Part>,
}

impl Message {
    /// A message of one text.
    pub(super) fn said(role: Role, text: String) -> Self {
        Self { role, content: Some(Content::Text(text)), ..Self::default() }
    }
}

impl Turns {
    pub(super) fn read(&mut self, input: Option<Input>, out: &mut Translated) {
        match input {
            None => {}
            Some(Input::Text(text)) => self.push(Message::said(Role::User, text)),
            Some(Input::Items(items)) => items.into_iter().for_each(|item| self.item(item.0, out)),
        }
    }

    pub(super) fn push(&mut self, message: Message) {
        self.close();
        self.messages.push(message);
    }

    pub(super) fn finish(mut self) -> Vec<Message> {
        self.close();
        self.messages
    }

    /// Ends what the model, or its tools, were saying.
    fn close(&mut self) {
        self.messages.extend(self.speaking.take());
        if !self.shown.is_empty() {
            let content = Some(Content::Parts(std::mem::take(&mut self.shown)));
            self.messages.push(Message { role: Role::User, content, ..Message::default() });
        }
    }

    fn item(&mut self, item: Item, out: &mut Translated) {
        match item {
            Item::Message { role: wire::Role::Assistant, content } => self.assistant(content, out),
            Item::Message { role, content } => {
                let role = match role {
                    wire::Role::System => Role::System,
                    wire::Role::Developer => Role::Developer,
                    wire::Role::User | wire::Role::Assistant => Role::User,
                };
                let content = Some(said(content, out));
                self.push(Message { role, content, ..Message::default() });
            }
            Item::FunctionCall { call_id, name, namespace, arguments } => {
                self.call(call_id, flat_name(namespace.as_deref(), &name), arguments);
            }
            Item::CustomToolCall { call_id, name, namespace, input } => {
                let arguments = json!({ CUSTOM_ARGUMENT: input }).to_string();
                self.call(call_id, flat_name(namespace.as_deref(), &name), arguments);
            }
            Item::FunctionCallOutput { call_id, output } | Item::CustomToolCallOutput { call_id, output } => {
                self.output(call_id, output, out);
            }
            Item::Reasoning { summary, content, encrypted_content, .. } => {
                self.reasoning(&thoughts(if content.is_empty() { &summary } else { &content }), encrypted_content, out);
            }
            Item::Other(fields) => {
                let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
                let instead = format!("Leave items of type '{kind}' out, or send what they say as messages.");
                out.unsaid("input", true, &instead);
                out.reads_unknown |= kind == "item_reference";
                out.beyond.push(Value::Object(fields));
            }
        }
    }

    /// The message that the model is speaking; a new one where the last one is complete in `is_complete`'s view.
    fn speaking(&mut self, is_complete: impl Fn(&Message) -> bool) -> &mut Message {
        if self.speaking.as_ref().is_none_or(is_complete) || !self.shown.is_empty() {
            self.close();
        }
        self.speaking.get_or_insert_with(|| Message { role: Role::Assistant, ..Message::default() })
    }

    fn assistant(&mut self, content: Said, out: &mut Translated) {
        let (content, refusals) = match said(content, out) {
            Content::Text(text) => (Content::Text(text), Vec::new()),
            Content::Parts(parts) => {
                let (refusals, parts) = parts.into_iter().partition(|part| matches!(part, Part::Refusal { .. }));
                (Content::Parts(parts), refusals)
            }
        };
        let has_spoken = |message: &Message| {
            message.content.is_some() || message.refusal.is_some() || !message.tool_calls.is_empty()
        };
        let message = self.speaking(has_spoken);
        message.refusal = refusals.iter().filter_map(Part::text).map(str::to_owned).reduce(|all, one| all + &one);
        message.content =
            Some(Content::Text(content.text())).filter(|_| message.refusal.is_none() || !content.text().is_empty());
    }

    fn call(&mut self, id: String, name: String, arguments: String) {
        let message = self.speaking(|_| false);
        let function = FunctionCall { name, arguments };
        message.tool_calls.push(ToolCall { id, kind: "function".to_owned(), function, ..ToolCall::default() });
    }

    /// What a tool answered; images and files have no place there.
    fn output(&mut self, call_id: String, output: Said, out: &mut Translated) {
        self.messages.extend(self.speaking.take());
        let text = match said(output, out) {
            Content::Text(text) => text,
            Content::Parts(parts) => {
                let (texts, others): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(|part| part.text().is_some());
                self.shown.extend(others);
                texts.iter().filter_map(Part::text).collect()
            }
        };
        self.messages.push(Message { tool_call_id: Some(call_id), ..Message::said(Role::Tool, text) });
    }

    fn reasoning(&mut self, text: &str, encrypted: Option<String>, out: &mut Translated) {
        let blocks = encrypted.as_deref().and_then(opened_thinking);
        if blocks.is_none() {
            out.beyond.extend(encrypted.map(Value::from));
        }
        let has_spoken = |message: &Message| message.content.is_some() || !message.tool_calls.is_empty();
        let message = self.speaking(has_spoken);
        if !text.is_empty() {
            message.reasoning_content.get_or_insert_default().push_str(text);
        }
        message.thinking_blocks.extend(blocks.unwrap_or_default());
    }
}

/// One text is sent as such: not everybody takes parts.
fn said(said: Said, out: &mut Translated) -> Content {
    let parts: Vec<Part> = match said {
        Said::Text(text) => return Content::Text(text),
        Said::Parts(parts) => parts.into_iter().filter_map(|one| part(one, out)).collect(),
    };
    match parts.as_slice() {
        [Part::Text { text, .. }] => Content::Text(text.clone()),
        _ => Content::Parts(parts),
    }
}

fn part(part: wire::Part, out: &mut Translated) -> Option<Part> {
    Some(match part {
        wire::Part::InputText { text } | wire::Part::OutputText { text } => Part::Text { text, cache_control: None },
        wire::Part::Refusal { refusal } => Part::Refusal { refusal },
        wire::Part::InputImage { image_url, file_id, detail } => {
            if image_url.is_none() {
                out.unsaid("input", false, "It does not keep files: send the image itself in 'image_url'.");
            }
            let url = image_url.or(file_id).unwrap_or_default();
            Part::ImageUrl { image_url: ImageUrl { url, detail, format: None }, cache_control: None }
        }
        wire::Part::InputFile { file_id, file_url, file_data, filename } => {
            if file_id.is_some() && file_data.is_none() && file_url.is_none() {
                out.unsaid("input", false, "It does not keep files: send the file itself in 'file_data'.");
            }
            let file_id = file_url.or(file_id).filter(|_| file_data.is_none());
            let file = FilePart { file_id, file_data, filename, format: None };
            Part::File { file, cache_control: None }
        }
        wire::Part::InputAudio { input_audio } => Part::InputAudio { input_audio },
        wire::Part::Other(fields) => {
            let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
            out.unsaid("input", true, &format!("Leave parts of type '{kind}' out."));
            out.beyond.push(Value::Object(fields));
            return None;
        }
    })
}
