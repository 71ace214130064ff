//! The ways to sign in besides a password: a button for each provider, and an address that leads to others.

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::sso::{SsoChoice, SsoChoices};

use crate::ui::field::{TextField, focus_wrong};
use crate::{api, browser, url};

#[component]
pub(crate) fn SsoSignIn() -> impl IntoView {
    let choices = RwSignal::new(SsoChoices::default());
    spawn_local(async move {
        // Where it cannot be asked, the password is left.
        if let Ok(found) = api::sso::choices().await {
            let _ = choices.try_set(found);
        }
    });
    move || {
        let found = choices.get();
        if found.choices.is_empty() && !found.by_email {
            return ().into_any();
        }
        view! {
            <section class="sign-in-others" aria-label="Single sign-on">
                <p class="muted">"Or with the account you have at work"</p>
                {found.choices.iter().map(button).collect_view()}
                {found.by_email.then(|| view! { <ByEmail /> })}
            </section>
        }
        .into_any()
    }
}

fn button(choice: &SsoChoice) -> AnyView {
    let href = address_of(choice, None);
    // The server's, not a page of the console: the router leaves it alone.
    view! { <a class="button button-wide" href=href rel="external">"Continue with " {choice.display_name.clone()}</a> }
        .into_any()
}

/// Where a browser goes to sign in and come back to where it is.
fn address_of(choice: &SsoChoice, email: Option<&str>) -> String {
    let hint = email.map(|email| format!("&login_hint={}", url::encode(email))).unwrap_or_default();
    format!("{}?return_to={}{hint}", choice.sign_in_path, url::encode(&browser::here()))
}

#[component]
fn ByEmail() -> impl IntoView {
    let (email, errors) = (RwSignal::new(String::new()), RwSignal::new(BTreeMap::new()));
    let is_busy = RwSignal::new(false);
    let refuse = move |text: &str| {
        let _ = errors.try_set(BTreeMap::from([("email".to_owned(), text.to_owned())]));
        let _ = is_busy.try_set(false);
        focus_wrong();
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        errors.set(BTreeMap::new());
        let typed = email.get_untracked().trim().to_owned();
        if !typed.contains('@') {
            return refuse("Enter your e-mail address.");
        }
        is_busy.set(true);
        spawn_local(async move {
            match api::sso::lookup(&typed).await.map(|found| found.choice) {
                Ok(Some(choice)) => browser::go_to(&address_of(&choice, Some(&typed))),
                Ok(None) => refuse("No organization signs in with this address here. Use your password."),
                Err(error) => refuse(&error.message),
            }
        });
    };
    view! {
        <form on:submit=submit novalidate>
            <TextField label="Work e-mail" name="email" value=email errors=errors kind="email" inputmode="email" autocomplete="email" placeholder="you@company.com" />
            <button class="button button-wide" type="submit" disabled=is_busy>"Continue with e-mail"</button>
        </form>
    }
}
