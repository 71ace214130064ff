//! OpenAI's stream of a chat completion as one of a response.

mod open;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::Form;
use super::answer::{Ending, Head, annotation, image_item, listed_logprobs};
use crate::gateway::client::{Forwarder, StreamEncoder};
use crate::gateway::stream::BROKEN_OFF;
use crate::provider::chat::sse::EventReader;
use crate::provider::chat::{Chunk, ChunkChoice, Delta, FinishReason, ToolCallDelta};
use crate::provider::openai::usage::normalised;
use crate::provider::responses::ids::{Rename, StreamRenamer};
use crate::provider::responses::wire::WireUsage;
use open::{Open, Piece, Speech, Thinking, ToolItem, Writer};

/// A native stream on its way to the client.
pub(in crate::gateway) struct Forwarded(StreamRenamer);

impl Forwarded {
    /// One whose responses have these ids.
    pub(in crate::gateway) fn new(names: Box<dyn Rename>) -> Self {
        Self(StreamRenamer::new(names))
    }
}

impl Forwarder for Forwarded {
    fn push(&mut self, bytes: Bytes) -> Bytes {
        self.0.push(bytes)
    }

    fn broken_off(&mut self) -> Bytes {
        let rest = self.0.finish();
        let mut writer = Writer::from_number(self.0.next_sequence_number());
        writer.error(BROKEN_OFF);
        Bytes::from([rest, writer.take()].concat())
    }
}

/// Writes the events.
#[derive(Debug)]
pub(in crate::gateway) struct Encoder {
    reader: EventReader,
    writer: Writer,
    form: Arc<Form>,
    head: Option<Head>,
    open: Option<Open>,
    /// Tool calls that wait for the one before them: items are written one after the other.
    waiting: BTreeMap<u64, ToolCall>,
    finish: Option<FinishReason>,
    usage: Option<WireUsage>,
    is_over: bool,
}

impl StreamEncoder for Encoder {
    fn push(&mut self, bytes: &[u8]) -> Bytes {
        match self.reader.push(bytes) {
            Ok(events) => events.iter().for_each(|event| self.read(&event.data)),
            Err(message) => self.fail(&message),
        }
        self.writer.take()
    }

    fn finish(&mut self) -> Bytes {
        self.end();
        self.writer.take()
    }
}

impl Encoder {
    /// Nothing written so far; answers have this form.
    pub(in crate::gateway) fn new(form: Arc<Form>) -> Self {
        Self {
            reader: EventReader::default(),
            writer: Writer::default(),
            form,
            head: None,
            open: None,
            waiting: BTreeMap::new(),
            finish: None,
            usage: None,
            is_over: false,
        }
    }

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
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let Some(head) = &self.head else {
            self.writer.error(message);
            return;
        };
        let mut response = head.begun(&self.form, "failed");
        response.insert("error".to_owned(), json!({ "code": "server_error", "message": message }));
        response.insert("output".to_owned(), Value::Array(std::mem::take(&mut self.writer.output)));
        self.writer.write("response.failed", json!({ "response": response }));
    }

    fn chunk(&mut self, chunk: Chunk) {
        let head = self.head.get_or_insert_with(|| {
            let head = Head::new(&chunk.id, chunk.created, &chunk.model, None);
            self.writer.id.clone_from(&head.id);
            for event in ["response.created", "response.in_progress"] {
                self.writer.write(event, json!({ "response": head.begun(&self.form, "in_progress") }));
            }
            head
        });
        head.note_tier(chunk.service_tier);
        if let Some(usage) = &chunk.usage {
            let usage = serde_json::to_string(usage).ok().and_then(|json| normalised(&json));
            self.usage = usage.map(|usage| WireUsage::from(&usage));
        }
        // A response has one answer.
        for choice in chunk.choices.into_iter().filter(|choice| choice.index == 0) {
            let ChunkChoice { delta, finish_reason, logprobs, .. } = choice;
            self.delta(delta, &listed_logprobs(logprobs.as_ref()));
            self.finish = finish_reason.or(self.finish);
        }
    }

    fn delta(&mut self, delta: Delta, logprobs: &[Value]) {
        let thought = delta.reasoning_content.unwrap_or_default();
        if !thought.is_empty() || !delta.thinking_blocks.is_empty() {
            if !matches!(self.open, Some(Open::Thinking(_))) {
                self.close("completed");
                self.open = Some(Open::Thinking(Thinking::begin(&mut self.writer)));
            }
            if let Some(Open::Thinking(thinking)) = &mut self.open {
                thinking.push(&thought, delta.thinking_blocks, &mut self.writer);
            }
        }
        let said = [delta.content.map(Piece::Text), delta.refusal.map(Piece::Refusal)];
        let cited = delta.annotations.iter().map(|one| Piece::Annotation(annotation(one)));
        for piece in said.into_iter().flatten().chain(cited).filter(|piece| !piece.is_empty()) {
            if !matches!(self.open, Some(Open::Speech(_))) {
                self.close("completed");
                self.open = Some(Open::Speech(Speech::begin(&mut self.writer)));
            }
            if let Some(Open::Speech(speech)) = &mut self.open {
                speech.push(piece, logprobs, &mut self.writer);
            }
        }
        for image in &delta.images {
            self.close("completed");
            if let Some(item) = image_item(&self.writer.id, image) {
                self.writer.whole(item);
            }
        }
        delta.tool_calls.into_iter().for_each(|call| self.tool_call(call));
    }

    fn tool_call(&mut self, call: ToolCallDelta) {
        let ToolCallDelta { index, id, function, .. } = call;
        let is_other_open = matches!(&self.open, Some(Open::Tool(open)) if open.index != index);
        if is_other_open || self.waiting.contains_key(&index) {
            let waiting = self.waiting.entry(index).or_default();
            waiting.id.push_str(&id.unwrap_or_default());
            waiting.name.push_str(&function.name.unwrap_or_default());
            waiting.arguments.push_str(&function.arguments.unwrap_or_default());
            return;
        }
        if !matches!(self.open, Some(Open::Tool(_))) {
            self.close("completed");
            let called = self.form.called(&function.name.unwrap_or_default());
            self.open = Some(Open::Tool(ToolItem::begin(index, id.unwrap_or_default(), called, &mut self.writer)));
        }
        if let Some(Open::Tool(tool)) = &mut self.open {
            tool.push(&function.arguments.unwrap_or_default(), &mut self.writer);
        }
    }

    fn close(&mut self, status: &str) {
        match self.open.take() {
            None => {}
            Some(Open::Thinking(thinking)) => thinking.close(&mut self.writer),
            Some(Open::Speech(speech)) => speech.close(status, &mut self.writer),
            Some(Open::Tool(tool)) => tool.close(&mut self.writer),
        }
    }

    fn end(&mut self) {
        if self.is_over {
            return;
        }
        let Some(head) = self.head.take() else { return };
        self.is_over = true;
        let ending = Ending::of(self.finish);
        self.close(ending.status());
        for (index, ToolCall { id, name, arguments }) in std::mem::take(&mut self.waiting) {
            let mut tool = ToolItem::begin(index, id, self.form.called(&name), &mut self.writer);
            tool.push(&arguments, &mut self.writer);
            tool.close(&mut self.writer);
        }
        if self.writer.output.is_empty() {
            let mut speech = Speech::begin(&mut self.writer);
            speech.push(Piece::Text(String::new()), &[], &mut self.writer);
            speech.close(ending.status(), &mut self.writer);
        }
        let output = std::mem::take(&mut self.writer.output);
        let response = head.response(&self.form, ending, output, self.usage);
        self.writer.write(&format!("response.{}", ending.status()), json!({ "response": response }));
    }
}

/// A tool call as far as it has come.
#[derive(Debug, Default)]
struct ToolCall {
    id: String,
    name: String,
    arguments: String,
}
