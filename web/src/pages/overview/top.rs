//! Who and what spends most.

use leptos::prelude::*;
use tollgate_openapi::spend::{KeySpend, ModelSpend, Overview};

use crate::format;
use crate::ui::export::{ExportButton, rows_of};
use crate::ui::load::Load;
use crate::ui::money::total;
use crate::ui::table::{Column, Rows, Table};
use crate::url::encode;

/// Characters of a hash that tell keys apart for a person.
const HASH_SHOWN: usize = 12;

static KEY_COLUMNS: &[Column<KeySpend>] = &[
    Column { title: "Key", class: "lead", sort: None, cell: key_cell, csv: key_name },
    Column {
        title: "Requests",
        class: "end",
        sort: None,
        cell: |key| format::count(key.api_requests).into_any(),
        csv: |key| key.api_requests.to_string(),
    },
    Column { title: "Spend", class: "end", sort: None, cell: |key| total(key.spend), csv: |key| key.spend.to_string() },
];

static MODEL_COLUMNS: &[Column<ModelSpend>] = &[
    Column { title: "Model", class: "lead", sort: None, cell: model_cell, csv: |model| model.model.clone() },
    Column {
        title: "Requests",
        class: "end",
        sort: None,
        cell: |model| format::count(model.api_requests).into_any(),
        csv: |model| model.api_requests.to_string(),
    },
    Column {
        title: "Spend",
        class: "end",
        sort: None,
        cell: |model| total(model.spend),
        csv: |model| model.spend.to_string(),
    },
];

fn key_name(key: &KeySpend) -> String {
    let name = key.key_alias.clone().or_else(|| key.key_name.clone());
    // A deleted key has neither; the ledger still knows its hash.
    name.unwrap_or_else(|| format!("{}…", key.api_key.chars().take(HASH_SHOWN).collect::<String>()))
}

fn key_cell(key: &KeySpend) -> AnyView {
    let href = format!("/ui/logs?key={}", encode(&key.api_key));
    view! { <a href=href>{key_name(key)}</a> }.into_any()
}

fn model_cell(model: &ModelSpend) -> AnyView {
    let href = format!("/ui/logs?model={}", encode(&model.model));
    view! { <a href=href>{model.model.clone()}</a> }.into_any()
}

#[component]
pub(crate) fn TopKeys(load: Load<Overview>) -> impl IntoView {
    let rows = load.map(|overview| overview.top_keys.clone());
    let ids = Rows { id: |key: &KeySpend| key.api_key.clone(), version: |key| format!("{key:?}") };
    view! {
        <section class="card" aria-label="Top keys">
            <header class="card-header">
                <h2>"Top keys"</h2>
                <ExportButton name="tollgate-top-keys" columns=KEY_COLUMNS rows=rows_of(rows) />
            </header>
            <Table label="Top keys of the last 30 days" columns=KEY_COLUMNS rows=rows ids=ids />
        </section>
    }
}

#[component]
pub(crate) fn TopModels(load: Load<Overview>) -> impl IntoView {
    let rows = load.map(|overview| overview.top_models.clone());
    let ids = Rows { id: |model: &ModelSpend| model.model.clone(), version: |model| format!("{model:?}") };
    view! {
        <section class="card" aria-label="Top models">
            <header class="card-header">
                <h2>"Top models"</h2>
                <ExportButton name="tollgate-top-models" columns=MODEL_COLUMNS rows=rows_of(rows) />
            </header>
            <Table label="Top models of the last 30 days" columns=MODEL_COLUMNS rows=rows ids=ids />
        </section>
    }
}
