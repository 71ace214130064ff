//! What to look at first in the morning: what is wrong, and what others changed.

use chrono::TimeDelta;
use leptos::prelude::*;
use tollgate_openapi::alert::{AlertLevel, AlertListQuery, AlertPage, AlertView};
use tollgate_openapi::audit::{AuditPage, AuditQuery, AuditView};

use crate::api;
use crate::browser;
use crate::pages::alert::words as alert_words;
use crate::pages::audit::words as audit_words;
use crate::ui::badge::Badge;
use crate::ui::load::{Load, skeleton};
use crate::ui::time;
use crate::url::encode;

/// How far back is looked.
const BACK: TimeDelta = TimeDelta::days(1);
/// Lines of a list, and rows that these are chosen from.
const SHOWN: usize = 5;
const LOOKED_AT: u64 = 50;
/// That somebody signed in or out changes nothing.
const NO_CHANGES: [&str; 3] = ["session", "sso", "second_factor"];

#[component]
pub(super) fn Morning() -> impl IntoView {
    view! {
        <div class="columns">
            <Trouble />
            <Changes />
        </div>
    }
}

/// Alerts of the last day that are more than a note.
#[component]
fn Trouble() -> impl IntoView {
    let load = Load::<AlertPage>::new(|| {
        let start_date = Some((browser::now() - BACK).to_rfc3339());
        api::alert::list(AlertListQuery { start_date, page_size: LOOKED_AT, ..AlertListQuery::default() })
    });
    let lines = move || {
        let alerts = load.map(|page| page.alerts.clone()).get().into_iter();
        let alerts: Vec<_> =
            alerts.filter(|alert| alert.level != AlertLevel::Low).take(SHOWN).map(|alert| alert_line(&alert)).collect();
        list(alerts, "Nothing went wrong in the last 24 hours.")
    };
    card(
        "What needs a look",
        "All alerts",
        "/ui/alerts",
        load.show(skeleton, move || view! { {lines} }.into_any()).into_any(),
    )
}

fn alert_line(alert: &AlertView) -> AnyView {
    let (tone, word) = alert_words::level(alert.level);
    let href = format!("/ui/alerts?alert={}", encode(&alert.alert_id));
    view! {
        <li class="feed-line">
            <Badge tone=tone text=word />
            <a class="ellipsis" href=href title=alert.text.clone()>{alert.title.clone()}</a>
            <span class="muted feed-time">{time::relative(alert.last_at)}</span>
        </li>
    }
    .into_any()
}

/// The last changes of settings, keys, teams and the like.
#[component]
fn Changes() -> impl IntoView {
    let load =
        Load::<AuditPage>::new(|| api::audit::list(AuditQuery { page_size: LOOKED_AT, ..AuditQuery::default() }));
    let lines = move || {
        let changes = load.map(|page| page.audit_logs.clone()).get().into_iter();
        let is_change = |change: &AuditView| !NO_CHANGES.contains(&change.table_name.as_str());
        let changes: Vec<_> = changes.filter(is_change).take(SHOWN).map(|change| change_line(&change)).collect();
        list(changes, "Nobody has changed anything so far.")
    };
    card("What changed", "Audit log", "/ui/audit", load.show(skeleton, move || view! { {lines} }.into_any()).into_any())
}

fn change_line(change: &AuditView) -> AnyView {
    let what = audit_words::what(change);
    let what = match audit_words::page(change) {
        Some(href) => view! { <a class="ellipsis" href=href title=what.clone()>{what.clone()}</a> }.into_any(),
        None => view! { <span class="ellipsis" title=what.clone()>{what.clone()}</span> }.into_any(),
    };
    view! {
        <li class="feed-line">
            {what}
            <span class="muted ellipsis">{audit_words::who(change)}</span>
            <span class="muted feed-time">{time::relative(change.updated_at)}</span>
        </li>
    }
    .into_any()
}

fn list(lines: Vec<AnyView>, nothing: &'static str) -> AnyView {
    match lines.is_empty() {
        true => view! { <p class="muted feed-nothing">{nothing}</p> }.into_any(),
        false => view! { <ul class="feed">{lines}</ul> }.into_any(),
    }
}

fn card(title: &'static str, more: &'static str, href: &'static str, content: AnyView) -> AnyView {
    view! {
        <section class="card" aria-label=title>
            <header class="card-header">
                <h2>{title}</h2>
                <div class="actions"><a class="button" href=href>{more}</a></div>
            </header>
            {content}
        </section>
    }
    .into_any()
}
