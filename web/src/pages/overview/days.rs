//! The last 30 days, as a chart or as a table.

use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{DayTotals, Overview};

use crate::format;
use crate::ui::chart::{Bar, BarChart};
use crate::ui::export::{ExportButton, rows_of};
use crate::ui::load::Load;
use crate::ui::location::use_url;
use crate::ui::money::total;
use crate::ui::segment::Segments;
use crate::ui::table::{Column, Rows, Table};

/// What the bars measure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    Spend,
    Requests,
}

static COLUMNS: &[Column<DayTotals>] = &[
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
        cell: |day| total(day.totals.spend),
        csv: |day| day.totals.spend.to_string(),
    },
    Column {
        title: "Requests",
        class: "end",
        sort: None,
        cell: |day| format::count(day.totals.api_requests).into_any(),
        csv: |day| day.totals.api_requests.to_string(),
    },
    Column {
        title: "Errors",
        class: "end",
        sort: None,
        cell: |day| format::count(day.totals.failed_requests).into_any(),
        csv: |day| day.totals.failed_requests.to_string(),
    },
    Column {
        title: "Tokens",
        class: "end minor",
        sort: None,
        cell: |day| format::count(day.totals.total_tokens).into_any(),
        csv: |day| day.totals.total_tokens.to_string(),
    },
];

const IDS: Rows<DayTotals> = Rows { id: |day| day.date.to_string(), version: |day| format!("{:?}", day.totals) };

#[component]
pub(crate) fn Days(load: Load<Overview>) -> impl IntoView {
    let url = use_url();
    let days = load.map(|overview| overview.days.clone());
    let measure = Memo::new(move |_| match url.get("chart").as_deref() {
        Some("requests") => Measure::Requests,
        _ => Measure::Spend,
    });
    let is_table = Memo::new(move |_| url.get("view").as_deref() == Some("table"));
    // The newest day first: a table is read from the top.
    let newest_first = Signal::derive(move || days.get().into_iter().rev().collect::<Vec<_>>());
    let chart = move || {
        view! {
            <BarChart
                label=Signal::derive(move || summary(&days.get(), measure.get()))
                whole=Signal::derive(move || whole(&days.get()))
                mark=Signal::derive(move || mark_of(measure.get()))
                bars=Signal::derive(move || bars(&days.get(), measure.get()))
            />
        }
    };
    view! {
        <section class="card" aria-label="Last 30 days">
            <header class="card-header">
                <h2>"Last 30 days"</h2>
                <div class="actions">
                    <Segments name="chart" label="Measure" options=&[("", "Spend"), ("requests", "Requests")] />
                    <Segments name="view" label="View" options=&[("", "Chart"), ("table", "Table")] />
                    <ExportButton name="tollgate-days" columns=COLUMNS rows=rows_of(newest_first) />
                </div>
            </header>
            {move || if is_table.get() {
                view! { <Table label="Last 30 days" columns=COLUMNS rows=newest_first ids=IDS is_plain=true /> }.into_any()
            } else {
                chart().into_any()
            }}
        </section>
    }
}

fn bars(days: &[DayTotals], measure: Measure) -> Vec<Bar> {
    days.iter()
        .map(|day| Bar {
            label: format::day(day.date),
            value: match measure {
                Measure::Spend => day.totals.spend.to_usd(),
                Measure::Requests => format::to_f64(day.totals.api_requests),
            },
            text: format!("{} · {}", format::money_total(day.totals.spend), format::requests(day.totals.api_requests)),
        })
        .collect()
}

/// Spend and requests of all days together.
fn whole(days: &[DayTotals]) -> String {
    let spend: NanoUsd = days.iter().map(|day| day.totals.spend).sum();
    let requests: i64 = days.iter().map(|day| day.totals.api_requests).sum();
    format!("Total {} · {}", format::money_total(spend), format::requests(requests))
}

/// How the axis writes its values.
fn mark_of(measure: Measure) -> fn(f64) -> String {
    match measure {
        Measure::Spend => |usd| NanoUsd::from_usd(usd).map(format::money_round).unwrap_or_default(),
        Measure::Requests => format::compact,
    }
}

/// The highest day.
fn top(days: &[DayTotals], measure: Measure) -> String {
    match measure {
        Measure::Spend => format::money_total(days.iter().map(|d| d.totals.spend).max().unwrap_or_default()),
        Measure::Requests => format::count(days.iter().map(|d| d.totals.api_requests).max().unwrap_or_default()),
    }
}

fn summary(days: &[DayTotals], measure: Measure) -> String {
    let spend: NanoUsd = days.iter().map(|day| day.totals.spend).sum();
    let requests: i64 = days.iter().map(|day| day.totals.api_requests).sum();
    let of = match measure {
        Measure::Spend => "Spend",
        Measure::Requests => "Requests",
    };
    format!(
        "{of} by day over the last 30 days: {} and {} in all, at most {} on a day",
        format::money_total(spend),
        format::requests(requests),
        top(days, measure)
    )
}
