//! The month in four figures.

use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::SpendForecast;

use crate::app::use_session;
use crate::format;
use crate::pages::usage::change;
use crate::ui::load::Load;

#[component]
pub(super) fn Tiles(load: Load<SpendForecast>) -> impl IntoView {
    let tiles = move || load.data.with(|data| data.as_ref().map(tiles_of));
    view! { <section class="tiles tiles-four" aria-label="Key figures">{tiles}</section> }
}

fn tiles_of(month: &SpendForecast) -> impl IntoView + use<> {
    let before = change(month.spend, month.previous_spend_to_date);
    let (forecast, range) = match month.forecast {
        Some(forecast) => (
            format::money_total(forecast.spend),
            format!(
                "{} to {}, {} sure",
                format::money_round(forecast.low),
                format::money_round(forecast.high),
                percent_of_one(forecast.confidence)
            ),
        ),
        None => ("–".to_owned(), "three days after the first call".to_owned()),
    };
    view! {
        {tile("This month so far", format::money_total(month.spend), format!("{before} by the end of this day last month"))}
        {tile("Forecast for the month", forecast, range)}
        {tile("Last month", format::money_total(month.previous_spend), "with all that was heard of since".to_owned())}
        {budget(month).map(|(left, note)| tile("Left of the budget", left, note))}
    }
}

/// What is left of the monthly budget, and whether it lasts; nothing to those who could not know of one.
fn budget(month: &SpendForecast) -> Option<(String, String)> {
    let Some(max) = month.max_budget else {
        let sees_it = use_session().sees_everything();
        return sees_it.then(|| ("–".to_owned(), "the gateway has no budget by the month".to_owned()));
    };
    let left = NanoUsd(max.0.saturating_sub(month.budget_spend.unwrap_or_default().0).max(0));
    let of = format!("of {}", format::money_round(max));
    let note = match month.exhausted_on {
        _ if left == NanoUsd::ZERO => format!("{of}; used up"),
        Some(day) => format!("{of}; lasts until {}", format::day(day)),
        None if month.forecast.is_some() => format!("{of}; lasts beyond the month"),
        None => of,
    };
    Some((format::money_total(left), note))
}

fn percent_of_one(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
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
