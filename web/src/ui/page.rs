//! The frame of a page: its name, what can be done on it, its content.

use leptos::prelude::*;

use crate::browser;

#[component]
pub(crate) fn Page(
    title: &'static str,
    /// One line on what the page is for.
    #[prop(optional)]
    lead: &'static str,
    /// Buttons beside the title.
    #[prop(optional, into)]
    actions: ViewFn,
    children: Children,
) -> impl IntoView {
    browser::set_title(&format!("{title} · Tollgate"));
    view! {
        <div class="page">
            <header class="page-header">
                <div>
                    <h1>{title}</h1>
                    {(!lead.is_empty()).then(|| view! { <p class="muted">{lead}</p> })}
                </div>
                <div class="actions">{actions.run()}</div>
            </header>
            {children()}
        </div>
    }
}
