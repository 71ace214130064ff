//! A month's statement, to be read, printed and filed.

mod book;

use chrono::{DateTime, Months, Utc};
use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::organization::OrganizationListQuery;
use tollgate_openapi::spend::{
    AdjustmentKind, AdjustmentView, Month, MonthState, SpendExportQuery, Statement, StatementLine, StatementQuery,
};

use crate::api;
use crate::app::use_session;
use crate::browser;
use crate::format;
use crate::pages::spend::month_name;
use crate::pages::statement::book::Book;
use crate::pages::usage::ExportMenu;
use crate::ui::badge::{Badge, Tone};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::{UrlState, use_url};
use crate::ui::money::total;
use crate::ui::page::Page;
use crate::url::encode;

/// Lines of a section that the server tells.
const LINES_SHOWN: usize = 500;

/// Organizations to choose from.
const ORGANIZATIONS_SHOWN: u64 = 500;

fn query_of(url: UrlState) -> StatementQuery {
    StatementQuery {
        month: url.get("month").and_then(|text| text.parse().ok()),
        organization_id: url.get("organization"),
        team_id: url.get("team"),
        cost_center: url.get("cost_center"),
    }
}

#[component]
pub(crate) fn StatementPage() -> impl IntoView {
    let url = use_url();
    let query = Memo::new(move |_| query_of(url));
    let load = Load::<Statement>::new(move || api::spend::statement(query.get()));
    let is_booking = RwSignal::new(false);
    let month = Memo::new(move |_| load.data.with(|data| data.as_ref().map(|statement| statement.month)));
    let export = Signal::derive(move || {
        let StatementQuery { organization_id, team_id, cost_center, .. } = query.get();
        let first = month.get().map(Month::first_day);
        let last =
            first.and_then(|day| (day + Months::new(1)).pred_opt()).map(|day| day.min(browser::now().date_naive()));
        SpendExportQuery {
            start_date: first,
            end_date: last,
            organization_id,
            team_id,
            cost_center,
            ..SpendExportQuery::default()
        }
    });
    let book = move || {
        let has_place = query.with(|query| query.cost_center.is_none()) && month.get().is_some();
        let button = || {
            view! {
                <button class="button" type="button" on:click=move |_| is_booking.set(true)>"Book a correction"</button>
            }
        };
        (use_session().is_admin() && has_place).then(button)
    };
    let actions = move || {
        view! {
            <a class="button" href="/ui/spend">"All months"</a>
            {book}
            <ExportMenu query=export has_activity=true />
            <button
                class="button button-primary"
                type="button"
                disabled=move || load.is_busy.get() || load.error.with(Option::is_some)
                on:click=|_| browser::print()
            >
                "Print"
            </button>
        }
        .into_any()
    };
    let ready = move || {
        let content = move || load.data.with(|data| data.as_ref().map(|statement| sheet(statement, url)));
        view! { {content} }.into_any()
    };
    view! {
        <Page title="Statement" lead="Of the calls that you may see. Months are counted in UTC." actions=actions>
            <div class="toolbar no-print">
                <Whose />
            </div>
            {load.show(skeleton, ready)}
        </Page>
        {move || is_booking.get().then(|| month.get_untracked()).flatten().map(|month| view! {
            <Book
                month=month
                asked=query.get_untracked()
                on_close=Callback::new(move |()| is_booking.set(false))
                on_change=Callback::new(move |()| load.refresh())
            />
        })}
    }
    .into_any()
}

/// Whose statement it is to be.
#[component]
fn Whose() -> impl IntoView {
    let url = use_url();
    let organizations = Load::new(|| {
        api::organization::list(OrganizationListQuery {
            page_size: ORGANIZATIONS_SHOWN,
            ..OrganizationListQuery::default()
        })
    });
    let chosen = url.value("organization");
    let options = move || {
        let rows =
            organizations.data.with(|listed| listed.as_ref().map(|listed| listed.rows.clone()).unwrap_or_default());
        let option = |(id, name): (String, String)| {
            let own = id.clone();
            let is_chosen = move || chosen.get().as_deref() == Some(own.as_str());
            view! { <option value=id selected=is_chosen.clone() prop:selected=is_chosen>{name}</option> }
        };
        let mut all: Vec<_> = rows.into_iter().map(|one| (one.organization_id, one.organization_alias)).collect();
        // One that is not on the list is on the sheet all the same.
        if let Some(id) = chosen.get().filter(|id| !all.iter().any(|(one, _)| one == id)) {
            all.push((id.clone(), id));
        }
        all.into_iter().map(option).collect_view()
    };
    let choose = move |event| {
        url.push(&[("organization", event_target_value(&event).as_str()), ("team", ""), ("cost_center", "")]);
    };
    view! {
        <label class="filter">
            <span class="sr-only">"Whose statement"</span>
            <select class="input" on:change=choose>
                <option value="">"Everything"</option>
                {options}
            </select>
        </label>
        {move || url.get("team").map(|team| chip(url, "Team", "team", team))}
        {move || url.get("cost_center").map(|center| chip(url, "Cost centre", "cost_center", center))}
    }
}

fn chip(url: UrlState, label: &'static str, name: &'static str, value: String) -> AnyView {
    view! {
        <span class="chip filter-chip">
            <span class="muted">{label}</span>{value}
            <a href=move || url.href(&[(name, "")]) aria-label=format!("Not only this {}", label.to_lowercase())>"×"</a>
        </span>
    }
    .into_any()
}

fn sheet(statement: &Statement, url: UrlState) -> AnyView {
    let (tone, state) = match statement.state {
        MonthState::Current => (Tone::Neutral, "Goes on: figures change"),
        MonthState::Open => (Tone::Warning, "Not closed: figures may change"),
        MonthState::Closed => (Tone::Good, "Closed"),
    };
    let closed = statement.closed_at.map(|at| {
        let by = statement.closed_by.as_deref().map(|id| format!(" by {}", format::person(id)));
        format!("on {}{}", day_and_minute(at), by.unwrap_or_default())
    });
    let title = statement.title.clone().unwrap_or_else(|| "All calls".to_owned());
    let later = (statement.later_adjustments_count > 0).then(|| {
        format!(
            "After it was closed, {} more was booked to this month: {}, in the statements of the months in which it was.",
            format::money_total(statement.later_adjustments_spend),
            if statement.later_adjustments_count == 1 { "one entry".to_owned() } else { format!("{} entries", statement.later_adjustments_count) },
        )
    });
    let link = move |name: &'static str| move |id: &str| Some(url.href(&[(name, id)]));
    let calls = |_: &str| None;
    view! {
        <article class="card sheet">
            <header class="sheet-header">
                <div>
                    <p class="muted">"Statement of spend"</p>
                    <h2>{month_name(statement.month)}" · "{title}</h2>
                </div>
                <div class="sheet-state"><Badge tone=tone text=state /><span class="muted">{closed}</span></div>
            </header>
            {sums(statement)}
            {later.map(|text| view! { <p class="muted sheet-note">{text}</p> })}
            {section("By cost centre", &statement.cost_centers, link("cost_center"))}
            {section("By organization", &statement.organizations, link("organization"))}
            {section("By team", &statement.teams, link("team"))}
            {section("By user", &statement.users, calls)}
            {section("By key", &statement.keys, calls)}
            {section("By model", &statement.models, calls)}
            {section("By provider", &statement.providers, calls)}
            {entries("Corrections", &statement.corrections, statement.corrections_count, statement)}
            {entries("Adjustments to earlier months", &statement.adjustments, statement.adjustments_count, statement)}
        </article>
    }
    .into_any()
}

/// As on paper: it has no reader whose time zone were known.
fn day_and_minute(time: DateTime<Utc>) -> String {
    time.format("%b %-d, %Y, %H:%M UTC").to_string()
}

fn sums(statement: &Statement) -> AnyView {
    let usage = statement.usage;
    let row = |name: String, amount: NanoUsd, class: &'static str| {
        view! { <div class=class><dt>{name}</dt><dd class="number" title=format::money_exact(amount)>{format::money_total(amount)}</dd></div> }
    };
    let calls = format!("Calls of the month ({})", format::requests(usage.api_requests));
    let adjusted = format!("Adjustments to earlier months ({})", format::count(statement.adjustments_count));
    view! {
        <dl class="sheet-sums">
            {row(calls, usage.spend, "")}
            {(statement.corrections_count > 0).then(|| row("Corrections".to_owned(), statement.corrections_spend, ""))}
            {row(adjusted, statement.adjustments_spend, "")}
            {row("Together".to_owned(), statement.due, "sheet-due")}
            {row("The month before".to_owned(), statement.previous_spend, "muted")}
        </dl>
    }
    .into_any()
}

/// Lines of one kind; none where all of it has no name.
fn section(title: &'static str, lines: &[StatementLine], href: impl Fn(&str) -> Option<String>) -> Option<AnyView> {
    if lines.iter().all(|line| line.id.is_empty()) {
        return None;
    }
    let rows = lines.iter().map(|line| {
        let name = line.name.clone().unwrap_or_else(|| format::person(&line.id).to_owned());
        let name = match (line.id.is_empty(), href(&line.id)) {
            (true, _) => view! { <span class="muted">"None"</span> }.into_any(),
            (false, Some(href)) => view! { <a href=href>{name}</a> }.into_any(),
            (false, None) => name.into_any(),
        };
        let tokens = line.sums.prompt_tokens.saturating_add(line.sums.completion_tokens);
        view! {
            <tr>
                <td class="lead">{name}</td>
                <td class="end number">{format::count(line.sums.api_requests)}</td>
                <td class="end number minor">{format::count(tokens)}</td>
                <td class="end">{total(line.sums.spend)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let cut = lines.len() >= LINES_SHOWN;
    Some(
        view! {
            <section class="sheet-section" aria-label=title>
                <h3>{title}</h3>
                <table class="table table-plain">
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th class="end" scope="col">"Requests"</th>
                            <th class="end minor" scope="col">"Tokens"</th>
                            <th class="end" scope="col">"Spend"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
                {cut.then(|| view! { <p class="muted sheet-note">"The dearest "{LINES_SHOWN}"; there are more."</p> })}
            </section>
        }
        .into_any(),
    )
}

/// Entries, of which `count` there are; none where there are none.
fn entries(title: &'static str, entries: &[AdjustmentView], count: i64, statement: &Statement) -> Option<AnyView> {
    let shown = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let more = (count > shown).then(|| format!("The first {} of {}.", format::count(shown), format::count(count)));
    let rows = entries.iter().map(|line| entry(line, statement)).collect_view();
    (shown > 0).then(|| {
        view! {
            <section class="sheet-section" aria-label=title>
                <h3>{title}</h3>
                <table class="table table-plain">
                    <thead>
                        <tr>
                            <th scope="col">"What"</th>
                            <th scope="col">"Of"</th>
                            <th class="minor" scope="col">"To"</th>
                            <th class="minor" scope="col">"Booked"</th>
                            <th class="end" scope="col">"Amount"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
                {more.map(|text| view! { <p class="muted sheet-note">{text}</p> })}
            </section>
        }
        .into_any()
    })
}

/// What people booked says why; what calls added leads to the call.
fn entry(entry: &AdjustmentView, statement: &Statement) -> AnyView {
    let why = match entry.kind {
        AdjustmentKind::LateCall => "Heard of after the month was closed".to_owned(),
        AdjustmentKind::ResolvedCall => "Its cost became known later".to_owned(),
        AdjustmentKind::Manual => entry.reason.clone().unwrap_or_default(),
    };
    let call = (!entry.request_id.is_empty()).then(
        || view! { <a href=format!("/ui/logs?call={}", encode(&entry.request_id))>{entry.model.clone()}</a>" · " },
    );
    let reference = entry.reference.clone().map(|reference| format!(" · {reference}"));
    let Statement { keys, users, teams, organizations, .. } = statement;
    let payers = [
        (&entry.team_id, teams),
        (&entry.organization_id, organizations),
        (&entry.user_id, users),
        (&entry.api_key, keys),
    ];
    let payer = payers.into_iter().find(|(id, _)| !id.is_empty());
    let payer = payer.map_or("The whole gateway", |(id, lines)| {
        let name = lines.iter().find(|line| line.id == *id).and_then(|line| line.name.as_deref());
        name.unwrap_or_else(|| format::person(id))
    });
    let payer = payer.to_owned();
    let by = entry.booked_by.as_deref().map(|id| format!(" by {}", format::person(id)));
    view! {
        <tr>
            <td class="lead">{call}{why}{reference}</td>
            <td>{month_name(entry.month)}</td>
            <td class="minor">{payer}</td>
            <td class="minor number">{day_and_minute(entry.booked_at)}{by}</td>
            <td class="end">{total(entry.amount)}</td>
        </tr>
    }
    .into_any()
}
