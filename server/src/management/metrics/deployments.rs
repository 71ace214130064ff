//! Deployments: how they are, what they may take, what their providers say is left.

use metrics::{Label, gauge};

use super::float;
use crate::clock::Clock;
use crate::router::{Deployment, Router};

/// Sets the gauges.
pub(super) fn read(router: &Router, clock: &Clock) {
    let now = clock.monotonic();
    for one in router.deployments() {
        let health = one.health.snapshot(now);
        let state = match (&one.unavailable, health.cooldown_until, health.last_failure) {
            (None, None, None) => 0.0,
            (None, None, Some(_)) => 1.0,
            _ => 2.0,
        };
        let place = one.place();
        gauge!("litellm_deployment_state", place.clone()).set(state);
        gauge!("tollgate_deployment_in_flight", place.clone()).set(float(health.in_flight));
        read_limits(&one, place);
    }
}

fn read_limits(one: &Deployment, mut labels: Vec<Label>) {
    labels.push(Label::new("model_group", one.model_name.to_string()));
    let quota = one.health.quota();
    let figures = [
        ("litellm_deployment_tpm_limit", one.tpm),
        ("litellm_deployment_rpm_limit", one.rpm),
        ("litellm_remaining_requests_metric", quota.requests().map(float)),
        ("litellm_remaining_tokens_metric", quota.tokens().map(float)),
    ];
    for (name, figure) in figures {
        if let Some(figure) = figure {
            gauge!(name, labels.clone()).set(figure);
        }
    }
}
