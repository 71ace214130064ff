//! The figures of the range, each with those of the days before.

use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{Usage, UsageSums};

use crate::format;
use crate::ui::load::Load;

#[component]
pub(super) fn Tiles(load: Load<Usage>) -> impl IntoView {
    let tiles = move || load.data.with(|data| data.as_ref().map(tiles_of));
    view! { <section class="tiles" aria-label="Key figures">{tiles}</section> }
}

fn tiles_of(usage: &Usage) -> impl IntoView + use<> {
    let (now, before) = (usage.total, usage.previous);
    let tokens = |sums: UsageSums| sums.prompt_tokens.saturating_add(sums.completion_tokens);
    let cached = format::percent(now.cache_read_input_tokens, now.prompt_tokens);
    view! {
        {tile("Spend", format::money_total(now.spend), change(now.spend, before.spend))}
        {tile("Requests", format::count(now.api_requests), format!("{} before", format::count(before.api_requests)))}
        {tile("Errors", format::count(now.failed_requests), format!("{} of requests", format::percent(now.failed_requests, now.api_requests)))}
        {tile("Tokens", format::compact(format::to_f64(tokens(now))), format!("{cached} of input from cache"))}
        {tile("Per 1,000 requests", unit_cost(now), format!("{} before", unit_cost(before)))}
    }
}

/// How spend changed, in words.
pub(crate) fn change(now: NanoUsd, before: NanoUsd) -> String {
    if before == NanoUsd::ZERO {
        return "nothing before".to_owned();
    }
    let by = format::percent(now.0.saturating_sub(before.0).saturating_abs(), before.0);
    match now.cmp(&before) {
        std::cmp::Ordering::Equal => format!("as before, {}", format::money_total(before)),
        std::cmp::Ordering::Greater => format!("{by} more than {}", format::money_total(before)),
        std::cmp::Ordering::Less => format!("{by} less than {}", format::money_total(before)),
    }
}

fn unit_cost(sums: UsageSums) -> String {
    if sums.api_requests == 0 {
        return "–".to_owned();
    }
    format::money_total(NanoUsd(sums.spend.0.saturating_mul(1000).checked_div(sums.api_requests).unwrap_or_default()))
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
