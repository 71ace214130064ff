//! A call and the cache: what is noted of an answer that comes from there, and what is told of one that goes there.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tollgate_openapi::money::NanoUsd;

use super::{Call, Settled};
use crate::cache::Served;
use crate::gateway::cache::Taken;
use crate::ledger::event::CACHE_KEY_NOTE;
use crate::provider::openai::Answer;

/// Where a call's answer came from that no provider gave.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct FromCache {
    /// Who gave it first.
    pub(in crate::gateway) served: Served,
    /// What it is kept under.
    pub(in crate::gateway) key: String,
    /// What it cost then.
    pub(in crate::gateway) saved: NanoUsd,
    /// Its age, and what it spared.
    pub(in crate::gateway) note: Value,
}

impl Call {
    /// What the cache wants to know of an answer, before it is settled.
    pub(in crate::gateway) fn taken(&self, answer: &Answer) -> Taken {
        let Some(open) = &self.0 else { return Taken::default() };
        let owned = |text: &Option<Arc<str>>| text.as_ref().map(ToString::to_string);
        let served = Served {
            model: open.event.model.to_string(),
            model_id: owned(&open.event.model_id),
            provider: owned(&open.event.provider),
            api_base: owned(&open.event.api_base),
            response_id: answer.response_id.clone(),
        };
        Taken { now: open.gateway.clock.now(), served, settled: Settled::default() }
    }

    /// Only this is asked of the provider: it is counted where the provider does not tell what it took.
    pub(in crate::gateway) fn counts_by(&mut self, body: Bytes) {
        if let Some(open) = &mut self.0 {
            open.counted = Some(body);
        }
    }

    /// Notes that a part of the answer comes from the cache, and what that cost then.
    pub(in crate::gateway) fn saved_by_cache(&mut self, saved: NanoUsd) {
        if let Some(open) = &mut self.0 {
            open.event.saved.by_cache_nano = saved.0;
        }
    }

    /// Notes that the answer comes from the cache: nobody is called, and it costs nothing.
    pub(in crate::gateway) fn answered_from_cache(&mut self, from: FromCache) {
        let Some(open) = &mut self.0 else { return };
        let FromCache { served, key, saved, note } = from;
        let event = &mut open.event;
        event.cache_hit = true;
        event.saved.by_cache_nano = saved.0;
        event.model = Arc::from(served.model);
        event.model_id = served.model_id.map(Arc::from);
        event.provider = served.provider.map(Arc::from);
        event.api_base = served.api_base.map(Arc::from);
        event.metadata.insert(CACHE_KEY_NOTE.to_owned(), Value::from(key));
        event.metadata.insert("cache".to_owned(), note);
        let elapsed = open.gateway.clock.monotonic().saturating_duration_since(open.started);
        event.overhead_us = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
        if event.stream {
            event.completion_start_time = Some(open.gateway.clock.now());
        }
    }
}
