//! One token: what is known of it, what came of it, and its end.

use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::scim::ScimTokenView;

use super::{last_used, made_by};
use crate::api;
use crate::app::use_session;
use crate::ui::confirm::Confirm;
use crate::ui::drawer::Drawer;
use crate::ui::time;
use crate::ui::toast::use_toasts;
use crate::url::encode;

#[component]
pub(super) fn TokenDetail(token: ScimTokenView, on_close: Callback<()>, on_gone: Callback<()>) -> impl IntoView {
    let is_admin = use_session().is_admin();
    let (did, history) = (
        format!("/ui/audit?by={}", encode(&token.token_id)),
        format!("/ui/audit?kind=scim&id={}", encode(&token.token_id)),
    );
    view! {
        <Drawer title=Signal::stored(token.name.clone()) on_close=on_close>
            <div class="drawer-body">
                <dl class="facts">
                    <dt>"Last used"</dt><dd>{last_used(&token)}</dd>
                    <dt>"Made"</dt><dd>{time::full(token.created_at)}</dd>
                    <dt>"Made by"</dt><dd>{made_by(&token)}</dd>
                    <dt>"Id"</dt><dd class="code">{token.token_id.clone()}</dd>
                    <dt>"What it changed"</dt><dd><a href=did>"In the audit log"</a></dd>
                    <dt>"Who let it in"</dt><dd><a href=history>"In the audit log, too"</a></dd>
                </dl>
            </div>
            {is_admin.then(|| view! { <End token=token on_gone=on_gone /> })}
        </Drawer>
    }
}

#[component]
fn End(token: ScimTokenView, on_gone: Callback<()>) -> impl IntoView {
    let toasts = use_toasts();
    let (is_asked, is_busy) = (RwSignal::new(false), RwSignal::new(false));
    let token = StoredValue::new(token);
    let end = Callback::new(move |()| {
        is_busy.set(true);
        let id = token.with_value(|token| token.token_id.clone());
        spawn_local(async move {
            let ended = api::scim::delete(id).await;
            let _ = is_busy.try_set(false);
            let _ = is_asked.try_set(false);
            match ended {
                Ok(gone) => {
                    toasts.done(format!("The token of {} has ended.", gone.name));
                    on_gone.try_run(());
                }
                Err(error) => toasts.error(error.message),
            }
        });
    });
    let question = move || {
        is_asked.get().then(|| {
            let title = token.with_value(|token| format!("End the token of {}?", token.name));
            let text = "The directory is refused at once. Users and teams that it made stay as they are, also those it takes away from now on. This cannot be undone.";
            view! { <Confirm title=title text=text action="End token" is_busy=is_busy on_confirm=end on_close=Callback::new(move |()| is_asked.set(false)) /> }
        })
    };
    view! {
        <footer class="drawer-footer">
            <button class="button button-quiet-danger" type="button" on:click=move |_| is_asked.set(true)>"End token"</button>
            <span class="toolbar-space"></span>
        </footer>
        {question}
    }
}
