//! What the usage is made of; a line looks into itself.

use leptos::prelude::*;
use tollgate_openapi::spend::{Usage, UsageGroup};

use super::question::{BY, DIMENSIONS, Dimension, Question};
use super::tiles::change;
use crate::app::use_session;
use crate::format;
use crate::ui::export::{ExportButton, rows_of};
use crate::ui::load::Load;
use crate::ui::location::use_url;
use crate::ui::money::total;
use crate::ui::table::{CSV_ONLY, Column, Rows, Table};

static COLUMNS: &[Column<UsageGroup>] = &[
    Column { title: "Name", class: "lead", sort: None, cell: |group| name(group).into_any(), csv: name },
    Column { title: "Id", class: CSV_ONLY, sort: None, cell: |_| ().into_any(), csv: |group| group.id.clone() },
    Column {
        title: "Spend",
        class: "end",
        sort: None,
        cell: |group| total(group.sums.spend),
        csv: |group| group.sums.spend.to_string(),
    },
    Column {
        title: "Against before",
        class: "end third",
        sort: None,
        cell: |group| view! { <span class="muted">{change(group.sums.spend, group.previous_spend)}</span> }.into_any(),
        csv: |group| group.previous_spend.to_string(),
    },
    Column {
        title: "Requests",
        class: "end",
        sort: None,
        cell: |group| format::count(group.sums.api_requests).into_any(),
        csv: |group| group.sums.api_requests.to_string(),
    },
    Column {
        title: "Errors",
        class: "end minor",
        sort: None,
        cell: |group| format::count(group.sums.failed_requests).into_any(),
        csv: |group| group.sums.failed_requests.to_string(),
    },
    Column {
        title: "Input tokens",
        class: "end minor",
        sort: None,
        cell: |group| format::count(group.sums.prompt_tokens).into_any(),
        csv: |group| group.sums.prompt_tokens.to_string(),
    },
    Column {
        title: "Output tokens",
        class: "end minor",
        sort: None,
        cell: |group| format::count(group.sums.completion_tokens).into_any(),
        csv: |group| group.sums.completion_tokens.to_string(),
    },
    Column {
        title: "Input tokens from cache",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |group| group.sums.cache_read_input_tokens.to_string(),
    },
    Column {
        title: "Reasoning tokens",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |group| group.sums.reasoning_tokens.to_string(),
    },
];

const IDS: Rows<UsageGroup> = Rows { id: |group| group.id.clone(), version: |group| format!("{group:?}") };

/// What people call the group.
fn name(group: &UsageGroup) -> String {
    let name = group.name.clone().unwrap_or_else(|| format::person(&group.id).to_owned());
    if name.is_empty() { "None".to_owned() } else { name }
}

#[component]
pub(super) fn Groups(load: Load<Usage>, question: Memo<Question>) -> impl IntoView {
    let url = use_url();
    let groups = load.map(|usage| usage.groups.clone());
    let by = Memo::new(move |_| question.with(|question| question.by));
    let choice = move || {
        let open = question.get();
        let is_free = |index: usize| !open.filters.iter().any(|(filtered, _)| *filtered == index);
        let free = DIMENSIONS.iter().enumerate().filter(|(index, one)| is_free(*index) && is_offered(one));
        let button = |(index, one): (usize, &'static Dimension)| {
            let choose = move |_| url.replace(&[(BY, one.name)]);
            let is_chosen = index == open.by;
            view! { <button type="button" aria-pressed=is_chosen.to_string() on:click=choose>{one.label}</button> }
        };
        free.map(button).collect_view()
    };
    let table = move || {
        let opens = DIMENSIONS.get(by.get()).map_or(BY, |one| one.name);
        view! { <Table label="Broken down" columns=COLUMNS rows=groups ids=IDS opens=opens /> }
    };
    view! {
        <section class="card" aria-label="Broken down">
            <header class="card-header">
                <h2>"Broken down"</h2>
                <div class="actions">
                    <div class="segments" role="group" aria-label="Broken down by">{choice}</div>
                    <ExportButton name="tollgate-usage" columns=COLUMNS rows=rows_of(groups) />
                </div>
            </header>
            {table}
        </section>
    }
}

/// Who sees the calls of several people or organizations is offered to tell them apart.
fn is_offered(dimension: &Dimension) -> bool {
    let session = use_session();
    match dimension.name {
        "organization" => session.sees_everything(),
        "user" | "team" => session.sees_everything() || session.administers_any() || session.leads_any(),
        _ => true,
    }
}
