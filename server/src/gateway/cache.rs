//! Between admission and routing: has this call been answered before, or is somebody about to?
//!
//! A [`Plan`] says what the cache is to do for a call. Looking it up finds an answer, which [`replay`] gives to the
//! client, or a [`Recording`], which takes the answer that the call is about to get.

mod controls;
mod items;
mod meaning;
mod record;
mod replay;
mod subject;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header as web_header;
use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::Value;
use serde_json::value::RawValue;

use super::call::{Context, Started};
use super::client::Client;
use super::incoming::Incoming;
use super::settle::Call;
use super::task::request::{TaskRequest, TaskSeen};
use super::upstream::Upstream;
use crate::cache::{Boarding, Entry, Key, ResponseCache};
use crate::config::call_type;
use crate::domain::operation::Operation;
use crate::ledger::event::CACHE_KEY_NOTE;
use crate::provider::openai::RequestError;
use crate::provider::responses::body::Raw;
use controls::Controls;
pub(super) use items::Basket;
use meaning::Meaning;
pub(super) use record::{Recording, Taken, Tape};
pub(super) use replay::{describe_hit, replay};
use subject::{Realm, Subject};

/// What the cache is to do for a call.
#[derive(Debug)]
pub(super) struct Plan {
    cache: Arc<ResponseCache>,
    key: Key,
    /// What the answers to its inputs are kept under, where each is kept apart.
    items: Vec<Key>,
    /// What it means, where it is looked up by that, too.
    meaning: Option<Meaning>,
    /// The answer may come from the cache, and not be older than this.
    reads: Option<Duration>,
    /// The answer is kept for so long.
    writes: Option<Duration>,
}

/// An answer that was found.
#[derive(Debug)]
pub(super) struct Hit {
    key: Key,
    entry: Arc<Entry>,
    /// How alike the questions are, where they are not the same.
    similarity: Option<f32>,
}

/// Calls that are conversations with a question in them.
const BY_MEANING: [&str; 4] = ["completion", "text_completion", "anthropic_messages", "responses"];

/// What came of looking a call up.
#[derive(Debug)]
pub(super) enum Found {
    /// Its answer.
    Hit(Hit),
    /// Nothing; the answer may be recorded, where the cache has anything to do with the call.
    Miss(Option<Recording>),
}

/// A call as the cache sees it.
#[derive(Clone, Copy)]
struct Seen<'a> {
    /// LiteLLM's name of such calls.
    call_type: &'static str,
    model: &'a str,
    is_stream: bool,
    body: &'a [u8],
    /// Headers that the provider is sent.
    headers: &'a HeaderMap,
    /// Of a form, the digest of its files.
    files: Option<[u8; 32]>,
}

impl Plan {
    /// For a conversation. `None`: the cache has nothing to do with it.
    ///
    /// # Errors
    /// When what it says of the cache is wrong.
    pub(super) fn of_conversation(
        context: &Context,
        client: Client,
        incoming: &Incoming,
        http: &web_header::HeaderMap,
    ) -> Result<Option<Self>, RequestError> {
        let body: &Bytes = match (incoming.as_messages(), incoming.as_responses()) {
            (Some((_, native)), _) => native,
            (None, Some(call)) => call.bytes(),
            (None, None) => &incoming.body,
        };
        let (model, is_stream) = (&*incoming.request.model, incoming.request.stream);
        let seen =
            Seen { call_type: client.call_type(), model, is_stream, body, headers: &incoming.headers, files: None };
        let plan = Self::of(context, seen, http)?;
        Ok(plan.filter(|_| !incoming.request.reads_unknown))
    }

    /// For anything else.
    ///
    /// # Errors
    /// When what it says of the cache is wrong.
    pub(super) async fn of_task(
        context: &Context,
        task: &TaskRequest,
        http: &web_header::HeaderMap,
    ) -> Result<Option<Self>, RequestError> {
        if context.gateway.cache.is_none() {
            return Ok(None);
        }
        let TaskSeen { operation, request, body, files } = task.seen().await;
        let headers = HeaderMap::new();
        let (model, is_stream, call_type) = (&*request.model, request.stream, operation.call_type());
        let seen = Seen { call_type, model, is_stream, body, headers: &headers, files };
        let plan = Self::of(context, seen, http)?;
        // What is written down while it is heard comes in a form of its own.
        Ok(plan.filter(|_| !is_stream && operation != Operation::Translation))
    }

    fn of(context: &Context, seen: Seen<'_>, http: &web_header::HeaderMap) -> Result<Option<Self>, RequestError> {
        let Some(cache) = &context.gateway.cache else { return Ok(None) };
        // What names a member twice means nothing certain.
        let Ok(Raw(members)) = serde_json::from_slice::<Raw<'_>>(seen.body) else { return Ok(None) };
        let controls = Controls::read(member(&members, controls::MEMBER), member(&members, controls::SWITCH), http)?;
        let settings = cache.settings.load();
        let Some(call_type) = call_type(seen.call_type) else { return Ok(None) };
        let is_supported =
            settings.supported_call_types.as_ref().is_none_or(|all| all.iter().any(|one| one == call_type));
        if !is_supported || (settings.is_on_demand && !controls.use_cache) {
            return Ok(None);
        }
        let Seen { model, is_stream, headers, files, .. } = seen;
        let subject = Subject { call_type, model, is_stream, members: &members, headers, files };
        let namespace = controls.namespace.clone().or_else(|| settings.namespace.clone());
        // A setting that may change while the gateway runs.
        let tags_decide = context.gateway.routing.load().enable_tag_filtering;
        let tags = if tags_decide { context.tags().map(str::to_owned).collect() } else { Vec::new() };
        let realm = Realm::new(settings.isolation, &context.policy, namespace, tags);
        let Some(key) = subject.key(&realm).filter(|_| subject.is_repeatable()) else { return Ok(None) };
        let Some(items) = subject.items(&realm) else { return Ok(None) };
        let ttl = controls.ttl.unwrap_or(settings.ttl);
        let by_meaning = cache.vectors.as_ref().filter(|_| BY_MEANING.contains(&call_type));
        let meaning = by_meaning.and_then(|_| Meaning::of(&subject, &realm, seen.body, settings.semantic_with_tools));
        Ok(Some(Self {
            cache: Arc::clone(cache),
            key,
            items,
            meaning,
            reads: (!controls.no_cache).then(|| controls.max_age.unwrap_or(Duration::MAX)),
            writes: (!controls.no_store && !ttl.is_zero()).then_some(ttl),
        }))
    }

    /// Looks a call up; where the same call is on its way, waits for its answer.
    pub(super) async fn look_up(
        plan: Option<Self>,
        context: &Context,
        upstream: &Upstream,
        started: &mut Started,
    ) -> Found {
        let Some(mut plan) = plan else { return Found::Miss(None) };
        plan.note(&mut started.call);
        if started.output_limit.is_some() {
            // It will be shorter than it was wanted, for want of money that others may have.
            plan.writes = None;
        }
        if let Some(entry) = plan.find(context).await {
            return plan.hit(entry);
        }
        let lead = match plan.wait().await {
            Boarding::Landed(entry) if plan.is_wanted(&entry, context) => return plan.hit(entry),
            Boarding::Landed(_) | Boarding::Alone => None,
            Boarding::Lead(lead) => {
                // Whoever led before may have landed since the cache was looked into.
                if let Some(entry) = plan.find(context).await {
                    return plan.hit(entry);
                }
                Some(lead)
            }
        };
        let (alike, located) = Box::pin(plan.find_alike(context, upstream)).await;
        match alike {
            Some(hit) => {
                if let Some(lead) = &lead {
                    lead.land(Arc::clone(&hit.entry));
                }
                Found::Hit(hit)
            }
            None => Found::Miss(Some(Recording::new(plan, lead, located))),
        }
    }

    /// The answer to each of its inputs is kept apart.
    pub(super) const fn is_by_item(&self) -> bool {
        !self.items.is_empty()
    }

    /// Notes in the log under what the call was looked up.
    fn note(&self, call: &mut Call) {
        call.note(CACHE_KEY_NOTE, Value::from(self.key.as_str()));
    }

    /// Waits for the same call that is on its way, or leads it.
    async fn wait(&self) -> Boarding {
        let patience = self.cache.settings.load().wait_timeout;
        if self.reads.is_none() || self.writes.is_none() || patience.is_zero() {
            return Boarding::Alone;
        }
        self.cache.flights.board(&self.key, patience).await
    }

    fn hit(self, entry: Arc<Entry>) -> Found {
        Found::Hit(Hit { key: self.key, entry, similarity: None })
    }

    async fn find(&self, context: &Context) -> Option<Arc<Entry>> {
        self.reads?;
        let mut found = self.cache.get(std::slice::from_ref(&self.key), context.gateway.clock.now()).await;
        found.pop().flatten().filter(|entry| self.is_wanted(entry, context))
    }

    /// Whether an answer is young enough.
    fn is_wanted(&self, entry: &Entry, context: &Context) -> bool {
        let age = Duration::from_millis(entry.age_ms(context.gateway.clock.now()));
        self.reads.is_some_and(|max_age| age <= max_age)
    }
}

fn member<'a>(members: &[(Cow<'a, str>, &'a RawValue)], name: &str) -> Option<&'a RawValue> {
    members.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
}
