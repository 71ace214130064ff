//! A stream: server-sent events whose data names their type.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{annotations, finish_reason, logprob};
use super::turns::arguments;
use super::wire::{ContentPart, LogProb, ToolCall, WireUsage};
use crate::provider::chat::sse::EventReader;
use crate::provider::chat::{AnswerHead, Chunk, Delta, FinishReason, StreamDecoder};

/// Tool calls of one answer; more are an error.
const TOOL_CALLS_MAX: usize = 1024;

/// Reads Cohere's events.
pub(super) struct Decoder {
    head: AnswerHead,
    events: EventReader,
    /// The tool calls in the order in which they began.
    calls: Vec<OpenCall>,
    is_done: bool,
}

#[derive(Debug)]
struct OpenCall {
    /// Cohere's number of it.
    number: u64,
    has_arguments: bool,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Event {
    MessageStart {
        id: Option<String>,
    },
    ContentStart {
        delta: Option<Outer<Said>>,
    },
    ContentDelta {
        delta: Option<Outer<Said>>,
        logprobs: Option<LogProb>,
    },
    ToolPlanDelta {
        delta: Option<Outer<Planned>>,
    },
    ToolCallStart {
        #[serde(default)]
        index: u64,
        delta: Option<Outer<Called>>,
    },
    ToolCallDelta {
        #[serde(default)]
        index: u64,
        delta: Option<Outer<Called>>,
    },
    ToolCallEnd {
        #[serde(default)]
        index: u64,
    },
    CitationStart {
        delta: Option<Outer<Cited>>,
    },
    MessageEnd {
        delta: Option<Ended>,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Outer<T> {
    message: Option<T>,
}

#[derive(Debug, Deserialize)]
struct Said {
    content: Option<ContentPart>,
}

#[derive(Debug, Deserialize)]
struct Planned {
    tool_plan: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Called {
    tool_calls: Option<ToolCall>,
}

#[derive(Debug, Deserialize)]
struct Cited {
    citations: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ended {
    error: Option<String>,
    finish_reason: Option<String>,
    usage: Option<WireUsage>,
}

impl Decoder {
    pub(super) fn new(head: AnswerHead) -> Self {
        Self { head, events: EventReader::default(), calls: Vec::new(), is_done: false }
    }

    fn read(&mut self, event: Event, out: &mut Vec<Chunk>) -> Result<(), String> {
        match event {
            Event::MessageStart { id } => {
                if let Some(id) = id.filter(|id| !id.is_empty()) {
                    self.head.id = id;
                }
                let role = Some("assistant".to_owned());
                out.push(self.head.chunk(0, Delta { role, ..Delta::text("") }));
            }
            Event::ContentStart { delta } => self.say(delta, None, out),
            Event::ContentDelta { delta, logprobs } => self.say(delta, logprobs.as_ref(), out),
            Event::ToolPlanDelta { delta } => {
                let plan = delta.and_then(|delta| delta.message?.tool_plan).filter(|plan| !plan.is_empty());
                out.extend(plan.map(|plan| self.head.chunk(0, Delta::reasoning(plan))));
            }
            Event::ToolCallStart { index, delta } => {
                let call = delta.and_then(|delta| delta.message?.tool_calls).unwrap_or_default();
                self.start_call(index, call, out)?;
            }
            Event::ToolCallDelta { index, delta } => {
                let call = delta.and_then(|delta| delta.message?.tool_calls).unwrap_or_default();
                let index = self.number_of(index);
                self.argue(index, call.function.arguments, out);
            }
            Event::ToolCallEnd { index } => {
                let index = self.number_of(index);
                if self.call(index).is_some_and(|call| !call.has_arguments) {
                    self.argue(index, arguments(""), out);
                }
            }
            Event::CitationStart { delta } => {
                let citation = delta.and_then(|delta| delta.message?.citations);
                out.extend(citation.map(|citation| self.cite(citation)));
            }
            Event::MessageEnd { delta } => self.end(delta.unwrap_or_default(), out)?,
            Event::Other => {}
        }
        Ok(())
    }

    fn say(&self, delta: Option<Outer<Said>>, logprobs: Option<&LogProb>, out: &mut Vec<Chunk>) {
        let Some(part) = delta.and_then(|delta| delta.message?.content) else { return };
        let thought = part.thinking.filter(|text| !text.is_empty()).map(Delta::reasoning);
        let said = part.text.filter(|text| !text.is_empty()).map(Delta::text);
        for delta in [thought, said].into_iter().flatten() {
            let mut chunk = self.head.chunk(0, delta);
            let likely = logprobs.map(|logprobs| json!({ "content": [logprob(logprobs)] }));
            chunk.choices.iter_mut().for_each(|choice| choice.logprobs.clone_from(&likely));
            out.push(chunk);
        }
    }

    fn start_call(&mut self, index: u64, call: ToolCall, out: &mut Vec<Chunk>) -> Result<(), String> {
        if self.calls.len() == TOOL_CALLS_MAX {
            return Err("Cohere calls too many tools at once".to_owned());
        }
        self.calls.push(OpenCall { number: index, has_arguments: false });
        let index = self.number_of(index);
        out.push(self.head.chunk(0, Delta::tool_start(index, call.id, call.function.name)));
        self.argue(index, call.function.arguments, out);
        Ok(())
    }

    /// A part of the arguments of the call of this number in the answer.
    fn argue(&mut self, index: u64, arguments: String, out: &mut Vec<Chunk>) {
        if arguments.is_empty() {
            return;
        }
        if let Some(call) = self.call(index) {
            call.has_arguments = true;
        }
        out.push(self.head.chunk(0, Delta::tool_arguments(index, arguments)));
    }

    fn call(&mut self, index: u64) -> Option<&mut OpenCall> {
        self.calls.get_mut(usize::try_from(index).ok()?)
    }

    /// The number in the answer of the newest call that Cohere gives this number.
    fn number_of(&self, index: u64) -> u64 {
        let place = self.calls.iter().rposition(|known| known.number == index);
        place.and_then(|place| u64::try_from(place).ok()).unwrap_or(index)
    }

    fn cite(&self, citation: Value) -> Chunk {
        let annotations = annotations(&citation);
        let own = json!({ "citations": [citation] });
        self.head.chunk(0, Delta { annotations, provider_specific_fields: Some(own), ..Delta::default() })
    }

    fn end(&mut self, ended: Ended, out: &mut Vec<Chunk>) -> Result<(), String> {
        // What was used is told even where the answer failed.
        out.extend(ended.usage.map(|usage| self.head.usage(usage.normalise())));
        if let Some(error) = ended.error.filter(|error| !error.is_empty()) {
            return Err(error);
        }
        let reason = ended.finish_reason.as_deref().map_or(Ok(FinishReason::Stop), finish_reason)?;
        let usage = out.pop_if(|chunk| chunk.usage.is_some());
        out.push(self.head.finish(0, reason));
        out.extend(usage);
        self.is_done = true;
        Ok(())
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Chunk>) -> Result<(), String> {
        for event in self.events.push(bytes)? {
            if self.is_done || event.data.trim() == "[DONE]" {
                continue;
            }
            let event =
                serde_json::from_str(&event.data).map_err(|error| format!("not an event of Cohere's: {error}"))?;
            self.read(event, out)?;
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.is_done
    }
}
