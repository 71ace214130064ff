//! The chain of attempts of a call: who was asked, in which order, what each said and how long it took.

use leptos::prelude::*;
use serde_json::{Map, Value};

use crate::format;
use crate::ui::badge::{Badge, Tone};

/// One attempt, as far as the ledger tells.
#[derive(Clone, Debug, Default, PartialEq)]
struct Attempt {
    /// Why it was made.
    kind: Option<String>,
    /// The public name it was made for.
    group: Option<String>,
    deployment: Option<String>,
    /// The provider's model.
    model: Option<String>,
    api_base: Option<String>,
    /// `None`: it answered.
    error: Option<String>,
    status: Option<i64>,
    /// Since the call arrived, in milliseconds: when it began, and how long it took.
    time_ms: Option<(f64, f64)>,
}

impl Attempt {
    fn of(value: &Value, is_failed: bool) -> Self {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name: &str| value.get(name).and_then(Value::as_f64);
        let model = text("model");
        let provider = text("provider");
        Self {
            kind: text("kind"),
            group: text("model_group"),
            deployment: text("model_id"),
            model: model.map(|model| provider.map_or_else(|| model.clone(), |provider| format!("{provider}/{model}"))),
            api_base: text("api_base"),
            error: is_failed.then(|| text("error").unwrap_or_else(|| "It failed.".to_owned())),
            status: value.get("status").and_then(Value::as_i64),
            time_ms: number("start_ms").zip(number("duration_ms")),
        }
    }

    /// Why it was made, in words.
    fn why(&self) -> Option<&'static str> {
        match self.kind.as_deref()? {
            "first" => Some("First try"),
            "retry" => Some("Retry"),
            "fallback" => Some("Fallback"),
            "hedge" => Some("Hedge"),
            _ => None,
        }
    }

    fn outcome(&self) -> (Tone, String) {
        match (&self.error, self.status) {
            (None, _) => (Tone::Good, "Answered".to_owned()),
            (Some(_), Some(status)) => (Tone::Bad, format!("Failed, {status}")),
            (Some(_), None) => (Tone::Bad, "Failed".to_owned()),
        }
    }
}

/// The attempts of a call, the one that answered last; none where the first answered.
fn attempts(metadata: &Map<String, Value>) -> Vec<Attempt> {
    let failed = metadata.get("attempts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let served = metadata.get("served").filter(|_| !failed.is_empty());
    let failed = failed.iter().map(|one| Attempt::of(one, true));
    failed.chain(served.map(|one| Attempt::of(one, false))).collect()
}

/// Which model stood in for which, in words.
fn stood_in(metadata: &Map<String, Value>, served_by: &str) -> Option<String> {
    let asked = metadata.get("original_model_group").and_then(Value::as_str).filter(|asked| *asked != served_by)?;
    let reason = metadata.get("fallback_reason").and_then(Value::as_str);
    let reason = reason.map(|reason| format!(" ({})", reason.replace('_', " "))).unwrap_or_default();
    Some(format!("{asked} was asked for; {served_by} stood in{reason}."))
}

/// The chain of a call that was not answered at once; nothing for all others.
#[component]
pub(crate) fn Chain(
    metadata: Map<String, Value>,
    /// The model that served the call.
    served_by: String,
) -> impl IntoView {
    let attempts = attempts(&metadata);
    if attempts.is_empty() {
        return ().into_any();
    }
    let whole = attempts.iter().filter_map(|one| one.time_ms).map(|(start, took)| start + took).fold(0.0, f64::max);
    let groups = attempts.iter().filter_map(|one| one.group.as_deref());
    let has_groups = groups.clone().any(|group| Some(group) != groups.clone().next());
    let rows = attempts.iter().map(|one| row(one, whole, has_groups)).collect_view();
    let stood_in = stood_in(&metadata, &served_by);
    view! {
        <h3 id="attempts-title">"Attempts"</h3>
        {stood_in.map(|text| view! { <p class="muted">{text}</p> })}
        <ol class="attempts" aria-labelledby="attempts-title">{rows}</ol>
    }
    .into_any()
}

fn row(attempt: &Attempt, whole_ms: f64, has_groups: bool) -> impl IntoView + use<> {
    let (tone, outcome) = attempt.outcome();
    let is_bad = tone == Tone::Bad;
    let name = attempt.deployment.clone().or_else(|| attempt.model.clone()).unwrap_or_else(|| "unknown".to_owned());
    let group = attempt.group.clone().filter(|_| has_groups);
    let place: Vec<String> = [group, attempt.model.clone(), attempt.api_base.clone()].into_iter().flatten().collect();
    let times = attempt.time_ms.map(|(start, took)| {
        view! {
            <span class="attempt-time number muted">
                "after "{format::duration_ms(start)}", took "{format::duration_ms(took)}
            </span>
        }
    });
    let bar = attempt.time_ms.filter(|_| whole_ms > 0.0).map(|(start, took)| {
        let (x, width) = (start / whole_ms * 100.0, (took / whole_ms * 100.0).max(0.5));
        let class = if is_bad { "attempt-bad" } else { "attempt-good" };
        view! {
            <svg class="attempt-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect class=class x=x.min(99.5).to_string() width=width.to_string() height="4"></rect>
            </svg>
        }
    });
    view! {
        <li>
            <div class="attempt-head">
                <Badge tone=tone text=outcome />
                <span class="strong ellipsis" title=name.clone()>{name.clone()}</span>
                {attempt.why().map(|why| view! { <span class="muted">{why}</span> })}
                {times}
            </div>
            {bar}
            {(!place.is_empty()).then(|| view! { <p class="attempt-place muted">{place.join(" · ")}</p> })}
            {attempt.error.as_deref().map(|error| view! { <p class="attempt-error">{format::sentence(error)}</p> })}
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(json: Value) -> Vec<Attempt> {
        attempts(json.as_object().unwrap())
    }

    #[test]
    fn a_chain_is_those_that_failed_and_the_one_that_answered() {
        let chain = of(json!({
            "attempts": [{"model_id": "one", "model_group": "gpt", "provider": "openai", "model": "gpt-4o", "error": "HTTP 429: slow down",
                "status": 429, "error_class": "RateLimitError", "kind": "first", "start_ms": 0.4, "duration_ms": 120.0}],
            "served": {"model_id": "two", "model_group": "gpt", "provider": "azure", "model": "gpt-4o", "kind": "retry",
                "start_ms": 121.0, "duration_ms": 800.0},
        }));
        assert_eq!(chain.len(), 2);
        assert_eq!(chain[0].outcome(), (Tone::Bad, "Failed, 429".to_owned()));
        assert_eq!((chain[0].why(), chain[0].time_ms), (Some("First try"), Some((0.4, 120.0))));
        assert_eq!((chain[1].outcome().0, chain[1].why()), (Tone::Good, Some("Retry")));
        assert_eq!(chain[1].model.as_deref(), Some("azure/gpt-4o"));
    }

    #[test]
    fn old_entries_tell_less_and_most_calls_nothing() {
        let chain = of(json!({"attempts": [{"model_id": "one", "error": "no answer within 5 s", "status": 408}]}));
        assert_eq!(chain.len(), 1);
        assert_eq!((chain[0].why(), chain[0].time_ms), (None, None));
        assert!(of(json!({})).is_empty());
        assert!(of(json!({"served": {"model_id": "one"}})).is_empty());
        assert_eq!(of(json!({"attempts": [7]}))[0].error.as_deref(), Some("It failed."));
    }

    #[test]
    fn who_stood_in_is_said() {
        let metadata = json!({"original_model_group": "gpt", "fallback_reason": "context_window"});
        let metadata = metadata.as_object().unwrap();
        assert_eq!(stood_in(metadata, "long").as_deref(), Some("gpt was asked for; long stood in (context window)."));
        assert_eq!(stood_in(metadata, "gpt"), None);
    }
}
