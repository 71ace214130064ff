//! The playground: a chat with any model that one's key may use, and what each answer cost and how long it took.
//!
//! The key stays in memory: it is in no URL and in no storage, and gone with the tab or the session.

mod turn;

use std::time::Duration;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Map, Value};
use tollgate_openapi::key::KeyCreate;

use crate::api;
use crate::api::ApiError;
use crate::api::chat::Message;
use crate::app::{use_held_key, use_session};
use crate::browser;
use crate::keyed::keyed;
use crate::pages::playground::turn::{Turn, turn_view};
use crate::ui::field::{SelectField, TextField};
use crate::ui::form::{FormAlert, FormState};
use crate::ui::load::Load;
use crate::ui::location::use_url;
use crate::ui::page::Page;
use crate::ui::toast::use_toasts;

/// How long a key made for this page works.
const KEY_DURATION: &str = "1h";
/// How often the ledger is asked for what a call cost, and how long between.
const LEDGER_TRIES: usize = 20;
const LEDGER_PAUSE: Duration = Duration::from_millis(250);

/// The form's fields, by their wire names.
const FIELDS: &[&[&str]] = &[&["key", "model", "message"]];

#[component]
pub(crate) fn PlaygroundPage() -> impl IntoView {
    let chat = Chat::new();
    let clear = move || {
        (!chat.turns.with(Vec::is_empty)).then(|| {
            view! { <button class="button" type="button" on:click=move |_| chat.turns.set(Vec::new())>"New chat"</button> }
        })
    };
    view! {
        <Page title="Playground" lead="Chat with a model as an application would: with a key, within its limits." actions=clear>
            <div class="playground">
                <Settings chat=chat />
                <section class="card playground-chat" aria-label="Chat">
                    <div class="playground-turns" aria-live="polite">
                        {move || chat.turns.with(Vec::is_empty).then(|| view! { <p class="muted">"Say something. Each answer shows what it cost."</p> })}
                        <For each=move || chat.numbered() key=|(index, turn)| (*index, format!("{turn:?}")) let:numbered>
                            {turn_view(numbered.1)}
                        </For>
                    </div>
                    <Ask chat=chat />
                </section>
            </div>
        </Page>
    }
    .into_any()
}

/// What is said, and with what.
#[derive(Clone, Copy)]
struct Chat {
    key: RwSignal<String>,
    model: RwSignal<String>,
    turns: RwSignal<Vec<Turn>>,
    state: FormState,
}

impl Chat {
    fn new() -> Self {
        let model = use_url().get("model").unwrap_or_default();
        Self {
            key: use_held_key().0,
            model: RwSignal::new(model),
            turns: RwSignal::default(),
            state: FormState::new(FIELDS),
        }
    }

    fn numbered(self) -> Vec<(usize, Turn)> {
        self.turns.get().into_iter().enumerate().collect()
    }

    /// Changes the last turn, if the page is still there.
    fn change_last(self, change: impl FnOnce(&mut Turn)) {
        let _ = self.turns.try_update(|turns| turns.last_mut().map(change));
    }

    /// What was said so far, as the model is told.
    fn messages(self) -> Vec<Message> {
        self.turns.with_untracked(|turns| turns.iter().filter_map(Turn::message).collect())
    }
}

#[component]
fn Settings(chat: Chat) -> impl IntoView {
    let models = Load::new(api::model::names);
    let names = models.map(Clone::clone);
    let can_make = use_session().can_write();
    Effect::new(move |_| {
        if let Some(first) = names.with(|names| names.first().cloned())
            && chat.model.with_untracked(String::is_empty)
        {
            chat.model.set(first);
        }
    });
    let choose = Callback::new(move |model| chat.model.set(model));
    let select = move || {
        let mut options: Vec<_> = names.get().into_iter().map(|name| (name.clone(), name)).collect();
        let chosen = chat.model.get_untracked();
        if !chosen.is_empty() && !options.iter().any(|(name, _)| *name == chosen) {
            options.push((chosen.clone(), chosen));
        }
        view! { <SelectField label="Model" name="model" value=chat.model options=options on_choose=choose errors=chat.state.errors /> }
    };
    view! {
        <section class="card playground-settings" aria-label="Settings">
            {select}
            <TextField label="Key" name="key" value=chat.key errors=chat.state.errors kind="password" placeholder="sk-…" hint="It stays in this tab's memory and is gone with it." />
            {can_make.then(|| view! { <MakeKey chat=chat /> })}
        </section>
    }
}

#[component]
fn MakeKey(chat: Chat) -> impl IntoView {
    let (toasts, is_busy) = (use_toasts(), RwSignal::new(false));
    let make = move |_| {
        is_busy.set(true);
        spawn_local(async move {
            let purpose = Map::from_iter([("made_for".to_owned(), Value::from("playground"))]);
            let body = KeyCreate { duration: Some(KEY_DURATION.to_owned()), metadata: purpose, ..KeyCreate::default() };
            match api::key::create(&body).await {
                Ok(made) => {
                    let _ = chat.key.try_set(made.key);
                    toasts.done("Made a key for an hour.");
                    browser::focus_next("#field-message");
                }
                Err(error) => toasts.error(error.message),
            }
            let _ = is_busy.try_set(false);
        });
    };
    view! { <button class="button button-wide" type="button" disabled=is_busy on:click=make>"Make a key for an hour"</button> }
}

#[component]
fn Ask(chat: Chat) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let send = move || {
        if chat.state.is_busy.get_untracked() {
            return;
        }
        let said = text.get_untracked().trim().to_owned();
        let missing = [
            ("key", chat.key.get_untracked().trim().is_empty(), "Paste a key, or make one."),
            ("message", said.is_empty(), "Say something."),
        ];
        let wrong = missing.into_iter().filter(|(_, is_missing, _)| *is_missing);
        let wrong = keyed(&mut wrong.map(|(field, _, message)| (field.to_owned(), message.to_owned())));
        if !wrong.is_empty() {
            return chat.state.refuse(wrong);
        }
        chat.state.refuse(std::collections::BTreeMap::new());
        text.set(String::new());
        chat.turns.update(|turns| turns.push(Turn::said(said)));
        chat.state.is_busy.set(true);
        spawn_local(async move {
            if let Err(error) = converse(chat).await {
                chat.change_last(|turn| turn.error = Some(error.message));
            }
            let _ = chat.state.is_busy.try_set(false);
        });
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        send();
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            send();
        }
    };
    let error = move || chat.state.errors.with(|errors| errors.get("message").cloned());
    view! {
        <form class="playground-ask" on:submit=submit novalidate>
            <FormAlert state=chat.state />
            <label class="sr-only" for="field-message">"Message"</label>
            <textarea
                id="field-message"
                class="input"
                rows="3"
                placeholder="Message. Enter sends, Shift and Enter begins a new line."
                aria-invalid=move || error().map(|_| "true")
                prop:value=text
                on:input=move |event| text.set(event_target_value(&event))
                on:keydown=on_key
            ></textarea>
            <div class="actions">
                <p class="field-error" role="alert">{error}</p>
                <span class="toolbar-space"></span>
                <button class="button button-primary" type="submit" disabled=chat.state.is_busy>"Send"</button>
            </div>
        </form>
    }
}

/// Asks the model and shows its answer as it comes; then what the ledger says of it.
async fn converse(chat: Chat) -> Result<(), ApiError> {
    let (key, model) = (chat.key.get_untracked().trim().to_owned(), chat.model.get_untracked());
    let messages = chat.messages();
    chat.turns.update(|turns| turns.push(Turn::answer(model.clone())));
    let started = browser::now();
    let since = move || Some((browser::now() - started).num_milliseconds());
    let mut stream = api::chat::ask(&key, &model, &messages).await?;
    while let Some(piece) = stream.next().await? {
        chat.change_last(|turn| {
            if turn.first_token_ms.is_none() && !piece.text.is_empty() {
                turn.first_token_ms = since();
            }
            turn.text.push_str(&piece.text);
            turn.tokens = piece.tokens.or(turn.tokens);
            turn.error = piece.error.or_else(|| turn.error.take());
        });
    }
    chat.change_last(|turn| turn.total_ms = since());
    let Some(call_id) = stream.call_id else { return Ok(()) };
    for _ in 0..LEDGER_TRIES {
        if let Some(call) = api::chat::settled(&key, &call_id).await? {
            chat.change_last(|turn| turn.cost = Some(call.spend));
            break;
        }
        browser::pause(LEDGER_PAUSE).await;
    }
    Ok(())
}
