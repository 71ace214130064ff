//! A streamed response as chunks of a chat completion.

use std::collections::BTreeMap;

use serde_json::Value;

use super::answer::{chat_annotation, finish_reason, usage};
use super::wire::{Event, OutputItem, Response};
use crate::provider::chat::sse::EventReader;
use crate::provider::chat::{AnswerHead, Chunk, Delta, FinishReason, StreamDecoder};

/// Reads the events.
#[derive(Debug)]
pub(super) struct Decoder {
    events: EventReader,
    head: AnswerHead,
    /// Numbers of the tool calls, by their place in the output.
    tools: BTreeMap<u64, u64>,
    /// A summary's next part begins after a blank line.
    has_thought: bool,
    is_done: bool,
}

impl Decoder {
    pub(super) fn new(head: AnswerHead) -> Self {
        Self { events: EventReader::default(), head, tools: BTreeMap::new(), has_thought: false, is_done: false }
    }

    fn read(&mut self, event: Event, out: &mut Vec<Chunk>) -> Result<(), String> {
        let Event { kind, response, item, output_index, delta, annotation, message, error } = event;
        let text = delta.as_ref().and_then(Value::as_str);
        match (kind.as_str(), response, text) {
            ("response.created" | "response.queued" | "response.in_progress", Some(response), _) => {
                self.begin(&response, out);
            }
            ("response.completed" | "response.incomplete" | "response.cancelled", Some(response), _) => {
                self.end_with(&response, out);
            }
            ("response.failed", Some(response), _) => {
                self.usage(&response, out);
                return Err(response.error.unwrap_or_default().message);
            }
            ("error", _, _) => {
                let message = message.or(error.map(|error| error.message));
                return Err(message.unwrap_or_else(|| "The provider failed.".to_owned()));
            }
            ("response.output_item.added", _, _) => self.item(item, output_index, out),
            ("response.output_text.annotation.added", _, _) => {
                let annotations = annotation.as_ref().and_then(chat_annotation).into_iter().collect();
                out.push(self.head.chunk(0, Delta { annotations, ..Delta::default() }));
            }
            ("response.reasoning_summary_part.added", _, _) if self.has_thought => {
                out.push(self.head.chunk(0, Delta::reasoning("\n\n")));
            }
            (kind, _, Some(text)) if kind.ends_with(".delta") => self.text(kind, text, output_index, out),
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, kind: &str, text: &str, output_index: u64, out: &mut Vec<Chunk>) {
        let delta = match kind {
            "response.output_text.delta" => Delta::text(text),
            "response.refusal.delta" => Delta { refusal: Some(text.to_owned()), ..Delta::default() },
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                Delta::tool_arguments(self.tools.get(&output_index).copied().unwrap_or(0), text)
            }
            // Whatever else a model writes, such as code for the provider's own tools, is not said to the client.
            _ => {
                self.has_thought = true;
                Delta::reasoning(text)
            }
        };
        out.push(self.head.chunk(0, delta));
    }

    fn begin(&mut self, response: &Response, out: &mut Vec<Chunk>) {
        for (known, told) in [(&mut self.head.id, &response.id), (&mut self.head.model, &response.model)] {
            if !told.is_empty() {
                known.clone_from(told);
            }
        }
        let role = Some("assistant".to_owned());
        out.push(self.head.chunk(0, Delta { role, ..Delta::default() }));
    }

    fn item(&mut self, item: Option<OutputItem>, output_index: u64, out: &mut Vec<Chunk>) {
        let Some(
            OutputItem::FunctionCall { call_id, name, arguments }
            | OutputItem::CustomToolCall { call_id, name, input: arguments },
        ) = item
        else {
            return;
        };
        let index = u64::try_from(self.tools.len()).unwrap_or(u64::MAX);
        self.tools.insert(output_index, index);
        out.push(self.head.chunk(0, Delta::tool_start(index, call_id, name)));
        if !arguments.is_empty() {
            out.push(self.head.chunk(0, Delta::tool_arguments(index, arguments)));
        }
    }

    fn end_with(&mut self, response: &Response, out: &mut Vec<Chunk>) {
        let reason = if self.tools.is_empty() { finish_reason(response) } else { FinishReason::ToolCalls };
        out.push(self.head.finish(0, reason));
        self.usage(response, out);
        self.is_done = true;
    }

    fn usage(&self, response: &Response, out: &mut Vec<Chunk>) {
        if let Some(usage) = usage(response) {
            let service_tier = response.service_tier.clone();
            out.push(Chunk { service_tier, ..self.head.usage(usage) });
        }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Chunk>) -> Result<(), String> {
        for event in self.events.push(bytes)? {
            if self.is_done {
                break;
            }
            // What is no event of this API is forwarded all the same.
            if let Ok(event) = serde_json::from_str(&event.data) {
                self.read(event, out)?;
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.is_done
    }
}
