//! Embeddings: each input is kept apart, and only those that are not known are bought.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use actix_web::HttpResponseBuilder;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tollgate_openapi::money::NanoUsd;

use super::Plan;
use crate::cache::{Boarding, Entry, EntryHead, Key, Lead};
use crate::gateway::cache::Taken;
use crate::gateway::call::Context;
use crate::gateway::settle::Call;
use crate::provider::responses::body::Raw;

/// The member that holds what is asked.
pub(super) const INPUT: &str = "input";

/// The inputs of a call, in canonical order of the call: each on its own.
///
/// A text or a list of numbers is one input; a list of anything else holds them.
pub(super) fn inputs(input: &RawValue) -> Option<Vec<&RawValue>> {
    if !input.get().starts_with('[') {
        return Some(vec![input]);
    }
    let items: Vec<&RawValue> = serde_json::from_str(input.get()).ok()?;
    let is_number = |item: &&RawValue| item.get().starts_with(|c: char| c.is_ascii_digit());
    Some(if !items.is_empty() && items.iter().all(is_number) { vec![input] } else { items })
}

/// A call's inputs and what is known of them.
#[derive(Debug)]
pub(in crate::gateway) struct Basket {
    plan: Plan,
    found: Vec<Option<Arc<Entry>>>,
    /// Places of the inputs that are bought, each once however often it is asked.
    bought: Vec<usize>,
    lead: Option<Lead>,
}

/// One input's answer as it is kept.
#[derive(Deserialize)]
struct Kept<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    embedding: &'a RawValue,
}

/// A provider's answer.
#[derive(Deserialize)]
struct Given<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Vec<GivenItem<'a>>,
}

#[derive(Deserialize)]
struct GivenItem<'a> {
    #[serde(borrow)]
    embedding: &'a RawValue,
    index: Option<usize>,
}

impl Basket {
    /// Looks up every input; where the same call is on its way, waits for it.
    pub(in crate::gateway) async fn look_up(plan: Plan, context: &Context, call: &mut Call) -> Self {
        plan.note(call);
        let mut basket = Self { found: Vec::new(), bought: Vec::new(), lead: None, plan };
        basket.find(context).await;
        if basket.bought.is_empty() {
            return basket;
        }
        if let Boarding::Lead(lead) = basket.plan.wait().await {
            basket.lead = Some(lead);
        }
        // Whoever was on the way has brought some of them meanwhile.
        basket.find(context).await;
        basket
    }

    async fn find(&mut self, context: &Context) {
        let keys = &self.plan.items;
        self.found = if self.plan.reads.is_some() {
            let mut found = self.plan.cache.get(keys, context.gateway.clock.now()).await;
            found.iter_mut().for_each(|entry| drop(entry.take_if(|entry| !self.plan.is_wanted(entry, context))));
            found
        } else {
            vec![None; keys.len()]
        };
        let mut seen: HashMap<&Key, usize> = HashMap::new();
        let missing = keys.iter().zip(&self.found).enumerate().filter(|(_, (_, found))| found.is_none());
        self.bought = missing.filter(|(at, (key, _))| seen.insert(key, *at).is_none()).map(|(at, _)| at).collect();
    }

    /// What it is about, for the log.
    pub(in crate::gateway) fn note(&self, now: chrono::DateTime<chrono::Utc>) -> Value {
        let found = self.found.iter().flatten();
        let oldest = found.clone().map(|entry| entry.age_ms(now)).max().unwrap_or(0);
        json!({
            "inputs": self.found.len(), "found": found.count(), "saved": self.saved().to_usd(),
            "age_seconds": super::replay::seconds(oldest),
        })
    }

    /// What the inputs cost that are known.
    pub(in crate::gateway) fn saved(&self) -> NanoUsd {
        self.found.iter().flatten().map(|entry| entry.cost()).sum()
    }

    /// Nothing has to be bought.
    pub(in crate::gateway) const fn is_complete(&self) -> bool {
        self.bought.is_empty()
    }

    /// Nothing is known: the call is made as it came.
    pub(in crate::gateway) fn is_all_bought(&self) -> bool {
        self.bought.len() == self.found.len()
    }

    /// The oldest answer in it.
    pub(in crate::gateway) fn oldest(&self) -> Option<&Entry> {
        self.found.iter().flatten().min_by_key(|entry| entry.head.created_ms).map(|entry| &**entry)
    }

    /// What it is kept under as a whole.
    pub(in crate::gateway) const fn key(&self) -> &Key {
        &self.plan.key
    }

    /// The body that asks for nothing but what is bought; `None` where it cannot be made.
    pub(in crate::gateway) fn body(&self, body: &[u8]) -> Option<Bytes> {
        let Raw(members) = serde_json::from_slice(body).ok()?;
        let input = members.iter().find(|(name, _)| name == INPUT)?.1;
        let items = inputs(input)?;
        let bought: Option<Vec<&str>> = self.bought.iter().map(|at| items.get(*at).map(|item| item.get())).collect();
        let bought = format!("[{}]", bought?.join(","));
        let members: Vec<(Cow<'_, str>, &str)> = members
            .into_iter()
            .map(|(name, value)| if name == INPUT { (name, bought.as_str()) } else { (name, value.get()) })
            .collect();
        Some(object(&members))
    }

    /// The whole answer, of what was given now and what was known; `None` where what was given is something else than
    /// what was asked.
    pub(in crate::gateway) fn answer(&self, given: &[u8]) -> Option<Bytes> {
        let bought = self.embeddings(given)?;
        let mut known: HashMap<&Key, &RawValue> = HashMap::new();
        for (at, embedding) in self.bought.iter().zip(bought) {
            known.insert(self.plan.items.get(*at)?, embedding);
        }
        let data = self.data(&known)?;
        let Raw(members) = serde_json::from_slice(given).ok()?;
        let members: Vec<(Cow<'_, str>, &str)> = members
            .into_iter()
            .map(|(name, value)| if name == "data" { (name, data.as_str()) } else { (name, value.get()) })
            .collect();
        Some(object(&members))
    }

    /// The whole answer of what was known; `None` where something was not.
    pub(in crate::gateway) fn known_answer(&self) -> Option<Bytes> {
        let data = self.data(&HashMap::new())?;
        let first: Kept<'_> = serde_json::from_slice(self.found.first()?.as_ref()?.bytes()).ok()?;
        let model = first.model.map_or("null", RawValue::get);
        let usage = r#"{"prompt_tokens":0,"total_tokens":0}"#;
        let members = [("object", r#""list""#), ("data", data.as_str()), ("model", model), ("usage", usage)];
        Some(object(&members.map(|(name, value)| (Cow::from(name), value))))
    }

    fn data(&self, bought: &HashMap<&Key, &RawValue>) -> Option<String> {
        let mut items = Vec::with_capacity(self.found.len());
        for (index, (key, found)) in self.plan.items.iter().zip(&self.found).enumerate() {
            let embedding = match found {
                Some(entry) => serde_json::from_slice::<Kept<'_>>(entry.bytes()).ok()?.embedding,
                None => bought.get(key)?,
            };
            let embedding = embedding.get();
            items.push(format!(r#"{{"object":"embedding","index":{index},"embedding":{embedding}}}"#));
        }
        Some(format!("[{}]", items.join(",")))
    }

    /// The embeddings of an answer to what was bought, in its order.
    fn embeddings<'a>(&self, given: &'a [u8]) -> Option<Vec<&'a RawValue>> {
        let given: Given<'a> = serde_json::from_slice(given).ok()?;
        let mut items: Vec<(usize, &RawValue)> = given
            .data
            .into_iter()
            .enumerate()
            .map(|(place, item)| (item.index.unwrap_or(place), item.embedding))
            .collect();
        items.sort_by_key(|(index, _)| *index);
        let is_whole =
            items.len() == self.bought.len() && items.iter().enumerate().all(|(at, (index, _))| at == *index);
        is_whole.then(|| items.into_iter().map(|(_, embedding)| embedding).collect())
    }

    /// Says in an answer's head that not all of it comes from the cache.
    pub(in crate::gateway) fn describe(&self, head: &mut HttpResponseBuilder) {
        super::replay::describe_miss(head, &self.plan.key);
    }

    /// Nothing is to be kept: another model stands in for a while.
    pub(in crate::gateway) const fn forgo(&mut self) {
        self.plan.writes = None;
    }

    /// Keeps what was given, each input apart. What it cost is shared evenly.
    pub(in crate::gateway) fn keep(self, given: &[u8], taken: Taken) {
        let Self { plan, lead, bought, .. } = &self;
        let (Some(ttl), Some(embeddings)) = (plan.writes, self.embeddings(given)) else {
            lead.iter().for_each(Lead::pass);
            return;
        };
        let model = serde_json::from_slice::<Given<'_>>(given).ok().and_then(|given| given.model);
        let model = model.map_or("null", RawValue::get);
        let share = taken.settled.cost.0 / i64::try_from(bought.len().max(1)).unwrap_or(i64::MAX);
        let expires_ms = taken.expires_ms(ttl);
        let head = EntryHead {
            created_ms: taken.now.timestamp_millis(),
            expires_ms,
            content_type: "application/json".to_owned(),
            served: taken.served,
            cost_nano: share,
            ..EntryHead::default()
        };
        let entry = |embedding: &RawValue| {
            let bytes = format!(r#"{{"model":{model},"embedding":{}}}"#, embedding.get());
            Arc::new(Entry::new(head.clone(), Bytes::from(bytes)))
        };
        let keys = bought.iter().filter_map(|at| plan.items.get(*at).cloned());
        let entries: Vec<(Key, Arc<Entry>)> = keys.zip(embeddings.into_iter().map(entry)).collect();
        let (cache, lead) = (Arc::clone(&plan.cache), self.lead);
        tokio::spawn(async move {
            cache.put(&entries).await;
            lead.iter().for_each(Lead::pass);
        });
    }
}

/// An object of these members, whose values are JSON.
fn object(members: &[(Cow<'_, str>, &str)]) -> Bytes {
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_ref()))).collect();
    Bytes::from(format!("{{{}}}", members.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(input: &str) -> Vec<String> {
        let raw = RawValue::from_string(input.to_owned()).unwrap();
        inputs(&raw).unwrap().into_iter().map(|item| item.get().to_owned()).collect()
    }

    #[test]
    fn inputs_are_told_apart() {
        assert_eq!(of(r#""a""#), [r#""a""#]);
        assert_eq!(of(r#"["a", "b"]"#), [r#""a""#, r#""b""#]);
        assert_eq!(of("[1, 2]"), ["[1, 2]"]);
        assert_eq!(of("[[1, 2], [3]]"), ["[1, 2]", "[3]"]);
        assert!(of("[]").is_empty());
    }
}
