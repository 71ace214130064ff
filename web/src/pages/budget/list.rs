//! A budget as a row.

use std::collections::BTreeMap;

use leptos::prelude::*;
use tollgate_openapi::budget::BudgetView;

use crate::format;
use crate::pages::limit::in_force::{rates, rates_cell};
use crate::ui::table::{CSV_ONLY, Column, Rows};
use crate::ui::time;

pub(crate) static COLUMNS: &[Column<BudgetView>] = &[
    Column {
        title: "Budget",
        class: "",
        sort: None,
        cell: |budget| {
            let id = budget.budget_id.clone();
            view! { <span class="strong ellipsis" title=id.clone()>{id.clone()}</span> }.into_any()
        },
        csv: |budget| budget.budget_id.clone(),
    },
    Column {
        title: "Max budget",
        class: "",
        sort: None,
        cell: money_cell,
        csv: |budget| budget.limits.max_budget.map(|max| max.to_string()).unwrap_or_default(),
    },
    Column {
        title: "Soft budget",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |budget| budget.limits.soft_budget.map(|soft| soft.to_string()).unwrap_or_default(),
    },
    Column {
        title: "Resets",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |budget| budget.limits.budget_duration.clone().unwrap_or_default(),
    },
    Column {
        title: "Rate limits",
        class: "",
        sort: None,
        cell: |budget| rates_cell(&budget.limits),
        csv: |budget| rates(&budget.limits),
    },
    Column {
        title: "Attached to it",
        class: "",
        sort: None,
        cell: attached_cell,
        csv: |budget| attached(&budget.attached_to),
    },
    Column {
        title: "Changed",
        class: "end minor",
        sort: None,
        cell: |budget| time::relative(budget.updated_at),
        csv: |budget| format::moment_utc(budget.updated_at),
    },
];

pub(crate) const IDS: Rows<BudgetView> =
    Rows { id: |budget| budget.budget_id.clone(), version: |budget| format!("{budget:?}") };

fn money_cell(budget: &BudgetView) -> AnyView {
    let limits = &budget.limits;
    let Some(max) = limits.max_budget else {
        return view! { <span class="muted">"no limit"</span> }.into_any();
    };
    let soft = limits.soft_budget.map(|soft| format!("warns at {}", format::money_round(soft)));
    view! {
        <span class="stack">
            <span class="number">{format::money_round(max)}" "<span class="muted">{format::every(limits.budget_duration.as_deref())}</span></span>
            {soft.map(|soft| view! { <span class="muted number">{soft}</span> })}
        </span>
    }
    .into_any()
}

/// What is attached, in words: `12 keys, 1 team`; empty where nothing is.
pub(crate) fn attached(to: &BTreeMap<String, u64>) -> String {
    let counted = |(kind, count): (&String, &u64)| {
        let noun = kind.replace('_', " ");
        format!("{} {noun}{}", format::whole_u64(*count), if *count == 1 { "" } else { "s" })
    };
    to.iter().filter(|(_, count)| **count > 0).map(counted).collect::<Vec<_>>().join(", ")
}

fn attached_cell(budget: &BudgetView) -> AnyView {
    let text = attached(&budget.attached_to);
    if text.is_empty() {
        return view! { <span class="muted">"nothing"</span> }.into_any();
    }
    view! { <span class="number">{text}</span> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_attached_is_counted_in_words() {
        let to = |pairs: &[(&str, u64)]| attached(&pairs.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect());
        assert_eq!(to(&[("key", 1200), ("team", 1), ("team_member", 2)]), "1,200 keys, 1 team, 2 team members");
        assert_eq!(to(&[("key", 0)]), "");
    }
}
