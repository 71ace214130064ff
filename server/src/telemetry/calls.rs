//! Metrics of calls: LiteLLM's names, and the simple ones its guides use.
//!
//! Looking a metric up by its labels costs more than counting, so each worker keeps the handles it has used. Only so many
//! keys have metrics of their own: each takes about 14 kB for every model it uses, here and again in Prometheus.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use metrics::{
    Counter, Gauge, Histogram, Label, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use parking_lot::Mutex;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::CallStatus;

use crate::domain::operation::Operation;
use crate::ledger::SpendEvent;
use crate::ledger::event::CACHE_KEY_NOTE;

/// Handles a worker keeps; above it, it starts anew.
const HANDLES_MAX: usize = 10_000;

/// What stands for the keys that have no metrics of their own, and for their users and teams.
const OTHER: &str = "other";

static KEYS_MAX: AtomicUsize = AtomicUsize::new(1_000);
static KEYS: Mutex<Option<HashSet<Arc<str>>>> = Mutex::new(None);

struct Handles {
    requests: Counter,
    proxy_requests: Counter,
    simple_requests: Counter,
    failures: Option<(Counter, Counter)>,
    spend: Gauge,
    simple_spend: Gauge,
    tokens: Counter,
    simple_tokens: Counter,
    input_tokens: Counter,
    output_tokens: Counter,
    latency: Histogram,
    simple_latency: Histogram,
    time_to_first_token: Histogram,
    overhead: Histogram,
}

thread_local! {
    static HANDLES: RefCell<HashMap<u64, Arc<Handles>>> = RefCell::new(HashMap::new());
}

/// Names and units, shown in `/metrics`.
pub(super) fn describe() {
    describe_counter!("litellm_requests_total", "Calls");
    describe_gauge!("litellm_spend_total", "Spend in US dollars");
    describe_counter!("litellm_tokens_total", "Input and output tokens");
    describe_counter!("litellm_errors_total", "Calls that failed");
    describe_counter!("litellm_cache_hits_total", "Calls answered from the cache");
    describe_counter!("litellm_cache_hits_metric_total", "Calls answered from the cache, by model");
    describe_counter!("litellm_cache_misses_metric_total", "Calls looked up in the cache in vain, by model");
    describe_counter!("litellm_cached_tokens_metric_total", "Tokens of calls answered from the cache, by model");
    describe_gauge!("tollgate_cache_up", "1 where Redis answers the cache");
    describe_counter!("tollgate_unpriced_requests_total", "Calls to models without a known price, booked at 0");
    describe_counter!("tollgate_disconnect_drains_total", "Answers of providers read on after their client had left");
    describe_counter!("tollgate_soft_budget_exceeded_total", "Calls beyond a budget that only warns");
    describe_histogram!("litellm_request_duration_seconds", "Time of whole calls");
    counter!("litellm_cache_hits_total").absolute(0);
}

/// Counts an ended call.
pub fn record(event: &SpendEvent) {
    let handles = handles(event);
    handles.requests.increment(1);
    handles.proxy_requests.increment(1);
    handles.simple_requests.increment(1);
    if let Some((failures, simple)) = &handles.failures {
        failures.increment(1);
        simple.increment(1);
    }
    // Prometheus counts in floats, and the registry's counters in whole numbers; the ledger has the exact figure.
    let spend = NanoUsd(event.spend_nano).to_usd();
    handles.spend.increment(spend);
    handles.simple_spend.increment(spend);
    handles.tokens.increment(event.usage.total_tokens());
    handles.simple_tokens.increment(event.usage.total_tokens());
    handles.input_tokens.increment(event.usage.prompt_tokens());
    handles.output_tokens.increment(event.usage.completion_tokens());
    record_cache(event);
    let seconds = |delta: chrono::TimeDelta| delta.to_std().map_or(0.0, |delta| delta.as_secs_f64());
    let whole = seconds(event.end_time - event.start_time);
    handles.latency.record(whole);
    handles.simple_latency.record(whole);
    if let Some(first) = event.completion_start_time {
        handles.time_to_first_token.record(seconds(first - event.start_time));
    }
    if event.model_id.is_some() {
        let overhead_us = u64::try_from(event.overhead_us).unwrap_or(0);
        handles.overhead.record(std::time::Duration::from_micros(overhead_us).as_secs_f64());
    }
}

/// Counts a call that was looked up in the cache.
fn record_cache(event: &SpendEvent) {
    let model = || event.model_group.to_string();
    if event.cache_hit {
        counter!("litellm_cache_hits_total").increment(1);
        counter!("litellm_cache_hits_metric_total", "requested_model" => model()).increment(1);
        let tokens = event.usage.total_tokens();
        counter!("litellm_cached_tokens_metric_total", "requested_model" => model()).increment(tokens);
    } else if event.metadata.contains_key(CACHE_KEY_NOTE) {
        counter!("litellm_cache_misses_metric_total", "requested_model" => model()).increment(1);
    }
}

/// Counts a call beyond a budget that only warns; `kind` is that of its scope.
pub fn soft_budget_exceeded(kind: &'static str) {
    counter!("tollgate_soft_budget_exceeded_total", "scope" => kind).increment(1);
}

/// Counts a call whose price nobody knows.
pub fn unpriced(model_group: &str, model: &str) {
    counter!("tollgate_unpriced_requests_total", "model_group" => model_group.to_owned(), "model" => model.to_owned())
        .increment(1);
}

/// The names asked for and used, if a deployment was chosen: a refused call may name anything as its model.
fn served_model(event: &SpendEvent) -> Option<(&str, &str)> {
    event.model_id.is_some().then(|| (&*event.model_group, &*event.model))
}

/// Lets so many keys have metrics of their own; those that called first have them.
pub fn keep_keys(at_most: usize) {
    KEYS_MAX.store(at_most, Ordering::Relaxed);
}

/// The route of a call of this type, without its version, as LiteLLM names it.
fn route_of(call_type: &str) -> &'static str {
    let served = Operation::TASKS.into_iter().chain([Operation::Completion]);
    let named = served.into_iter().find(|operation| operation.call_type() == call_type).map(Operation::path);
    named.unwrap_or(match call_type {
        "anthropic_messages" => "/messages",
        "aresponses" => "/responses",
        "pass_through_endpoint" => "/pass_through",
        _ => Operation::Chat.path(),
    })
}

fn has_own(api_key: &Arc<str>) -> bool {
    let mut keys = KEYS.lock();
    let keys = keys.get_or_insert_default();
    keys.contains(api_key) || (keys.len() < KEYS_MAX.load(Ordering::Relaxed) && keys.insert(Arc::clone(api_key)))
}

fn handles(event: &SpendEvent) -> Arc<Handles> {
    let payer = Payer::of(event);
    HANDLES.with_borrow_mut(|known| {
        let own = payer.hash_with(event);
        if let Some(handles) = known.get(&own) {
            return Arc::clone(handles);
        }
        if known.len() >= HANDLES_MAX {
            known.clear();
        }
        let (payer, hash) =
            if has_own(&event.api_key) { (payer, own) } else { (Payer::OTHER, Payer::OTHER.hash_with(event)) };
        Arc::clone(known.entry(hash).or_insert_with(|| Arc::new(Handles::new(event, payer))))
    })
}

/// Whose call it was.
#[derive(Clone, Copy, Hash)]
struct Payer<'a> {
    key: &'a str,
    alias: Option<&'a str>,
    user: Option<&'a str>,
    team: Option<&'a str>,
}

impl<'a> Payer<'a> {
    const OTHER: Self = Self { key: OTHER, alias: Some(OTHER), user: Some(OTHER), team: Some(OTHER) };

    fn of(event: &'a SpendEvent) -> Self {
        let SpendEvent { api_key, key_alias, user_id, team_id, .. } = event;
        Self { key: api_key, alias: key_alias.as_deref(), user: user_id.as_deref(), team: team_id.as_deref() }
    }

    fn hash_with(self, event: &SpendEvent) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self, &event.model_id, served_model(event), event.status_code, event.status).hash(&mut hasher);
        hasher.finish()
    }
}

impl Handles {
    fn new(event: &SpendEvent, payer: Payer<'_>) -> Self {
        let text = |value: Option<&str>| value.unwrap_or("None").to_owned();
        let (model_group, model) = served_model(event).unwrap_or(("None", "None"));
        let model_group = model_group.to_owned();
        let base = [
            // End users are without number; LiteLLM leaves them out by default, too.
            Label::new("end_user", "None"),
            Label::new("user", text(payer.user)),
            Label::new("hashed_api_key", payer.key.to_owned()),
            Label::new("api_key_alias", text(payer.alias)),
            Label::new("team", text(payer.team)),
            Label::new("requested_model", model_group.clone()),
        ];
        let with = |more: &[(&'static str, String)]| {
            let more = more.iter().map(|(name, value)| Label::new(*name, value.clone()));
            base.iter().cloned().chain(more).collect::<Vec<Label>>()
        };
        let model = [
            ("model", model.to_owned()),
            ("model_id", text(event.model_id.as_deref())),
            ("api_provider", text(event.provider.as_deref())),
        ];
        let status = [("status_code", event.status_code.to_string()), ("route", route_of(&event.call_type).to_owned())];
        let simple = vec![Label::new("model", model_group), Label::new("provider", text(event.provider.as_deref()))];
        let simple_with_status =
            simple.iter().cloned().chain([Label::new("status", event.status.as_str())]).collect::<Vec<Label>>();
        let is_failed = matches!(event.status, CallStatus::Failure | CallStatus::Interrupted);
        let failed =
            [("exception_status", event.status_code.to_string()), ("route", route_of(&event.call_type).to_owned())];
        Self {
            requests: counter!("litellm_requests_metric_total", with(&model)),
            proxy_requests: counter!("litellm_proxy_total_requests_metric_total", with(&status)),
            simple_requests: counter!("litellm_requests_total", simple_with_status),
            failures: is_failed.then(|| {
                let own = counter!("litellm_proxy_failed_requests_metric_total", with(&failed));
                (own, counter!("litellm_errors_total", simple.clone()))
            }),
            spend: gauge!("litellm_spend_metric_total", with(&model)),
            simple_spend: gauge!("litellm_spend_total", simple.clone()),
            tokens: counter!("litellm_total_tokens_metric_total", with(&model)),
            simple_tokens: counter!("litellm_tokens_total", simple.clone()),
            input_tokens: counter!("litellm_input_tokens_metric_total", with(&model)),
            output_tokens: counter!("litellm_output_tokens_metric_total", with(&model)),
            latency: histogram!("litellm_request_total_latency_metric", with(&model)),
            simple_latency: histogram!("litellm_request_duration_seconds", simple),
            time_to_first_token: histogram!("litellm_llm_api_time_to_first_token_metric", with(&model)),
            overhead: histogram!("litellm_overhead_latency_metric", with(&model)),
        }
    }
}
