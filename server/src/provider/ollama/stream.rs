//! A stream: one JSON object a line.

use bytes::BytesMut;

use super::answer::{finish_reason, logprobs, openai_call};
use super::wire::{ChatAnswer, Message};
use crate::provider::chat::{AnswerHead, Chunk, Delta, StreamDecoder};

/// A line longer than this is no line, in bytes.
const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Reads Ollama's lines.
pub(super) struct Decoder {
    head: AnswerHead,
    carry: BytesMut,
    has_begun: bool,
    calls: usize,
    is_done: bool,
}

impl Decoder {
    pub(super) fn new(head: AnswerHead) -> Self {
        Self { head, carry: BytesMut::new(), has_begun: false, calls: 0, is_done: false }
    }

    fn read(&mut self, line: &[u8], out: &mut Vec<Chunk>) -> Result<(), String> {
        let mut answer: ChatAnswer =
            serde_json::from_slice(line).map_err(|error| format!("not a line of Ollama's: {error}"))?;
        if let Some(error) = answer.error {
            return Err(error);
        }
        if !self.has_begun {
            self.has_begun = true;
            out.push(self.head.chunk(0, Delta { role: Some("assistant".to_owned()), ..Delta::text("") }));
        }
        let likely = answer.logprobs.take().map(logprobs);
        if let Some(message) = answer.message.take() {
            let first = out.len();
            self.say(message, out);
            for choice in out.iter_mut().skip(first).flat_map(|chunk| &mut chunk.choices) {
                choice.logprobs.clone_from(&likely);
            }
        }
        if answer.done {
            let reason = finish_reason(answer.done_reason.as_deref(), self.calls > 0);
            out.push(self.head.finish(0, reason));
            out.push(self.head.usage(answer.usage()));
            self.is_done = true;
        }
        Ok(())
    }

    fn say(&mut self, message: Message, out: &mut Vec<Chunk>) {
        let thought = message.thinking.filter(|text| !text.is_empty()).map(Delta::reasoning);
        let said = Some(message.content).filter(|text| !text.is_empty()).map(Delta::text);
        out.extend([thought, said].into_iter().flatten().map(|delta| self.head.chunk(0, delta)));
        for call in message.tool_calls.into_iter().flatten() {
            let call = openai_call(&self.head.id, self.calls, call);
            let index = u64::try_from(self.calls).unwrap_or(u64::MAX);
            self.calls += 1;
            out.push(self.head.chunk(0, Delta::tool_start(index, call.id, call.function.name)));
            out.push(self.head.chunk(0, Delta::tool_arguments(index, call.function.arguments)));
        }
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Chunk>) -> Result<(), String> {
        self.carry.extend_from_slice(bytes);
        while let Some(end) = memchr::memchr(b'\n', &self.carry) {
            let line = self.carry.split_to(end + 1);
            let line = line.trim_ascii();
            if !line.is_empty() && !self.is_done {
                self.read(line, out)?;
            }
        }
        if self.carry.len() > LINE_BYTES_MAX {
            return Err("a line of its stream does not end".to_owned());
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.is_done
    }
}
