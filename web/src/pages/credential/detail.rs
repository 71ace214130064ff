//! One credential: what it has, who uses it, and what can be done with it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use tollgate_openapi::credential::{CredentialView, Source};

use crate::api;
use crate::app::use_session;
use crate::format;
use crate::pages::credential::form::EditCredential;
use crate::pages::credential::kept_in;
use crate::ui::confirm::Confirm;
use crate::ui::drawer::Drawer;
use crate::ui::empty::Empty;
use crate::ui::icon::Icon;
use crate::ui::load::Load;
use crate::ui::location::use_url;
use crate::ui::time;
use crate::ui::toast::use_toasts;
use crate::url::encode;

#[component]
pub(crate) fn CredentialDetail(
    name: String,
    load: Load<Vec<CredentialView>>,
    on_close: Callback<()>,
    on_gone: Callback<()>,
) -> impl IntoView {
    let url = use_url();
    let wanted = name.clone();
    let found = Memo::new(move |_| {
        load.data.with(|all| all.as_ref()?.iter().find(|one| one.credential_name == wanted).cloned())
    });
    let is_editing = Memo::new(move |_| url.get("edit").is_some() && use_session().is_admin());
    let title = Signal::derive(move || if is_editing.get() { format!("Edit {name}") } else { name.clone() });
    let done = Callback::new(move |()| url.replace(&[("edit", "")]));
    let changed = Callback::new(move |()| load.refresh());
    let body = move || match found.get() {
        None => {
            view! { <Empty art=Icon::Search title="No such credential" text="It may have been deleted." /> }.into_any()
        }
        Some(credential) if is_editing.get() => {
            view! { <EditCredential credential=credential on_done=done on_change=changed /> }.into_any()
        }
        Some(credential) => view! { <Details credential=credential on_gone=on_gone /> }.into_any(),
    };
    view! { <Drawer title=title is_sticky=is_editing on_close=on_close>{body}</Drawer> }
}

#[component]
fn Details(credential: CredentialView, on_gone: Callback<()>) -> impl IntoView {
    let values = credential.credential_values.iter().map(|(name, value)| {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        view! { <dt class="code">{name.clone()}</dt><dd class="code">{shown}</dd> }
    });
    let notes = credential.credential_info.iter().map(|(name, value)| {
        let shown = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        view! { <dt class="code">{name.clone()}</dt><dd>{shown}</dd> }
    });
    let users = credential.used_by.iter().map(|id| {
        let href = format!("/ui/models?deployment={}", encode(id));
        view! { <li><a href=href class="code">{id.clone()}</a></li> }
    });
    let by = |who: Option<&str>| who.map(|who| format!(" by {}", format::person(who)));
    view! {
        <div class="drawer-body">
            {credential.problem.clone().map(|problem| view! {
                <p class="notice notice-bad">{format::sentence(&problem)}" Delete it and add it anew."</p>
            })}
            <h3>"Values"</h3>
            <dl class="facts">{values.collect_view()}</dl>
            <h3>"Used by"</h3>
            {if credential.used_by.is_empty() {
                view! { <p class="muted">"No model names it yet."</p> }.into_any()
            } else {
                view! { <ul class="plain">{users.collect_view()}</ul> }.into_any()
            }}
            <h3>"About it"</h3>
            <dl class="facts">
                {notes.collect_view()}
                <dt>"Kept in"</dt><dd>{kept_in(&credential)}</dd>
                {credential.created_at.map(|at| view! { <dt>"Created"</dt><dd>{time::full(at)}{by(credential.created_by.as_deref())}</dd> })}
                {credential.updated_at.map(|at| view! { <dt>"Changed"</dt><dd>{time::full(at)}{by(credential.updated_by.as_deref())}</dd> })}
            </dl>
        </div>
        <Actions credential=credential on_gone=on_gone />
    }
}

#[component]
fn Actions(credential: CredentialView, on_gone: Callback<()>) -> impl IntoView {
    if !use_session().is_admin() {
        return ().into_any();
    }
    if credential.source == Source::Config {
        return view! { <footer class="drawer-footer"><span class="hint">"It is in config.yaml, and is changed there."</span></footer> }.into_any();
    }
    let (url, toasts) = (use_url(), use_toasts());
    let (is_asked, is_busy) = (RwSignal::new(false), RwSignal::new(false));
    let is_free = credential.used_by.is_empty();
    let name = StoredValue::new(credential.credential_name);
    let delete = Callback::new(move |()| {
        is_busy.set(true);
        let name = name.get_value();
        spawn_local(async move {
            let deleted = api::credential::delete(&name).await;
            let _ = is_busy.try_set(false);
            let _ = is_asked.try_set(false);
            match deleted {
                Ok(()) => {
                    toasts.done(format!("Deleted {name}."));
                    on_gone.try_run(());
                }
                Err(error) => toasts.error(error.message),
            }
        });
    });
    let close = Callback::new(move |()| is_asked.set(false));
    let question = move || {
        is_asked.get().then(|| {
            let title = format!("Delete {}?", name.get_value());
            view! { <Confirm title=title text="No model names it. What it holds is gone for good." action="Delete credential" is_busy=is_busy on_confirm=delete on_close=close /> }
        })
    };
    view! {
        <footer class="drawer-footer">
            {if is_free {
                view! { <button class="button button-quiet-danger" type="button" on:click=move |_| is_asked.set(true)>"Delete"</button> }.into_any()
            } else {
                view! { <span class="hint">"It can be deleted once no model names it."</span> }.into_any()
            }}
            <span class="toolbar-space"></span>
            <button class="button button-primary" type="button" on:click=move |_| url.replace(&[("edit", "1")])>"Edit"</button>
        </footer>
        {question}
    }
    .into_any()
}
