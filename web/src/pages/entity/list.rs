//! The list.

use leptos::prelude::*;

use crate::api::{ApiError, Listed};
use crate::app::use_session;
use crate::pages::entity::create::create_view;
use crate::pages::entity::detail::EntityDetail;
use crate::pages::entity::{Entity, Find};
use crate::pages::policy::trial;
use crate::ui::empty::Empty;
use crate::ui::export::{ExportButton, FetchRows};
use crate::ui::icon::{Icon, icon};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::page::Page;
use crate::ui::pager::{Pager, page_of};
use crate::ui::search::Search;
use crate::ui::table::{Rows, Table};

/// Rows on a page.
const PAGE_SIZE: u64 = 25;

/// Rows the export asks for at once, and the most pages of them.
const EXPORT_PAGE_SIZE: u64 = 100;
const EXPORT_PAGES_MAX: u64 = 100;

#[component]
pub(crate) fn EntityPage<E: Entity>(#[prop(optional)] _of: std::marker::PhantomData<E>) -> impl IntoView {
    let url = use_url();
    let words = E::WORDS;
    let (noun, _) = words.nouns;
    let find = Memo::new(move |_| Find { search: url.get("q"), page: page_of(url), page_size: PAGE_SIZE });
    let load = Load::new(move || E::list(find.get()));
    let may_create = E::may_create(use_session());
    let create = move || {
        may_create.then(|| {
            view! {
                <a class="button button-primary" href=move || url.href(&[("new", "1"), (noun, "")])>
                    {icon(Icon::Plus)}
                    {format!("Create {noun}")}
                </a>
            }
        })
    };
    let rows: FetchRows<E> = std::sync::Arc::new(move || {
        let search = find.get_untracked().search;
        Box::pin(fetch_every(search))
    });
    view! {
        <Page title=words.title lead=words.lead actions=create>
            <div class="toolbar">
                <Search name="q" label=words.search />
                <span class="toolbar-space"></span>
                <ExportButton name=words.nouns.1 columns=E::columns() rows=rows />
            </div>
            {load.show(skeleton, move || table(load, find))}
        </Page>
        {move || drawers(load)}
    }
    .into_any()
}

fn table<E: Entity>(load: Load<Listed<E>>, find: Memo<Find>) -> AnyView {
    let rows = load.map(|listed| listed.rows.clone());
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let total = load.map(|listed| listed.total);
    let ids = Rows { id: |entity: &E| entity.id().to_owned(), version: |entity: &E| format!("{entity:?}") };
    let content = move || {
        if is_empty.get() {
            return nothing_here::<E>(&find.get());
        }
        view! {
            <div class="card" aria-busy=move || load.is_busy.get().to_string()>
                <Table label=E::WORDS.title columns=E::columns() rows=rows ids=ids opens=E::WORDS.nouns.0 />
                <Pager
                    page=Signal::derive(move || find.get().page)
                    pages=Signal::derive(move || total.get().div_ceil(PAGE_SIZE))
                    total=total
                    nouns=E::WORDS.nouns
                />
            </div>
        }
        .into_any()
    };
    content.into_any()
}

/// The URL without anything about the one that is open.
fn closed<E: Entity>() -> Vec<(&'static str, &'static str)> {
    let names = [E::WORDS.nouns.0, "edit", "tab"].into_iter().chain(E::WORDS.forms.iter().copied());
    names.chain(trial::STATE.iter().copied()).map(|name| (name, "")).collect()
}

/// What the URL opens beside the list.
fn drawers<E: Entity>(load: Load<Listed<E>>) -> impl IntoView {
    let (url, session) = (use_url(), use_session());
    let (noun, _) = E::WORDS.nouns;
    let opened = url.value(noun);
    let is_new = Memo::new(move |_| url.get("new").is_some());
    let close_new = Callback::new(move |()| url.push(&[("new", "")]));
    let close = Callback::new(move |()| url.push(&closed::<E>()));
    // The back button must not lead to what is gone.
    let forget = Callback::new(move |()| {
        url.replace(&closed::<E>());
        load.refresh();
    });
    let on_change = Callback::new(move |()| load.refresh());
    let created = Callback::new(move |()| {
        load.refresh();
        url.replace(&[("new", "")]);
    });
    view! {
        {move || (is_new.get() && E::may_create(session)).then(|| create_view::<E>(close_new, created))}
        {move || opened.get().map(|id| view! { <EntityDetail<E> id=id on_gone=forget on_close=close on_change=on_change /> })}
    }
}

/// Every one that the search matches, for the export.
async fn fetch_every<E: Entity>(search: Option<String>) -> Result<Vec<E>, ApiError> {
    let mut all = Vec::new();
    for page in 1..=EXPORT_PAGES_MAX {
        let fetched = E::list(Find { search: search.clone(), page, page_size: EXPORT_PAGE_SIZE }).await?;
        all.extend(fetched.rows);
        if page * EXPORT_PAGE_SIZE >= fetched.total {
            break;
        }
    }
    Ok(all)
}

fn nothing_here<E: Entity>(find: &Find) -> AnyView {
    let (noun, nouns) = E::WORDS.nouns;
    let path = format!("/ui/{nouns}");
    if find.search.is_some() || find.page > 1 {
        return view! {
            <Empty art=Icon::Search title=format!("No {noun} matches") text="Another search may find it.">
                <a class="button" href=path>{format!("Show all {nouns}")}</a>
            </Empty>
        }
        .into_any();
    }
    let action = E::may_create(use_session()).then(|| {
        view! { <a class="button button-primary" href=format!("{path}?new=1")>{format!("Create the first {noun}")}</a> }
    });
    view! { <Empty art=E::ART title=format!("No {nouns} yet") text=E::WORDS.empty>{action}</Empty> }.into_any()
}
