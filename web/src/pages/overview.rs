//! What is spent, how much is called, how fast it answers.

mod days;
pub(crate) mod first_call;
mod morning;
mod tiles;
mod top;

use std::time::Duration;

use leptos::prelude::*;
use tollgate_openapi::spend::Overview;

use crate::api;
use crate::pages::overview::days::Days;
use crate::pages::overview::first_call::FirstCall;
use crate::pages::overview::morning::Morning;
use crate::pages::overview::tiles::Tiles;
use crate::pages::overview::top::{TopKeys, TopModels};
use crate::ui::load::Load;
use crate::ui::page::Page;

/// How often the figures are asked for.
const REFRESH_EVERY: Duration = Duration::from_secs(15);

#[component]
pub(crate) fn OverviewPage() -> impl IntoView {
    let load = Load::new(api::spend::overview);
    load.refresh_every(REFRESH_EVERY, Signal::stored(true));
    let has_calls = load.map(has_calls);
    let ready = move || {
        let content = move || {
            if has_calls.get() {
                view! {
                    <Tiles load=load />
                    <Morning />
                    <Days load=load />
                    <div class="columns">
                        <TopKeys load=load />
                        <TopModels load=load />
                    </div>
                }
                .into_any()
            } else {
                view! { <FirstCall on_check=Callback::new(move |()| load.refresh()) /> }.into_any()
            }
        };
        content.into_any()
    };
    view! {
        <Page title="Overview" lead="Days and months are counted in UTC.">
            {load.show(waiting, ready)}
        </Page>
    }
    .into_any()
}

fn has_calls(overview: &Overview) -> bool {
    overview.month.api_requests > 0
        || overview.last_month.api_requests > 0
        || overview.days.iter().any(|day| day.totals.api_requests > 0)
}

fn waiting() -> AnyView {
    let line = |class: &'static str| view! { <span class=format!("skeleton-line {class}")></span> };
    let tiles = (0..5).map(|_| view! { <div class="tile">{line("is-short")}{line("is-tall")}{line("")}</div> });
    view! {
        <div class="waiting" role="status" aria-label="Loading">
            <div class="tiles">{tiles.collect_view()}</div>
            <div class="card card-waiting">{line("is-short")}<span class="skeleton-line skeleton-plot"></span></div>
        </div>
    }
    .into_any()
}
