//! Text to take away.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::browser;
use crate::ui::icon::{Icon, icon};
use crate::ui::toast::use_toasts;

/// How long the button says that it copied.
const COPIED_SHOWN: Duration = Duration::from_secs(2);

#[component]
pub(crate) fn CopyButton(
    #[prop(into)] text: Signal<String>,
    /// What is copied, for the button's name: "Copy key".
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let is_copied = RwSignal::new(false);
    let toasts = use_toasts();
    let copy = move |_| {
        let text = text.get_untracked();
        spawn_local(async move {
            if browser::copy(&text).await {
                let _ = is_copied.try_set(true);
                set_timeout(
                    move || {
                        let _ = is_copied.try_set(false);
                    },
                    COPIED_SHOWN,
                );
            } else {
                toasts.error("The browser did not allow copying. Select the text and copy it by hand.");
            }
        });
    };
    view! {
        <button class="button button-small" type="button" on:click=copy>
            {move || icon(if is_copied.get() { Icon::Check } else { Icon::Copy })}
            <span aria-live="polite">
                {move || if is_copied.get() { "Copied".to_owned() } else { label.clone() }}
            </span>
        </button>
    }
}

/// A snippet with its copy button.
#[component]
pub(crate) fn Snippet(#[prop(into)] text: Signal<String>, #[prop(into)] label: String) -> impl IntoView {
    view! {
        <div class="snippet">
            // Scrolls sideways, so it takes the focus for those who scroll with keys.
            <pre tabindex="0" role="region" aria-label="Snippet"><code>{text}</code></pre>
            <CopyButton text=text label=label />
        </div>
    }
}
