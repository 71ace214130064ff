//! A stream as chat completion chunks.
//!
//! Source: Gemini API reference, `streamGenerateContent` with `alt=sse`: each event is a `GenerateContentResponse` with
//! what is new. Usage counts are of the whole so far. No event says that it is the last one: the stream just ends.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::answer::{add_fields, block_details, logprobs};
use super::reading::{Reader, Said, ending_details, finish_reason};
use super::wire::{Candidate, PromptFeedback, Response, UsageMetadata};
use super::{signature, sources};
use crate::provider::chat::sse::EventReader;
use crate::provider::chat::{
    AnswerHead, Chunk, Delta, FinishReason, FunctionDelta, StreamDecoder, ToolCall, ToolCallDelta,
};

/// Reads a stream.
#[derive(Debug)]
pub(super) struct Decoder {
    head: AnswerHead,
    events: EventReader,
    candidates: BTreeMap<u64, Progress>,
    usage: Option<UsageMetadata>,
}

/// A candidate as far as it came.
#[derive(Debug, Default)]
struct Progress {
    reader: Reader,
    /// Its text, which places of annotations are counted in.
    text: String,
    calls: u64,
    finish_reason: Option<FinishReason>,
}

impl Decoder {
    /// Nothing read so far.
    pub(super) fn new(head: AnswerHead) -> Self {
        Self { head, events: EventReader::default(), candidates: BTreeMap::new(), usage: None }
    }

    fn event(&mut self, data: &str, out: &mut Vec<Chunk>) -> Result<(), String> {
        let event: Response =
            serde_json::from_str(data).map_err(|error| format!("an event of its stream cannot be read: {error}"))?;
        if let Some(error) = event.error {
            return Err(error.message);
        }
        if let Some(id) = event.response_id.filter(|id| !id.is_empty() && self.candidates.is_empty()) {
            self.head.id = id;
        }
        if let Some(model) = event.model_version {
            self.head.model = model;
        }
        if let Some(usage) = event.usage_metadata {
            let so_far = self.usage.get_or_insert_default();
            so_far.update(usage);
            so_far.normalise().into_iter().for_each(|usage| self.head.early_usage.note(usage));
        }
        if let Some(feedback) = event.prompt_feedback.filter(|feedback| feedback.block_reason.is_some()) {
            self.blocked(&feedback, out);
        }
        for candidate in event.candidates {
            self.candidate(candidate, out);
        }
        Ok(())
    }

    fn blocked(&mut self, feedback: &PromptFeedback, out: &mut Vec<Chunk>) {
        self.candidates.entry(0).or_default().finish_reason = Some(FinishReason::ContentFilter);
        let role = Some("assistant".to_owned());
        let provider_specific_fields = Some(Value::Object(block_details(feedback)));
        out.push(self.head.chunk(0, Delta { role, provider_specific_fields, ..Delta::default() }));
    }

    fn candidate(&mut self, mut candidate: Candidate, out: &mut Vec<Chunk>) {
        let index = candidate.index;
        let is_first = !self.candidates.contains_key(&index);
        let progress = self.candidates.entry(index).or_default();
        let parts = std::mem::take(&mut candidate.content.parts);
        let said = progress.reader.read(parts, index, &self.head.id);
        progress.text.push_str(said.text.as_deref().unwrap_or_default());
        let mut delta = progress.delta(said);
        delta.role = is_first.then(|| "assistant".to_owned());
        delta.annotations = sources::annotations(&candidate, &progress.text);
        if let Some(reason) = candidate.finish_reason.as_deref() {
            progress.finish_reason = Some(finish_reason(reason, progress.reader.has_calls()));
            add_fields(&mut delta.provider_specific_fields, ending_details(&candidate));
        }
        let logprobs = candidate.logprobs_result.as_ref().map(logprobs);
        let other = sources::beside(std::slice::from_ref(&candidate));
        if delta == Delta::default() && logprobs.is_none() && other.is_empty() {
            return;
        }
        let mut chunk = self.head.chunk(index, delta);
        chunk.other = other;
        for choice in &mut chunk.choices {
            choice.logprobs.clone_from(&logprobs);
        }
        out.push(chunk);
    }
}

impl Progress {
    fn delta(&mut self, said: Said) -> Delta {
        let mut fields = Map::new();
        signature::add_to(&mut fields, said.signatures);
        Delta {
            content: said.text,
            reasoning_content: said.reasoning,
            tool_calls: said.calls.into_iter().map(|call| self.call(call)).collect(),
            images: said.images,
            audio: said.audio,
            provider_specific_fields: (!fields.is_empty()).then_some(Value::Object(fields)),
            ..Delta::default()
        }
    }

    /// Calls come whole.
    fn call(&mut self, call: ToolCall) -> ToolCallDelta {
        let index = self.calls;
        self.calls += 1;
        let ToolCall { id, kind, function, provider_specific_fields } = call;
        let function = FunctionDelta { name: Some(function.name), arguments: Some(function.arguments) };
        ToolCallDelta { index, id: Some(id), kind: Some(kind), function, provider_specific_fields }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Chunk>) -> Result<(), String> {
        for event in self.events.push(bytes)? {
            self.event(&event.data, out)?;
        }
        Ok(())
    }

    /// Only the end of the stream says so: some models give a reason to finish with every event.
    fn is_done(&self) -> bool {
        false
    }

    fn end(&mut self, out: &mut Vec<Chunk>) -> Result<(), String> {
        for (index, candidate) in &self.candidates {
            out.extend(candidate.finish_reason.map(|reason| self.head.finish(*index, reason)));
        }
        let usage = self.usage.as_ref();
        if let Some(counted) = usage.and_then(UsageMetadata::normalise) {
            let service_tier = usage.and_then(UsageMetadata::service_tier).map(str::to_owned);
            out.push(Chunk { service_tier, ..self.head.usage(counted) });
        }
        let is_whole = self.candidates.values().all(|candidate| candidate.finish_reason.is_some());
        if self.candidates.is_empty() || !is_whole {
            return Err("its stream ended before the answer did".to_owned());
        }
        Ok(())
    }
}
