//! A key as a row.

use leptos::prelude::*;
use tollgate_openapi::key::KeyView;
use tollgate_openapi::limit::LimitView;
use tollgate_openapi::money::NanoUsd;

use crate::browser;
use crate::ui::badge::{Badge, Tone};
use crate::ui::meter::{Budget, BudgetMeter};
use crate::ui::money::total;
use crate::ui::table::{CSV_ONLY, Column, Rows};
use crate::ui::time;
use crate::url::encode;

pub(crate) static COLUMNS: &[Column<KeyView>] = &[
    NAME,
    Column { title: "Token hash", class: CSV_ONLY, sort: None, cell: |_| ().into_any(), csv: |key| key.token.clone() },
    STATE,
    Column { title: "Models", class: "minor", sort: None, cell: models_cell, csv: |key| key.models.join(" ") },
    BUDGET,
    Column {
        title: "Max budget",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |key| key.max_budget.map(|max| max.to_string()).unwrap_or_default(),
    },
    Column {
        title: "Total spend",
        class: "end",
        sort: Some("spend"),
        cell: |key| total(key.total_spend),
        csv: |key| key.total_spend.to_string(),
    },
    Column {
        title: "Last used",
        class: "end minor",
        sort: None,
        cell: |key| key.last_used_at.map_or_else(never, time::relative),
        csv: |key| key.last_used_at.map(crate::format::moment_utc).unwrap_or_default(),
    },
    Column {
        title: "Created",
        class: "end minor",
        sort: Some("created_at"),
        cell: |key| time::relative(key.created_at),
        csv: |key| crate::format::moment_utc(key.created_at),
    },
];

/// A key among others of its team or owner: its name leads to it.
pub(crate) static BRIEF: &[Column<KeyView>] =
    &[Column { class: "lead", sort: None, cell: link_cell, ..NAME }, STATE, Column { sort: None, ..BUDGET }];

const NAME: Column<KeyView> = Column { title: "Key", class: "", sort: Some("key_alias"), cell: name_cell, csv: name };

const STATE: Column<KeyView> = Column {
    title: "State",
    class: "badge-column",
    sort: None,
    cell: |key| state_badge(key).into_any(),
    csv: |key| state(key).1.to_owned(),
};

const BUDGET: Column<KeyView> = Column {
    title: "Budget used",
    class: "meter-column wide",
    sort: Some("max_budget"),
    cell: |key| view! { <BudgetMeter budget=budget(key) /> }.into_any(),
    csv: |key| key.spend.to_string(),
};

pub(crate) const IDS: Rows<KeyView> = Rows { id: |key| key.token.clone(), version: |key| format!("{key:?}") };

fn never() -> AnyView {
    view! { <span class="muted">"never"</span> }.into_any()
}

/// What people call the key.
pub(crate) fn name(key: &KeyView) -> String {
    key.key_alias.clone().unwrap_or_else(|| key.key_name.clone())
}

/// The budget in force: the key's own, filled up from the reusable one it is attached to.
pub(crate) fn budget(key: &KeyView) -> Budget {
    let attached = key.litellm_budget_table.as_ref().map(|table| &table.limits);
    let or_attached = |own, of: fn(&LimitView) -> Option<NanoUsd>| attached.map_or(own, of);
    Budget {
        spent: key.spend,
        reserved: NanoUsd::ZERO,
        max: or_attached(key.max_budget, |limits| limits.max_budget),
        soft: or_attached(key.soft_budget, |limits| limits.soft_budget),
        duration: attached.map_or_else(|| key.budget_duration.clone(), |limits| limits.budget_duration.clone()),
        resets_at: key.budget_reset_at,
    }
}

fn name_cell(key: &KeyView) -> AnyView {
    let note = key.key_alias.is_some().then(|| key.key_name.clone());
    view! {
        <span class="stack">
            <span class="strong ellipsis" title=name(key)>{name(key)}</span>
            {note.map(|note| view! { <span class="muted code">{note}</span> })}
        </span>
    }
    .into_any()
}

fn link_cell(key: &KeyView) -> AnyView {
    let href = format!("/ui/keys?key={}", encode(&key.token));
    view! { <a class="ellipsis" href=href title=name(key)>{name(key)}</a> }.into_any()
}

fn state(key: &KeyView) -> (Tone, &'static str) {
    if key.blocked {
        (Tone::Bad, "Blocked")
    } else if key.expires.is_some_and(|end| end <= browser::now()) {
        (Tone::Neutral, "Expired")
    } else if budget(key).is_used_up() {
        (Tone::Warning, "Budget used up")
    } else {
        (Tone::Good, "Active")
    }
}

pub(crate) fn state_badge(key: &KeyView) -> impl IntoView + use<> {
    let (tone, text) = state(key);
    view! { <Badge tone=tone text=text /> }
}

fn models_cell(key: &KeyView) -> AnyView {
    let text = match key.models.as_slice() {
        [] => return view! { <span class="muted">"all models"</span> }.into_any(),
        [one] => one.clone(),
        [one, rest @ ..] => format!("{one} +{}", rest.len()),
    };
    view! { <span class="ellipsis" title=key.models.join(", ")>{text}</span> }.into_any()
}
