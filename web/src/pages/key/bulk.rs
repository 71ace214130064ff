//! What can be done with all chosen keys at once.

use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::key::{KeyFailure, KeyPatch};
use tollgate_openapi::patch::Patch;

use crate::api;
use crate::api::ApiError;
use crate::input::parse_dollars;
use crate::ui::confirm::Confirm;
use crate::ui::drawer::{is_backdrop, use_modal};
use crate::ui::field::{FieldErrors, TextField};
use crate::ui::table::Chosen;
use crate::ui::toast::{Toasts, use_toasts};

/// What is asked about before it is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    Block,
    Delete,
    Budget,
}

#[component]
pub(crate) fn BulkActions(chosen: Chosen, on_change: Callback<()>) -> impl IntoView {
    let asked = RwSignal::new(None::<Question>);
    let count = Memo::new(move |_| chosen.with(std::collections::BTreeSet::len));
    let text =
        move || if count.get() == 1 { "1 key chosen".to_owned() } else { format!("{} keys chosen", count.get()) };
    let ask = move |question| move |_| asked.set(Some(question));
    let bar = move || {
        (count.get() > 0).then(|| {
            view! {
                <div class="bulk" role="group" aria-label="Chosen keys">
                    <strong>{text}</strong>
                    <span class="toolbar-space"></span>
                    <button class="button button-small" type="button" on:click=ask(Question::Budget)>"Set budget"</button>
                    <button class="button button-small" type="button" on:click=ask(Question::Block)>"Block"</button>
                    <button class="button button-small button-quiet-danger" type="button" on:click=ask(Question::Delete)>"Delete"</button>
                    <button class="button button-small" type="button" on:click=move |_| chosen.update(|chosen| chosen.clear())>"Choose none"</button>
                </div>
            }
        })
    };
    view! {
        {bar}
        {move || asked.get().map(|question| view! { <Ask question=question chosen=chosen asked=asked on_change=on_change /> })}
    }
}

#[component]
fn Ask(
    question: Question,
    chosen: Chosen,
    asked: RwSignal<Option<Question>>,
    on_change: Callback<()>,
) -> impl IntoView {
    let (toasts, is_busy) = (use_toasts(), RwSignal::new(false));
    let close = Callback::new(move |()| asked.set(None));
    let act = Callback::new(move |change: Act| {
        let tokens: Vec<String> = chosen.get_untracked().into_iter().collect();
        is_busy.set(true);
        spawn_local(async move {
            let outcome = perform(change, tokens).await;
            tell(toasts, outcome);
            let _ = chosen.try_update(|chosen| chosen.clear());
            let _ = asked.try_set(None);
            on_change.try_run(());
        });
    });
    let count = chosen.with_untracked(std::collections::BTreeSet::len);
    let keys = if count == 1 { "1 key".to_owned() } else { format!("{count} keys") };
    match question {
        Question::Budget => view! { <BudgetDialog keys=keys is_busy=is_busy act=act on_close=close /> }.into_any(),
        Question::Block => {
            let on_confirm = Callback::new(move |()| act.run(Act::Block));
            let text = "Applications that use them are refused at once, until they are unblocked.";
            let title = format!("Block {keys}?");
            view! { <Confirm title=title text=text action="Block" is_busy=is_busy on_confirm=on_confirm on_close=close /> }
                .into_any()
        }
        Question::Delete => {
            let on_confirm = Callback::new(move |()| act.run(Act::Delete));
            let text = "Applications that use them are refused at once. What they spent stays in the ledger. This cannot be undone.";
            let title = format!("Delete {keys}?");
            view! { <Confirm title=title text=text action="Delete" is_busy=is_busy on_confirm=on_confirm on_close=close /> }
                .into_any()
        }
    }
}

/// What is done with each.
#[derive(Clone)]
enum Act {
    Block,
    Delete,
    SetBudget(Box<KeyPatch>),
}

/// What became of them: how many it was done with, and those it was not.
struct Outcome {
    verb: &'static str,
    done: usize,
    failed: Vec<KeyFailure>,
}

async fn perform(act: Act, tokens: Vec<String>) -> Result<Outcome, ApiError> {
    let patch = match act {
        Act::Delete => {
            let deleted = api::key::delete_many(tokens).await?;
            let done = deleted.successful_deletes.len();
            return Ok(Outcome { verb: "Deleted", done, failed: deleted.failed_deletes });
        }
        Act::Block => KeyPatch { blocked: Some(true), ..KeyPatch::default() },
        Act::SetBudget(patch) => *patch,
    };
    let verb = if patch.blocked.is_some() { "Blocked" } else { "Changed" };
    let patches = tokens.into_iter().map(|token| KeyPatch { key: Some(token), ..patch.clone() }).collect();
    let updated = api::key::update_many(patches).await?;
    Ok(Outcome { verb, done: updated.successful_updates.len(), failed: updated.failed_updates })
}

fn tell(toasts: Toasts, outcome: Result<Outcome, ApiError>) {
    match outcome {
        Ok(Outcome { verb, done, failed }) => {
            let keys = if done == 1 { "key" } else { "keys" };
            if done > 0 {
                toasts.done(format!("{verb} {done} {keys}."));
            }
            if let Some(first) = failed.first() {
                toasts.error(format!("{} failed. The first says: {}", failed.len(), first.failed_reason));
            }
        }
        Err(error) => toasts.error(error.message),
    }
}

#[component]
fn BudgetDialog(keys: String, is_busy: RwSignal<bool>, act: Callback<Act>, on_close: Callback<()>) -> impl IntoView {
    let node = use_modal();
    let (max, duration) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let errors: FieldErrors = RwSignal::default();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        match parse_dollars(&max.get_untracked()) {
            Ok(amount) => {
                let duration = duration.get_untracked().trim().to_owned();
                let patch = KeyPatch {
                    max_budget: amount.map_or(Patch::Clear, Patch::Set),
                    budget_duration: if duration.is_empty() { Patch::Absent } else { Patch::Set(duration) },
                    ..KeyPatch::default()
                };
                act.run(Act::SetBudget(Box::new(patch)));
            }
            Err(message) => errors.update(|errors| drop(errors.insert("max_budget".to_owned(), message))),
        }
    };
    view! {
        <dialog
            node_ref=node
            class="confirm"
            aria-labelledby="bulk-title"
            on:close=move |_| on_close.run(())
            on:click=move |event| if is_backdrop(&event) { on_close.run(()) }
        >
            <form class="confirm-frame" on:submit=submit novalidate>
                <h2 id="bulk-title">{format!("Set the budget of {keys}")}</h2>
                <TextField label="Max budget" name="max_budget" value=max errors=errors prefix="$" inputmode="decimal" hint="Empty takes the limit away." autofocus=true />
                <TextField label="Resets every" name="budget_duration" value=duration errors=errors placeholder="30d" hint="Such as 24h, 7d or 30d. Empty leaves it as it is." />
                <div class="actions">
                    <button class="button" type="button" on:click=move |_| on_close.run(())>"Cancel"</button>
                    <button class="button button-primary" type="submit" disabled=is_busy>"Set budget"</button>
                </div>
            </form>
        </dialog>
    }
}
