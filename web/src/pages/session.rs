//! Signing in.

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::session::SessionCreate;

use crate::app::rail::brand_mark;
use crate::app::{Session, use_session};
use crate::ui::field::{TextField, focus_wrong};
use crate::{api, browser};

#[component]
pub(crate) fn SignIn() -> impl IntoView {
    browser::set_title("Sign in · Tollgate");
    let session = use_session();
    let (username, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (message, is_busy) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let errors = RwSignal::new(BTreeMap::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = SessionCreate {
            username: username.get_untracked().trim().to_owned(),
            password: password.get_untracked(),
            code: None,
        };
        let missing = missing_fields(&body);
        errors.set(missing.clone());
        message.set(None);
        if !missing.is_empty() {
            focus_wrong();
            return;
        }
        is_busy.set(true);
        spawn_local(async move {
            match api::session::create(&body).await {
                Ok(view) => session.set(Session::SignedIn(view)),
                Err(error) => {
                    let _ = message.try_set(Some(error.message));
                    let _ = is_busy.try_set(false);
                }
            }
        });
    };
    view! {
        <main class="sign-in">
            <form class="sign-in-card" on:submit=submit novalidate>
                <div class="sign-in-brand">{brand_mark()}</div>
                <h1>"Sign in to Tollgate"</h1>
                <p class="muted">"Keys, budgets and spend of your LLM gateway."</p>
                <div role="alert" class="form-alert" class:is-hidden=move || message.with(Option::is_none)>{message}</div>
                <TextField label="Username" name="username" value=username errors=errors autocomplete="username" autofocus=true />
                <TextField label="Password" name="password" value=password errors=errors kind="password" autocomplete="current-password" />
                <button class="button button-primary button-wide" type="submit" disabled=is_busy>
                    {move || if is_busy.get() { "Signing in…" } else { "Sign in" }}
                </button>
            </form>
        </main>
    }
    .into_any()
}

fn missing_fields(body: &SessionCreate) -> BTreeMap<String, String> {
    [("username", &body.username, "Enter your username."), ("password", &body.password, "Enter your password.")]
        .into_iter()
        .filter(|(_, value, _)| value.is_empty())
        .map(|(name, _, text)| (name.to_owned(), text.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fields_are_needed() {
        let body = SessionCreate { username: "admin".to_owned(), password: String::new(), code: None };
        let missing = missing_fields(&body);
        assert_eq!(missing.keys().collect::<Vec<_>>(), ["password"]);
    }
}
