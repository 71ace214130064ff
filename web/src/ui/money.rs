//! Money on a page: readable, with the exact amount in its title.

use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;

use crate::format;

/// What one thing cost.
pub(crate) fn cost(amount: NanoUsd) -> AnyView {
    view! { <span class="number" title=format::money_exact(amount)>{format::money(amount)}</span> }.into_any()
}

/// A sum, to the cent.
pub(crate) fn total(amount: NanoUsd) -> AnyView {
    view! { <span class="number" title=format::money_exact(amount)>{format::money_total(amount)}</span> }.into_any()
}
