//! Where a call's time went.

use leptos::prelude::*;
use tollgate_openapi::spend::SpendLogView;

use crate::format;

/// One stretch of a call.
#[derive(Clone, Debug, PartialEq)]
struct Stretch {
    name: &'static str,
    class: &'static str,
    ms: f64,
}

/// The stretches of a call, in order; together they are its duration.
fn stretches(call: &SpendLogView) -> Vec<Stretch> {
    let whole = format::to_f64(call.request_duration_ms.max(0));
    let gateway = (format::to_f64(call.overhead_us.max(0)) / 1000.0).min(whole);
    let stretch = |name, class, ms: f64| Stretch { name, class, ms: ms.max(0.0) };
    let first = call.completion_start_time.map(|at| format::to_f64((at - call.start_time).num_milliseconds()));
    match first {
        Some(first) => vec![
            stretch("Gateway", "timing-gateway", gateway),
            stretch("To first token", "timing-first", first.min(whole) - gateway),
            stretch("Streaming", "timing-stream", whole - first.clamp(gateway, whole)),
        ],
        None => {
            vec![stretch("Gateway", "timing-gateway", gateway), stretch("Provider", "timing-first", whole - gateway)]
        }
    }
}

/// Output tokens a second while the answer came.
fn speed(call: &SpendLogView) -> Option<f64> {
    let ms = stretches(call).last().map(|stretch| stretch.ms)?;
    (ms > 0.0 && call.completion_tokens > 0).then(|| format::to_f64(call.completion_tokens) * 1000.0 / ms)
}

#[component]
pub(crate) fn Timing(call: SpendLogView) -> impl IntoView {
    let stretches = stretches(&call);
    let whole: f64 = stretches.iter().map(|stretch| stretch.ms).sum();
    let mut left = 0.0;
    let bars = stretches
        .iter()
        .map(|stretch| {
            let width = if whole > 0.0 { stretch.ms / whole * 100.0 } else { 0.0 };
            let x = left;
            left += width;
            view! { <rect class=stretch.class x=x.to_string() width=width.to_string() height="8"></rect> }
        })
        .collect_view();
    let rows = stretches
        .iter()
        .map(|stretch| {
            view! {
                <dt><span class=format!("timing-dot {}", stretch.class)></span>{stretch.name}</dt>
                <dd class="number">{format::duration_ms(stretch.ms)}</dd>
            }
        })
        .collect_view();
    view! {
        {(whole > 0.0).then(|| view! { <svg class="timing-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">{bars}</svg> })}
        <dl class="facts facts-numbers">
            {rows}
            <dt class="facts-sum">"Total"</dt>
            <dd class="number facts-sum">{format::duration_ms(whole)}</dd>
            {speed(&call).map(|speed| view! {
                <dt>"Output speed"</dt><dd class="number">{format!("{} tokens/s", format::whole(speed))}</dd>
            })}
        </dl>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(duration_ms: i64, overhead_us: i64, first_ms: Option<i64>) -> SpendLogView {
        let start = chrono::DateTime::from_timestamp_millis(1_700_000_000_000).unwrap();
        let first = first_ms.map(|ms| start + chrono::TimeDelta::milliseconds(ms));
        serde_json::from_value(serde_json::json!({
            "request_id": "r", "call_type": "acompletion", "api_key": "k", "key_alias": null, "spend": 0.0,
            "total_tokens": 10, "prompt_tokens": 0, "completion_tokens": 10, "cache_read_input_tokens": 0,
            "cache_creation_input_tokens": 0, "reasoning_tokens": 0, "startTime": start, "endTime": start,
            "completionStartTime": first, "request_duration_ms": duration_ms, "overhead_us": overhead_us,
            "model": "m", "model_id": null, "model_group": "m", "custom_llm_provider": null, "api_base": null,
            "user": null, "team_id": null, "organization_id": null, "end_user": null, "requester_ip_address": null,
            "stream": true, "status": "success", "status_code": 200, "response_id": null, "cache_hit": "False",
            "request_tags": [], "metadata": {}
        }))
        .unwrap()
    }

    fn ms(call: &SpendLogView) -> Vec<f64> {
        stretches(call).iter().map(|stretch| stretch.ms).collect()
    }

    #[test]
    fn stretches_add_up_to_the_duration() {
        assert_eq!(ms(&call(1000, 500, Some(300))), [0.5, 299.5, 700.0]);
        assert_eq!(ms(&call(1000, 500, None)), [0.5, 999.5]);
        assert_eq!(speed(&call(1000, 500, Some(500))), Some(20.0));
    }

    #[test]
    fn odd_clocks_give_no_negative_stretch() {
        for odd in [call(10, 50_000, Some(300)), call(0, 0, Some(0)), call(-5, -5, Some(-5))] {
            assert!(ms(&odd).iter().all(|ms| *ms >= 0.0), "{odd:?}");
        }
        assert_eq!(speed(&call(0, 0, None)), None);
    }
}
