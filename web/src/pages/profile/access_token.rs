//! The reader's access tokens: made, shown once, revoked.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::access_token::{AccessTokenCreate, AccessTokenCreated, AccessTokenList, AccessTokenView};

use crate::ui::confirm::Confirm;
use crate::ui::copy::CopyButton;
use crate::ui::field::{SelectField, TextField};
use crate::ui::form::{FormAlert, FormState};
use crate::ui::load::{Load, skeleton};
use crate::ui::time;
use crate::ui::toast::use_toasts;
use crate::{api, browser};

#[component]
pub(crate) fn AccessTokens() -> impl IntoView {
    let load = Load::<AccessTokenList>::new(api::access_token::list);
    let asked = RwSignal::new(None::<AccessTokenView>);
    let ready = move || {
        let rows = move || {
            let tokens = load.data.get().map(|list| list.access_tokens).unwrap_or_default();
            match tokens.is_empty() {
                true => view! { <p class="muted">"You have none."</p> }.into_any(),
                false => {
                    let rows = tokens.into_iter().map(|token| row(token, asked)).collect_view();
                    view! { <ul class="plain-list">{rows}</ul> }.into_any()
                }
            }
        };
        rows.into_any()
    };
    let changed = Callback::new(move |()| load.refresh());
    view! {
        {load.show(skeleton, ready)}
        {move || asked.get().map(|token| view! { <Revoke token=token asked=asked on_change=changed /> })}
        <NewToken on_change=changed />
    }
}

/// The question before a token stops working.
#[component]
fn Revoke(token: AccessTokenView, asked: RwSignal<Option<AccessTokenView>>, on_change: Callback<()>) -> impl IntoView {
    let (is_busy, toasts) = (RwSignal::new(false), use_toasts());
    let id = token.token_id;
    let revoke = Callback::new(move |()| {
        is_busy.set(true);
        let id = id.clone();
        spawn_local(async move {
            match api::access_token::delete(id).await {
                Ok(gone) => toasts.done(format!("{} is revoked.", gone.name)),
                Err(error) => toasts.error(error.message),
            }
            let _ = asked.try_set(None);
            on_change.try_run(());
        });
    });
    view! {
        <Confirm
            title=format!("Revoke {}?", token.name)
            text="Scripts that use it are refused at once. This cannot be undone."
            action="Revoke token"
            is_busy=is_busy
            on_confirm=revoke
            on_close=Callback::new(move |()| asked.set(None))
        />
    }
}

fn row(token: AccessTokenView, asked: RwSignal<Option<AccessTokenView>>) -> AnyView {
    let of_row = token.clone();
    let AccessTokenView { name, token_name, read_only, expires_at, last_used_at, .. } = token;
    let is_over = expires_at <= browser::now();
    let used = last_used_at
        .map_or_else(|| "never used".into_any(), |at| view! { "last used "{time::relative(at)} }.into_any());
    let label = format!("Revoke {name}");
    view! {
        <li class="plain-row">
            <div>
                <span class="strong">{name}</span>" "<span class="code muted">{token_name}</span>
                <div class="muted">
                    {if read_only { "may only read" } else { "may all that you may" }}" · "{used}" · "
                    {if is_over { "expired " } else { "expires " }}{time::moment(expires_at)}
                </div>
            </div>
            <button class="button button-small" type="button" aria-label=label on:click=move |_| asked.set(Some(of_row.clone()))>
                "Revoke"
            </button>
        </li>
    }
    .into_any()
}

#[component]
fn NewToken(on_change: Callback<()>) -> impl IntoView {
    let state = FormState::new(&[&["name", "duration"]]);
    let name = RwSignal::new(String::new());
    let (duration, rights) = (RwSignal::new("90d".to_owned()), RwSignal::new("read".to_owned()));
    let created = RwSignal::new(None::<AccessTokenCreated>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = AccessTokenCreate {
            name: name.get_untracked().trim().to_owned(),
            duration: Some(duration.get_untracked()),
            read_only: rights.get_untracked() == "read",
        };
        state.is_busy.set(true);
        spawn_local(async move {
            match api::access_token::create(&body).await {
                Ok(token) => {
                    let _ = created.try_set(Some(token));
                    let _ = name.try_set(String::new());
                    state.succeed();
                    on_change.try_run(());
                }
                Err(error) => state.fail(error),
            }
        });
    };
    let pairs =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(word, text)| ((*word).to_owned(), (*text).to_owned())).collect();
    let durations = pairs(&[("7d", "7 days"), ("30d", "30 days"), ("90d", "90 days"), ("365d", "A year")]);
    let all_rights = pairs(&[("read", "May only read"), ("all", "May all that you may")]);
    view! {
        {move || created.get().map(shown_once)}
        <form class="profile-form" on:submit=submit novalidate>
            <FormAlert state=state />
            <TextField label="Name of a new token" name="name" value=name errors=state.errors placeholder="nightly report" />
            <SelectField label="Works for" name="duration" value=duration options=durations
                on_choose=Callback::new(move |word| duration.set(word)) errors=state.errors />
            <SelectField label="Rights" name="read_only" value=rights options=all_rights on_choose=Callback::new(move |word| rights.set(word)) />
            <div class="actions"><button class="button" type="submit" disabled=state.is_busy>"Make a token"</button></div>
        </form>
    }
}

fn shown_once(created: AccessTokenCreated) -> AnyView {
    view! {
        <p class="notice" role="status">"Copy the token now. It is stored only as a hash and is not shown again."</p>
        <div class="secret">
            <output class="code" aria-label="New token">{created.access_token.clone()}</output>
            <CopyButton text=created.access_token label="Copy token" />
        </div>
    }
    .into_any()
}
