//! The few things asked of the browser itself.

use chrono::{DateTime, FixedOffset, Utc};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlElement;

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
    // Outside a secure context there is no clipboard.
    if clipboard.is_undefined() {
        return false;
    }
    JsFuture::from(clipboard.write_text(text)).await.is_ok()
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

/// Is this tab out of sight? Then nothing needs refreshing.
pub(crate) fn is_hidden() -> bool {
    web_sys::window().and_then(|w| w.document()).is_some_and(|d| d.hidden())
}

/// Sets the tab's title.
pub(crate) fn set_title(title: &str) {
    if let Some(document) = web_sys::window().and_then(|w| w.document()) {
        document.set_title(title);
    }
}
