//! The figures of today and of the month, each with what to compare it to.

use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{Overview, PeriodTotals};

use crate::format;
use crate::ui::load::Load;

#[component]
pub(crate) fn Tiles(load: Load<Overview>) -> impl IntoView {
    let tiles = move || load.data.with(|data| data.as_ref().map(tiles_of));
    view! { <section class="tiles" aria-label="Key figures">{tiles}</section> }
}

fn tiles_of(overview: &Overview) -> impl IntoView + use<> {
    let (today, yesterday) = (&overview.today, &overview.yesterday);
    let (month, last_month) = (&overview.month, &overview.last_month);
    view! {
        {money_tile("Spend today", today.spend, &format!("{} yesterday", format::money_total(yesterday.spend)))}
        {money_tile("Spend this month", month.spend, &format!("{} last month", format::money_total(last_month.spend)))}
        {tile("Requests today", format::count(today.api_requests), format!("{} yesterday", format::count(yesterday.api_requests)))}
        {tile("Errors today", format::count(today.failed_requests), error_rates(today, yesterday))}
        {tile("Typical response time today", latency(today.latency_p50_ms), slowest(today))}
    }
}

fn error_rates(today: &PeriodTotals, yesterday: &PeriodTotals) -> String {
    let rate = |day: &PeriodTotals| format::percent(day.failed_requests, day.api_requests);
    format!("{}, {} yesterday", rate(today), rate(yesterday))
}

/// The median says little about those who wait longest.
fn slowest(today: &PeriodTotals) -> String {
    today
        .latency_p95_ms
        .map_or_else(|| "no answers yet".to_owned(), |ms| format!("95% within {}", format::duration_ms(ms)))
}

fn latency(ms: Option<f64>) -> String {
    ms.map_or_else(|| "–".to_owned(), format::duration_ms)
}

fn money_tile(label: &'static str, amount: NanoUsd, note: &str) -> impl IntoView + use<> {
    view! {
        <div class="tile" title=format::money_exact(amount)>
            <span class="tile-label">{label}</span>
            <span class="tile-value number">{format::money_total(amount)}</span>
            <span class="tile-note number">{note.to_owned()}</span>
        </div>
    }
}

fn tile(label: &'static str, value: String, note: String) -> impl IntoView {
    view! {
        <div class="tile">
            <span class="tile-label">{label}</span>
            <span class="tile-value number">{value}</span>
            <span class="tile-note number">{note}</span>
        </div>
    }
}
