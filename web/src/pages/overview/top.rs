//! Who and what spends most.

use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{KeySpend, ModelSpend, Overview};

use crate::format;
use crate::ui::export::{ExportButton, rows_of};
use crate::ui::load::Load;
use crate::ui::money::total;
use crate::ui::table::{Column, Rows, Table};
use crate::url::encode;

/// Characters of a hash that tell keys apart for a person.
const HASH_SHOWN: usize = 12;

/// A key or a model, and its part of the whole.
#[derive(Clone, Debug, PartialEq)]
struct Ranked {
    /// Hash of the key or name of the model.
    id: String,
    name: String,
    /// Its calls.
    href: String,
    requests: i64,
    spend: NanoUsd,
    /// Of everything spent in these days.
    share: String,
}

static KEY_COLUMNS: &[Column<Ranked>] =
    &[Column { title: "Key", class: "lead", sort: None, cell: name_cell, csv: name_of }, REQUESTS, SPEND, SHARE];

static MODEL_COLUMNS: &[Column<Ranked>] =
    &[Column { title: "Model", class: "lead", sort: None, cell: name_cell, csv: name_of }, REQUESTS, SPEND, SHARE];

const REQUESTS: Column<Ranked> = Column {
    title: "Requests",
    class: "end",
    sort: None,
    cell: |row| format::count(row.requests).into_any(),
    csv: |row| row.requests.to_string(),
};

const SPEND: Column<Ranked> =
    Column { title: "Spend", class: "end", sort: None, cell: |row| total(row.spend), csv: |row| row.spend.to_string() };

const SHARE: Column<Ranked> = Column {
    title: "Share",
    class: "end share",
    sort: None,
    cell: |row| view! { <span class="muted">{row.share.clone()}</span> }.into_any(),
    csv: |row| row.share.clone(),
};

const IDS: Rows<Ranked> = Rows { id: |row| row.id.clone(), version: |row| format!("{row:?}") };

fn name_of(row: &Ranked) -> String {
    row.name.clone()
}

fn name_cell(row: &Ranked) -> AnyView {
    view! { <a class="ellipsis" href=row.href.clone() title=row.name.clone()>{row.name.clone()}</a> }.into_any()
}

/// Everything spent in the days that the lists are about.
fn whole(overview: &Overview) -> NanoUsd {
    overview.days.iter().map(|day| day.totals.spend).sum()
}

fn keys(overview: &Overview) -> Vec<Ranked> {
    let whole = whole(overview);
    let ranked = |key: &KeySpend| Ranked {
        id: key.api_key.clone(),
        name: key_name(key),
        href: format!("/ui/logs?key={}", encode(&key.api_key)),
        requests: key.api_requests,
        spend: key.spend,
        share: format::percent(key.spend.0, whole.0),
    };
    overview.top_keys.iter().map(ranked).collect()
}

fn models(overview: &Overview) -> Vec<Ranked> {
    let whole = whole(overview);
    let ranked = |model: &ModelSpend| Ranked {
        id: model.model.clone(),
        name: model.model.clone(),
        href: format!("/ui/logs?model={}", encode(&model.model)),
        requests: model.api_requests,
        spend: model.spend,
        share: format::percent(model.spend.0, whole.0),
    };
    overview.top_models.iter().map(ranked).collect()
}

fn key_name(key: &KeySpend) -> String {
    let name = key.key_alias.clone().or_else(|| key.key_name.clone());
    // A deleted key has neither; the ledger still knows its hash.
    name.unwrap_or_else(|| format!("{}…", key.api_key.chars().take(HASH_SHOWN).collect::<String>()))
}

#[component]
pub(crate) fn TopKeys(load: Load<Overview>) -> impl IntoView {
    let rows = load.map(keys);
    view! {
        <section class="card" aria-label="Top keys">
            <header class="card-header">
                <h2>"Top keys" <span class="muted">"last 30 days"</span></h2>
                <ExportButton name="tollgate-top-keys" columns=KEY_COLUMNS rows=rows_of(rows) />
            </header>
            <Table label="Top keys of the last 30 days" columns=KEY_COLUMNS rows=rows ids=IDS is_plain=true />
        </section>
    }
}

#[component]
pub(crate) fn TopModels(load: Load<Overview>) -> impl IntoView {
    let rows = load.map(models);
    view! {
        <section class="card" aria-label="Top models">
            <header class="card-header">
                <h2>"Top models" <span class="muted">"last 30 days"</span></h2>
                <ExportButton name="tollgate-top-models" columns=MODEL_COLUMNS rows=rows_of(rows) />
            </header>
            <Table label="Top models of the last 30 days" columns=MODEL_COLUMNS rows=rows ids=IDS is_plain=true />
        </section>
    }
}
