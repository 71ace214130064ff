//! Calls.

use chrono_tz::Tz;

use super::{encoded, providers};
use crate::alerts::Words;
use crate::domain::alert::Happened;

pub(super) fn words(what: &Happened, name: &str, tz: Tz) -> Words {
    let call = |request_id: &str| format!("/ui/logs?call={}", encoded(request_id));
    match what {
        Happened::CallsFailed { model, provider, status_code, error, request_id } => {
            Words::new(format!("Calls to {model} fail"), format!("{provider} answers with {status_code}: {error}"))
                .fact("Model", model.clone())
                .fact("Provider", provider.clone())
                .fact("Status", status_code.to_string())
                .link(call(request_id))
        }
        Happened::CallsSlow { model, provider, seconds, threshold_seconds, request_id } => {
            let text = format!("A call took {seconds} s; more than {threshold_seconds} s is slow.");
            Words::new(format!("Calls to {model} are slow"), text)
                .fact("Model", model.clone())
                .fact("Provider", provider.clone())
                .fact("Took", format!("{seconds} s"))
                .fact("Limit", format!("{threshold_seconds} s"))
                .link(call(request_id))
        }
        Happened::CallsHanging { model, provider, seconds, threshold_seconds, request_id } => {
            let text = format!(
                "A call waits for {seconds} s, and no answer has begun. It goes on; more than {threshold_seconds} s is told."
            );
            // It is in the log once it ends.
            Words::new(format!("Calls to {model} hang"), text)
                .fact("Model", model.clone())
                .fact("Provider", provider.clone())
                .fact("Waits for", format!("{seconds} s"))
                .fact("Limit", format!("{threshold_seconds} s"))
                .fact("Call", request_id.clone())
                .link("/ui/models")
        }
        Happened::FellBack { model, stood_in, reason, request_id } => {
            Words::new(format!("{stood_in} stands in for {model}"), format!("{model} did not answer ({reason})."))
                .fact("Asked for", model.clone())
                .fact("Answered", stood_in.clone())
                .fact("Reason", reason.clone())
                .link(call(request_id))
        }
        other => providers::words(other, name, tz),
    }
}
