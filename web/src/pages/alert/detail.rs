//! One alert: what happened, its numbers, where it leads, and what became of it in each channel.

use leptos::prelude::*;
use tollgate_openapi::alert::{AlertDelivery, AlertView};

use super::words;
use crate::format;
use crate::ui::badge::Badge;
use crate::ui::drawer::{Drawer, focus_title};
use crate::ui::time;

#[component]
pub(super) fn AlertDetail(alert: AlertView, on_close: Callback<()>) -> impl IntoView {
    Effect::new(|_| focus_title());
    let (tone, word) = words::level(alert.level);
    let facts = alert.facts.iter().map(|fact| {
        view! { <dt>{fact.name.clone()}</dt><dd class="wrap">{fact.value.clone()}</dd> }
    });
    let facts = facts.collect_view();
    let again = (alert.occurrences > 1).then(|| {
        view! { <dt>"Again"</dt><dd>{format::whole_u64(alert.occurrences)}" times, last "{time::full(alert.last_at)}</dd> }
    });
    let link = alert.link.clone().map(|href| {
        view! {
            <footer class="drawer-footer">
                <span class="toolbar-space"></span>
                <a class="button button-primary" href=href>"Show it"</a>
            </footer>
        }
    });
    view! {
        <Drawer title=Signal::stored(alert.title.clone()) on_close=on_close>
            <div class="drawer-body">
                <div class="detail-head">
                    <Badge tone=tone text=word />
                    <span class="muted">{words::type_name(alert.alert_type)}</span>
                </div>
                <p>{alert.text.clone()}</p>
                <dl class="facts">
                    {facts}
                    <dt>"When"</dt><dd>{time::full(alert.occurred_at)}</dd>
                    {again}
                </dl>
                <h3>"Where it was told"</h3>
                {deliveries(&alert.deliveries)}
            </div>
            {link}
        </Drawer>
    }
}

fn deliveries(deliveries: &[AlertDelivery]) -> AnyView {
    if deliveries.is_empty() {
        return view! { <p class="muted">"No channel that you see tells alerts of this type."</p> }.into_any();
    }
    let rows = deliveries.iter().map(|delivery| {
        let (tone, word) = words::delivery(delivery.state);
        let whom = delivery.recipient.clone().unwrap_or_else(|| words::channel_name(delivery).to_owned());
        let next = delivery.next_attempt_at.map(|at| view! { <span class="muted">"next try "{time::until(at)}</span> });
        let sent = delivery.sent_at.map(|at| view! { <span class="muted">{time::full(at)}</span> });
        let error = delivery.error.clone().map(|error| view! { <p class="field-error">{error}</p> });
        view! {
            <li class="delivery">
                <span class="strong">{whom}</span> " " <Badge tone=tone text=word /> " " {sent} {next}
                {error}
            </li>
        }
    });
    view! { <ul class="deliveries">{rows.collect_view()}</ul> }.into_any()
}
