//! Search and filters above a list, kept in the URL. A changed filter starts at page 1 again.

use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;

use crate::ui::icon::{Icon, icon};
use crate::ui::location::{UrlState, use_url};

/// How long typing pauses before the server is asked.
const TYPING_PAUSE: Duration = Duration::from_millis(250);

/// What the `/` key puts the focus on.
pub(crate) const SEARCH_SELECTOR: &str = "input[type=search]";

/// Sets `name` in the URL after a pause in typing.
fn use_typing(url: UrlState, name: &'static str) -> impl Fn(String) + Copy {
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    move |text: String| {
        if let Some(earlier) = waiting.get_value() {
            earlier.clear();
        }
        let apply = move || {
            // The page may be gone by now.
            if waiting.try_get_value().is_some() {
                url.replace(&[(name, text.trim()), ("page", "")]);
            }
        };
        waiting.set_value(set_timeout_with_handle(apply, TYPING_PAUSE).ok());
    }
}

/// The list's search field; `/` focuses it.
#[component]
pub(crate) fn Search(name: &'static str, label: &'static str) -> impl IntoView {
    let url = use_url();
    let value = url.value(name);
    let type_in = use_typing(url, name);
    view! {
        <div class="search">
            {icon(Icon::Search)}
            <input
                type="search"
                class="input"
                aria-label=label
                placeholder=label
                autocomplete="off"
                spellcheck="false"
                prop:value=move || value.get().unwrap_or_default()
                on:input=move |event| type_in(event_target_value(&event))
            />
            <kbd aria-hidden="true">"/"</kbd>
        </div>
    }
}

/// Several filters: a phone unfolds them.
#[component]
pub(crate) fn FilterGroup(children: Children) -> impl IntoView {
    let is_open = RwSignal::new(false);
    view! {
        <button
            class="button filters-toggle"
            type="button"
            aria-expanded=move || is_open.get().to_string()
            on:click=move |_| is_open.update(|is_open| *is_open = !*is_open)
        >
            "Filters"
        </button>
        <div class="filters" class:is-open=is_open>{children()}</div>
    }
}

/// A filter that is typed.
#[component]
pub(crate) fn TextFilter(
    name: &'static str,
    label: &'static str,
    #[prop(default = "text")] kind: &'static str,
    /// Id of a `<datalist>` with suggestions.
    #[prop(optional)]
    suggestions: &'static str,
) -> impl IntoView {
    let url = use_url();
    let value = url.value(name);
    let type_in = use_typing(url, name);
    // A date field has no room for a placeholder: its label shows beside it.
    let is_date = kind == "date";
    view! {
        <label class="filter" class:filter-date=is_date>
            <span class:sr-only=!is_date>{label}</span>
            <input
                class="input"
                type=kind
                autocomplete="off"
                spellcheck="false"
                placeholder=label
                list=(!suggestions.is_empty()).then_some(suggestions)
                prop:value=move || value.get().unwrap_or_default()
                on:input=move |event| type_in(event_target_value(&event))
            />
        </label>
    }
}

/// A filter that is chosen.
#[component]
pub(crate) fn SelectFilter(
    name: &'static str,
    label: &'static str,
    /// Value and text; an empty value filters nothing.
    options: &'static [(&'static str, &'static str)],
) -> impl IntoView {
    let url = use_url();
    let value = url.value(name);
    let options = options
        .iter()
        .map(|(word, text)| {
            let is_chosen = move || value.get().unwrap_or_default() == *word;
            view! { <option value=*word selected=is_chosen prop:selected=is_chosen>{*text}</option> }
        })
        .collect_view();
    view! {
        <label class="filter">
            <span class="sr-only">{label}</span>
            <select
                class="input"
                on:change=move |event| url.push(&[(name, &event_target_value(&event)), ("page", "")])
            >
                {options}
            </select>
        </label>
    }
}
