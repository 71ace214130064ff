//! What narrows the list of calls.

use leptos::prelude::*;

use crate::api;
use crate::ui::load::Load;
use crate::ui::location::use_url;
use crate::ui::search::{FilterGroup, SelectFilter, TextFilter};

const STATUS_OPTIONS: &[(&str, &str)] = &[
    ("", "Any status"),
    ("success", "Success"),
    ("failure", "Failure"),
    ("cancelled", "Cancelled"),
    ("interrupted", "Interrupted"),
];

/// Characters of a hash that tell keys apart for a person.
const HASH_SHOWN: usize = 10;

#[component]
pub(crate) fn Filters(
    /// The chosen key's name, where a call on show has it.
    #[prop(into)]
    key_name: Signal<Option<String>>,
) -> impl IntoView {
    let url = use_url();
    let names = Load::new(api::model::names).map(Clone::clone);
    let key = url.value("key");
    // A link from a key brings its hash, which nobody types: it shows as a chip that can be removed.
    let key_chip = move || {
        key.get().map(|hash| {
            let short: String = hash.chars().take(HASH_SHOWN).collect();
            let name = move || key_name.get().unwrap_or_else(|| format!("{short}…"));
            view! {
                <span class="chip filter-chip" title=hash>
                    <span class="muted">"Key"</span>{name}
                    <a href=move || url.href(&[("key", ""), ("page", "")]) aria-label="Show calls of all keys">"×"</a>
                </span>
            }
        })
    };
    view! {
        <FilterGroup>
            <SelectFilter name="status" label="Status" options=STATUS_OPTIONS />
            <TextFilter name="model" label="Model" suggestions="model-names" />
            {move || key.get().is_none().then(|| view! { <TextFilter name="alias" label="Key name" /> })}
            <TextFilter name="from" label="From" kind="date" />
            <TextFilter name="to" label="To" kind="date" />
            {key_chip}
        </FilterGroup>
        <datalist id="model-names">
            {move || names.get().into_iter().map(|name| view! { <option value=name></option> }).collect_view()}
        </datalist>
    }
}
