//! One deployment as a row.

use leptos::prelude::*;
use serde_json::Value;
use tollgate_openapi::model::{DeploymentStatus, DeploymentView};

use crate::api::Seen;
use crate::browser;
use crate::format;
use crate::pages::model::detail::check_badge;
use crate::pages::model::history::{Hour, spark};
use crate::ui::badge::{Badge, Tone};
use crate::ui::table::{CSV_ONLY, Column, Rows};
use crate::ui::time;

pub(crate) static COLUMNS: &[Column<DeploymentView>] = &[
    Column { title: "Model", class: "lead", sort: None, cell: name_cell, csv: |d| d.model_name.clone() },
    Column {
        title: "State",
        class: "badge-column",
        sort: None,
        cell: state_cell,
        csv: |d| status(d.state.status).1.to_owned(),
    },
    Column { title: "Served by", class: "wide", sort: None, cell: provider_cell, csv: provider_model },
    Column {
        title: "Input / 1M tokens",
        class: "end",
        sort: None,
        cell: |d| price_cell(d, "input_cost_per_token"),
        csv: |d| price(d, "input_cost_per_token"),
    },
    Column {
        title: "Output / 1M tokens",
        class: "end",
        sort: None,
        cell: |d| price_cell(d, "output_cost_per_token"),
        csv: |d| price(d, "output_cost_per_token"),
    },
    Column {
        title: "Response time",
        class: "end third",
        sort: None,
        cell: latency_cell,
        csv: |d| d.state.latency_ms.map(|ms| format!("{ms:.1} ms")).unwrap_or_default(),
    },
    Column {
        title: "In flight",
        class: "end third",
        sort: None,
        cell: |d| d.state.in_flight.to_string().into_any(),
        csv: |d| d.state.in_flight.to_string(),
    },
    Column { title: "Calls", class: "end third", sort: None, cell: calls_cell, csv: |d| d.state.requests.to_string() },
    Column {
        title: "Last check",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |d| {
            d.state
                .last_check
                .as_ref()
                .map_or_else(String::new, |check| check.error.clone().unwrap_or_else(|| "ok".to_owned()))
        },
    },
    Column {
        title: "Failures",
        class: CSV_ONLY,
        sort: None,
        cell: |d| d.state.failures.to_string().into_any(),
        csv: |d| d.state.failures.to_string(),
    },
];

pub(crate) const IDS: Rows<DeploymentView> = Rows { id, version: |d| format!("{d:?}") };

/// What the deployment is known as.
pub(crate) fn id(deployment: &DeploymentView) -> String {
    text(deployment.model_info.get("id")).unwrap_or_else(|| provider_model(deployment))
}

/// When it last changed.
pub(crate) fn changed_at(deployment: &DeploymentView) -> Seen {
    deployment.model_info.get("updated_at")?.as_str()?.parse().ok()
}

/// Whether it is kept in the database, and can be changed here.
pub(crate) fn is_stored(deployment: &DeploymentView) -> bool {
    deployment.model_info.get("db_model").and_then(Value::as_bool) == Some(true)
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

/// Provider and model, such as `openai/gpt-4o`.
pub(crate) fn provider_model(deployment: &DeploymentView) -> String {
    text(deployment.litellm_params.get("model")).unwrap_or_else(|| deployment.model_name.clone())
}

fn name_cell(deployment: &DeploymentView) -> AnyView {
    let name = deployment.model_name.clone();
    view! { <span class="strong ellipsis" title=name.clone()>{name.clone()}</span> }.into_any()
}

/// The provider's model, where it is, and why it cannot be called.
fn provider_cell(deployment: &DeploymentView) -> AnyView {
    let (model, base) = (provider_model(deployment), text(deployment.litellm_params.get("api_base")));
    let reason = deployment.state.reason.clone();
    view! {
        <span class="stack">
            <span class="ellipsis" title=model.clone()>{model.clone()}</span>
            {base.map(|base| view! { <span class="muted ellipsis" title=base.clone()>{base.clone()}</span> })}
            {reason.map(|reason| view! { <span class="bad reason">{format::sentence(&reason)}</span> })}
        </span>
    }
    .into_any()
}

fn state_cell(deployment: &DeploymentView) -> AnyView {
    let state = &deployment.state;
    let (tone, text) = status(state.status);
    let until =
        state.cooldown_until.map(|until| view! { <span class="muted">"tried again "{time::relative(until)}</span> });
    view! {
        <span class="stack">
            <Badge tone=tone text=text />
            {until}
            {check_badge(deployment)}
        </span>
    }
    .into_any()
}

/// A deployment's state in a word, and how it feels.
pub(crate) const fn status(status: DeploymentStatus) -> (Tone, &'static str) {
    match status {
        DeploymentStatus::Available => (Tone::Good, "Available"),
        DeploymentStatus::CoolingDown => (Tone::Warning, "Cooling down"),
        DeploymentStatus::Failing => (Tone::Bad, "Failing"),
        DeploymentStatus::Unavailable => (Tone::Bad, "Unavailable"),
        DeploymentStatus::Blocked => (Tone::Neutral, "Blocked"),
    }
}

/// Dollars per million tokens; empty where the price is not known.
fn price(deployment: &DeploymentView, name: &str) -> String {
    let set = deployment.model_info.get(name).or_else(|| deployment.litellm_params.get(name));
    set.and_then(Value::as_f64).map(format::price_per_million).unwrap_or_default()
}

fn price_cell(deployment: &DeploymentView, name: &str) -> AnyView {
    let price = price(deployment, name);
    if price.is_empty() {
        view! { <span class="muted" title="No price is known: calls are free of charge">"no price"</span> }.into_any()
    } else {
        view! { <span class="number">{price}</span> }.into_any()
    }
}

fn latency_cell(deployment: &DeploymentView) -> AnyView {
    let state = &deployment.state;
    let first = state.time_to_first_token_ms.map(|ms| format!("{} to first token", format::duration_ms(ms)));
    let whole = state.latency_ms.map_or_else(|| "–".to_owned(), format::duration_ms);
    view! {
        <span class="stack">
            <span class="number">{whole}</span>
            <span class="muted number">{first}</span>
            {spark(&state.last_hour, browser::now())}
        </span>
    }
    .into_any()
}

fn calls_cell(deployment: &DeploymentView) -> AnyView {
    let (requests, failures) = (deployment.state.requests, deployment.state.failures);
    let shown = |number: u64| format::count(i64::try_from(number).unwrap_or(i64::MAX));
    let share =
        || format!("{} failed ({})", shown(failures), Hour { calls: requests, failures, latency_ms: None }.failed());
    let failed = (failures > 0).then(|| view! { <span class="bad number">{share()}</span> });
    view! {
        <span class="stack">
            <span class="number">{shown(requests)}</span>
            {failed}
        </span>
    }
    .into_any()
}
