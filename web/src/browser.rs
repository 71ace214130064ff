//! The few things asked of the browser itself.

use chrono::{DateTime, FixedOffset, Utc};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ClipboardEvent, HtmlElement};

/// The present, by the reader's clock.
pub(crate) fn now() -> DateTime<Utc> {
    #[expect(clippy::as_conversions, reason = "milliseconds since 1970 are whole and far below 2^53")]
    let ms = js_sys::Date::now() as i64;
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

/// The reader's offset from UTC at `time`.
pub(crate) fn zone(time: DateTime<Utc>) -> FixedOffset {
    let date = js_sys::Date::new(&JsValue::from_f64(crate::format::to_f64(time.timestamp_millis())));
    // JavaScript counts minutes west of Greenwich.
    #[expect(clippy::as_conversions, reason = "whole minutes of a day")]
    let west_minutes = date.get_timezone_offset() as i32;
    FixedOffset::west_opt(west_minutes.saturating_mul(60)).unwrap_or_else(|| chrono::Offset::fix(&Utc))
}

/// The page that is shown, as an address without the server.
pub(crate) fn here() -> String {
    let location = web_sys::window().map(|window| window.location());
    let part = |read: fn(&web_sys::Location) -> Result<String, JsValue>| {
        location.as_ref().and_then(|location| read(location).ok()).unwrap_or_default()
    };
    format!("{}{}", part(web_sys::Location::pathname), part(web_sys::Location::search))
}

/// Leaves the console for another address.
pub(crate) fn go_to(address: &str) {
    if let Some(window) = web_sys::window() {
        let _ = window.location().assign(address);
    }
}

/// Where the console was loaded from, which is also where the gateway answers.
pub(crate) fn origin() -> String {
    web_sys::window().and_then(|window| window.location().origin().ok()).unwrap_or_default()
}

/// Puts `text` on the clipboard; false where the browser does not let us.
pub(crate) async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window() else {
        return false;
    };
    let clipboard = window.navigator().clipboard();
    // Over plain http, as in many a local network, there is no clipboard object.
    if clipboard.is_undefined() {
        return copy_by_command(text).unwrap_or(false);
    }
    JsFuture::from(clipboard.write_text(text)).await.is_ok()
}

/// The older way: ask the browser to copy, and say what when it asks.
fn copy_by_command(text: &str) -> Option<bool> {
    let document: web_sys::HtmlDocument = web_sys::window()?.document()?.dyn_into().ok()?;
    let text = text.to_owned();
    let answer = Closure::<dyn FnMut(ClipboardEvent)>::new(move |event: ClipboardEvent| {
        event.prevent_default();
        if let Some(data) = event.clipboard_data() {
            let _ = data.set_data("text/plain", &text);
        }
    });
    let listener = answer.as_ref().unchecked_ref();
    document.add_event_listener_with_callback("copy", listener).ok()?;
    let is_copied = document.exec_command("copy").ok();
    document.remove_event_listener_with_callback("copy", listener).ok()?;
    is_copied
}

/// Offers `text` as a file to save.
pub(crate) fn download(file_name: &str, mime: &str, text: &str) -> Result<(), JsValue> {
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(mime);
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options)?;
    let url = web_sys::Url::create_object_url_with_blob(&blob)?;
    if let Some(document) = web_sys::window().and_then(|w| w.document()) {
        let link: web_sys::HtmlAnchorElement = document.create_element("a")?.unchecked_into();
        link.set_href(&url);
        link.set_download(file_name);
        link.click();
    }
    web_sys::Url::revoke_object_url(&url)
}

/// The element that has the focus.
pub(crate) fn focused() -> Option<HtmlElement> {
    web_sys::window()?.document()?.active_element()?.dyn_into().ok()
}

/// The first element that matches, as something that takes the focus.
pub(crate) fn find(selector: &str) -> Option<HtmlElement> {
    web_sys::window()?.document()?.query_selector(selector).ok().flatten()?.dyn_into().ok()
}

/// Puts the focus on an element, if it is there.
pub(crate) fn focus(selector: &str) {
    if let Some(element) = find(selector) {
        let _ = element.focus();
    }
}

/// Closes an element that is shown as a popover.
pub(crate) fn hide_popover(selector: &str) {
    if let Some(element) = find(selector) {
        let _ = element.hide_popover();
    }
}

/// Puts the focus on an element once the page shows what was just changed.
pub(crate) fn focus_next(selector: &'static str) {
    leptos::prelude::request_animation_frame(move || focus(selector));
}

/// Scrolls just as far as it takes to see the element.
pub(crate) fn reveal(selector: &str) {
    if let Some(element) = find(selector) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Is the command key ⌘ here?
pub(crate) fn is_mac() -> bool {
    let platform = web_sys::window().and_then(|window| window.navigator().platform().ok());
    platform.is_some_and(|platform| platform.contains("Mac") || platform.contains("iP"))
}

/// Is this tab out of sight? Then nothing needs refreshing.
pub(crate) fn is_hidden() -> bool {
    web_sys::window().and_then(|w| w.document()).is_some_and(|d| d.hidden())
}

/// Opens the browser's own dialog for printing.
pub(crate) fn print() {
    if let Some(window) = web_sys::window() {
        // A browser that cannot print does nothing, as its own menu would.
        let _ = window.print();
    }
}

/// Whether a person is being asked before something is destroyed.
pub(crate) fn is_asking() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_some_and(|document| matches!(document.query_selector("dialog.confirm[open]"), Ok(Some(_))))
}

/// Sets the tab's title.
pub(crate) fn set_title(title: &str) {
    if let Some(document) = web_sys::window().and_then(|w| w.document()) {
        document.set_title(title);
    }
}

/// Waits.
pub(crate) async fn pause(time: std::time::Duration) {
    let mut wait = |resolve: js_sys::Function, _: js_sys::Function| {
        let done = move || drop(resolve.call0(&JsValue::NULL));
        leptos::prelude::set_timeout(done, time);
    };
    let _ = wasm_bindgen_futures::JsFuture::from(js_sys::Promise::new(&mut wait)).await;
}
