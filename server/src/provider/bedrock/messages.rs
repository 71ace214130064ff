//! The conversation: what OpenAI has in one list is instructions and turns here, and turns alternate.

use std::mem;

use serde_json::Value;

use super::content::{Blocks, text_block};
use super::model::Model;
use super::wire::{Block, CachePoint, Message as Turn, Reasoning, Role as Speaker, System, ToolResult, ToolUse};
use crate::provider::chat::{Content, FunctionCall, Message, Role};
use crate::provider::openai::RequestError;

/// An id of a tool's call is cut to this, in bytes.
const TOOL_ID_BYTES_MAX: usize = 64;

/// What the list of messages says.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    pub(super) system: Vec<System>,
    pub(super) turns: Vec<Turn>,
    /// Names of the tools that were called in it.
    pub(super) called: Vec<String>,
    /// The last answer called tools and does not show what the model thought before.
    pub(super) hides_thinking: bool,
    blocks: Blocks<'a>,
    /// Calls in OpenAI's form before tools, which have no ids.
    functions: u64,
}

impl<'a> Conversation<'a> {
    /// Reads the messages.
    pub(super) fn of(messages: &[Message], model: &'a Model) -> Result<Self, RequestError> {
        let mut conversation = Self {
            system: Vec::new(),
            turns: Vec::new(),
            called: Vec::new(),
            hides_thinking: false,
            blocks: Blocks::new(model),
            functions: 0,
        };
        for message in messages {
            conversation.push(message)?;
        }
        if conversation.turns.is_empty() {
            let message = "messages: expected at least one message of a user with some content.".to_owned();
            return Err(RequestError { param: Some("messages".into()), message });
        }
        Ok(conversation)
    }

    /// The mark of what is to be cached.
    pub(super) fn cache_point(&self, control: Option<&Value>) -> Option<CachePoint> {
        self.blocks.cache_point(control)
    }

    fn push(&mut self, message: &Message) -> Result<(), RequestError> {
        let content = message.content.as_ref();
        let mut blocks = content.map(|content| self.blocks.of(content)).transpose()?.unwrap_or_default();
        let mut marked = self.cache_point(message.cache_control.as_ref());
        let is_instruction = matches!(message.role, Role::System | Role::Developer);
        if is_instruction && self.turns.is_empty() {
            self.system.extend(blocks.into_iter().filter_map(instruction));
            self.system.extend(marked.map(System::CachePoint));
            return Ok(());
        }
        let speaker = match message.role {
            Role::System | Role::Developer => {
                blocks = later_instruction(content);
                Speaker::User
            }
            Role::User => Speaker::User,
            Role::Assistant => {
                blocks = self.answer(message, blocks);
                Speaker::Assistant
            }
            Role::Tool | Role::Function => {
                let tool_use_id = self.answered_id(message);
                marked = marked.or_else(|| blocks.iter().rev().find_map(mark_of));
                blocks = vec![Block::ToolResult(ToolResult { tool_use_id, content: result(blocks) })];
                Speaker::User
            }
        };
        if let (Some(mark), false) = (marked, blocks.is_empty()) {
            blocks.push(Block::CachePoint(mark));
        }
        self.add(speaker, blocks);
        Ok(())
    }

    /// Thoughts, text and calls, in the order in which a model writes them.
    fn answer(&mut self, message: &Message, text: Vec<Block>) -> Vec<Block> {
        // Thoughts of Claude may come with a conversation that another model goes on with, and which refuses them.
        let thoughts = message.thinking_blocks.iter().filter(|_| self.blocks.model.takes_thinking());
        let mut blocks: Vec<Block> = thoughts.filter_map(thought).collect();
        let thinks = !blocks.is_empty();
        blocks.extend(text);
        let refusal = message.refusal.as_deref().filter(|_| message.content.is_none());
        blocks.extend(refusal.and_then(text_block));
        for call in &message.tool_calls {
            blocks.push(self.call(tool_use_id(&call.id), &call.function));
        }
        if let Some(function) = &message.function_call {
            self.functions += 1;
            blocks.push(self.call(format!("function-{}", self.functions), function));
        }
        let calls = !message.tool_calls.is_empty() || message.function_call.is_some();
        self.hides_thinking = calls && !thinks;
        blocks
    }

    fn call(&mut self, tool_use_id: String, function: &FunctionCall) -> Block {
        if !self.called.contains(&function.name) {
            self.called.push(function.name.clone());
        }
        Block::ToolUse(ToolUse { tool_use_id, name: function.name.clone(), input: function.arguments_object() })
    }

    fn answered_id(&self, message: &Message) -> String {
        match &message.tool_call_id {
            Some(id) => tool_use_id(id),
            None => format!("function-{}", self.functions),
        }
    }

    /// Adds to the turn of the same speaker, or begins one. The results of tools come first in theirs.
    fn add(&mut self, role: Speaker, blocks: Vec<Block>) {
        if blocks.is_empty() {
            return;
        }
        match self.turns.last_mut().filter(|turn| turn.role == role) {
            Some(turn) => {
                let is_result = matches!(blocks.first(), Some(Block::ToolResult(_)));
                let at = if is_result { results_end(&turn.content) } else { turn.content.len() };
                turn.content.splice(at..at, blocks);
            }
            None => self.turns.push(Turn { role, content: blocks }),
        }
    }

    /// Writes calls and results as text, for a model that is offered no tools: Bedrock takes neither without them.
    pub(super) fn spell_tools_out(&mut self) {
        for block in self.turns.iter_mut().flat_map(|turn| &mut turn.content) {
            match block {
                Block::ToolUse(call) => {
                    let input = Value::Object(mem::take(&mut call.input));
                    *block = Block::Text(format!("[call {} of {}: {input}]", call.tool_use_id, call.name));
                }
                Block::ToolResult(result) => {
                    let texts = result.content.iter().filter_map(|block| match block {
                        Block::Text(text) => Some(text.as_str()),
                        _ => None,
                    });
                    let text = texts.collect::<Vec<_>>().join("\n");
                    *block = Block::Text(format!("[result of {}: {text}]", result.tool_use_id));
                }
                _ => {}
            }
        }
        self.called.clear();
    }
}

/// Where the results of tools at the beginning of a turn end, with the marks that belong to them.
fn results_end(blocks: &[Block]) -> usize {
    let last = blocks.iter().rposition(|block| matches!(block, Block::ToolResult(_)));
    let end = last.map_or(0, |last| last + 1);
    match (last, blocks.get(end)) {
        (Some(_), Some(Block::CachePoint(_))) => end + 1,
        _ => end,
    }
}

fn instruction(block: Block) -> Option<System> {
    match block {
        Block::Text(text) => Some(System::Text(text)),
        Block::GuardContent(content) => Some(System::GuardContent(content)),
        Block::CachePoint(mark) => Some(System::CachePoint(mark)),
        _ => None,
    }
}

/// Instructions only stand before the conversation: later ones are said in it, where they were.
fn later_instruction(content: Option<&Content>) -> Vec<Block> {
    let text = content.map(Content::text).filter(|text| !text.trim().is_empty());
    text.map(|text| vec![Block::Text(format!("<system>\n{text}\n</system>"))]).unwrap_or_default()
}

const fn mark_of(block: &Block) -> Option<CachePoint> {
    match block {
        Block::CachePoint(mark) => Some(*mark),
        _ => None,
    }
}

/// What may stand in a result: a mark stands after it.
fn result(blocks: Vec<Block>) -> Vec<Block> {
    let allowed =
        |block: &Block| matches!(block, Block::Text(_) | Block::Image(_) | Block::Document(_) | Block::Video(_));
    blocks.into_iter().filter(allowed).collect()
}

/// A block of Anthropic's thinking. Without its signature a model takes no thought back.
fn thought(block: &Value) -> Option<Block> {
    let text = |name: &str| block.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let reasoning = match block.get("type").and_then(Value::as_str)? {
        "thinking" => {
            let signature = text("signature")?;
            Reasoning::ReasoningText { text: text("thinking").unwrap_or_default(), signature }
        }
        "redacted_thinking" => Reasoning::RedactedContent(text("data")?),
        _ => return None,
    };
    Some(Block::ReasoningContent(reasoning))
}

/// An id of the characters that Bedrock allows: other providers' ids come with a conversation, too.
fn tool_use_id(id: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "_.:-".contains(c) { c } else { '_' };
    id.chars().map(allowed).take(TOOL_ID_BYTES_MAX).collect()
}
