//! The reader's second factor: setting it up, other recovery codes, and doing without again.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::second_factor::{
    SecondFactorConfirm, SecondFactorCreate, SecondFactorCreated, SecondFactorDelete, SecondFactorView,
};

use crate::api::ApiError;
use crate::format;
use crate::ui::copy::CopyButton;
use crate::ui::field::TextField;
use crate::ui::form::{FormAlert, FormState};
use crate::ui::load::{Load, skeleton};
use crate::ui::time;
use crate::ui::toast::use_toasts;
use crate::url::encode;
use crate::{api, browser};

/// What the reader does about it.
#[derive(Clone)]
enum Step {
    Look,
    Password(Purpose),
    Scan(SecondFactorCreated),
    Codes(Vec<String>),
}

/// What the password is asked for once more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Begin,
    NewCodes,
    Remove,
}

/// `on_change` is told once the reader is through with a change.
#[component]
pub(crate) fn SecondFactor(
    /// The reader was told already that they have none.
    #[prop(optional)]
    is_needed: bool,
    on_change: Callback<()>,
) -> impl IntoView {
    let load = Load::<SecondFactorView>::new(api::second_factor::info);
    let step = RwSignal::new(Step::Look);
    let done = Callback::new(move |()| {
        step.set(Step::Look);
        load.refresh();
        on_change.run(());
    });
    let ready = move || {
        (move || match step.get() {
            Step::Look => load.data.get().map(|shown| look(&shown, step, is_needed)).into_any(),
            Step::Password(purpose) => view! { <AskPassword step=step purpose=purpose on_done=done /> }.into_any(),
            Step::Scan(created) => view! { <Scan created=created step=step /> }.into_any(),
            Step::Codes(codes) => recovery(codes, done),
        })
        .into_any()
    };
    // What had the focus is gone with its step. Fields of the next take it themselves.
    Effect::new(move |was: Option<()>| {
        step.track();
        if was.is_some() {
            browser::focus_next("#second-factor:not(:focus-within)");
        }
    });
    view! { <div id="second-factor" class="profile-form" role="group" aria-label="Second factor" tabindex="-1">{load.show(skeleton, ready)}</div> }
}

fn look(shown: &SecondFactorView, step: RwSignal<Step>, is_needed: bool) -> AnyView {
    if !shown.is_on {
        return view! {
            {(!is_needed).then(|| view! { <p>"You have none."</p> })}
            <div class="actions">
                <button class="button button-primary" type="button" on:click=move |_| step.set(Step::Password(Purpose::Begin))>"Set it up"</button>
            </div>
        }
        .into_any();
    }
    let left = format::whole_u64(shown.recovery_codes_left);
    view! {
        <p>"On"{shown.since.map(|since| view! { " since "{time::full(since)} })}". Recovery codes left: "{left}"."</p>
        <div class="actions">
            <button class="button" type="button" on:click=move |_| step.set(Step::Password(Purpose::NewCodes))>"New recovery codes"</button>
            <button class="button" type="button" on:click=move |_| step.set(Step::Password(Purpose::Remove))>"Remove"</button>
        </div>
    }
    .into_any()
}

/// Asks for the password once more, then does what it is asked for.
#[component]
fn AskPassword(step: RwSignal<Step>, purpose: Purpose, on_done: Callback<()>) -> impl IntoView {
    let state = FormState::new(&[&["password"]]);
    let (password, toasts) = (RwSignal::new(String::new()), use_toasts());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        state.is_busy.set(true);
        let password = password.get_untracked();
        spawn_local(async move {
            match act(purpose, password).await {
                Ok(Some(next)) => drop(step.try_set(next)),
                Ok(None) => {
                    toasts.done("Your second factor is removed.");
                    on_done.try_run(());
                }
                Err(error) => state.fail(error),
            }
        });
    };
    view! {
        <form class="profile-form" on:submit=submit novalidate>
            <FormAlert state=state />
            <TextField label="Your password, once more" name="password" value=password errors=state.errors kind="password"
                autocomplete="current-password" autofocus=true />
            <div class="actions">
                <button class="button" type="button" on:click=move |_| step.set(Step::Look)>"Cancel"</button>
                <button class="button button-primary" type="submit" disabled=state.is_busy>
                    {if purpose == Purpose::Remove { "Remove" } else { "Go on" }}
                </button>
            </div>
        </form>
    }
    .into_any()
}

/// Does what the password was asked for; the step that follows, if one does.
async fn act(purpose: Purpose, password: String) -> Result<Option<Step>, ApiError> {
    match purpose {
        Purpose::Begin => {
            let created = api::second_factor::create(&SecondFactorCreate { password }).await?;
            Ok(Some(Step::Scan(created)))
        }
        Purpose::NewCodes => {
            let made = api::second_factor::new_recovery_codes(&SecondFactorCreate { password }).await?;
            Ok(Some(Step::Codes(made.recovery_codes)))
        }
        Purpose::Remove => {
            let body = SecondFactorDelete { password: Some(password), user_id: None };
            api::second_factor::delete(&body).await?;
            Ok(None)
        }
    }
}

#[component]
fn Scan(created: SecondFactorCreated, step: RwSignal<Step>) -> impl IntoView {
    let state = FormState::new(&[&["code"]]);
    let code = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        state.is_busy.set(true);
        let body = SecondFactorConfirm { code: code.get_untracked().trim().to_owned() };
        spawn_local(async move {
            match api::second_factor::confirm(&body).await {
                Ok(confirmed) => drop(step.try_set(Step::Codes(confirmed.recovery_codes))),
                Err(error) => state.fail(error),
            }
        });
    };
    let picture = format!("data:image/svg+xml,{}", encode(&created.qr_svg));
    view! {
        <form class="profile-form" on:submit=submit novalidate>
            <p>"Scan this with your authenticator app, or type the secret into it."</p>
            <img class="qr" src=picture alt="QR code of the secret below" width="220" height="220" />
            <div class="secret">
                <output class="code" aria-label="Secret">{created.secret.clone()}</output>
                <CopyButton text=created.secret label="Copy secret" />
            </div>
            <FormAlert state=state />
            <TextField label="Code that the app shows" name="code" value=code errors=state.errors inputmode="numeric" autocomplete="one-time-code" />
            <div class="actions">
                <button class="button" type="button" on:click=move |_| step.set(Step::Look)>"Cancel"</button>
                <button class="button button-primary" type="submit" disabled=state.is_busy>"Confirm"</button>
            </div>
        </form>
    }
    .into_any()
}

fn recovery(codes: Vec<String>, on_done: Callback<()>) -> AnyView {
    let text = codes.join("\n");
    let shown = codes.into_iter().map(|code| view! { <li class="code">{code}</li> }).collect_view();
    view! {
        <p class="notice" role="status">
            "Your second factor is on. Keep these recovery codes where your phone is not: each signs you in once without it. They are not shown again, and any from before no longer count."
        </p>
        <ul class="recovery-codes" aria-label="Recovery codes">{shown}</ul>
        <div class="actions">
            <CopyButton text=text label="Copy codes" />
            <button class="button button-primary" type="button" on:click=move |_| on_done.run(())>"I have kept them"</button>
        </div>
    }
    .into_any()
}
