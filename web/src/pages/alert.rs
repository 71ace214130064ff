//! Alerts: what happened, and where it is told.

mod channel;
mod detail;
mod list;
pub(crate) mod words;

use leptos::prelude::*;
use tollgate_openapi::alert::{AlertLevel, AlertListQuery, AlertPage as Listed};

use crate::api;
use crate::pages::alert::channel::Channels;
use crate::pages::alert::detail::AlertDetail;
use crate::pages::alert::list::{COLUMNS, IDS};
use crate::pages::alert::words::{LEVEL_OPTIONS, TYPE_OPTIONS};
use crate::ui::empty::Empty;
use crate::ui::icon::Icon;
use crate::ui::load::{Load, skeleton};
use crate::ui::location::{UrlState, use_url};
use crate::ui::page::Page;
use crate::ui::pager::{Pager, page_of};
use crate::ui::search::{FilterGroup, SelectFilter};
use crate::ui::segment::Segments;
use crate::ui::table::Table;
use crate::url::{parse_word, search_of};

/// Alerts on a page.
const PAGE_SIZE: u64 = 50;
/// Which part of the page shows, as the URL names it.
const TAB: &str = "tab";
const TABS: &[(&str, &str)] = &[("history", "History"), ("channels", "Channels")];

#[component]
pub(crate) fn AlertPage() -> impl IntoView {
    let url = use_url();
    let has_channels = Memo::new(move |_| url.get(TAB).as_deref() == Some("channels"));
    let part = move || match has_channels.get() {
        true => view! { <Channels /> }.into_any(),
        false => view! { <History /> }.into_any(),
    };
    view! {
        <Page title="Alerts" lead="What happened that somebody should know of, and where it is told.">
            <div class="toolbar">
                <Segments name=TAB label="Show" options=TABS />
            </div>
            {part}
        </Page>
    }
    .into_any()
}

#[component]
fn History() -> impl IntoView {
    let url = use_url();
    let query = Memo::new(move |_| ListQuery(query_of(url)));
    let load = Load::new(move || api::alert::list(query.get().0));
    let opened = url.value("alert");
    let close = Callback::new(move |()| url.push(&[("alert", "")]));
    let found = Memo::new(move |_| {
        let id = opened.get()?;
        load.data.with(|page| page.as_ref()?.alerts.iter().find(|alert| alert.alert_id == id).cloned())
    });
    view! {
        <div class="toolbar">
            <FilterGroup>
                <SelectFilter name="type" label="What it is about" options=TYPE_OPTIONS />
                <SelectFilter name="level" label="How bad it is" options=LEVEL_OPTIONS />
            </FilterGroup>
        </div>
        {load.show(skeleton, move || table(load, query))}
        {move || found.get().map(|alert| view! { <AlertDetail alert=alert on_close=close /> })}
    }
}

fn table(load: Load<Listed>, query: Memo<ListQuery>) -> AnyView {
    let rows = load.map(|page| page.alerts.clone());
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let content = move || {
        if is_empty.get() {
            return nothing_here(query.get().is_filtered());
        }
        view! {
            <div class="card" aria-busy=move || load.is_busy.get().to_string()>
                <Table label="Alerts" columns=COLUMNS rows=rows ids=IDS opens="alert" />
                <Pager
                    page=load.map(|page| page.page)
                    pages=load.map(|page| page.total_pages)
                    total=load.map(|page| page.total)
                    nouns=("alert", "alerts")
                />
            </div>
        }
        .into_any()
    };
    content.into_any()
}

/// [`AlertListQuery`] as a memo holds it: comparable.
#[derive(Clone, Debug)]
struct ListQuery(AlertListQuery);

impl PartialEq for ListQuery {
    fn eq(&self, other: &Self) -> bool {
        search_of(&self.0).ok() == search_of(&other.0).ok()
    }
}

impl ListQuery {
    const fn is_filtered(&self) -> bool {
        self.0.alert_type.is_some() || self.0.level.is_some()
    }
}

fn query_of(url: UrlState) -> AlertListQuery {
    AlertListQuery {
        alert_type: url.get("type").and_then(|word| parse_word(&word)),
        level: url.get("level").and_then(|word| parse_word::<AlertLevel>(&word)),
        page: page_of(url),
        page_size: PAGE_SIZE,
        ..AlertListQuery::default()
    }
}

fn nothing_here(is_filtered: bool) -> AnyView {
    if is_filtered {
        return view! {
            <Empty art=Icon::Search title="No alert matches" text="Fewer filters may find it.">
                <a class="button" href="/ui/alerts">"Show all alerts"</a>
            </Empty>
        }
        .into_any();
    }
    let add = channel::may_add().then(|| {
        view! { <a class="button button-primary" href="/ui/alerts?tab=channels&channel=new">"Add a channel"</a> }
    });
    view! {
        <Empty
            art=Icon::Alert
            title="Nothing happened so far"
            text="Budgets that are nearly spent, providers that fail and the like appear here, and in the channels that you add."
        >
            {add}
        </Empty>
    }
    .into_any()
}
