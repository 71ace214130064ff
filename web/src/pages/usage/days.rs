//! Day by day, as a chart or as a table.

use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{Usage, UsageDay};

use crate::format;
use crate::ui::chart::{Bar, BarChart};
use crate::ui::export::{ExportButton, rows_of};
use crate::ui::load::Load;
use crate::ui::location::use_url;
use crate::ui::money::total;
use crate::ui::segment::Segments;
use crate::ui::table::{CSV_ONLY, Column, Rows, Table};

static COLUMNS: &[Column<UsageDay>] = &[
    Column {
        title: "Day",
        class: "",
        sort: None,
        cell: |day| day.date.to_string().into_any(),
        csv: |day| day.date.to_string(),
    },
    Column {
        title: "Spend",
        class: "end",
        sort: None,
        cell: |day| total(day.sums.spend),
        csv: |day| day.sums.spend.to_string(),
    },
    Column {
        title: "Requests",
        class: "end",
        sort: None,
        cell: |day| format::count(day.sums.api_requests).into_any(),
        csv: |day| day.sums.api_requests.to_string(),
    },
    Column {
        title: "Errors",
        class: "end",
        sort: None,
        cell: |day| format::count(day.sums.failed_requests).into_any(),
        csv: |day| day.sums.failed_requests.to_string(),
    },
    Column {
        title: "Input tokens",
        class: "end minor",
        sort: None,
        cell: |day| format::count(day.sums.prompt_tokens).into_any(),
        csv: |day| day.sums.prompt_tokens.to_string(),
    },
    Column {
        title: "Output tokens",
        class: "end minor",
        sort: None,
        cell: |day| format::count(day.sums.completion_tokens).into_any(),
        csv: |day| day.sums.completion_tokens.to_string(),
    },
    Column {
        title: "Input tokens from cache",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |day| day.sums.cache_read_input_tokens.to_string(),
    },
    Column {
        title: "Reasoning tokens",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |day| day.sums.reasoning_tokens.to_string(),
    },
];

const IDS: Rows<UsageDay> = Rows { id: |day| day.date.to_string(), version: |day| format!("{:?}", day.sums) };

#[component]
pub(super) fn Days(load: Load<Usage>) -> impl IntoView {
    let url = use_url();
    let days = load.map(|usage| usage.days.clone());
    let is_requests = Memo::new(move |_| url.get("chart").as_deref() == Some("requests"));
    let is_table = Memo::new(move |_| url.get("view").as_deref() == Some("table"));
    // The newest day first: a table is read from the top.
    let newest_first = Signal::derive(move || days.get().into_iter().rev().collect::<Vec<_>>());
    let mark = Signal::derive(move || mark_of(is_requests.get()));
    let whole = Signal::derive(move || {
        load.data.with(|usage| {
            let total = usage.as_ref().map(|usage| usage.total).unwrap_or_default();
            format!("Total {} · {}", format::money_total(total.spend), format::requests(total.api_requests))
        })
    });
    let label = Signal::derive(move || {
        let what = if is_requests.get() { "Requests" } else { "Spend" };
        format!("{what} by day. {}", whole.get())
    });
    let bars = Signal::derive(move || bars(&days.get(), is_requests.get()));
    view! {
        <section class="card" aria-label="Day by day">
            <header class="card-header">
                <h2>"Day by day"</h2>
                <div class="actions">
                    <Segments name="chart" label="Measure" options=&[("", "Spend"), ("requests", "Requests")] />
                    <Segments name="view" label="View" options=&[("", "Chart"), ("table", "Table")] />
                    <ExportButton name="tollgate-usage-days" columns=COLUMNS rows=rows_of(newest_first) />
                </div>
            </header>
            {move || if is_table.get() {
                view! { <Table label="Day by day" columns=COLUMNS rows=newest_first ids=IDS is_plain=true /> }.into_any()
            } else {
                view! { <BarChart label=label whole=whole mark=mark bars=bars /> }.into_any()
            }}
        </section>
    }
}

/// A value of the axis in words.
fn mark_of(is_requests: bool) -> fn(f64) -> String {
    match is_requests {
        true => format::compact,
        false => |usd| NanoUsd::from_usd(usd).map(format::money_round).unwrap_or_default(),
    }
}

fn bars(days: &[UsageDay], is_requests: bool) -> Vec<Bar> {
    let bar = |day: &UsageDay| Bar {
        label: format::day(day.date),
        value: if is_requests { format::to_f64(day.sums.api_requests) } else { day.sums.spend.to_usd() },
        text: format!("{} · {}", format::money_total(day.sums.spend), format::requests(day.sums.api_requests)),
    };
    days.iter().map(bar).collect()
}
