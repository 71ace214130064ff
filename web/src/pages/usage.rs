//! Usage: what was spent by whom on which days, compared with the days before. A click on a line looks into it.

mod days;
mod export;
mod groups;
mod question;
mod tiles;

use leptos::prelude::*;
use tollgate_openapi::spend::Usage;

use crate::api;
use crate::browser;
use crate::pages::usage::days::Days;
pub(crate) use crate::pages::usage::export::ExportMenu;
use crate::pages::usage::groups::Groups;
use crate::pages::usage::question::{BY, DIMENSIONS, FROM, Question, RANGE, RANGES, TO};
use crate::pages::usage::tiles::Tiles;
pub(crate) use crate::pages::usage::tiles::change;
use crate::ui::empty::Empty;
use crate::ui::icon::Icon;
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::page::Page;
use crate::ui::search::TextFilter;
use crate::ui::segment::Segments;

#[component]
pub(crate) fn UsagePage() -> impl IntoView {
    let url = use_url();
    let question = Memo::new(move |_| Question::of(|name| url.get(name), browser::now().date_naive()));
    let load = Load::<Usage>::new(move || api::spend::usage(question.get().to_query()));
    let has_calls = load.map(|usage| usage.total.api_requests > 0 || usage.previous.api_requests > 0);
    let ready = move || {
        let content = move || {
            if !has_calls.get() {
                return view! {
                    <Empty art=Icon::Overview title="No calls on these days" text="Another range, or fewer filters, may show some.">
                        <a class="button" href="/ui/usage">"Show the last 30 days"</a>
                    </Empty>
                }
                .into_any();
            }
            view! {
                <Tiles load=load />
                <Days load=load />
                <Groups load=load question=question />
            }
            .into_any()
        };
        content.into_any()
    };
    view! {
        <Page
            title="Usage"
            lead="Of the calls that you may see. Days are counted in UTC."
            actions=move || view! { <ExportMenu query=Signal::derive(move || question.get().to_export()) /> }.into_any()
        >
            <div class="toolbar">
                <Segments name=RANGE label="Range" options=RANGES />
                <TextFilter name=FROM label="From" kind="date" />
                <TextFilter name=TO label="To" kind="date" />
                <Chips question=question />
            </div>
            {load.show(skeleton, ready)}
        </Page>
    }
    .into_any()
}

/// What the calls are narrowed to; each can be taken away.
#[component]
fn Chips(question: Memo<Question>) -> impl IntoView {
    let url = use_url();
    let chips = move || {
        let filters = question.get().filters;
        let chip = |(dimension, value): (usize, String)| {
            let dimension = DIMENSIONS.get(dimension)?;
            let remove = move || url.href(&[(dimension.name, ""), (BY, dimension.name)]);
            let shown: String = value.chars().take(SHOWN_CHARS_MAX).collect();
            let shown = if shown.len() < value.len() { format!("{shown}…") } else { shown };
            Some(view! {
                <span class="chip filter-chip" title=value>
                    <span class="muted">{dimension.label}</span>{shown}
                    <a href=remove aria-label=format!("Show every {}", dimension.noun)>"×"</a>
                </span>
            })
        };
        filters.into_iter().filter_map(chip).collect_view()
    };
    view! { {chips} }
}

/// Characters of a value that a chip shows: a key's hash is longer.
const SHOWN_CHARS_MAX: usize = 24;
