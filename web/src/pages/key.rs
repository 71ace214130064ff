//! Virtual keys: the list, and what can be done with one.

mod bulk;
mod create;
mod detail;
mod draft;
mod edit;
mod form;
mod limits;
mod place;
pub(crate) mod list;
mod rotate;

use leptos::prelude::*;
use tollgate_openapi::key::{KeyListQuery, KeySort, KeyView, SortOrder};

use crate::api;
use crate::api::ApiError;
use crate::api::key::Keys;
use crate::app::use_session;
use crate::pages::key::bulk::BulkActions;
use crate::pages::key::create::CreateKey;
use crate::pages::key::detail::KeyDetail;
use crate::pages::key::list::{COLUMNS, IDS};
use crate::pages::policy::trial;
use crate::ui::empty::Empty;
use crate::ui::export::{ExportButton, FetchRows};
use crate::ui::icon::{Icon, icon};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::{UrlState, use_url};
use crate::ui::page::Page;
use crate::ui::pager::{Pager, page_of};
use crate::ui::search::{Search, SelectFilter};
use crate::ui::table::{Chosen, Sorting, Table};
use crate::url::{parse_word, word_of};

/// Keys on a page.
const PAGE_SIZE: u64 = 25;

/// The most the API gives at once, and the most pages an export asks for.
const EXPORT_PAGE_SIZE: u64 = 100;
const EXPORT_PAGES_MAX: u64 = 100;

/// The URL without anything about the opened key.
fn closed() -> Vec<(&'static str, &'static str)> {
    ["key", "edit", "tab"].iter().chain(trial::STATE).map(|name| (*name, "")).collect()
}

const STATUS_OPTIONS: &[(&str, &str)] =
    &[("", "Any state"), ("active", "Active"), ("blocked", "Blocked"), ("expired", "Expired")];

#[component]
pub(crate) fn KeyPage() -> impl IntoView {
    let (url, session) = (use_url(), use_session());
    let query = Memo::new(move |_| query_of(url));
    let load = Load::new(move || api::key::list(query.get().0));
    let can_write = session.can_write();
    let create = move || {
        can_write.then(|| {
            view! {
                <a class="button button-primary" href=move || url.href(&[("new", "1"), ("key", "")])>
                    {icon(Icon::Plus)}
                    "Create key"
                </a>
            }
        })
    };
    view! {
        <Page title="Keys" lead="Each application calls the gateway with a key of its own." actions=create>
            <div class="toolbar">
                <Search name="q" label="Search by name, owner or team" />
                <SelectFilter name="status" label="State" options=STATUS_OPTIONS />
                <span class="toolbar-space"></span>
                <ExportButton name="tollgate-keys" columns=COLUMNS rows=every_key(query) />
            </div>
            {load.show(skeleton, move || view! { <KeyTable load=load query=query /> }.into_any())}
        </Page>
        <Drawers load=load />
    }
    .into_any()
}

#[component]
fn KeyTable(load: Load<Keys>, query: Memo<ListQuery>) -> impl IntoView {
    let rows = load.map(|keys| keys.keys.clone());
    let can_write = use_session().can_write();
    let chosen = Chosen::default();
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let sorting = Sorting {
        by: Signal::derive(move || word_of(&query.get().0.sort_by)),
        is_ascending: Signal::derive(move || query.get().0.sort_order == SortOrder::Asc),
    };
    move || {
        if is_empty.get() {
            return nothing_here(&query.get().0);
        }
        view! {
            {can_write.then(|| view! { <BulkActions chosen=chosen on_change=Callback::new(move |()| load.refresh()) /> })}
            <div class="card" aria-busy=move || load.is_busy.get().to_string()>
                {keys_table(rows, sorting, can_write.then_some(chosen))}
                <Pager
                    page=load.map(|keys| keys.page)
                    pages=load.map(|keys| keys.pages)
                    total=load.map(|keys| keys.total)
                    nouns=("key", "keys")
                />
            </div>
        }
        .into_any()
    }
}

fn keys_table(rows: Signal<Vec<KeyView>>, sorting: Sorting, chosen: Option<Chosen>) -> AnyView {
    match chosen {
        Some(chosen) => view! {
            <Table label="Keys" columns=COLUMNS rows=rows ids=IDS opens="key" sorting=sorting chosen=chosen />
        }
        .into_any(),
        None => {
            view! { <Table label="Keys" columns=COLUMNS rows=rows ids=IDS opens="key" sorting=sorting /> }.into_any()
        }
    }
}

/// What the URL opens beside the list.
#[component]
fn Drawers(load: Load<Keys>) -> impl IntoView {
    let (url, session) = (use_url(), use_session());
    let opened = url.value("key");
    let is_new = Memo::new(move |_| url.get("new").is_some());
    let close_new = Callback::new(move |()| url.push(&[("new", "")]));
    let close_key = Callback::new(move |()| url.push(&closed()));
    // The back button must not lead to a key that is gone.
    let forget_key = Callback::new(move |()| {
        url.replace(&closed());
        load.refresh();
    });
    let on_change = Callback::new(move |()| load.refresh());
    view! {
        {move || (is_new.get() && session.can_write()).then(|| view! { <CreateKey on_close=close_new on_change=on_change /> })}
        {move || opened.get().map(|token| view! { <KeyDetail token=token on_gone=forget_key on_close=close_key on_change=on_change /> })}
    }
}

/// [`KeyListQuery`] as a memo holds it: comparable.
#[derive(Clone, Debug)]
struct ListQuery(KeyListQuery);

impl PartialEq for ListQuery {
    fn eq(&self, other: &Self) -> bool {
        crate::url::search_of(&self.0).ok() == crate::url::search_of(&other.0).ok()
    }
}

fn query_of(url: UrlState) -> ListQuery {
    ListQuery(KeyListQuery {
        page: page_of(url),
        size: PAGE_SIZE,
        search: url.get("q"),
        status: url.get("status").and_then(|word| parse_word(&word)),
        sort_by: url.get("sort").and_then(|word| parse_word(&word)).unwrap_or(KeySort::CreatedAt),
        sort_order: url.get("order").and_then(|word| parse_word(&word)).unwrap_or(SortOrder::Desc),
        ..KeyListQuery::default()
    })
}

/// Every key that the filters match, for the export.
fn every_key(query: Memo<ListQuery>) -> FetchRows<KeyView> {
    std::sync::Arc::new(move || {
        let query = query.get_untracked().0;
        Box::pin(async move { fetch_every_key(query).await })
    })
}

async fn fetch_every_key(query: KeyListQuery) -> Result<Vec<KeyView>, ApiError> {
    let mut keys = Vec::new();
    for page in 1..=EXPORT_PAGES_MAX {
        let size = EXPORT_PAGE_SIZE;
        let fetched = api::key::list(KeyListQuery { page, size, ..query.clone() }).await?;
        keys.extend(fetched.keys);
        if page >= fetched.pages {
            break;
        }
    }
    Ok(keys)
}

fn nothing_here(query: &KeyListQuery) -> AnyView {
    if query.search.is_some() || query.status.is_some() || query.page > 1 {
        return view! {
            <Empty art=Icon::Search title="No key matches" text="Another search or state may find it.">
                <a class="button" href="/ui/keys">"Show all keys"</a>
            </Empty>
        }
        .into_any();
    }
    view! {
        <Empty
            art=Icon::Key
            title="No keys yet"
            text="A key lets one application call the models you allow, within the budget you set."
        >
            <a class="button button-primary" href="/ui/keys?new=1">"Create the first key"</a>
        </Empty>
    }
    .into_any()
}
