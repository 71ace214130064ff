//! OpenAI's stream as one of Anthropic's.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{error, message_id, stop_reason};
use crate::gateway::client::{Forwarder, StreamEncoder};
use crate::gateway::stream::BROKEN_OFF;
use crate::provider::anthropic::usage::WireUsage;
use crate::provider::anthropic::wire::{Block, BlockDelta, Event, Message, MessageDelta};
use crate::provider::chat::sse::EventReader;
use crate::provider::chat::{Chunk, Delta, FinishReason, ToolCallDelta};
use crate::provider::openai::usage::normalised;

/// The block being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
    /// The tool call of OpenAI's index.
    Tool(u64),
}

/// A tool call that has to wait for the one before it: blocks are written one after the other.
#[derive(Debug, Default)]
struct Waiting {
    id: String,
    name: String,
    arguments: String,
}

/// A native stream on its way to the client.
pub(in crate::gateway) struct Forwarded;

impl Forwarder for Forwarded {
    fn broken_off(&mut self) -> Bytes {
        let mut encoder = Encoder::default();
        encoder.fail(BROKEN_OFF);
        Bytes::from(encoder.out)
    }
}

/// Writes the events.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Encoder {
    events: EventReader,
    out: String,
    has_started: bool,
    open: Option<Open>,
    /// Number of the next block.
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
    finish: Option<FinishReason>,
    is_refused: bool,
    usage: Option<WireUsage>,
    is_over: bool,
}

impl StreamEncoder for Encoder {
    fn push(&mut self, bytes: &[u8]) -> Bytes {
        match self.events.push(bytes) {
            Ok(events) => events.iter().for_each(|event| self.read(&event.data)),
            Err(message) => self.fail(&message),
        }
        Bytes::from(std::mem::take(&mut self.out))
    }

    fn finish(&mut self) -> Bytes {
        self.end();
        Bytes::from(std::mem::take(&mut self.out))
    }
}

impl Encoder {
    fn read(&mut self, data: &str) {
        if self.is_over {
            return;
        }
        if data == "[DONE]" {
            self.end();
        } else if let Ok(chunk) = serde_json::from_str::<Chunk>(data) {
            if let Some(error) = chunk.other.get("error") {
                let message = error.get("message").and_then(Value::as_str);
                self.fail(message.unwrap_or("The provider failed."));
                return;
            }
            self.chunk(chunk);
        }
    }

    fn fail(&mut self, message: &str) {
        if !std::mem::replace(&mut self.is_over, true) {
            self.write_as("error", &error("api_error", message));
        }
    }

    fn chunk(&mut self, chunk: Chunk) {
        if !std::mem::replace(&mut self.has_started, true) {
            self.start(&chunk);
        }
        if let Some(usage) = &chunk.usage {
            self.usage =
                serde_json::to_string(usage).ok().and_then(|json| normalised(&json)).map(|usage| (&usage).into());
        }
        // Others than the first choice have no place there.
        for choice in chunk.choices.into_iter().filter(|choice| choice.index == 0) {
            self.delta(choice.delta);
            self.finish = choice.finish_reason.or(self.finish);
        }
    }

    fn start(&mut self, chunk: &Chunk) {
        let usage = WireUsage { input_tokens: Some(0), output_tokens: Some(0), ..WireUsage::default() };
        let message = Message {
            id: message_id(&chunk.id),
            kind: "message".to_owned(),
            role: "assistant".to_owned(),
            model: chunk.model.clone(),
            content: Vec::new(),
            stop_reason: None,
            stop_sequence: None,
            usage: Some(usage),
        };
        self.write(&Event::MessageStart { message });
    }

    fn delta(&mut self, delta: Delta) {
        if delta.thinking_blocks.is_empty() {
            if let Some(thinking) = delta.reasoning_content.filter(|text| !text.is_empty()) {
                self.think(BlockDelta::ThinkingDelta { thinking });
            }
        } else {
            delta.thinking_blocks.into_iter().for_each(|block| self.thinking_block(block));
        }
        self.is_refused |= delta.refusal.as_ref().is_some_and(|text| !text.is_empty());
        for text in [delta.content, delta.refusal].into_iter().flatten().filter(|text| !text.is_empty()) {
            self.open(Open::Text, || Block::text(""));
            self.block_delta(BlockDelta::TextDelta { text });
        }
        delta.tool_calls.into_iter().for_each(|call| self.tool_call(call));
    }

    fn thinking_block(&mut self, block: Value) {
        match serde_json::from_value(block) {
            Ok(Block::Thinking { thinking, signature }) => {
                if !thinking.is_empty() {
                    self.think(BlockDelta::ThinkingDelta { thinking });
                }
                if !signature.is_empty() {
                    self.think(BlockDelta::SignatureDelta { signature });
                }
            }
            Ok(block @ Block::RedactedThinking { .. }) => {
                self.close();
                let index = self.next;
                self.write(&Event::ContentBlockStart { index, content_block: block });
                self.write(&Event::ContentBlockStop { index });
                self.next += 1;
            }
            _ => {}
        }
    }

    fn think(&mut self, delta: BlockDelta) {
        self.open(Open::Thinking, || Block::Thinking { thinking: String::new(), signature: String::new() });
        self.block_delta(delta);
    }

    fn tool_call(&mut self, call: ToolCallDelta) {
        let ToolCallDelta { index, id, function, .. } = call;
        let is_other_open = matches!(self.open, Some(Open::Tool(open)) if open != index);
        if is_other_open || self.waiting.contains_key(&index) {
            let waiting = self.waiting.entry(index).or_default();
            waiting.id.push_str(&id.unwrap_or_default());
            waiting.name.push_str(&function.name.unwrap_or_default());
            waiting.arguments.push_str(&function.arguments.unwrap_or_default());
            return;
        }
        let (id, name) = (id.unwrap_or_default(), function.name.unwrap_or_default());
        self.open(Open::Tool(index), || Block::ToolUse { id, name, input: json!({}), cache_control: None });
        if let Some(partial_json) = function.arguments.filter(|text| !text.is_empty()) {
            self.block_delta(BlockDelta::InputJsonDelta { partial_json });
        }
    }

    /// Makes `wanted` the block being written.
    fn open(&mut self, wanted: Open, block: impl FnOnce() -> Block) {
        if self.open == Some(wanted) {
            return;
        }
        self.close();
        self.write(&Event::ContentBlockStart { index: self.next, content_block: block() });
        self.open = Some(wanted);
    }

    fn block_delta(&mut self, delta: BlockDelta) {
        self.write(&Event::ContentBlockDelta { index: self.next, delta });
    }

    fn close(&mut self) {
        if self.open.take().is_some() {
            self.write(&Event::ContentBlockStop { index: self.next });
            self.next += 1;
        }
    }

    fn end(&mut self) {
        if self.is_over || !self.has_started {
            return;
        }
        self.is_over = true;
        self.close();
        for (index, Waiting { id, name, arguments }) in std::mem::take(&mut self.waiting) {
            self.open(Open::Tool(index), || Block::ToolUse { id, name, input: json!({}), cache_control: None });
            self.block_delta(BlockDelta::InputJsonDelta { partial_json: arguments });
            self.close();
        }
        let stop_reason = Some(stop_reason(self.finish, self.is_refused).to_owned());
        let usage = self.usage.take();
        self.write(&Event::MessageDelta { delta: MessageDelta { stop_reason, stop_sequence: None }, usage });
        self.write(&Event::MessageStop);
    }

    fn write(&mut self, event: &Event) {
        if let Ok(value) = serde_json::to_value(event) {
            let name = value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
            self.write_as(&name, &value);
        }
    }

    fn write_as(&mut self, name: &str, value: &Value) {
        self.out.push_str(&format!("event: {name}\ndata: {value}\n\n"));
    }
}
