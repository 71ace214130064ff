//! A budget's form, for a new one and for a change.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::budget::{BudgetCreate, BudgetPatch, BudgetView};

use crate::api;
use crate::input::some_text;
use crate::pages::limit::draft::{LimitDraft, Limits};
use crate::pages::limit::form::{self, LimitFields, LimitForm};
use crate::ui::drawer::Drawer;
use crate::ui::field::TextField;
use crate::ui::form::{FormAlert, FormState};
use crate::ui::load::Load;
use crate::ui::toast::use_toasts;

/// The fields' wire names.
const FIELDS: &[&[&str]] = &[&["budget_id"], form::FIELDS];

#[component]
pub(crate) fn CreateBudget(on_close: Callback<()>, on_created: Callback<()>) -> impl IntoView {
    let toasts = use_toasts();
    let names = Load::new(api::model::names);
    let (id, limits, state) =
        (RwSignal::new(String::new()), LimitForm::new(LimitDraft::default()), FormState::new(FIELDS));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = match limits.draft().parse() {
            Ok(limits) => limits,
            Err(errors) => return state.refuse(errors),
        };
        let body = BudgetCreate {
            budget_id: some_text(&id.get_untracked()),
            limits: typed.to_patch(&Limits::default()),
            ..BudgetCreate::default()
        };
        state.is_busy.set(true);
        spawn_local(async move {
            match api::budget::create(&body).await {
                Ok(budget) => {
                    toasts.done(format!("Created the budget {}.", budget.budget_id));
                    on_created.try_run(());
                }
                Err(error) => state.fail(error),
            }
        });
    };
    view! {
        <Drawer title=Signal::stored("Create budget".to_owned()) is_sticky=true is_form=true on_close=on_close>
            <form class="drawer-form" on:submit=submit novalidate>
                <div class="drawer-body">
                    <FormAlert state=state />
                    <TextField label="Name" name="budget_id" value=id errors=state.errors placeholder="starter" hint="Its id, which does not change. Left empty, one is made up." autofocus=true />
                    <LimitFields form=limits errors=state.errors names=names.map(Clone::clone) />
                </div>
                <footer class="drawer-footer">
                    <button class="button" type="button" on:click=move |_| on_close.run(())>"Cancel"</button>
                    <button class="button button-primary" type="submit" disabled=state.is_busy>"Create budget"</button>
                </footer>
            </form>
        </Drawer>
    }
}

#[component]
pub(crate) fn EditBudget(
    budget: BudgetView,
    /// Back to the details; called after saving too.
    on_done: Callback<()>,
    on_change: Callback<()>,
) -> impl IntoView {
    let toasts = use_toasts();
    let names = Load::new(api::model::names);
    let before = Limits::from(&budget.limits);
    let (limits, state) = (LimitForm::new(LimitDraft::from(&before)), FormState::new(FIELDS));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = match limits.draft().parse() {
            Ok(limits) => limits,
            Err(errors) => return state.refuse(errors),
        };
        let patch = BudgetPatch {
            budget_id: budget.budget_id.clone(),
            limits: typed.to_patch(&before),
            ..BudgetPatch::default()
        };
        state.is_busy.set(true);
        spawn_local(async move {
            match api::budget::update(&patch, Some(budget.updated_at)).await {
                Ok(()) => {
                    toasts.done(format!("Saved {}.", patch.budget_id));
                    on_change.try_run(());
                    on_done.try_run(());
                }
                Err(error) => state.fail(error),
            }
        });
    };
    view! {
        <form class="drawer-form" on:submit=submit novalidate>
            <div class="drawer-body">
                <FormAlert state=state />
                <p class="muted">"A change is in force at once for all that is attached to it."</p>
                <LimitFields form=limits errors=state.errors names=names.map(Clone::clone) />
            </div>
            <footer class="drawer-footer">
                <button class="button" type="button" on:click=move |_| on_done.run(())>"Cancel"</button>
                <button class="button button-primary" type="submit" disabled=state.is_busy>"Save"</button>
            </footer>
        </form>
    }
}
