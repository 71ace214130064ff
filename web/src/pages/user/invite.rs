//! Inviting a user: a letter, or the link to hand over.

use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::invitation::InvitationCreated;

use crate::api;
use crate::ui::copy::CopyButton;
use crate::ui::time;
use crate::ui::toast::use_toasts;

#[component]
pub(crate) fn Invite(user_id: String) -> impl IntoView {
    let (invited, is_busy, toasts) = (RwSignal::new(None::<InvitationCreated>), RwSignal::new(false), use_toasts());
    let invite = move |_| {
        is_busy.set(true);
        let user_id = user_id.clone();
        spawn_local(async move {
            match api::invitation::create(user_id).await {
                Ok(created) => {
                    let _ = invited.try_set(Some(created));
                }
                Err(error) => toasts.error(error.message),
            }
            let _ = is_busy.try_set(false);
        });
    };
    view! {
        <button class="button button-small detail-action" type="button" disabled=is_busy on:click=invite>"Invite"</button>
        <div class="detail-outcome" aria-live="polite">{move || invited.get().map(outcome)}</div>
    }
}

/// What became of an invitation: a letter, or the link, which is shown once.
pub(super) fn outcome(created: InvitationCreated) -> AnyView {
    let until = time::full(created.invitation.expires_at);
    match created.invitation_link {
        None => view! { <p class="notice notice-good">"A letter is on its way. Its link works once, until "{until}"."</p> }
            .into_any(),
        Some(link) => view! {
            <p class="notice">"No letter was sent: hand this link over. It works once, until "{until}", and is not shown again."</p>
            <div class="secret">
                <output class="code" aria-label="Invitation link">{link.clone()}</output>
                <CopyButton text=link label="Copy link" />
            </div>
        }
        .into_any(),
    }
}
