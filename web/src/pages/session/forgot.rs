//! A forgotten password: a letter with a link.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::user::password::PasswordForgot;

use crate::api;
use crate::ui::field::TextField;
use crate::ui::form::{FormAlert, FormState};

#[component]
pub(crate) fn Forgot(on_back: Callback<()>) -> impl IntoView {
    let state = FormState::new(&[&["user_email"]]);
    let (address, told) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = PasswordForgot { user_email: address.get_untracked().trim().to_owned() };
        state.is_busy.set(true);
        spawn_local(async move {
            match api::user::forgot_password(&body).await {
                Ok(answer) => {
                    let _ = told.try_set(Some(answer.message));
                }
                Err(error) => state.fail(error),
            }
        });
    };
    let form = move || {
        view! {
            <form class="sign-in-form" on:submit=submit novalidate>
                <p class="muted">"A letter with a link to set a new one goes to your address."</p>
                <FormAlert state=state />
                <TextField label="E-mail" name="user_email" value=address errors=state.errors kind="email" autocomplete="email" autofocus=true />
                <button class="button button-primary button-wide" type="submit" disabled=state.is_busy>"Send the letter"</button>
            </form>
        }
        .into_any()
    };
    view! {
        <h1>"Forgot your password?"</h1>
        {move || match told.get() {
            Some(message) => view! {
                <p role="status">{message}" It works for an hour. If none comes, an administrator can invite you once more."</p>
            }
            .into_any(),
            None => form(),
        }}
        <button class="link-button" type="button" on:click=move |_| on_back.run(())>"Back to sign-in"</button>
    }
}
