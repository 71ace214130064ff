//! Short messages about what was just done.

use std::time::Duration;

use leptos::prelude::*;

use crate::ui::icon::{Icon, icon};

/// How long good news stays. Bad news stays until it is closed.
const GOOD_NEWS_SHOWN: Duration = Duration::from_secs(5);

#[derive(Clone, PartialEq, Eq)]
struct Toast {
    id: u64,
    text: String,
    is_error: bool,
}

/// Where messages are put; owned by the app, so it outlives every page.
#[derive(Clone, Copy)]
pub(crate) struct Toasts {
    list: RwSignal<Vec<Toast>>,
    next_id: StoredValue<u64>,
}

/// Makes the messages available to everything below.
pub(crate) fn provide_toasts() {
    provide_context(Toasts { list: RwSignal::new(Vec::new()), next_id: StoredValue::new(0) });
}

pub(crate) fn use_toasts() -> Toasts {
    use_context().unwrap_or_else(|| Toasts { list: RwSignal::new(Vec::new()), next_id: StoredValue::new(0) })
}

impl Toasts {
    pub(crate) fn done(self, text: impl Into<String>) {
        let id = self.push(text.into(), false);
        set_timeout(move || self.remove(id), GOOD_NEWS_SHOWN);
    }

    pub(crate) fn error(self, text: impl Into<String>) {
        self.push(text.into(), true);
    }

    fn push(self, text: String, is_error: bool) -> u64 {
        let id = self.next_id.get_value();
        self.next_id.set_value(id.wrapping_add(1));
        self.list.update(|list| list.push(Toast { id, text, is_error }));
        id
    }

    fn remove(self, id: u64) {
        self.list.update(|list| list.retain(|toast| toast.id != id));
    }
}

/// Where the messages show.
#[component]
pub(crate) fn ToastRegion() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || toasts.list.get() key=|toast| toast.id let:toast>
                <div class="toast" class:toast-error=toast.is_error>
                    {icon(if toast.is_error { Icon::Warning } else { Icon::Check })}
                    <span>{toast.text.clone()}</span>
                    <button
                        class="icon-button"
                        type="button"
                        aria-label="Close message"
                        on:click=move |_| toasts.remove(toast.id)
                    >
                        {icon(Icon::Close)}
                    </button>
                </div>
            </For>
        </div>
    }
}
