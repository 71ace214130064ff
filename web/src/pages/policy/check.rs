//! One check of a call as a row.

use leptos::prelude::*;
use tollgate_openapi::policy::{PolicyCheck, PolicyCheckKind, PolicyExplanation, PolicyVerdict};

use crate::format;
use crate::pages::policy::words::{check_name, figure, kind_name, left, short_name};
use crate::ui::badge::{Badge, Tone};
use crate::ui::table::{CSV_ONLY, Column, Rows};
use crate::ui::time;

/// A check, and what follows from it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CheckRow {
    index: usize,
    check: PolicyCheck,
    verdict: PolicyVerdict,
}

pub(crate) fn rows(answer: &PolicyExplanation) -> Vec<CheckRow> {
    let row = |(index, check): (usize, &PolicyCheck)| CheckRow { index, check: check.clone(), verdict: answer.verdict };
    answer.checks.iter().enumerate().map(row).collect()
}

pub(crate) static COLUMNS: &[Column<CheckRow>] = &[
    Column {
        title: "Check",
        class: "lead",
        sort: None,
        cell: name_cell,
        csv: |row| check_name(row.check.check).to_owned(),
    },
    Column {
        title: "Result",
        class: "badge-column",
        sort: None,
        cell: |row| {
            let (tone, text) = result(row);
            view! { <Badge tone=tone text=text /> }.into_any()
        },
        csv: |row| result(row).1.to_owned(),
    },
    Column { title: "Details", class: "", sort: None, cell: whose_cell, csv: whose },
    Column {
        title: "Left",
        class: "end",
        sort: None,
        cell: left_cell,
        csv: |row| amount(row, |check| Some(left(check))),
    },
    Column {
        title: "Limit",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |row| amount(row, |check| check.limit),
    },
    Column {
        title: "Used",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |row| amount(row, |check| check.used),
    },
    Column {
        title: "Reserved",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |row| amount(row, |check| check.reserved),
    },
    Column {
        title: "Detail",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |row| row.check.detail.clone(),
    },
];

pub(crate) const IDS: Rows<CheckRow> = Rows { id: |row| row.index.to_string(), version: |row| format!("{row:?}") };

/// A check that the call does not pass.
pub(crate) fn is_failed(row: &CheckRow) -> bool {
    !row.check.passed
}

/// What follows from the check, in a word.
const fn result(row: &CheckRow) -> (Tone, &'static str) {
    match (row.check.passed, row.verdict) {
        (true, _) => (Tone::Good, "Passes"),
        (false, PolicyVerdict::Limited) => (Tone::Warning, "Shortens"),
        (false, PolicyVerdict::Waits) => (Tone::Warning, "Waits"),
        (false, _) => (Tone::Bad, "Fails"),
    }
}

fn name_cell(row: &CheckRow) -> AnyView {
    view! { <span class="strong">{check_name(row.check.check)}</span> }.into_any()
}

fn whose(row: &CheckRow) -> String {
    let kind = row.check.scope.as_deref().map(kind_name).unwrap_or_default();
    format!("{kind} {}", row.check.scope_name.as_deref().unwrap_or_default()).trim().to_owned()
}

/// Whose limit it is; a check without one says what it found.
fn whose_cell(row: &CheckRow) -> AnyView {
    let Some(kind) = row.check.scope.as_deref() else {
        return view! { <span class="muted check-detail">{format::sentence(&row.check.detail)}</span> }.into_any();
    };
    let name = row.check.scope_name.clone().filter(|name| name != kind);
    let resets = row.check.resets_at.map(|at| view! { <span class="muted">"resets "{time::until(at)}</span> });
    view! {
        <span class="stack">
            <span>{kind_name(kind)}</span>
            {name.map(|name| {
                let short = short_name(&name, row.check.scope_id.as_deref().unwrap_or_default());
                view! { <span class="muted ellipsis" title=name>{short}</span> }
            })}
            {resets}
        </span>
    }
    .into_any()
}

fn left_cell(row: &CheckRow) -> AnyView {
    let check = &row.check;
    let Some(limit) = check.limit else { return ().into_any() };
    let reserved = check.reserved.filter(|reserved| *reserved > 0.0);
    view! {
        <span class="stack">
            <span class="number">{figure(check.check, left(check))}</span>
            <span class="muted number">"of "{figure(check.check, limit)}</span>
            {reserved.map(|reserved| view! {
                <span class="muted number">{figure(check.check, reserved)}" reserved"</span>
            })}
        </span>
    }
    .into_any()
}

/// A figure for a program: plain, and empty where there is none.
fn amount(row: &CheckRow, figure: fn(&PolicyCheck) -> Option<f64>) -> String {
    let has_limit = row.check.limit.is_some();
    let value = figure(&row.check).filter(|_| has_limit);
    let is_money = row.check.check == PolicyCheckKind::MaxBudget;
    value.map(|value| if is_money { format!("{value:.9}") } else { format!("{value}") }).unwrap_or_default()
}
