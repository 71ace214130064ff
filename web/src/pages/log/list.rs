//! A call as a row.

use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{CallStatus, SpendLogView};

use crate::format;
use crate::ui::badge::{Badge, Tone};
use crate::ui::money::cost;
use crate::ui::table::{CSV_ONLY, Column, Rows};
use crate::ui::time;

pub(crate) static COLUMNS: &[Column<SpendLogView>] = &[
    Column {
        title: "Time",
        class: "",
        sort: Some("startTime"),
        cell: |call| time::moment(call.start_time),
        csv: |call| format::moment_utc(call.start_time),
    },
    Column {
        title: "Call id",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |call| call.request_id.clone(),
    },
    Column {
        title: "Status",
        class: "badge-column",
        sort: None,
        cell: |call| status_badge(call).into_any(),
        csv: |call| call.status.as_str().to_owned(),
    },
    Column { title: "Model", class: "", sort: None, cell: model_cell, csv: |call| call.model_group.clone() },
    Column {
        title: "Key",
        class: "",
        sort: None,
        cell: key_cell,
        csv: |call| call.key_alias.clone().unwrap_or_else(|| call.api_key.clone()),
    },
    Column {
        title: "Tokens",
        class: "end third",
        sort: Some("total_tokens"),
        cell: tokens_cell,
        csv: |call| call.total_tokens.to_string(),
    },
    Column {
        title: "Input tokens",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |call| call.prompt_tokens.to_string(),
    },
    Column {
        title: "Output tokens",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |call| call.completion_tokens.to_string(),
    },
    Column {
        title: "Duration",
        class: "end third",
        sort: Some("request_duration_ms"),
        cell: |call| duration(call).into_any(),
        csv: |call| call.request_duration_ms.to_string(),
    },
    Column {
        title: "Cost",
        class: "end third",
        sort: Some("spend"),
        cell: cost_cell,
        csv: |call| call.spend.to_string(),
    },
    Column {
        title: "From cache",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |call| call.cache_hit.clone(),
    },
];

/// A call in the ledger hardly changes; only one that was interrupted is resolved later.
pub(crate) const IDS: Rows<SpendLogView> =
    Rows { id: |call| call.request_id.clone(), version: |call| format!("{} {}", call.status.as_str(), call.spend) };

pub(crate) fn status_badge(call: &SpendLogView) -> impl IntoView + use<> {
    let (tone, text) = match call.status {
        CallStatus::Success => (Tone::Good, "Success".to_owned()),
        CallStatus::Failure if call.status_code > 0 => (Tone::Bad, format!("Failure {}", call.status_code)),
        CallStatus::Failure => (Tone::Bad, "Failure".to_owned()),
        CallStatus::Cancelled => (Tone::Neutral, "Cancelled".to_owned()),
        CallStatus::Interrupted => (Tone::Warning, "Interrupted".to_owned()),
    };
    view! { <Badge tone=tone text=text /> }
}

fn model_cell(call: &SpendLogView) -> AnyView {
    view! { <span class="ellipsis" title=call.model.clone()>{call.model_group.clone()}</span> }.into_any()
}

/// Characters of a hash that tell keys apart for a person.
const HASH_SHOWN: usize = 10;

fn key_cell(call: &SpendLogView) -> AnyView {
    match call.key_alias.clone() {
        Some(alias) => view! { <span class="ellipsis">{alias}</span> }.into_any(),
        None => {
            let short: String = call.api_key.chars().take(HASH_SHOWN).collect();
            view! { <span class="muted code" title=call.api_key.clone()>{short}</span> }.into_any()
        }
    }
}

fn tokens_cell(call: &SpendLogView) -> AnyView {
    let title = format!("{} in, {} out", format::count(call.prompt_tokens), format::count(call.completion_tokens));
    view! { <span class="number" title=title>{format::count(call.total_tokens)}</span> }.into_any()
}

/// What came from the cache says so in the place of its cost, which is none.
fn cost_cell(call: &SpendLogView) -> AnyView {
    if call.cache_hit == "True" && call.spend == NanoUsd::ZERO {
        return view! { <span class="muted" title="This answer came from the cache">"cached"</span> }.into_any();
    }
    cost(call.spend)
}

fn duration(call: &SpendLogView) -> impl IntoView + use<> {
    let text = format::duration_ms(format::to_f64(call.request_duration_ms));
    view! { <span class="number">{text}</span> }
}
