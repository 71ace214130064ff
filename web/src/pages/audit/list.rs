//! A change as a row.

use leptos::prelude::*;
use tollgate_openapi::audit::AuditView;

use crate::format;
use crate::pages::audit::words;
use crate::ui::table::{CSV_ONLY, Column, Rows};
use crate::ui::time;

const fn csv_only(title: &'static str, csv: fn(&AuditView) -> String) -> Column<AuditView> {
    Column { title, class: CSV_ONLY, sort: None, cell: |_| ().into_any(), csv }
}

pub(crate) static COLUMNS: &[Column<AuditView>] = &[
    Column {
        title: "What happened",
        class: "",
        sort: None,
        cell: |change| {
            let text = words::what(change);
            view! { <span class="strong ellipsis" title=text.clone()>{text.clone()}</span> }.into_any()
        },
        csv: words::what,
    },
    Column {
        title: "Who",
        class: "",
        sort: None,
        cell: |change| {
            let who = words::who(change);
            view! { <span class="ellipsis" title=change.changed_by.clone()>{who}</span> }.into_any()
        },
        csv: words::who,
    },
    Column {
        title: "From",
        class: "minor",
        sort: None,
        cell: |change| {
            view! { <span class="muted number">{change.ip_address.clone().unwrap_or_default()}</span> }.into_any()
        },
        csv: |change| change.ip_address.clone().unwrap_or_default(),
    },
    Column {
        title: "When",
        class: "end",
        sort: None,
        cell: |change| time::moment(change.updated_at),
        csv: |change| format::moment_utc(change.updated_at),
    },
    csv_only("Id", |change| change.id.clone()),
    csv_only("Changed by", |change| change.changed_by.clone()),
    csv_only("Signed in by", |change| change.actor_kind.clone()),
    csv_only("Action", |change| change.action.clone()),
    csv_only("Kind", |change| change.table_name.clone()),
    csv_only("Object id", |change| change.object_id.clone()),
    csv_only("Before", |change| change.before_value.as_ref().map(ToString::to_string).unwrap_or_default()),
    csv_only("After", |change| change.updated_values.as_ref().map(ToString::to_string).unwrap_or_default()),
];

/// A change in the log never changes.
pub(crate) const IDS: Rows<AuditView> = Rows { id: |change| change.id.clone(), version: |_| String::new() };
