//! A new token: its name, then the token itself, once.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::scim::ScimTokenCreated;

use crate::api;
use crate::ui::copy::CopyButton;
use crate::ui::drawer::{Drawer, focus_title};
use crate::ui::field::TextField;
use crate::ui::form::{FormAlert, FormState};

#[component]
pub(super) fn CreateToken(on_close: Callback<()>, on_change: Callback<()>) -> impl IntoView {
    let state = FormState::new(&[&["name"]]);
    let name = RwSignal::new(String::new());
    let created = RwSignal::new(None::<ScimTokenCreated>);
    let title =
        Signal::derive(move || if created.with(Option::is_some) { "Token made" } else { "Make a token" }.to_owned());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let name = name.get_untracked().trim().to_owned();
        state.is_busy.set(true);
        spawn_local(async move {
            match api::scim::create(name).await {
                Ok(made) => {
                    let _ = created.try_set(Some(made));
                    focus_title();
                    on_change.try_run(());
                }
                Err(error) => state.fail(error),
            }
        });
    };
    view! {
        <Drawer title=title is_sticky=true is_form=true on_close=on_close>
            {move || match created.get() {
                Some(created) => created_view(created, on_close),
                None => form_view(name, state, submit, on_close),
            }}
        </Drawer>
    }
}

fn form_view(
    name: RwSignal<String>,
    state: FormState,
    submit: impl Fn(SubmitEvent) + 'static,
    on_close: Callback<()>,
) -> AnyView {
    view! {
        <form class="drawer-form" on:submit=submit novalidate>
            <div class="drawer-body">
                <FormAlert state=state />
                <TextField label="Name" name="name" value=name errors=state.errors placeholder="Entra" hint="The directory it is for: one token each." autofocus=true />
                <p class="notice">"Whoever has the token makes, changes and deletes users and teams of this gateway."</p>
            </div>
            <footer class="drawer-footer">
                <button class="button" type="button" on:click=move |_| on_close.run(())>"Cancel"</button>
                <button class="button button-primary" type="submit" disabled=state.is_busy>"Make a token"</button>
            </footer>
        </form>
    }
    .into_any()
}

fn created_view(created: ScimTokenCreated, on_close: Callback<()>) -> AnyView {
    let ScimTokenCreated { token, base_url, .. } = created;
    view! {
        <div class="drawer-body">
            <p class="notice">"Copy the token now. It is stored only as a hash and is not shown again."</p>
            <div class="secret">
                <output class="code" aria-label="New token">{token.clone()}</output>
                <CopyButton text=token label="Copy token" />
            </div>
            <h3>"The address"</h3>
            <div class="secret">
                <output class="code" aria-label="Base URL">{base_url.clone()}</output>
                <CopyButton text=base_url label="Copy address" />
            </div>
            <h3>"Where it goes"</h3>
            <dl class="facts">
                <dt>"Entra"</dt>
                <dd>"Enterprise application → Provisioning → Automatic: the address as Tenant URL, the token as Secret token."</dd>
                <dt>"Okta"</dt>
                <dd>"Application → General → SCIM: the address as base URL, userName as unique identifier, HTTP Header with the token."</dd>
            </dl>
        </div>
        <footer class="drawer-footer">
            <button class="button button-primary" type="button" on:click=move |_| on_close.run(())>"Done"</button>
        </footer>
    }
    .into_any()
}
