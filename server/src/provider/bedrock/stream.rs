//! ConverseStream's events as chunks.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::ANSWER_TOOL;
use super::answer::{About, WireUsage, annotation, finish_reason, redacted, thinking};
use super::frame::{Frame, FrameReader};
use crate::provider::chat::{AnswerHead, Chunk, Delta, StreamDecoder};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockStart {
    #[serde(default)]
    content_block_index: u64,
    start: Start,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Start {
    tool_use: Option<ToolStart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolStart {
    tool_use_id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockDelta {
    #[serde(default)]
    content_block_index: u64,
    delta: Piece,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Piece {
    text: Option<String>,
    tool_use: Option<ToolPiece>,
    reasoning_content: Option<ReasoningPiece>,
    citation: Option<Value>,
}

#[derive(Deserialize)]
struct ToolPiece {
    #[serde(default)]
    input: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ReasoningPiece {
    text: Option<String>,
    signature: Option<String>,
    redacted_content: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockStop {
    #[serde(default)]
    content_block_index: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageStop {
    stop_reason: Option<String>,
    #[serde(flatten)]
    about: About,
}

#[derive(Deserialize)]
struct Metadata {
    usage: Option<WireUsage>,
    #[serde(flatten)]
    about: About,
}

/// A call of a tool that is being written.
#[derive(Debug)]
enum Call {
    /// Of the client's: its number among the calls, and whether it has arguments so far.
    Clients(u64, bool),
    /// The answer itself, in the form that was asked for.
    Answer,
}

/// Reads one stream.
#[derive(Debug)]
pub(super) struct ConverseStream {
    head: AnswerHead,
    frames: FrameReader,
    /// Calls by the number of their block.
    calls: HashMap<u64, Call>,
    calls_begun: u64,
    /// Characters of text so far, and where each block with text began: citations say what they belong to.
    text_chars: usize,
    block_start: (u64, usize),
    /// What the end of the message said beside its reason: part of the usage may be there.
    ending: About,
    is_done: bool,
}

impl ConverseStream {
    pub(super) fn new(head: AnswerHead) -> Self {
        Self {
            head,
            frames: FrameReader::default(),
            calls: HashMap::new(),
            calls_begun: 0,
            text_chars: 0,
            block_start: (0, 0),
            ending: About::default(),
            is_done: false,
        }
    }

    fn event(&mut self, name: &str, json: &[u8], out: &mut Vec<Chunk>) -> Result<(), String> {
        match name {
            "messageStart" => {
                let role = Some("assistant".to_owned());
                out.push(self.head.chunk(0, Delta { role, content: Some(String::new()), ..Delta::default() }));
            }
            "contentBlockStart" => self.start(read(name, json)?, out),
            "contentBlockDelta" => self.delta(read(name, json)?, out),
            "contentBlockStop" => {
                let stop: BlockStop = read(name, json)?;
                // A call without arguments is one with none, as JSON says it.
                if let Some(Call::Clients(index, false)) = self.calls.remove(&stop.content_block_index) {
                    out.push(self.head.chunk(0, Delta::tool_arguments(index, "{}")));
                }
            }
            "messageStop" => {
                let stop: MessageStop = read(name, json)?;
                let reason = finish_reason(stop.stop_reason.as_deref(), self.calls_begun > 0);
                let other = stop.about.fields();
                out.push(Chunk { other, ..self.head.finish(0, reason) });
                self.ending = stop.about;
            }
            "metadata" => {
                let metadata: Metadata = read(name, json)?;
                if let Some(usage) = &metadata.usage {
                    let (service_tier, other) = (metadata.about.service_tier(), metadata.about.fields());
                    out.push(Chunk { service_tier, other, ..self.head.usage(usage.normalise(&self.ending)) });
                }
                self.is_done = true;
            }
            // Events this gateway does not know say nothing that a client of OpenAI's protocol could read.
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, event: BlockStart, out: &mut Vec<Chunk>) {
        self.block_start = (event.content_block_index, self.text_chars);
        let Some(tool) = event.start.tool_use else { return };
        if tool.name == ANSWER_TOOL {
            self.calls.insert(event.content_block_index, Call::Answer);
            return;
        }
        let index = self.calls_begun;
        self.calls_begun += 1;
        self.calls.insert(event.content_block_index, Call::Clients(index, false));
        out.push(self.head.chunk(0, Delta::tool_start(index, tool.tool_use_id, tool.name)));
    }

    fn delta(&mut self, event: BlockDelta, out: &mut Vec<Chunk>) {
        let number = event.content_block_index;
        // A block of text has no event that begins it.
        if self.block_start.0 != number {
            self.block_start = (number, self.text_chars);
        }
        let piece = event.delta;
        if let Some(text) = piece.text {
            self.text_chars += text.chars().count();
            out.push(self.head.chunk(0, Delta::text(text)));
        }
        if let Some(tool) = piece.tool_use.filter(|tool| !tool.input.is_empty()) {
            let delta = match self.calls.get_mut(&number) {
                Some(Call::Clients(index, has_arguments)) => {
                    *has_arguments = true;
                    Some(Delta::tool_arguments(*index, tool.input))
                }
                Some(Call::Answer) => Some(Delta::text(tool.input)),
                None => None,
            };
            out.extend(delta.map(|delta| self.head.chunk(0, delta)));
        }
        if let Some(reasoning) = piece.reasoning_content {
            out.extend(thoughts(reasoning).map(|delta| self.head.chunk(0, delta)));
        }
        if let Some(citation) = piece.citation {
            let annotations = annotation(&citation, self.block_start.1, self.text_chars).into_iter().collect();
            let provider_specific_fields = Some(json!({ "citation": citation }));
            out.push(self.head.chunk(0, Delta { annotations, provider_specific_fields, ..Delta::default() }));
        }
    }
}

impl StreamDecoder for ConverseStream {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Chunk>) -> Result<(), String> {
        self.frames.push(bytes);
        while let Some(frame) = self.frames.next()? {
            match frame {
                Frame::Event(name, json) => self.event(&name, &json, out)?,
                Frame::Failure(name, text) => return Err(format!("{name}: {text}")),
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.is_done
    }
}

fn read<T: DeserializeOwned>(name: &str, json: &[u8]) -> Result<T, String> {
    serde_json::from_slice(json).map_err(|error| format!("its event {name} cannot be read: {error}"))
}

fn thoughts(piece: ReasoningPiece) -> impl Iterator<Item = Delta> {
    let block = |block: Value| Delta { thinking_blocks: vec![block], ..Delta::default() };
    let shown = piece.text.map(|text| {
        let thinking_blocks = vec![thinking(&text, None)];
        Delta { thinking_blocks, ..Delta::reasoning(text) }
    });
    let signed = piece.signature.map(|signature| block(thinking("", Some(&signature))));
    let hidden = piece.redacted_content.map(|data| block(redacted(&data)));
    shown.into_iter().chain(signed).chain(hidden)
}
