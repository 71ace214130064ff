//! Pages of a list, kept in the URL as `page`.

use leptos::prelude::*;

use crate::format;
use crate::ui::icon::{Icon, icon};
use crate::ui::location::{UrlState, use_url};

/// The page the URL names; the first where it names none.
pub(crate) fn page_of(url: UrlState) -> u64 {
    let page = url.get("page").and_then(|page| page.parse().ok());
    page.unwrap_or(1).max(1)
}

#[component]
pub(crate) fn Pager(
    page: Signal<u64>,
    pages: Signal<u64>,
    total: Signal<u64>,
    /// What is counted, one and many: "key", "keys".
    nouns: (&'static str, &'static str),
    /// There may be more than `total`.
    #[prop(optional, into)]
    is_capped: Signal<bool>,
) -> impl IntoView {
    let url = use_url();
    let step = move |to: u64| match to {
        0 | 1 => url.href(&[("page", "")]),
        to => url.href(&[("page", &to.to_string())]),
    };
    let previous = move || (page.get() > 1).then(|| step(page.get() - 1));
    let next = move || (page.get() < pages.get()).then(|| step(page.get() + 1));
    let counted = move || format::count(i64::try_from(total.get()).unwrap_or(i64::MAX));
    let noun = move || if total.get() == 1 { nouns.0 } else { nouns.1 };
    let more = move || if is_capped.get() { "+" } else { "" };
    view! {
        <nav class="pager" aria-label="Pages">
            <span class="muted number">{counted}{more}" "{noun}</span>
            <span class="pager-steps" class:is-hidden=move || { pages.get() <= 1 }>
                <a class="icon-button" role="link" aria-label="Previous page" href=previous aria-disabled=move || previous().is_none().then_some("true")>
                    {icon(Icon::Previous)}
                </a>
                <span class="number">{page}" of "{pages}{more}</span>
                <a class="icon-button" role="link" aria-label="Next page" href=next aria-disabled=move || next().is_none().then_some("true")>
                    {icon(Icon::Next)}
                </a>
            </span>
        </nav>
    }
}
