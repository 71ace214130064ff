//! A stream of Anthropic's as one of OpenAI's.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::answer::{annotation, finish_reason};
use super::request::{JSON_TOOL, JSON_VALUE_TOOL};
use super::turns::thinking_block;
use super::usage::WireUsage;
use super::wire::{Block, BlockDelta, Event, Message, MessageDelta};
use crate::provider::chat::sse::EventReader;
use crate::provider::chat::{AnswerHead, Chunk, Delta, FinishReason, StreamDecoder};

/// What a block of the stream is to OpenAI's client.
enum Open {
    Said,
    /// The tool call of this number, and whether arguments have come.
    Tool(u64, bool),
    /// The answer in JSON.
    Json,
    /// The same inside a field: known when it is whole.
    JsonValue(String),
}

/// Reads the events.
pub(super) struct Decoder {
    head: AnswerHead,
    events: EventReader,
    open: HashMap<u64, Open>,
    tools: u64,
    answered_in_json: bool,
    usage: WireUsage,
    has_usage: bool,
    finish: Option<FinishReason>,
    is_done: bool,
}

impl Decoder {
    pub(super) fn new(head: AnswerHead) -> Self {
        Self {
            head,
            events: EventReader::default(),
            open: HashMap::new(),
            tools: 0,
            answered_in_json: false,
            usage: WireUsage::default(),
            has_usage: false,
            finish: None,
            is_done: false,
        }
    }

    fn event(&mut self, event: Event, out: &mut Vec<Chunk>) -> Result<(), String> {
        match event {
            Event::MessageStart { message } => self.start(message, out),
            Event::ContentBlockStart { index, content_block } => self.open(index, content_block, out),
            Event::ContentBlockDelta { index, delta } => self.delta(index, delta, out),
            Event::ContentBlockStop { index } => self.close(index, out),
            Event::MessageDelta { delta, usage } => self.message_delta(&delta, usage),
            Event::MessageStop => self.end(out),
            Event::Ping | Event::Unknown => {}
            Event::Error { error } => {
                let message = error.get("message").and_then(Value::as_str).map(str::to_owned);
                return Err(message.unwrap_or_else(|| error.to_string()));
            }
        }
        Ok(())
    }

    fn start(&mut self, message: Message, out: &mut Vec<Chunk>) {
        if !message.id.is_empty() {
            self.head.id = message.id;
        }
        if !message.model.is_empty() {
            self.head.model = message.model;
        }
        self.note_usage(message.usage);
        let role = Some("assistant".to_owned());
        out.push(self.head.chunk(0, Delta { role, content: Some(String::new()), ..Delta::default() }));
    }

    fn note_usage(&mut self, usage: Option<WireUsage>) {
        if let Some(usage) = usage {
            self.usage = std::mem::take(&mut self.usage).updated(usage);
            self.has_usage = true;
            self.head.early_usage.note(self.usage.normalise());
        }
    }

    fn open(&mut self, index: u64, block: Block, out: &mut Vec<Chunk>) {
        let open = match block {
            Block::ToolUse { name, .. } if name == JSON_TOOL => {
                self.answered_in_json = true;
                Open::Json
            }
            Block::ToolUse { name, .. } if name == JSON_VALUE_TOOL => {
                self.answered_in_json = true;
                Open::JsonValue(String::new())
            }
            Block::ToolUse { id, name, .. } => {
                let number = self.tools;
                self.tools += 1;
                out.push(self.head.chunk(0, Delta::tool_start(number, id, name)));
                Open::Tool(number, false)
            }
            Block::Text { text, .. } => {
                if !text.is_empty() {
                    out.push(self.head.chunk(0, Delta::text(text)));
                }
                Open::Said
            }
            Block::RedactedThinking { data } => {
                let block = json!({ "type": "redacted_thinking", "data": data });
                out.push(self.head.chunk(0, Delta { thinking_blocks: vec![block], ..Delta::default() }));
                Open::Said
            }
            _ => Open::Said,
        };
        self.open.insert(index, open);
    }

    fn delta(&mut self, index: u64, delta: BlockDelta, out: &mut Vec<Chunk>) {
        let new = match (delta, self.open.get_mut(&index)) {
            (BlockDelta::TextDelta { text }, _) => Delta::text(text),
            (BlockDelta::InputJsonDelta { partial_json }, Some(Open::Tool(number, has_arguments))) => {
                *has_arguments |= !partial_json.is_empty();
                Delta::tool_arguments(*number, partial_json)
            }
            (BlockDelta::InputJsonDelta { partial_json }, Some(Open::Json)) => Delta::text(partial_json),
            (BlockDelta::InputJsonDelta { partial_json }, Some(Open::JsonValue(so_far))) => {
                so_far.push_str(&partial_json);
                return;
            }
            (BlockDelta::ThinkingDelta { thinking }, _) => {
                let block = thinking_block(&thinking, "");
                Delta { thinking_blocks: vec![block], ..Delta::reasoning(thinking) }
            }
            (BlockDelta::SignatureDelta { signature }, _) => {
                Delta { thinking_blocks: vec![thinking_block("", &signature)], ..Delta::default() }
            }
            (BlockDelta::CitationsDelta { citation }, _) => Delta {
                annotations: annotation(&citation, 0, 0).into_iter().collect(),
                provider_specific_fields: Some(json!({ "citation": citation })),
                ..Delta::default()
            },
            (BlockDelta::InputJsonDelta { .. } | BlockDelta::Unknown, _) => return,
        };
        out.push(self.head.chunk(0, new));
    }

    fn close(&mut self, index: u64, out: &mut Vec<Chunk>) {
        match self.open.remove(&index) {
            // A tool that takes nothing is sent nothing; OpenAI's clients expect an object.
            Some(Open::Tool(number, false)) => out.push(self.head.chunk(0, Delta::tool_arguments(number, "{}"))),
            Some(Open::JsonValue(json)) => {
                let value = serde_json::from_str::<Value>(&json).ok();
                let value = value.as_ref().and_then(|value| value.get("value")).map(ToString::to_string);
                out.push(self.head.chunk(0, Delta::text(value.unwrap_or(json))));
            }
            _ => {}
        }
    }

    fn message_delta(&mut self, delta: &MessageDelta, usage: Option<WireUsage>) {
        self.note_usage(usage);
        let in_json = self.answered_in_json && self.tools == 0;
        let reason = || if in_json { FinishReason::Stop } else { finish_reason(delta.stop_reason.as_deref()) };
        self.finish = delta.stop_reason.is_some().then(reason).or(self.finish);
    }

    fn end(&mut self, out: &mut Vec<Chunk>) {
        out.push(self.head.finish(0, self.finish.unwrap_or(FinishReason::Stop)));
        if self.has_usage {
            let service_tier = self.usage.service_tier.clone();
            out.push(Chunk { service_tier, ..self.head.usage(self.usage.normalise()) });
        }
        self.is_done = true;
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Chunk>) -> Result<(), String> {
        for event in self.events.push(bytes)? {
            let event = serde_json::from_str(&event.data)
                .map_err(|error| format!("an event of its stream cannot be read: {error}"))?;
            self.event(event, out)?;
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.is_done
    }
}
