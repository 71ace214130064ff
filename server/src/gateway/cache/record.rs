//! Answers on their way into the cache.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponseBuilder;
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Plan;
use super::meaning::Located;
use super::replay::describe_miss;
use crate::cache::{Entry, EntryHead, Key, Lead, ResponseCache, Served};
use crate::gateway::settle::{Call, Settled};

/// Takes the answer of a call. Dropped without one, the call has failed for all who wait for it.
#[derive(Debug)]
pub(in crate::gateway) struct Recording {
    cache: Arc<ResponseCache>,
    key: Key,
    ttl: Option<Duration>,
    lead: Option<Lead>,
    /// Where its question is among those that are found by meaning.
    located: Option<Located>,
}

/// An answer that came and was settled.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Taken {
    /// When.
    pub(in crate::gateway) now: DateTime<Utc>,
    /// Who gave it.
    pub(in crate::gateway) served: Served,
    /// What it took and cost.
    pub(in crate::gateway) settled: Settled,
}

impl Taken {
    /// Until when it is kept, in milliseconds since 1970.
    pub(super) fn expires_ms(&self, ttl: Duration) -> i64 {
        let expires = TimeDelta::from_std(ttl).ok().and_then(|ttl| self.now.checked_add_signed(ttl));
        expires.unwrap_or(self.now).timestamp_millis()
    }
}

impl Recording {
    pub(super) fn new(plan: Plan, lead: Option<Lead>, located: Option<Located>) -> Self {
        let Plan { cache, key, writes, .. } = plan;
        Self { cache, key, ttl: writes, lead, located }
    }

    /// Says in an answer's head that it does not come from the cache.
    pub(in crate::gateway) fn describe(&self, head: &mut HttpResponseBuilder) {
        describe_miss(head, &self.key);
    }

    /// What takes the answer of a call that was answered: of another model's nothing is kept, since that stands in for a
    /// while only.
    pub(in crate::gateway) fn of(recording: Option<Self>, call: &Call) -> Option<Self> {
        let mut recording = recording?;
        if call.tried().fallbacks > 0 {
            recording.ttl = None;
        }
        Some(recording)
    }

    /// The answer is not to be kept: those who wait for it ask for themselves.
    pub(in crate::gateway) fn decline(self) {
        if let Some(lead) = &self.lead {
            lead.pass();
        }
    }

    /// Keeps a whole answer, if it is one.
    pub(in crate::gateway) fn keep(self, body: Bytes, content_type: &str, taken: Taken) {
        if is_answer(&body, content_type) { self.put(body, None, content_type, taken) } else { self.decline() }
    }

    /// Keeps a stream while it goes to the client.
    pub(in crate::gateway) fn tape(self) -> Tape {
        let bytes_max = usize::try_from(self.cache.settings.load().max_entry_bytes).unwrap_or(usize::MAX);
        Tape { recording: Some(self), bytes: BytesMut::new(), pieces: Vec::new(), bytes_max }
    }

    fn put(self, bytes: Bytes, pieces: Option<Vec<usize>>, content_type: &str, taken: Taken) {
        let Self { cache, key, ttl, lead, located } = self;
        let Some(ttl) = ttl else {
            lead.iter().for_each(Lead::pass);
            return;
        };
        let expires_ms = taken.expires_ms(ttl);
        let Taken { now, served, settled } = taken;
        let head = EntryHead {
            created_ms: now.timestamp_millis(),
            expires_ms,
            content_type: content_type.to_owned(),
            pieces,
            served,
            usage: settled.usage,
            cost_nano: settled.cost.0,
        };
        let entry = Arc::new(Entry::new(head, bytes));
        if let Some(lead) = &lead {
            lead.land(Arc::clone(&entry));
        }
        // Nobody waits for Redis; until it has the answer, whoever makes the same call gets it from the one who leads.
        tokio::spawn(async move {
            cache.put(&[(key.clone(), entry)]).await;
            drop(lead);
            if let Some(Located { partition, vector }) = located {
                cache.hold(partition, vector, key, expires_ms).await;
            }
        });
    }
}

/// A stream as it went to the client.
#[derive(Debug)]
pub(in crate::gateway) struct Tape {
    recording: Option<Recording>,
    bytes: BytesMut,
    pieces: Vec<usize>,
    bytes_max: usize,
}

impl Tape {
    /// Takes a piece. A stream that becomes too long is not kept.
    pub(in crate::gateway) fn push(&mut self, piece: &Bytes) {
        if self.recording.is_none() {
            return;
        }
        if self.bytes.len().saturating_add(piece.len()) > self.bytes_max {
            self.bytes = BytesMut::new();
            self.pieces = Vec::new();
            self.recording.take().into_iter().for_each(Recording::decline);
            return;
        }
        self.bytes.extend_from_slice(piece);
        self.pieces.push(piece.len());
    }

    /// The stream ended well: keeps it.
    pub(in crate::gateway) fn keep(&mut self, taken: Taken) {
        if let Some(recording) = self.recording.take() {
            let (bytes, pieces) = (std::mem::take(&mut self.bytes).freeze(), std::mem::take(&mut self.pieces));
            recording.put(bytes, Some(pieces), "text/event-stream; charset=utf-8", taken);
        }
    }
}

/// Whether a body is the answer that its status says it is: some providers report errors as if they were none.
fn is_answer(body: &[u8], content_type: &str) -> bool {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        error: Option<&'a RawValue>,
    }
    if !content_type.contains("json") {
        return !body.is_empty();
    }
    serde_json::from_slice::<Answer<'_>>(body)
        .is_ok_and(|answer| answer.error.is_none_or(|error| error.get() == "null"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_no_answer_whatever_its_status() {
        for body in [r#"{"error":{"message":"no"}}"#, r#"{"error":"no"}"#, "<html>", "", "[]"] {
            assert!(!is_answer(body.as_bytes(), "application/json"), "{body}");
        }
        assert!(is_answer(br#"{"choices":[],"error":null}"#, "application/json; charset=utf-8"));
        assert!(is_answer(b"what was said", "text/plain") && !is_answer(b"", "text/plain"));
    }
}
