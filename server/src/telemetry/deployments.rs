//! Metrics of attempts at deployments: one call may be several of them.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics::{Counter, Histogram, Label, counter, histogram};
use serde_json::Value;

use super::calls::kept;
use super::handles::Known;
use super::payer::{Aliases, NONE, Payer, PayerLabels, Told};
use crate::config::ErrorClass;
use crate::ledger::SpendEvent;
use crate::ledger::event::ASKED_FOR_NOTE;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// With an answer.
    Answered,
    /// With a failure of this HTTP status, where there was one, and class.
    Failed(Option<u16>, ErrorClass),
    /// Because nobody waited for it any more.
    Left,
}

struct Handles {
    total: Counter,
    /// Of answers or failures; of neither where nobody waited.
    outcome: Option<Counter>,
    labels: Vec<Label>,
    per_output_token: OnceLock<Histogram>,
}

thread_local! {
    static HANDLES: RefCell<Known<Handles>> = RefCell::default();
}

/// Counts an attempt at the deployment that `event` names. `took` is the time of its answer; `aliases` is asked seldom.
pub fn attempted(event: &SpendEvent, ended: Ended, took: Duration, aliases: impl FnOnce() -> Aliases) {
    if event.model_id.is_none() {
        return;
    }
    let handles = handles(event, ended, aliases);
    handles.total.increment(1);
    if let Some(outcome) = &handles.outcome {
        outcome.increment(1);
    }
    let tokens = u32::try_from(event.usage.completion_tokens()).unwrap_or(u32::MAX);
    if ended == Ended::Answered && tokens > 0 {
        let histogram = || histogram!("litellm_deployment_latency_per_output_token", handles.labels.clone());
        handles.per_output_token.get_or_init(histogram).record(took.as_secs_f64() / f64::from(tokens));
    }
}

/// Counts a model that stood in for the one asked for, because of `failure`, and whether it answered.
pub fn fell_back(event: &SpendEvent, failure: (Option<u16>, ErrorClass), has_answered: bool, aliases: Aliases) {
    let payer = Payer::of(event).told().labels(&aliases);
    let mut labels = vec![
        Label::new("requested_model", kept(requested(event))),
        Label::new("fallback_model", kept(&event.model_group)),
        Label::new("model_id", event.model_id.as_deref().unwrap_or(NONE).to_owned()),
    ];
    labels.extend(exception(failure.0, failure.1));
    labels.extend(payer.key.into_iter().chain(payer.team));
    let name = if has_answered {
        "litellm_deployment_successful_fallbacks_total"
    } else {
        "litellm_deployment_failed_fallbacks_total"
    };
    counter!(name, labels).increment(1);
}

/// Where a deployment is, in LiteLLM's labels.
#[must_use]
pub fn place(model: &str, id: &str, api_base: Option<&str>, provider: &str) -> Vec<Label> {
    vec![
        Label::new("litellm_model_name", model.to_owned()),
        Label::new("model_id", id.to_owned()),
        Label::new("api_base", api_base.unwrap_or_default().to_owned()),
        Label::new("api_provider", provider.to_owned()),
    ]
}

/// Counts a rest that a deployment begins; `status` is that of the failure, where there was one.
pub fn cooled_down(mut place: Vec<Label>, status: Option<u16>) {
    place.push(Label::new("exception_status", status_text(status)));
    counter!("litellm_deployment_cooled_down_total", place).increment(1);
}

fn status_text(status: Option<u16>) -> String {
    status.map_or_else(|| NONE.to_owned(), |status| status.to_string())
}

fn exception(status: Option<u16>, class: ErrorClass) -> [Label; 2] {
    [Label::new("exception_status", status_text(status)), Label::new("exception_class", class.name())]
}

/// The model that the client asked for, whichever answered.
fn requested(event: &SpendEvent) -> &str {
    event.metadata.get(ASKED_FOR_NOTE).and_then(Value::as_str).unwrap_or(&event.model_group)
}

fn handles(event: &SpendEvent, ended: Ended, aliases: impl FnOnce() -> Aliases) -> Arc<Handles> {
    let rest = (requested(event), &event.model_group, &event.model, &event.model_id, ended);
    let make = |told: Told<'_>| Handles::new(event, ended, told.labels(&aliases()));
    HANDLES.with_borrow_mut(|known| known.get(Payer::of(event), &rest, make))
}

impl Handles {
    fn new(event: &SpendEvent, ended: Ended, payer: PayerLabels) -> Self {
        let (id, provider) = (event.model_id.as_deref().unwrap_or(NONE), event.provider.as_deref().unwrap_or(NONE));
        let mut labels = place(&kept(&event.model), id, event.api_base.as_deref(), provider);
        labels.push(Label::new("model_group", kept(&event.model_group)));
        let mut counted = labels.clone();
        counted.push(Label::new("requested_model", kept(requested(event))));
        counted.extend(payer.key.into_iter().chain(payer.team));
        let outcome = match ended {
            Ended::Answered => Some(counter!("litellm_deployment_success_responses_total", counted.clone())),
            Ended::Failed(status, class) => {
                let failed = counted.iter().cloned().chain(exception(status, class)).collect::<Vec<_>>();
                Some(counter!("litellm_deployment_failure_responses_total", failed))
            }
            Ended::Left => None,
        };
        let total = counter!("litellm_deployment_total_requests_total", counted);
        Self { total, outcome, labels, per_output_token: OnceLock::new() }
    }
}
