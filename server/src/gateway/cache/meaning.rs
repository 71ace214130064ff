//! Questions that mean the same: found by vectors, which a model of the configuration makes.
//!
//! Making one is a call of its own, booked to whoever asks: it has its price, its row in the log and its place in every
//! budget. Where it fails or takes long, the question is as good as new.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::subject::{Realm, Subject};
use super::{Hit, Plan};
use crate::cache::canonical::canonical;
use crate::cache::{Partition, Unit, digest_of, question};
use crate::domain::operation::Operation;
use crate::gateway::call::Context;
use crate::gateway::route::{self, Reply, Source};
use crate::gateway::settle::{Call, Outcome};
use crate::gateway::task::request::TaskRequest;
use crate::gateway::upstream::Upstream;

/// Longer nobody waits for a vector.
const VECTOR_TIMEOUT: Duration = Duration::from_secs(5);

/// A question, and all else that its answer depends on.
#[derive(Debug)]
pub(super) struct Meaning {
    partition: Partition,
    question: String,
}

/// A question as it is held.
#[derive(Clone, Debug)]
pub(super) struct Located {
    pub(super) partition: Partition,
    pub(super) vector: Unit,
}

impl Meaning {
    /// Of a call with this body; `None` where it is not looked up by meaning.
    pub(super) fn of(subject: &Subject<'_>, realm: &Realm, body: &[u8], with_tools: bool) -> Option<Self> {
        let mut members: Map<String, Value> = serde_json::from_slice(body).ok()?;
        if !with_tools && question::has_tools(&members) {
            return None;
        }
        let question = question::take(&mut members)?;
        let asked = members.iter().filter(|(name, _)| subject.is_asked(name));
        let asked: Option<Vec<(&str, Vec<u8>)>> =
            asked.map(|(name, value)| Some((name.as_str(), canonical(&value.to_string()).ok()?))).collect();
        let all_else = subject.key_of(realm, asked?);
        Some(Self { partition: Partition(digest_of([all_else.as_str().as_bytes()])), question })
    }
}

impl Plan {
    /// Looks for an answer to a question that means the same, and says where this one is.
    pub(super) async fn find_alike(&self, context: &Context, upstream: &Upstream) -> (Option<Hit>, Option<Located>) {
        let Some(meaning) = &self.meaning else { return (None, None) };
        let Some(vector) = vector_of(context, upstream, &self.embedding_model(), &meaning.question).await else {
            return (None, None);
        };
        let located = Located { partition: meaning.partition, vector };
        (self.nearest(context, &located).await, Some(located))
    }

    async fn nearest(&self, context: &Context, located: &Located) -> Option<Hit> {
        self.reads?;
        let now = context.gateway.clock.now();
        let Located { partition, vector } = located;
        let (key, similarity) = self.cache.nearest(partition, vector, now).await?;
        if f64::from(similarity) < self.cache.settings.load().similarity_threshold {
            return None;
        }
        let Some(entry) = self.cache.get(std::slice::from_ref(&key), now).await.pop().flatten() else {
            self.cache.forget(partition, &key);
            return None;
        };
        self.is_wanted(&entry, context).then_some(Hit { key, entry, similarity: Some(similarity) })
    }

    fn embedding_model(&self) -> String {
        self.cache.settings.load().embedding_model.clone().unwrap_or_default()
    }
}

/// The vector of a question; `None` where it cannot be had.
async fn vector_of(context: &Context, upstream: &Upstream, model: &str, question: &str) -> Option<Unit> {
    let asking = tokio::time::timeout(VECTOR_TIMEOUT, ask(context, upstream, model, question));
    let answer = asking.await.ok().flatten();
    if answer.is_none() {
        tracing::warn!(model, "the semantic cache got no vector: the question is taken for a new one");
    }
    Unit::of(&read(&answer?)?)
}

/// The answer to a call that is made for another one, settled.
async fn ask(context: &Context, upstream: &Upstream, model: &str, question: &str) -> Option<Bytes> {
    let body = json!({ "model": model, "input": question, "encoding_format": "float" });
    let task = TaskRequest::of(Operation::Embedding, Bytes::from(body.to_string())).ok()?;
    let context = context.on_behalf(Operation::Embedding.call_type(), model);
    let started = context.start(&task, model).await.ok()?;
    match route::forward(&context, upstream, started, &task).await {
        Ok((call, Reply { source: Source::Whole(_, whole), .. })) => {
            let body = whole.openai.clone();
            settle(call, Outcome::answered(200, whole.answer, whole.text)).await;
            Some(body)
        }
        // Nothing else is an embedding.
        Ok((call, _)) => {
            settle(call, Outcome::failed(502, "the answer is no embedding")).await;
            None
        }
        Err((call, unanswered)) => {
            drop(context.fail(call, unanswered, |_, body| body).await);
            None
        }
    }
}

async fn settle(call: Call, outcome: Outcome) {
    call.finish(outcome).await;
}

fn read(answer: &[u8]) -> Option<Vec<f32>> {
    #[derive(Deserialize)]
    struct Answer {
        data: Vec<Item>,
    }
    #[derive(Deserialize)]
    struct Item {
        embedding: Vec<f32>,
    }
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    answer.data.into_iter().next().map(|item| item.embedding)
}
