//! A new key: its form, then the key itself, once.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::key::KeyCreated;

use crate::app::use_held_key;
use crate::input::some_text;
use crate::pages::key::draft::Draft;
use crate::pages::key::form::{KeyFields, KeyForm, key_durations};
use crate::pages::key::place::{Place, PlaceFields};
use crate::pages::overview::first_call::{ANY_MODEL, curl};
use crate::ui::copy::{CopyButton, Snippet};
use crate::ui::drawer::{Drawer, focus_title};
use crate::url::encode;
use crate::{api, browser};

#[component]
pub(crate) fn CreateKey(on_close: Callback<()>, on_change: Callback<()>) -> impl IntoView {
    let form = KeyForm::new(Draft::default());
    let place = Place::new();
    let created = RwSignal::new(None::<(KeyCreated, String)>);
    let title =
        Signal::derive(move || if created.with(Option::is_some) { "Key created" } else { "Create key" }.to_owned());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let mut body = match form.draft().to_create() {
            Ok(body) => body,
            Err(errors) => return form.state.refuse(errors),
        };
        body.team_id = some_text(&place.team.get_untracked());
        let is_service_account = body.team_id.is_some() && place.is_service_account.get_untracked();
        form.state.is_busy.set(true);
        spawn_local(async move {
            let made = match is_service_account {
                true => api::key::create_service_account(&body).await,
                false => api::key::create(&body).await,
            };
            match made {
                Ok(key) => {
                    let model = model_for(&key).await;
                    let _ = created.try_set(Some((key, model)));
                    focus_title();
                    on_change.try_run(());
                }
                Err(error) => form.state.fail(error),
            }
        });
    };
    view! {
        <Drawer title=title is_sticky=true is_form=true on_close=on_close>
            {move || match created.get() {
                Some((key, model)) => created_view(key.key, &model, on_close),
                None => form_view(form, place, submit, on_close),
            }}
        </Drawer>
    }
}

/// A model that the new key may call.
async fn model_for(key: &KeyCreated) -> String {
    if let Some(model) = key.view.models.first() {
        return model.clone();
    }
    let callable = api::model::callable().await.ok().flatten();
    callable.unwrap_or_else(|| ANY_MODEL.to_owned())
}

fn form_view(form: KeyForm, place: Place, submit: impl Fn(SubmitEvent) + 'static, on_close: Callback<()>) -> AnyView {
    view! {
        <form class="drawer-form" on:submit=submit novalidate>
            <div class="drawer-body">
                <PlaceFields place=place />
                <KeyFields form=form durations=key_durations() />
            </div>
            <footer class="drawer-footer">
                <button class="button" type="button" on:click=move |_| on_close.run(())>"Cancel"</button>
                <button class="button button-primary" type="submit" disabled=form.state.is_busy>"Create key"</button>
            </footer>
        </form>
    }
    .into_any()
}

fn created_view(key: String, model: &str, on_close: Callback<()>) -> AnyView {
    let command = curl(&browser::origin(), &key, model);
    let held = use_held_key();
    let for_playground = key.clone();
    let playground = format!("/ui/playground?model={}", encode(model));
    view! {
        <div class="drawer-body">
            <p class="notice">"Copy the key now. It is stored only as a hash and is not shown again."</p>
            <div class="secret">
                <output class="code" id="new-key" aria-label="New key">{key.clone()}</output>
                <CopyButton text=key label="Copy key" />
            </div>
            <h3>"Try it"</h3>
            <Snippet text=command label="Copy command" />
        </div>
        <footer class="drawer-footer">
            <a class="button" href=playground on:click=move |_| held.0.set(for_playground.clone())>"Try it in the playground"</a>
            <span class="toolbar-space"></span>
            <button class="button button-primary" type="button" on:click=move |_| on_close.run(())>"Done"</button>
        </footer>
    }
    .into_any()
}
