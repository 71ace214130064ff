//! A choice between a few views of one thing, kept in the URL.

use leptos::prelude::*;

use crate::ui::location::use_url;

#[component]
pub(crate) fn Segments(
    name: &'static str,
    label: &'static str,
    /// Value and text; the first is the default and stays out of the URL.
    options: &'static [(&'static str, &'static str)],
) -> impl IntoView {
    let url = use_url();
    let first = options.first().map_or("", |(word, _)| word);
    let value = Memo::new(move |_| url.get(name).unwrap_or_else(|| first.to_owned()));
    let buttons = options
        .iter()
        .map(|(word, text)| {
            let choose = move |_| url.replace(&[(name, if *word == first { "" } else { word })]);
            let is_chosen = move || value.get() == *word;
            view! {
                <button
                    type="button"
                    aria-pressed=move || is_chosen().to_string()
                    on:click=choose
                >
                    {*text}
                </button>
            }
        })
        .collect_view();
    view! { <div class="segments" role="group" aria-label=label>{buttons}</div> }
}
