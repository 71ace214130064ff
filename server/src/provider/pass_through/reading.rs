//! Streams in a provider's own form, read for the ledger while they pass.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{NativeApi, NativePath, usage_in};
use crate::domain::provider::ProviderKind;
use crate::domain::usage::Usage;
use crate::provider::anthropic::Anthropic;
use crate::provider::bedrock::{Converse, Frame, FrameReader};
use crate::provider::chat::Dialect;
use crate::provider::chat::sse::EventReader;
use crate::provider::cohere::Cohere;
use crate::provider::gemini::Gemini;

/// Which conversation an answer is part of.
#[derive(Clone, Debug)]
pub enum Spoken {
    /// One in OpenAI's protocol.
    OpenAi,
    /// One in a provider's own.
    Translated(Arc<dyn Dialect>),
}

/// How an answer to a call of `path` is spoken, where that is a conversation.
#[must_use]
pub fn spoken(api: &NativeApi, path: &NativePath) -> Option<Spoken> {
    use ProviderKind as K;
    let path = path.as_str().trim_end_matches('/');
    let ends = |ends: &[&str]| ends.iter().any(|end| path.ends_with(end));
    let dialect: Arc<dyn Dialect> = match api.provider {
        K::Gemini | K::VertexAi if ends(&[":generateContent", ":streamGenerateContent"]) => Arc::new(Gemini),
        K::VertexAi if ends(&[":rawPredict", ":streamRawPredict"]) => Arc::new(Anthropic),
        K::Anthropic if ends(&["/messages"]) => Arc::new(Anthropic),
        K::Bedrock if ends(&["/converse", "/converse-stream"]) => Arc::new(Converse::new("", None, Map::new())),
        K::Cohere if ends(&["/v2/chat"]) => Arc::new(Cohere),
        _ => return ends(&["/chat/completions"]).then_some(Spoken::OpenAi),
    };
    Some(Spoken::Translated(dialect))
}

/// Reads the usage of a stream of any other kind.
#[derive(Debug)]
pub struct UsageReader(Framing);

#[derive(Debug)]
enum Framing {
    /// Of server-sent events.
    Events(EventReader),
    /// Of AWS's event streams.
    Frames(FrameReader),
    /// Of what says nothing of its usage.
    Nothing,
}

#[derive(Deserialize)]
struct Piece {
    bytes: String,
}

impl UsageReader {
    /// Of a stream of this media type.
    #[must_use]
    pub fn of(media_type: &str) -> Self {
        Self(match media_type.split(';').next().unwrap_or(media_type).trim() {
            "text/event-stream" => Framing::Events(EventReader::default()),
            "application/vnd.amazon.eventstream" => Framing::Frames(FrameReader::default()),
            _ => Framing::Nothing,
        })
    }

    /// Takes a piece of the stream; what it says of the usage so far.
    pub fn push(&mut self, bytes: &[u8]) -> Option<Usage> {
        let found = match &mut self.0 {
            Framing::Events(reader) => reader.push(bytes).map(|events| {
                let parsed = events.iter().filter_map(|event| serde_json::from_str(&event.data).ok());
                largest(parsed.filter_map(|event: Value| usage_in(&event)))
            }),
            Framing::Frames(reader) => {
                reader.push(bytes);
                frames(reader)
            }
            Framing::Nothing => return None,
        };
        // What cannot be read passes nevertheless.
        found.unwrap_or_else(|_| {
            self.0 = Framing::Nothing;
            None
        })
    }
}

fn frames(reader: &mut FrameReader) -> Result<Option<Usage>, String> {
    let mut found = Vec::new();
    while let Some(frame) = reader.next()? {
        let Frame::Event(_, payload) = frame else { continue };
        let piece = serde_json::from_slice::<Piece>(&payload).ok();
        let event = piece.and_then(|piece| STANDARD.decode(piece.bytes).ok());
        let event = serde_json::from_slice(event.as_deref().unwrap_or(&payload)).ok();
        found.extend(event.and_then(|event: Value| usage_in(&event)));
    }
    Ok(largest(found.into_iter()))
}

/// Each figure is the whole so far, but not each event has all of them.
fn largest(told: impl Iterator<Item = Usage>) -> Option<Usage> {
    told.reduce(Usage::largest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::provider::pass_through::NATIVE_APIS;

    #[test]
    fn conversations_are_known_by_their_paths() {
        for (prefix, path, is_spoken) in [
            ("anthropic", "/v1/messages", true),
            ("anthropic", "/v1/messages/batches", false),
            ("anthropic", "/v1/messages/count_tokens", false),
            ("gemini", "/v1beta/models/m:generateContent", true),
            ("gemini", "/v1beta/models/m:streamGenerateContent", true),
            ("gemini", "/v1beta/models/m:embedContent", false),
            ("vertex_ai", "/v1/publishers/anthropic/models/m:streamRawPredict", true),
            ("bedrock", "/model/m/converse-stream", true),
            ("bedrock", "/model/m/invoke", false),
            ("cohere", "/v2/chat", true),
            ("cohere", "/v1/chat", false),
            ("mistral", "/v1/chat/completions", true),
            ("openai", "/v1/responses", false),
        ] {
            let api = NATIVE_APIS.iter().find(|api| api.prefixes.contains(&prefix)).unwrap();
            assert_eq!(spoken(api, &NativePath::new(path).unwrap()).is_some(), is_spoken, "{path}");
        }
    }

    const STREAM: &str = "event: message_start\ndata: {\"message\":{\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n\
        data: [DONE]\n\nevent: message_delta\ndata: {\"usage\":{\"output_tokens\":7}}\n\n";

    #[test]
    fn figures_of_several_events_are_put_together_wherever_the_stream_is_cut() {
        for cut in 0..STREAM.len() {
            let mut reader = UsageReader::of("text/event-stream; charset=utf-8");
            let (first, rest) = STREAM.as_bytes().split_at(cut);
            let told = [reader.push(first), reader.push(rest)].into_iter().flatten().reduce(Usage::largest);
            assert_eq!(told, Some(Usage { input: 10, output: 7, ..Usage::default() }), "cut at {cut}");
        }
        assert_eq!(UsageReader::of("audio/mpeg").push(STREAM.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..6), frames in any::<bool>(),
        ) {
            let kind = if frames { "application/vnd.amazon.eventstream" } else { "text/event-stream" };
            let mut reader = UsageReader::of(kind);
            for part in parts {
                reader.push(&part);
            }
        }
    }
}
