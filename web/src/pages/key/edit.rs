//! Changing a key.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::key::KeyView;

use crate::pages::key::draft::{Draft, KEEP};
use crate::pages::key::form::{KeyFields, KeyForm, key_durations};
use crate::pages::key::list::name;
use crate::ui::toast::use_toasts;
use crate::{api, browser, format};

#[component]
pub(crate) fn EditKey(
    key: KeyView,
    /// Back to the details; called after saving too.
    on_done: Callback<()>,
    on_change: Callback<()>,
) -> impl IntoView {
    let toasts = use_toasts();
    let form = KeyForm::new(Draft::from_view(&key));
    let durations = durations_of(&key);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let patch = match form.draft().to_patch(&key) {
            Ok(patch) => patch,
            Err(errors) => return form.state.refuse(errors),
        };
        let (name, seen) = (name(&key), Some(key.updated_at));
        form.state.is_busy.set(true);
        spawn_local(async move {
            match api::key::update(&patch, seen).await {
                Ok(()) => {
                    toasts.done(format!("Saved {name}."));
                    on_change.try_run(());
                    on_done.try_run(());
                }
                Err(error) => form.state.fail(error),
            }
        });
    };
    view! {
        <form class="drawer-form" on:submit=submit novalidate>
            <div class="drawer-body">
                <KeyFields form=form durations=durations />
            </div>
            <footer class="drawer-footer">
                <button class="button" type="button" on:click=move |_| on_done.run(())>"Cancel"</button>
                <button class="button button-primary" type="submit" disabled=form.state.is_busy>"Save"</button>
            </footer>
        </form>
    }
}

/// The usual validities, and to leave it as it is.
fn durations_of(key: &KeyView) -> Vec<(String, String)> {
    let now = match key.expires {
        Some(end) => format!("Unchanged ({})", format::moment_full(end, browser::zone(end))),
        None => "Unchanged (never)".to_owned(),
    };
    let mut durations = vec![(KEEP.to_owned(), now)];
    durations.extend(key_durations().into_iter().filter(|(word, _)| !word.is_empty() || key.expires.is_some()));
    durations
}
