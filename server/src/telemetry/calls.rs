//! Metrics of calls: LiteLLM's names, and the simple ones its guides use.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Label, counter, gauge, histogram};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::CallStatus;

use super::handles::Known;
use super::names::{CUSTOMERS, MODELS, OTHER, TAGS};
use super::payer::{Aliases, NONE, Payer, PayerLabels, Told};
use super::tokens::Kinds;
use crate::config::ErrorClass;
use crate::domain::operation::Operation;
use crate::ledger::SpendEvent;
use crate::ledger::event::CACHE_KEY_NOTE;

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
    /// What not every call has is made when the first has it.
    seldom: Seldom,
}

/// What not every call has.
struct Seldom {
    labels: Vec<Label>,
    model_group: Label,
    overhead_labels: Vec<Label>,
    kinds: Kinds,
    api_latency: OnceLock<Histogram>,
    time_to_first_token: OnceLock<Histogram>,
    overhead: OnceLock<Histogram>,
    cache_hits: OnceLock<[Counter; 3]>,
    cache_misses: OnceLock<Counter>,
}

thread_local! {
    static HANDLES: RefCell<Known<Handles>> = RefCell::default();
}

/// Counts an ended call. `provider_time` is how long the provider took for the answer, where it gave one; `aliases` is
/// asked seldom.
pub fn record(event: &SpendEvent, provider_time: Option<Duration>, aliases: impl FnOnce() -> Aliases) {
    let handles = handles(event, aliases);
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
    let whole = seconds(event.end_time - event.start_time);
    handles.latency.record(whole);
    handles.simple_latency.record(whole);
    handles.seldom.record(event, provider_time);
    note_limited(event);
}

fn seconds(delta: chrono::TimeDelta) -> f64 {
    delta.to_std().map_or(0.0, |delta| delta.as_secs_f64())
}

/// Customers and tags are without number: only those with limits are charged, and have metrics of what is left.
fn note_limited(event: &SpendEvent) {
    for charge in &event.charges {
        match &*charge.kind {
            "customer" => _ = CUSTOMERS.keeps(&charge.id),
            "tag" => _ = TAGS.keeps(&charge.id),
            _ => {}
        }
    }
}

/// Counts a call beyond a budget that only warns; `kind` is that of its scope.
pub fn soft_budget_exceeded(kind: &'static str) {
    counter!("tollgate_soft_budget_exceeded_total", "scope" => kind).increment(1);
}

/// Counts a call whose price nobody knows.
pub fn unpriced(model_group: &str, model: &str) {
    counter!("tollgate_unpriced_requests_total", "model_group" => kept(model_group), "model" => kept(model))
        .increment(1);
}

/// The name of a model as a label has it.
pub(super) fn kept(model: &str) -> String {
    if MODELS.keeps_text(model) { model.to_owned() } else { OTHER.to_owned() }
}

/// The names asked for and used, if a deployment was chosen: a refused call may name anything as its model.
fn served_model(event: &SpendEvent) -> Option<(&str, &str)> {
    event.model_id.is_some().then(|| (&*event.model_group, &*event.model))
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

fn handles(event: &SpendEvent, aliases: impl FnOnce() -> Aliases) -> Arc<Handles> {
    let rest = (&event.model_id, served_model(event), event.status_code, event.status, &event.call_type);
    let make = |told: Told<'_>| Handles::new(event, &told.labels(&aliases()));
    HANDLES.with_borrow_mut(|known| known.get(Payer::of(event), &rest, make))
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or(NONE).to_owned()
}

impl Handles {
    fn new(event: &SpendEvent, payer: &PayerLabels) -> Self {
        let (model_group, model) = served_model(event)
            .map_or_else(|| (NONE.to_owned(), NONE.to_owned()), |(group, model)| (kept(group), kept(model)));
        let provider = text(event.provider.as_deref());
        let mut base = payer.all();
        base.push(Label::new("requested_model", model_group.clone()));
        let with = |more: &[(&'static str, String)]| {
            let more = more.iter().map(|(name, value)| Label::new(*name, value.clone()));
            base.iter().cloned().chain(more).collect::<Vec<Label>>()
        };
        let labels = with(&[
            ("model", model.clone()),
            ("model_id", text(event.model_id.as_deref())),
            ("api_provider", provider.clone()),
        ]);
        let status = [("status_code", event.status_code.to_string()), ("route", route_of(&event.call_type).to_owned())];
        let simple = vec![Label::new("model", model_group.clone()), Label::new("provider", provider)];
        let simple_with_status =
            simple.iter().cloned().chain([Label::new("status", event.status.as_str())]).collect::<Vec<Label>>();
        let seldom = Seldom::new(event, payer, (model_group, model), labels.clone());
        Self {
            requests: counter!("litellm_requests_metric_total", labels.clone()),
            proxy_requests: counter!("litellm_proxy_total_requests_metric_total", with(&status)),
            simple_requests: counter!("litellm_requests_total", simple_with_status),
            failures: failures(event, with, &simple),
            spend: gauge!("litellm_spend_metric_total", labels.clone()),
            simple_spend: gauge!("litellm_spend_total", simple.clone()),
            tokens: counter!("litellm_total_tokens_metric_total", labels.clone()),
            simple_tokens: counter!("litellm_tokens_total", simple.clone()),
            input_tokens: counter!("litellm_input_tokens_metric_total", labels.clone()),
            output_tokens: counter!("litellm_output_tokens_metric_total", labels),
            latency: histogram!("litellm_request_total_latency_metric", seldom.timed()),
            simple_latency: histogram!("litellm_request_duration_seconds", simple),
            seldom,
        }
    }
}

/// The counters of a call that failed.
fn failures(
    event: &SpendEvent,
    with: impl Fn(&[(&'static str, String)]) -> Vec<Label>,
    simple: &[Label],
) -> Option<(Counter, Counter)> {
    if !matches!(event.status, CallStatus::Failure | CallStatus::Interrupted) {
        return None;
    }
    let own = with(&[
        ("exception_status", event.status_code.to_string()),
        ("exception_class", ErrorClass::of_status(Some(event.status_code)).name().to_owned()),
        ("route", route_of(&event.call_type).to_owned()),
    ]);
    let simple = counter!("litellm_errors_total", simple.to_vec());
    Some((counter!("litellm_proxy_failed_requests_metric_total", own), simple))
}

impl Seldom {
    fn new(
        event: &SpendEvent,
        payer: &PayerLabels,
        (model_group, model): (String, String),
        labels: Vec<Label>,
    ) -> Self {
        let model_group = Label::new("model_group", model_group);
        let mut overhead_labels: Vec<Label> = payer.key.to_vec();
        let same = |label: &&Label| matches!(label.key(), "model_id" | "api_provider");
        overhead_labels.extend(labels.iter().filter(same).cloned());
        overhead_labels.push(model_group.clone());
        overhead_labels.push(Label::new("litellm_model_name", model));
        overhead_labels.push(Label::new("api_base", text(event.api_base.as_deref())));
        Self {
            labels,
            model_group,
            overhead_labels,
            kinds: Kinds::default(),
            api_latency: OnceLock::new(),
            time_to_first_token: OnceLock::new(),
            overhead: OnceLock::new(),
            cache_hits: OnceLock::new(),
            cache_misses: OnceLock::new(),
        }
    }

    /// The labels of a latency.
    fn timed(&self) -> Vec<Label> {
        self.labels.iter().chain([&self.model_group]).cloned().collect()
    }

    fn record(&self, event: &SpendEvent, provider_time: Option<Duration>) {
        self.kinds.record(&event.usage, &self.labels);
        if let Some(took) = provider_time {
            let latency = || histogram!("litellm_llm_api_latency_metric", self.timed());
            self.api_latency.get_or_init(latency).record(took.as_secs_f64());
        }
        if let Some(first) = event.completion_start_time {
            let time = || histogram!("litellm_llm_api_time_to_first_token_metric", self.timed());
            self.time_to_first_token.get_or_init(time).record(seconds(first - event.start_time));
        }
        if event.model_id.is_some() {
            let overhead_us = u64::try_from(event.overhead_us).unwrap_or(0);
            let overhead = || histogram!("litellm_overhead_latency_metric", self.overhead_labels.clone());
            self.overhead.get_or_init(overhead).record(Duration::from_micros(overhead_us).as_secs_f64());
        }
        self.record_cache(event);
    }

    /// Counts a call that was looked up in the cache.
    fn record_cache(&self, event: &SpendEvent) {
        if event.cache_hit {
            let hits = || {
                [
                    counter!("litellm_cache_hits_total"),
                    counter!("litellm_cache_hits_metric_total", self.labels.clone()),
                    counter!("litellm_cached_tokens_metric_total", self.labels.clone()),
                ]
            };
            let [all, hits, tokens] = self.cache_hits.get_or_init(hits);
            all.increment(1);
            hits.increment(1);
            tokens.increment(event.usage.total_tokens());
        } else if event.metadata.contains_key(CACHE_KEY_NOTE) {
            let misses = || counter!("litellm_cache_misses_metric_total", self.labels.clone());
            self.cache_misses.get_or_init(misses).increment(1);
        }
    }
}
