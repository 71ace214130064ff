//! Months: what each cost, its statement, and closing it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::spend::{Month, MonthList, MonthState, MonthView};

use crate::api;
use crate::app::use_session;
use crate::browser;
use crate::format;
use crate::ui::badge::{Badge, Tone};
use crate::ui::confirm::Confirm;
use crate::ui::load::{Load, skeleton};
use crate::ui::money::total;
use crate::ui::toast::use_toasts;

#[component]
pub(super) fn Months() -> impl IntoView {
    let (load, toasts) = (Load::<MonthList>::new(api::spend::months), use_toasts());
    let asked = RwSignal::new(None::<Month>);
    let is_busy = RwSignal::new(false);
    let close = move |month: Month| {
        is_busy.set(true);
        spawn_local(async move {
            match api::spend::close_month(month).await {
                Ok(_) => {
                    toasts.done(format!("Closed {}", name(month)));
                    load.refresh();
                }
                Err(error) => toasts.error(error.message),
            }
            is_busy.set(false);
            asked.set(None);
        });
    };
    let rows = move || {
        let months = load.data.with(|list| list.as_ref().map(|list| list.months.clone()).unwrap_or_default());
        let last_closed =
            months.iter().filter(|month| month.state == MonthState::Closed).map(|month| month.month).max();
        // Months are closed one after the other.
        let next = months.iter().map(|month| month.month).filter(|month| Some(*month) > last_closed).min();
        let may_close = |month: Month| last_closed.is_none() || next == Some(month);
        months.iter().map(|month| row(month, may_close(month.month), asked)).collect_view()
    };
    let table = move || {
        view! {
            <div class="table-frame" tabindex="0" role="region" aria-label="Months, as a table">
                <table class="table table-plain">
                    <thead>
                        <tr>
                            <th scope="col">"Month"</th>
                            <th scope="col">"State"</th>
                            <th class="end" scope="col">"Spend"</th>
                            <th class="end minor" scope="col">"Requests"</th>
                            <th class="end minor" scope="col">"Corrections"</th>
                            <th class="end minor" scope="col">"Booked afterwards"</th>
                            <th class="minor" scope="col">"Closed"</th>
                            <th class="end" scope="col"><span class="sr-only">"Actions"</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="card" aria-label="Months">
            <header class="card-header">
                <h2>"Months"</h2>
            </header>
            {load.show(skeleton, table)}
        </section>
        {move || asked.get().map(|month| view! {
            <Confirm
                title=format!("Close {}?", name(month))
                text="Its figures, cost centres and names stay as they are now, for everybody and for good. Calls of it that are heard of later are booked as adjustments in the month in which they are."
                action=format!("Close {}", name(month))
                is_busy=is_busy
                on_confirm=Callback::new(move |()| close(month))
                on_close=Callback::new(move |()| asked.set(None))
            />
        })}
    }
}

fn row(month: &MonthView, is_next: bool, asked: RwSignal<Option<Month>>) -> AnyView {
    let (tone, state) = match month.state {
        MonthState::Current => (Tone::Neutral, "Goes on"),
        MonthState::Open => (Tone::Warning, "Open"),
        MonthState::Closed => (Tone::Good, "Closed"),
    };
    let now = browser::now();
    let closed = month.closed_at.map(|at| {
        let by = month.closed_by.as_deref().map(|id| format!(" by {}", format::person(id)));
        format!("{}{}", format::moment(at, now, browser::zone(at)), by.unwrap_or_default())
    });
    let [corrections, adjustments] =
        [month.corrections, month.adjustments].map(|amount| (amount != NanoUsd::ZERO).then(|| total(amount)));
    let which = month.month;
    let may_close = is_next && month.state == MonthState::Open && use_session().is_admin();
    let close = may_close.then(|| {
        view! {
            <button class="button" type="button" aria-label=format!("Close {}", name(which)) on:click=move |_| asked.set(Some(which))>
                "Close"
            </button>
        }
    });
    view! {
        <tr>
            <td class="lead">{which.first_day().format("%b %Y").to_string()}</td>
            <td><Badge tone=tone text=state /></td>
            <td class="end">{total(month.spend)}</td>
            <td class="end minor number">{format::count(month.api_requests)}</td>
            <td class="end minor">{corrections}</td>
            <td class="end minor">{adjustments}</td>
            <td class="minor"><span class="muted">{closed}</span></td>
            <td class="end">
                <div class="actions row-actions">
                    {close}
                    <a class="button" href=format!("/ui/spend/statement?month={which}") aria-label=format!("Statement of {}", name(which))>
                        "Statement"
                    </a>
                </div>
            </td>
        </tr>
    }
    .into_any()
}

/// `October 2026`.
pub(crate) fn name(month: Month) -> String {
    month.first_day().format("%B %Y").to_string()
}
