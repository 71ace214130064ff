//! Logs: the ledger's calls, live.

mod attempts;
mod detail;
mod filters;
mod list;
mod refusal;
mod timing;

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use leptos::prelude::*;
use tollgate_openapi::key::SortOrder;
use tollgate_openapi::spend::{SpendLogPage, SpendLogQuery, SpendLogSort, SpendLogView};

use crate::api::ApiError;
use crate::pages::log::detail::CallDetail;
use crate::pages::log::filters::Filters;
use crate::pages::log::list::{COLUMNS, IDS};
use crate::ui::empty::Empty;
use crate::ui::export::{ExportButton, FetchRows};
use crate::ui::icon::{Icon, icon};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::{UrlState, use_url};
use crate::ui::page::Page;
use crate::ui::pager::{Pager, page_of};
use crate::ui::search::Search;
use crate::ui::table::{Sorting, Table};
use crate::url::{parse_word, search_of, word_of};
use crate::{api, browser, format};

/// How often the first page is asked for.
const REFRESH_EVERY: Duration = Duration::from_secs(3);

/// Calls on a page.
const PAGE_SIZE: u64 = 50;

/// The most the API gives at once, and the most pages an export asks for.
const EXPORT_PAGE_SIZE: u64 = 100;
const EXPORT_PAGES_MAX: u64 = 100;

#[component]
pub(crate) fn LogPage() -> impl IntoView {
    let url = use_url();
    let query = Memo::new(move |_| query_of(url));
    let load = Load::new(move || api::spend::logs(query.get().0));
    let is_paused = RwSignal::new(false);
    let is_live = Signal::derive(move || !is_paused.get() && query.get().0.page == 1);
    load.refresh_every(REFRESH_EVERY, is_live);
    let opened = url.value("call");
    let close = Callback::new(move |()| url.push(&[("call", "")]));
    view! {
        <Page title="Logs" lead="Every call, what it used and what it cost." actions=move || live_button(is_paused, is_live)>
            <div class="toolbar">
                <Search name="q" label="Find a call by its id" />
                <Filters key_name=load.map(|page| page.data.first().and_then(|call| call.key_alias.clone())) />
                <span class="toolbar-space"></span>
                <ExportButton name="tollgate-calls" columns=COLUMNS rows=every_call(query) />
            </div>
            {load.show(skeleton, move || view! { <CallTable load=load query=query /> }.into_any())}
        </Page>
        {move || opened.get().map(|id| view! { <CallDetail id=id on_close=close /> })}
    }
    .into_any()
}

/// Pauses and resumes; a live page says so.
fn live_button(is_paused: RwSignal<bool>, is_live: Signal<bool>) -> AnyView {
    let text = move || match (is_paused.get(), is_live.get()) {
        (true, _) => "Paused",
        (false, true) => "Live",
        (false, false) => "Live on page 1 only",
    };
    let action = move || if is_paused.get() { "Resume live updates" } else { "Pause live updates" };
    view! {
        <button
            class="button live"
            class:is-live=is_live
            type="button"
            title=action
            aria-pressed=move || is_paused.get().to_string()
            on:click=move |_| is_paused.update(|paused| *paused = !*paused)
        >
            <span class="live-mark">{move || is_paused.get().then(|| icon(Icon::Play))}</span>
            {text}
        </button>
    }
    .into_any()
}

#[component]
fn CallTable(load: Load<SpendLogPage>, query: Memo<LogQuery>) -> impl IntoView {
    let rows = load.map(|page| page.data.clone());
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let sorting = Sorting {
        by: Signal::derive(move || word_of(&query.get().0.sort_by)),
        is_ascending: Signal::derive(move || query.get().0.sort_order == SortOrder::Asc),
    };
    move || {
        if is_empty.get() {
            return nothing_here(query.get().is_filtered());
        }
        view! {
            <div class="card">
                <Table label="Calls" columns=COLUMNS rows=rows ids=IDS opens="call" sorting=sorting />
                <Pager
                    page=load.map(|page| page.page)
                    pages=load.map(|page| page.total_pages)
                    total=load.map(|page| page.total)
                    is_capped=load.map(|page| page.total_is_capped)
                    nouns=("call", "calls")
                />
            </div>
        }
        .into_any()
    }
}

/// [`SpendLogQuery`] as a memo holds it: comparable.
#[derive(Clone, Debug)]
struct LogQuery(SpendLogQuery);

impl PartialEq for LogQuery {
    fn eq(&self, other: &Self) -> bool {
        search_of(&self.0).ok() == search_of(&other.0).ok()
    }
}

impl LogQuery {
    fn is_filtered(&self) -> bool {
        let unfiltered = SpendLogQuery {
            page_size: PAGE_SIZE,
            sort_by: self.0.sort_by,
            sort_order: self.0.sort_order,
            ..SpendLogQuery::default()
        };
        *self != Self(unfiltered)
    }
}

fn query_of(url: UrlState) -> LogQuery {
    LogQuery(SpendLogQuery {
        page: page_of(url),
        page_size: PAGE_SIZE,
        request_id: url.get("q"),
        api_key: url.get("key"),
        key_alias: url.get("alias"),
        model: url.get("model"),
        status_filter: url.get("status").and_then(|word| parse_word(&word)),
        start_date: day_of(url, "from").map(|(first, _)| format::moment_utc(first)),
        end_date: day_of(url, "to").map(|(_, last)| format::moment_utc(last)),
        sort_by: url.get("sort").and_then(|word| parse_word(&word)).unwrap_or(SpendLogSort::StartTime),
        sort_order: url.get("order").and_then(|word| parse_word(&word)).unwrap_or(SortOrder::Desc),
        ..SpendLogQuery::default()
    })
}

/// The first and the last moment of a day that somebody chose, in their own zone.
fn day_of(url: UrlState, name: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let date: NaiveDate = url.get(name)?.parse().ok()?;
    // The offset of that day, not of today: summer time may lie between.
    let zone = browser::zone(date.and_time(NaiveTime::MIN).and_utc());
    format::day_bounds(date, zone)
}

/// Every call that the filters match, up to a bound, for the export.
fn every_call(query: Memo<LogQuery>) -> FetchRows<SpendLogView> {
    std::sync::Arc::new(move || {
        let query = query.get_untracked().0;
        Box::pin(async move { fetch_every_call(query).await })
    })
}

async fn fetch_every_call(query: SpendLogQuery) -> Result<Vec<SpendLogView>, ApiError> {
    let mut calls = Vec::new();
    let mut next = SpendLogQuery { page: 1, page_size: EXPORT_PAGE_SIZE, ..query };
    for _ in 0..EXPORT_PAGES_MAX {
        let fetched = api::spend::logs(next.clone()).await?;
        calls.extend(fetched.data);
        match fetched.next_cursor {
            Some(cursor) => next.cursor = Some(cursor),
            None => break,
        }
    }
    Ok(calls)
}

fn nothing_here(is_filtered: bool) -> AnyView {
    if is_filtered {
        return view! {
            <Empty art=Icon::Search title="No call matches" text="Fewer filters or another range may find it.">
                <a class="button" href="/ui/logs">"Show all calls"</a>
            </Empty>
        }
        .into_any();
    }
    view! {
        <Empty art=Icon::Log title="No calls yet" text="Each call appears here a moment after it ends, with its cost and its timing.">
            <a class="button" href="/ui">"Make the first call"</a>
        </Empty>
    }
    .into_any()
}
