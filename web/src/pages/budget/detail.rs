//! One budget: its limits, what is attached to it, and what can be done with it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::budget::BudgetView;

use crate::api;
use crate::app::use_session;
use crate::format;
use crate::pages::budget::form::EditBudget;
use crate::pages::budget::list::attached;
use crate::pages::limit::in_force::LimitFacts;
use crate::ui::confirm::Confirm;
use crate::ui::drawer::{Drawer, focus_title};
use crate::ui::empty::Empty;
use crate::ui::icon::Icon;
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::time;
use crate::ui::toast::use_toasts;

#[component]
pub(crate) fn BudgetDetail(
    id: String,
    on_gone: Callback<()>,
    on_close: Callback<()>,
    on_change: Callback<()>,
) -> impl IntoView {
    let url = use_url();
    let name = id.clone();
    let load = Load::new(move || {
        let id = id.clone();
        async move { api::budget::info(&id).await }
    });
    let is_editing = Memo::new(move |_| url.get("edit").is_some());
    let title = Signal::derive(move || if is_editing.get() { format!("Edit {name}") } else { name.clone() });
    let changed = Callback::new(move |()| {
        load.refresh();
        on_change.run(());
    });
    let done = Callback::new(move |()| url.replace(&[("edit", "")]));
    let ready = move || {
        move || {
            load.data.get().map(|budget| match budget {
                None => view! { <Empty art=Icon::Search title="No such budget" text="It may have been deleted." /> }
                    .into_any(),
                Some(budget) if is_editing.get() => {
                    view! { <EditBudget budget=budget on_done=done on_change=changed /> }.into_any()
                }
                Some(budget) => view! { <Details budget=budget on_gone=on_gone /> }.into_any(),
            })
        }
    };
    view! {
        <Drawer title=title is_sticky=is_editing on_close=on_close>
            {load.show(skeleton, move || ready().into_any())}
        </Drawer>
    }
}

#[component]
fn Details(budget: BudgetView, on_gone: Callback<()>) -> impl IntoView {
    Effect::new(|_| focus_title());
    let is_admin = use_session().is_admin();
    let to = attached(&budget.attached_to);
    let is_free = to.is_empty();
    let limits = &budget.limits;
    let money = |amount: Option<_>| amount.map_or_else(|| "none".to_owned(), format::money_round);
    let resets = format::resets(limits.budget_duration.as_deref());
    let by = |who: Option<&str>| who.map(|who| format!(" by {}", format::person(who)));
    view! {
        <div class="drawer-body">
            <h3>"Limits"</h3>
            <dl class="facts">
                <dt>"Max budget"</dt><dd class="number">{money(limits.max_budget)}</dd>
                <dt>"Soft budget"</dt><dd class="number">{money(limits.soft_budget)}</dd>
                <dt>"Resets"</dt><dd>{resets}</dd>
            </dl>
            <LimitFacts limits=limits.clone() />
            <h3>"Attached to it"</h3>
            {if is_free {
                view! { <p class="muted">"Nothing yet. Keys, teams and so on are attached by their budget_id."</p> }.into_any()
            } else {
                view! { <p>{to}<span class="muted">". Each spends on an account of its own."</span></p> }.into_any()
            }}
            <h3>"History"</h3>
            <dl class="facts">
                <dt>"Created"</dt><dd>{time::full(budget.created_at)}{by(budget.created_by.as_deref())}</dd>
                <dt>"Changed"</dt><dd>{time::full(budget.updated_at)}{by(budget.updated_by.as_deref())}</dd>
            </dl>
        </div>
        {is_admin.then(|| view! { <Actions id=budget.budget_id.clone() is_free=is_free on_gone=on_gone /> })}
    }
}

#[component]
fn Actions(
    id: String,
    /// Nothing is attached: only then it may go.
    is_free: bool,
    on_gone: Callback<()>,
) -> impl IntoView {
    let url = use_url();
    let (is_asked, is_busy) = (RwSignal::new(false), RwSignal::new(false));
    let toasts = use_toasts();
    let id = StoredValue::new(id);
    let delete = Callback::new(move |()| {
        is_busy.set(true);
        let id = id.get_value();
        spawn_local(async move {
            let deleted = api::budget::delete(&id).await;
            let _ = is_busy.try_set(false);
            let _ = is_asked.try_set(false);
            match deleted {
                Ok(()) => {
                    toasts.done(format!("Deleted {id}."));
                    on_gone.try_run(());
                }
                Err(error) => toasts.error(error.message),
            }
        });
    });
    let close = Callback::new(move |()| is_asked.set(false));
    let question = move || {
        is_asked.get().then(|| {
            let title = format!("Delete {}?", id.get_value());
            view! { <Confirm title=title text="Nothing is attached to it. This cannot be undone." action="Delete budget" is_busy=is_busy on_confirm=delete on_close=close /> }
        })
    };
    view! {
        <footer class="drawer-footer">
            {if is_free {
                view! { <button class="button button-quiet-danger" type="button" on:click=move |_| is_asked.set(true)>"Delete"</button> }.into_any()
            } else {
                view! { <span class="hint">"It can be deleted once nothing is attached."</span> }.into_any()
            }}
            <span class="toolbar-space"></span>
            <button class="button button-primary" type="button" on:click=move |_| url.replace(&[("edit", "1")])>"Edit"</button>
        </footer>
        {question}
    }
}
