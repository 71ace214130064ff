//! Signing in, and how to when one cannot: a forgotten password, an invitation.

pub(crate) mod forgot;
pub(crate) mod new_password;

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::session::SessionCreate;

use crate::app::rail::brand_mark;
use crate::app::{Session, use_session};
use crate::keyed::keyed;
use crate::pages::session::forgot::Forgot;
use crate::pages::sso::SsoSignIn;
use crate::ui::field::{TextField, focus_wrong};
use crate::{api, browser};

/// What the server calls a sign-in that lacks the second factor, and one where it is wrong.
const CODE_REQUIRED: &str = "second_factor_required";
const CODE_WRONG: &str = "second_factor_wrong";

/// What the reader is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Password,
    Code,
    Forgot,
}

#[component]
pub(crate) fn SignIn() -> impl IntoView {
    browser::set_title("Sign in · Tollgate");
    let step = RwSignal::new(Step::Password);
    let (username, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    view! {
        <Gate>
            {move || match step.get() {
                Step::Forgot => view! { <Forgot on_back=Callback::new(move |()| step.set(Step::Password)) /> }.into_any(),
                Step::Code => view! { <SignInForm step=step username=username password=password /> }.into_any(),
                Step::Password => view! {
                    <SignInForm step=step username=username password=password />
                    <SsoSignIn />
                }
                .into_any(),
            }}
        </Gate>
    }
    .into_any()
}

/// The frame of what is seen before one is signed in.
#[component]
pub(crate) fn Gate(
    /// It holds more than a few fields.
    #[prop(optional)]
    is_wide: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <main class="sign-in">
            <div class="sign-in-card" class:sign-in-wide=is_wide>
                <div class="sign-in-brand">{brand_mark()}</div>
                {children()}
            </div>
        </main>
    }
}

#[component]
fn SignInForm(step: RwSignal<Step>, username: RwSignal<String>, password: RwSignal<String>) -> impl IntoView {
    let session = use_session();
    let code = RwSignal::new(String::new());
    let (message, is_busy) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let errors = RwSignal::new(BTreeMap::new());
    let is_code = step.get_untracked() == Step::Code;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = SessionCreate {
            username: username.get_untracked().trim().to_owned(),
            password: password.get_untracked(),
            code: is_code.then(|| code.get_untracked().trim().to_owned()),
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
                Err(error) if error.kind == CODE_REQUIRED => {
                    let _ = step.try_set(Step::Code);
                }
                Err(error) => {
                    if error.kind == CODE_WRONG {
                        let _ = code.try_set(String::new());
                    }
                    let _ = message.try_set(Some(error.message));
                    let _ = is_busy.try_set(false);
                }
            }
        });
    };
    let fields = if is_code { code_fields(code, errors) } else { password_fields(username, password, errors) };
    let (back, name) = if is_code { (Step::Password, "Back") } else { (Step::Forgot, "Forgot your password?") };
    view! {
        <form class="sign-in-form" on:submit=submit novalidate>
            <h1>{if is_code { "Your second factor" } else { "Sign in to Tollgate" }}</h1>
            <p class="muted">
                {if is_code {
                    "Enter the code that your authenticator app shows, or one of your recovery codes."
                } else {
                    "Keys, budgets and spend of your LLM gateway."
                }}
            </p>
            <div role="alert" class="form-alert" class:is-hidden=move || message.with(Option::is_none)>{message}</div>
            {fields}
            <button class="button button-primary button-wide" type="submit" disabled=is_busy>
                {move || if is_busy.get() { "Signing in…" } else { "Sign in" }}
            </button>
            <button class="link-button" type="button" on:click=move |_| step.set(back)>{name}</button>
        </form>
    }
    .into_any()
}

type Errors = RwSignal<BTreeMap<String, String>>;

fn password_fields(username: RwSignal<String>, password: RwSignal<String>, errors: Errors) -> AnyView {
    view! {
        <TextField label="Username" name="username" value=username errors=errors autocomplete="username" autofocus=true />
        <TextField label="Password" name="password" value=password errors=errors kind="password" autocomplete="current-password" />
    }
    .into_any()
}

fn code_fields(code: RwSignal<String>, errors: Errors) -> AnyView {
    view! { <TextField label="Code" name="code" value=code errors=errors autocomplete="one-time-code" autofocus=true /> }
        .into_any()
}

fn missing_fields(body: &SessionCreate) -> BTreeMap<String, String> {
    let code = body.code.clone().unwrap_or_else(|| "none is asked for".to_owned());
    let all = [
        ("username", &body.username, "Enter your username."),
        ("password", &body.password, "Enter your password."),
        ("code", &code, "Enter a code."),
    ];
    let missing = all.into_iter().filter(|(_, value, _)| value.is_empty());
    keyed(&mut missing.map(|(name, _, text)| (name.to_owned(), text.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_needed() {
        let body = SessionCreate { username: "admin".to_owned(), password: String::new(), code: None };
        assert_eq!(missing_fields(&body).keys().collect::<Vec<_>>(), ["password"]);
        let body = SessionCreate { password: "x".to_owned(), code: Some(String::new()), ..body };
        assert_eq!(missing_fields(&body).keys().collect::<Vec<_>>(), ["code"]);
    }
}
