//! Moments on a page: short, with the full moment in their title.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::{browser, format};

/// The clock time of an event.
pub(crate) fn moment(time: DateTime<Utc>) -> AnyView {
    let text = format::moment(time, browser::now(), browser::zone(time));
    stamp(time, text)
}

/// How long ago, or how soon.
pub(crate) fn relative(time: DateTime<Utc>) -> AnyView {
    stamp(time, format::relative(time, browser::now()))
}

/// How soon, in whole words.
pub(crate) fn until(time: DateTime<Utc>) -> AnyView {
    stamp(time, format::until(time, browser::now()))
}

/// The whole moment, where there is room.
pub(crate) fn full(time: DateTime<Utc>) -> AnyView {
    stamp(time, format::moment_full(time, browser::zone(time)))
}

fn stamp(time: DateTime<Utc>, text: String) -> AnyView {
    let utc = format::moment_utc(time);
    view! { <time class="number" datetime=utc.clone() title=utc>{text}</time> }.into_any()
}
