//! The Tollgate console: a client of the management API, compiled to WebAssembly and served under `/ui`.

#![expect(unreachable_pub, reason = "the component macro widens `pub(crate)` in what it generates")]

mod api;
mod app;
mod browser;
mod csv;
mod format;
mod input;
mod keyed;
mod pages;
mod ui;
mod url;

use std::panic::{self, PanicHookInfo};

use leptos::prelude::*;

use crate::app::App;

/// What `assets/boot.js` listens to: it shows the "reload" bar, since after a panic nothing here can be trusted.
const PANIC_EVENT: &str = "tollgate-panic";

fn main() {
    panic::set_hook(Box::new(report_panic));
    if let Some(boot) = browser::find("#boot") {
        boot.remove();
    }
    mount_to_body(App);
}

fn report_panic(info: &PanicHookInfo<'_>) {
    leptos::logging::error!("{info}");
    if let (Some(window), Ok(event)) = (web_sys::window(), web_sys::Event::new(PANIC_EVENT)) {
        let _ = window.dispatch_event(&event);
    }
}
