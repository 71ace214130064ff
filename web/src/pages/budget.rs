//! Reusable budgets: the list, and what can be done with one.

mod detail;
mod form;
mod list;

use leptos::prelude::*;
use tollgate_openapi::budget::BudgetView;
use tollgate_openapi::page::PageQuery;

use crate::api;
use crate::api::{ApiError, Listed};
use crate::app::use_session;
use crate::pages::budget::detail::BudgetDetail;
use crate::pages::budget::form::CreateBudget;
use crate::pages::budget::list::{COLUMNS, IDS};
use crate::ui::empty::Empty;
use crate::ui::export::{ExportButton, FetchRows};
use crate::ui::icon::{Icon, icon};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::page::Page;
use crate::ui::pager::{Pager, page_of};
use crate::ui::table::Table;

/// Budgets on a page.
const PAGE_SIZE: u64 = 25;

/// The most the API gives at once, and the most pages an export asks for.
const EXPORT_PAGE_SIZE: u64 = 1000;
const EXPORT_PAGES_MAX: u64 = 100;

#[component]
pub(crate) fn BudgetPage() -> impl IntoView {
    let (url, session) = (use_url(), use_session());
    let page = Memo::new(move |_| page_of(url));
    let load = Load::new(move || api::budget::list(PageQuery { page: page.get(), page_size: PAGE_SIZE, cursor: None }));
    let is_admin = session.is_admin();
    let create = move || {
        is_admin.then(|| {
            view! {
                <a class="button button-primary" href=move || url.href(&[("new", "1"), ("budget", "")])>
                    {icon(Icon::Plus)}
                    "Create budget"
                </a>
            }
        })
    };
    view! {
        <Page title="Budgets" lead="Limits under a name. What is attached to one spends on an account of its own." actions=create>
            <div class="toolbar">
                <span class="toolbar-space"></span>
                <ExportButton name="tollgate-budgets" columns=COLUMNS rows=every_budget() />
            </div>
            {load.show(skeleton, move || view! { <BudgetTable load=load page=page /> }.into_any())}
        </Page>
        <Drawers load=load />
    }
    .into_any()
}

#[component]
fn BudgetTable(load: Load<Listed<BudgetView>>, page: Memo<u64>) -> impl IntoView {
    let rows = load.map(|listed| listed.rows.clone());
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let total = load.map(|listed| listed.total);
    move || {
        if is_empty.get() {
            return nothing_here();
        }
        view! {
            <div class="card" aria-busy=move || load.is_busy.get().to_string()>
                <Table label="Budgets" columns=COLUMNS rows=rows ids=IDS opens="budget" />
                <Pager
                    page=page.into()
                    pages=Signal::derive(move || total.get().div_ceil(PAGE_SIZE))
                    total=total
                    nouns=("budget", "budgets")
                />
            </div>
        }
        .into_any()
    }
}

/// What the URL opens beside the list.
#[component]
fn Drawers(load: Load<Listed<BudgetView>>) -> impl IntoView {
    let (url, session) = (use_url(), use_session());
    let opened = url.value("budget");
    let is_new = Memo::new(move |_| url.get("new").is_some());
    let close_new = Callback::new(move |()| url.push(&[("new", "")]));
    let close = Callback::new(move |()| url.push(&[("budget", ""), ("edit", "")]));
    // The back button must not lead to a budget that is gone.
    let forget = Callback::new(move |()| {
        url.replace(&[("budget", ""), ("edit", "")]);
        load.refresh();
    });
    let on_change = Callback::new(move |()| load.refresh());
    let created = Callback::new(move |()| {
        load.refresh();
        url.replace(&[("new", "")]);
    });
    view! {
        {move || (is_new.get() && session.is_admin()).then(|| view! { <CreateBudget on_close=close_new on_created=created /> })}
        {move || opened.get().map(|id| view! { <BudgetDetail id=id on_gone=forget on_close=close on_change=on_change /> })}
    }
}

/// Every budget, for the export.
fn every_budget() -> FetchRows<BudgetView> {
    std::sync::Arc::new(move || Box::pin(fetch_every_budget()))
}

async fn fetch_every_budget() -> Result<Vec<BudgetView>, ApiError> {
    let mut budgets = Vec::new();
    for page in 1..=EXPORT_PAGES_MAX {
        let fetched = api::budget::list(PageQuery { page, page_size: EXPORT_PAGE_SIZE, cursor: None }).await?;
        budgets.extend(fetched.rows);
        if page * EXPORT_PAGE_SIZE >= fetched.total {
            break;
        }
    }
    Ok(budgets)
}

fn nothing_here() -> AnyView {
    view! {
        <Empty
            art=Icon::Budget
            title="No budgets yet"
            text="A budget keeps limits in one place. Attach keys or teams to it, and a change of it is in force for all of them."
        >
            <a class="button button-primary" href="/ui/budgets?new=1">"Create the first budget"</a>
        </Empty>
    }
    .into_any()
}
