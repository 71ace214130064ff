//! What is read of a stream in a provider's own form while it passes.

use bytes::Bytes;

use crate::domain::usage::Usage;
use crate::gateway::stream::Watcher;
use crate::provider::chat::AnswerHead;
use crate::provider::chat::stream::OpenAiEvents;
use crate::provider::openai::{SseFilter, StreamOutcome};
use crate::provider::pass_through::reading::{Spoken, UsageReader};

/// Reads a stream.
pub(super) enum PassingWatcher {
    /// A conversation, in OpenAI's events or in some that are read as such.
    Said { events: Option<OpenAiEvents>, filter: SseFilter },
    /// Anything else.
    Other { reader: UsageReader, told: Option<Usage> },
}

impl PassingWatcher {
    /// Of a stream of this media type. Where no model works, nothing is taken unless the provider says so.
    pub(super) fn new(spoken: Option<Spoken>, media_type: &str, asks_model: bool, head: AnswerHead) -> Self {
        let filter = SseFilter::new(true);
        match spoken {
            Some(Spoken::OpenAi) => Self::Said { events: None, filter },
            Some(Spoken::Translated(dialect)) => {
                Self::Said { events: Some(OpenAiEvents::new(dialect.stream(head))), filter }
            }
            None => {
                let told = (!asks_model).then(Usage::default);
                Self::Other { reader: UsageReader::of(media_type), told }
            }
        }
    }
}

impl Watcher for PassingWatcher {
    fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Said { events, filter } => {
                let read = match events {
                    Some(events) => events.push(bytes),
                    None => Bytes::copy_from_slice(bytes),
                };
                drop(filter.push(read));
            }
            Self::Other { reader, told } => {
                if let Some(usage) = reader.push(bytes) {
                    *told = Some(told.map_or(usage, |told| told.largest(usage)));
                }
            }
        }
    }

    fn outcome(&mut self) -> StreamOutcome {
        match self {
            Self::Said { events, filter } => {
                if let Some(events) = events {
                    drop(filter.push(events.finish()));
                }
                std::mem::replace(filter, SseFilter::new(true)).into_outcome()
            }
            Self::Other { told, .. } => {
                let mut outcome = StreamOutcome::default();
                outcome.answer.usage = told.take();
                outcome
            }
        }
    }

    /// What is no event of the provider's is not for its client.
    fn broken_off(&self, _message: &str) -> Bytes {
        Bytes::new()
    }
}
