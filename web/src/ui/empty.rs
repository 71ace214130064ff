//! Nothing to show: what that means, and what to do next.

use leptos::prelude::*;

use crate::ui::icon::{Icon, icon};

#[component]
pub(crate) fn Empty(
    art: Icon,
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    /// What to do about it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-art">{icon(art)}</span>
            <h2>{title}</h2>
            <p>{text}</p>
            {children.map(|children| view! { <div class="empty-action">{children()}</div> })}
        </div>
    }
}

/// Something went wrong, and can be tried again.
#[component]
pub(crate) fn Failure(message: Signal<String>, on_retry: Callback<()>) -> impl IntoView {
    view! {
        <div class="failure" role="alert">
            {icon(Icon::Warning)}
            <span>{message}</span>
            <button class="button button-small" type="button" on:click=move |_| on_retry.run(())>
                "Try again"
            </button>
        </div>
    }
}

/// Nothing could be shown at all.
#[component]
pub(crate) fn Unavailable(message: Signal<String>, on_retry: Callback<()>) -> impl IntoView {
    view! {
        <div class="empty" role="alert">
            <span class="empty-art empty-bad">{icon(Icon::Warning)}</span>
            <h2>"This could not be loaded"</h2>
            <p>{message}</p>
            <div class="empty-action">
                <button class="button" type="button" on:click=move |_| on_retry.run(())>"Try again"</button>
            </div>
        </div>
    }
}
