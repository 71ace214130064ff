//! A provider's stream turned into OpenAI's, event by event.

use bytes::Bytes;
use serde_json::json;

use super::answer::FinishReason;
use super::chunk::{Chunk, ChunkChoice, Delta};
use super::dialect::{AnswerHead, StreamDecoder};

/// OpenAI's last event.
const DONE: &str = "data: [DONE]\n\n";

/// Writes what a decoder reads as OpenAI's server-sent events.
pub struct OpenAiEvents {
    decoder: Box<dyn StreamDecoder>,
    is_over: bool,
}

impl std::fmt::Debug for OpenAiEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenAiEvents")
    }
}

impl OpenAiEvents {
    /// The events of what `decoder` reads.
    #[must_use]
    pub fn new(decoder: Box<dyn StreamDecoder>) -> Self {
        Self { decoder, is_over: false }
    }

    /// Takes the provider's bytes and gives OpenAI's.
    pub fn push(&mut self, bytes: &[u8]) -> Bytes {
        if self.is_over {
            return Bytes::new();
        }
        let mut chunks = Vec::new();
        let read = self.decoder.push(bytes, &mut chunks);
        let mut out = String::new();
        for chunk in &chunks {
            write_event(&mut out, chunk);
        }
        if let Err(message) = read {
            self.fail(&mut out, &message);
        } else if self.decoder.is_done() {
            self.is_over = true;
            out.push_str(DONE);
        }
        Bytes::from(out)
    }

    /// The provider's stream is at its end: what is left to say where its last event has not come.
    pub fn finish(&mut self) -> Bytes {
        if self.is_over {
            return Bytes::new();
        }
        let mut chunks = Vec::new();
        let ended = self.decoder.end(&mut chunks);
        let mut out = String::new();
        for chunk in &chunks {
            write_event(&mut out, chunk);
        }
        match ended {
            Ok(()) => {
                self.is_over = true;
                out.push_str(DONE);
            }
            Err(message) => self.fail(&mut out, &message),
        }
        Bytes::from(out)
    }

    fn fail(&mut self, out: &mut String, message: &str) {
        self.is_over = true;
        let error = json!({ "error": { "message": message, "type": "provider_error", "param": null, "code": "502" } });
        write_event(out, &error);
        out.push_str(DONE);
    }
}

fn write_event(out: &mut String, value: &impl serde::Serialize) {
    // What is made of strings and numbers can always be written.
    if let Ok(json) = serde_json::to_string(value) {
        out.push_str("data: ");
        out.push_str(&json);
        out.push_str("\n\n");
    }
}

impl AnswerHead {
    /// A chunk with what is new in the answer number `index`.
    #[must_use]
    pub fn chunk(&self, index: u64, delta: Delta) -> Chunk {
        self.chunk_of(vec![ChunkChoice { index, delta, ..ChunkChoice::default() }])
    }

    /// The chunk that says why the answer ended.
    #[must_use]
    pub fn finish(&self, index: u64, reason: FinishReason) -> Chunk {
        let (delta, finish_reason) = (Delta::default(), Some(reason));
        self.chunk_of(vec![ChunkChoice { index, delta, finish_reason, ..ChunkChoice::default() }])
    }

    /// The chunk with the usage.
    #[must_use]
    pub fn usage(&self, usage: impl Into<super::CompletionUsage>) -> Chunk {
        Chunk { usage: Some(usage.into()), ..self.chunk_of(Vec::new()) }
    }

    fn chunk_of(&self, choices: Vec<ChunkChoice>) -> Chunk {
        let object = "chat.completion.chunk".to_owned();
        Chunk {
            id: self.id.clone(),
            object,
            created: self.created,
            model: self.model.clone(),
            choices,
            ..Chunk::default()
        }
    }
}
