//! Keys that work on every page: `/` searches, Ctrl/⌘-K opens the palette.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::browser;
use crate::ui::search::SEARCH_SELECTOR;

/// Listens until the owner goes.
pub(crate) fn listen_keys(is_palette_open: RwSignal<bool>) {
    let handle = window_event_listener(ev::keydown, move |event| {
        if (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("k") {
            event.prevent_default();
            is_palette_open.update(|is_open| *is_open = !*is_open);
        } else if event.key() == "/"
            && !is_typing(&event)
            && !is_modal_open()
            && let Some(field) = browser::find(SEARCH_SELECTOR)
        {
            event.prevent_default();
            let _ = field.focus();
        }
    });
    on_cleanup(move || handle.remove());
}

/// Is the key meant for a field?
fn is_typing(event: &ev::KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    event.ctrl_key()
        || event.meta_key()
        || event.alt_key()
        || target.is_some_and(|element| element.matches("input, textarea, select").unwrap_or(false))
}

fn is_modal_open() -> bool {
    browser::find("dialog[open]").is_some()
}
