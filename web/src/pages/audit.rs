//! The audit log: who did what to what.

mod detail;
mod diff;
mod list;
pub(crate) mod words;

use chrono::{NaiveDate, NaiveTime};
use leptos::prelude::*;
use tollgate_openapi::audit::{AuditPage, AuditQuery, AuditView};

use crate::api::ApiError;
use crate::pages::audit::detail::ChangeDetail;
use crate::pages::audit::list::{COLUMNS, IDS};
use crate::pages::audit::words::{ACTION_OPTIONS, KIND_OPTIONS};
use crate::ui::empty::Empty;
use crate::ui::export::{ExportButton, FetchRows};
use crate::ui::icon::Icon;
use crate::ui::load::{Load, skeleton};
use crate::ui::location::{UrlState, use_url};
use crate::ui::page::Page;
use crate::ui::pager::{Pager, page_of};
use crate::ui::search::{FilterGroup, SelectFilter, TextFilter};
use crate::ui::table::Table;
use crate::url::search_of;
use crate::{api, browser, format};

/// Changes on a page.
const PAGE_SIZE: u64 = 50;

/// The most the API gives at once, and the most pages an export asks for.
const EXPORT_PAGE_SIZE: u64 = 100;
const EXPORT_PAGES_MAX: u64 = 100;

#[component]
pub(crate) fn ChangesPage() -> impl IntoView {
    let url = use_url();
    let query = Memo::new(move |_| ListQuery(query_of(url)));
    let load = Load::new(move || api::audit::list(query.get().0));
    let opened = url.value("change");
    let close = Callback::new(move |()| url.push(&[("change", "")]));
    view! {
        <Page title="Audit log" lead="Who changed what, and what it was before. Nothing is ever taken out of it.">
            <div class="toolbar">
                <FilterGroup>
                    <TextFilter name="by" label="Who: e-mail or id" />
                    <SelectFilter name="action" label="What was done" options=ACTION_OPTIONS />
                    <SelectFilter name="kind" label="To what kind of thing" options=KIND_OPTIONS />
                    <TextFilter name="id" label="Id of the thing" />
                    <TextFilter name="from" label="From" kind="date" />
                    <TextFilter name="to" label="To" kind="date" />
                </FilterGroup>
                <span class="toolbar-space"></span>
                <ExportButton name="tollgate-audit" columns=COLUMNS rows=every_change(query) />
            </div>
            {load.show(skeleton, move || table(load, query))}
        </Page>
        {move || opened.get().map(|id| view! { <ChangeDetail id=id on_close=close /> })}
    }
    .into_any()
}

fn table(load: Load<AuditPage>, query: Memo<ListQuery>) -> AnyView {
    let rows = load.map(|page| page.audit_logs.clone());
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let content = move || {
        if is_empty.get() {
            return nothing_here(query.get().is_filtered());
        }
        view! {
            <div class="card" aria-busy=move || load.is_busy.get().to_string()>
                <Table label="Changes" columns=COLUMNS rows=rows ids=IDS opens="change" />
                <Pager
                    page=load.map(|page| page.page)
                    pages=load.map(|page| page.total_pages)
                    total=load.map(|page| page.total)
                    nouns=("change", "changes")
                />
            </div>
        }
        .into_any()
    };
    content.into_any()
}

/// [`AuditQuery`] as a memo holds it: comparable.
#[derive(Clone, Debug)]
struct ListQuery(AuditQuery);

impl PartialEq for ListQuery {
    fn eq(&self, other: &Self) -> bool {
        search_of(&self.0).ok() == search_of(&other.0).ok()
    }
}

impl ListQuery {
    fn is_filtered(&self) -> bool {
        *self != Self(AuditQuery { page_size: PAGE_SIZE, ..AuditQuery::default() })
    }
}

fn query_of(url: UrlState) -> AuditQuery {
    let bounds = |name: &str| {
        let date: NaiveDate = url.get(name)?.parse().ok()?;
        // The offset of that day, not of today: summer time may lie between.
        format::day_bounds(date, browser::zone(date.and_time(NaiveTime::MIN).and_utc()))
    };
    AuditQuery {
        page: page_of(url),
        page_size: PAGE_SIZE,
        changed_by: url.get("by"),
        action: url.get("action"),
        table_name: url.get("kind"),
        object_id: url.get("id"),
        start_date: bounds("from").map(|(first, _)| format::moment_utc(first)),
        end_date: bounds("to").map(|(_, last)| format::moment_utc(last)),
        cursor: None,
    }
}

/// Every change that the filters match, up to a bound, for the export.
fn every_change(query: Memo<ListQuery>) -> FetchRows<AuditView> {
    std::sync::Arc::new(move || {
        let query = query.get_untracked().0;
        Box::pin(fetch_every_change(query))
    })
}

async fn fetch_every_change(query: AuditQuery) -> Result<Vec<AuditView>, ApiError> {
    let mut query = AuditQuery { page: 1, page_size: EXPORT_PAGE_SIZE, ..query };
    let mut changes = Vec::new();
    for _ in 0..EXPORT_PAGES_MAX {
        let fetched = api::audit::list(query.clone()).await?;
        changes.extend(fetched.audit_logs);
        query.cursor = fetched.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    Ok(changes)
}

fn nothing_here(is_filtered: bool) -> AnyView {
    if is_filtered {
        return view! {
            <Empty art=Icon::Search title="No change matches" text="Fewer filters or another range may find it.">
                <a class="button" href="/ui/audit">"Show all changes"</a>
            </Empty>
        }
        .into_any();
    }
    view! { <Empty art=Icon::Audit title="No changes yet" text="Whatever anybody changes here or by the API appears here." /> }
        .into_any()
}
