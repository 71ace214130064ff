//! A new secret for a key: how long the old one still works, then the new one, once.

use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::key::{KeyCreated, KeyPatch, KeyRegenerate, KeyView};

use crate::api;
use crate::format;
use crate::pages::key::list::name;
use crate::ui::copy::CopyButton;
use crate::ui::drawer::use_modal;
use crate::ui::field::ChoiceField;
use crate::ui::form::{FormAlert, FormState};
use crate::{browser, ui::time};

/// The form's fields, by their wire names.
const FIELDS: &[&[&str]] = &[&["grace_period"]];

#[component]
pub(crate) fn RotateKey(key: KeyView, on_close: Callback<()>, on_change: Callback<()>) -> impl IntoView {
    let node = use_modal();
    let state = FormState::new(FIELDS);
    let grace = RwSignal::new("24h".to_owned());
    let rotated = RwSignal::new(None::<KeyCreated>);
    let token = key.token.clone();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let grace = grace.get_untracked();
        let body = KeyRegenerate {
            grace_period: Some(grace.trim().to_owned()).filter(|grace| !grace.is_empty()),
            patch: KeyPatch { key: Some(token.clone()), ..KeyPatch::default() },
            ..KeyRegenerate::default()
        };
        state.is_busy.set(true);
        spawn_local(async move {
            match api::key::rotate(&body).await {
                Ok(key) => {
                    let _ = rotated.try_set(Some(key));
                    browser::focus_next("#rotated-title");
                }
                Err(error) => state.fail(error),
            }
        });
    };
    // What is below is drawn anew with the key: it must not be before its new secret is copied.
    let close = Callback::new(move |()| {
        let is_done = rotated.with_untracked(Option::is_some);
        on_close.run(());
        if is_done {
            on_change.run(());
        }
    });
    let title = format!("Rotate {}", name(&key));
    let submit = StoredValue::new_local(submit);
    let content = move || match rotated.get() {
        Some(key) => new_secret(key, close),
        None => {
            let title = title.clone();
            view! {
                <form class="confirm-frame" on:submit=move |event| submit.with_value(|submit| submit(event)) novalidate>
                    <h2 id="rotate-title">{title}</h2>
                    <p>"It gets a new secret. Its spend, budget and history stay, and so do its settings."</p>
                    <FormAlert state=state />
                    <ChoiceField label="The old secret still works for" name="grace_period" value=grace errors=state.errors options=graces() placeholder="36h, 3d" hint="Time to put the new one into every application." />
                    <div class="actions">
                        <button class="button" type="button" on:click=move |_| close.run(())>"Cancel"</button>
                        <button class="button button-primary" type="submit" disabled=state.is_busy>"Rotate key"</button>
                    </div>
                </form>
            }
            .into_any()
        }
    };
    view! {
        <dialog node_ref=node class="confirm" aria-label="Rotate the key" on:close=move |_| close.run(())>
            {content}
        </dialog>
    }
}

fn new_secret(key: KeyCreated, close: Callback<()>) -> AnyView {
    let until = match key.view.grace_ends_at {
        Some(at) => {
            view! { <p>"The old secret works until "{time::full(at)}" ("{format::until(at, browser::now())}")."</p> }
                .into_any()
        }
        None => view! { <p>"The old secret does not work any more."</p> }.into_any(),
    };
    let secret = key.key;
    view! {
        <div class="confirm-frame">
            <h2 id="rotated-title" tabindex="-1">"Key rotated"</h2>
            <p class="notice">"Copy the new secret now. It is stored only as a hash and is not shown again."</p>
            <div class="secret">
                <output class="code" id="new-key" aria-label="New secret">{secret.clone()}</output>
                <CopyButton text=secret label="Copy key" />
            </div>
            {until}
            <div class="actions">
                <button class="button button-primary" type="button" on:click=move |_| close.run(())>"Done"</button>
            </div>
        </div>
    }
    .into_any()
}

fn graces() -> Vec<(String, String)> {
    [("", "Not at all"), ("1h", "An hour"), ("24h", "A day"), ("7d", "A week")]
        .map(|(word, text)| (word.to_owned(), text.to_owned()))
        .to_vec()
}
