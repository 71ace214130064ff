//! The columns that every resource has.

use leptos::prelude::*;

use crate::format;
use crate::pages::entity::Entity;
use crate::pages::limit::in_force::budget;
use crate::ui::badge::{Badge, Tone};
use crate::ui::meter::{Budget, BudgetMeter};
use crate::ui::money::total;
use crate::ui::table::{CSV_ONLY, Column};
use crate::ui::time;

/// The name, with the id below it where the two differ.
pub(crate) const fn name<E: Entity>(title: &'static str) -> Column<E> {
    Column { title, class: "", sort: None, cell: name_cell, csv: |entity| entity.label() }
}

pub(crate) const fn id<E: Entity>() -> Column<E> {
    Column { title: "Id", class: CSV_ONLY, sort: None, cell: |_| ().into_any(), csv: |entity| entity.id().to_owned() }
}

pub(crate) const fn state<E: Entity>() -> Column<E> {
    Column {
        title: "State",
        class: "badge-column",
        sort: None,
        cell: state_cell,
        csv: |entity| state_of(entity).1.to_owned(),
    }
}

pub(crate) const fn budget_used<E: Entity>() -> Column<E> {
    Column {
        title: "Budget used",
        class: "meter-column wide",
        sort: None,
        cell: |entity| view! { <BudgetMeter budget=budget_of(entity) /> }.into_any(),
        csv: |entity| entity.standing().spend.to_string(),
    }
}

/// The hard limit in force, for the export.
pub(crate) const fn max_budget<E: Entity>() -> Column<E> {
    Column {
        title: "Max budget",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |entity| budget_of(entity).max.map(|max| max.to_string()).unwrap_or_default(),
    }
}

pub(crate) const fn total_spend<E: Entity>() -> Column<E> {
    Column {
        title: "Total spend",
        class: "end third",
        sort: None,
        cell: |entity| total(entity.standing().total_spend),
        csv: |entity| entity.standing().total_spend.to_string(),
    }
}

pub(crate) const fn created<E: Entity>() -> Column<E> {
    Column {
        title: "Created",
        class: "end minor",
        sort: None,
        cell: |entity| time::relative(entity.history().0.0),
        csv: |entity| format::moment_utc(entity.history().0.0),
    }
}

fn name_cell<E: Entity>(entity: &E) -> AnyView {
    let note = Some(entity.id().to_owned()).filter(|id| *id != entity.label());
    let label = entity.label();
    view! {
        <span class="stack">
            <span class="strong ellipsis" title=label.clone()>{label.clone()}</span>
            {note.map(|note| view! { <span class="muted code ellipsis" title=note.clone()>{note.clone()}</span> })}
        </span>
    }
    .into_any()
}

fn budget_of<E: Entity>(entity: &E) -> Budget {
    budget(entity.limits(), entity.standing())
}

fn state_of<E: Entity>(entity: &E) -> (Tone, &'static str) {
    if entity.is_blocked() {
        (Tone::Bad, "Blocked")
    } else if budget_of(entity).is_used_up() {
        (Tone::Warning, "Budget used up")
    } else {
        (Tone::Good, "Active")
    }
}

pub(crate) fn state_cell<E: Entity>(entity: &E) -> AnyView {
    let (tone, text) = state_of(entity);
    view! { <Badge tone=tone text=text /> }.into_any()
}
