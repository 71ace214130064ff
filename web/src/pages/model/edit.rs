//! A change of a deployment, and what else can be done with it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use tollgate_openapi::model::{DeploymentStatus, DeploymentView, ModelPatch};

use crate::api;
use crate::app::use_session;
use crate::pages::model::deployment::{changed_at, id, is_stored};
use crate::pages::model::draft::{Draft, Sent};
use crate::pages::model::form::{ModelFields, ModelForm};
use crate::ui::confirm::Confirm;
use crate::ui::location::use_url;
use crate::ui::toast::use_toasts;

#[component]
pub(crate) fn EditModel(deployment: DeploymentView, on_done: Callback<()>, on_change: Callback<()>) -> impl IntoView {
    let toasts = use_toasts();
    let (id, before, seen) = (id(&deployment), Draft::of(&deployment), changed_at(&deployment));
    let form = ModelForm::new(before.clone());
    let own = id.clone();
    let submit = Callback::new(move |Sent { name, params, mut info }: Sent| {
        info.insert("id".to_owned(), Value::String(own.clone()));
        let patch = ModelPatch { model_name: Some(name), litellm_params: params, model_info: info };
        form.state.is_busy.set(true);
        spawn_local(async move {
            match api::model::update(&patch, seen).await {
                Ok(stored) => {
                    toasts.done(format!("Saved {}.", stored.model_name));
                    on_change.try_run(());
                    on_done.try_run(());
                }
                Err(error) => form.fail(error),
            }
        });
    });
    view! { <ModelFields form=form action="Save" saved=Some((id, before)) on_submit=submit on_cancel=on_done /> }
}

/// What can be done with a deployment, or where it is changed.
#[component]
pub(crate) fn Actions(deployment: DeploymentView, on_gone: Callback<()>, on_change: Callback<()>) -> impl IntoView {
    if !use_session().is_admin() {
        return ().into_any();
    }
    if !is_stored(&deployment) {
        return view! { <footer class="drawer-footer"><span class="hint">"It is in config.yaml, and is changed there."</span></footer> }.into_any();
    }
    let (url, toasts) = (use_url(), use_toasts());
    let (is_asked, is_busy) = (RwSignal::new(false), RwSignal::new(false));
    let (id, name) = (StoredValue::new(id(&deployment)), StoredValue::new(deployment.model_name.clone()));
    let is_blocked = deployment.state.status == DeploymentStatus::Blocked;
    let act = move |is_deletion: bool| {
        is_busy.set(true);
        let (id, name) = (id.get_value(), name.get_value());
        spawn_local(async move {
            let (done, said) = if is_deletion {
                (api::model::delete(&id).await, "Deleted")
            } else {
                (api::model::set_blocked(&id, !is_blocked).await, if is_blocked { "Unblocked" } else { "Blocked" })
            };
            let _ = is_busy.try_set(false);
            let _ = is_asked.try_set(false);
            match done {
                Ok(()) => {
                    toasts.done(format!("{said} {name}."));
                    if is_deletion {
                        on_gone.try_run(());
                    } else {
                        on_change.try_run(());
                    }
                }
                Err(error) => toasts.error(error.message),
            }
        });
    };
    let delete = Callback::new(move |()| act(true));
    let close = Callback::new(move |()| is_asked.set(false));
    let question = move || {
        is_asked.get().then(|| {
            let title = format!("Delete {}?", name.get_value());
            let text = "No call goes there any more. Where it is the only one of its name, applications that ask for it are refused. This cannot be undone.";
            view! { <Confirm title=title text=text action="Delete model" is_busy=is_busy on_confirm=delete on_close=close /> }
        })
    };
    view! {
        <footer class="drawer-footer">
            <button class="button button-quiet-danger" type="button" on:click=move |_| is_asked.set(true)>"Delete"</button>
            <button class="button" type="button" disabled=is_busy on:click=move |_| act(false)>
                {if is_blocked { "Unblock" } else { "Block" }}
            </button>
            <span class="toolbar-space"></span>
            <button class="button button-primary" type="button" on:click=move |_| url.replace(&[("edit", "1")])>"Edit"</button>
        </footer>
        {question}
    }
    .into_any()
}
