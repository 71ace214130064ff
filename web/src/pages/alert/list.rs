//! An alert as a row.

use leptos::prelude::*;
use tollgate_openapi::alert::AlertView;

use super::words;
use crate::format;
use crate::ui::badge::Badge;
use crate::ui::table::{Column, Rows};
use crate::ui::time;

pub(super) static COLUMNS: &[Column<AlertView>] = &[
    Column {
        title: "Level",
        class: "",
        sort: None,
        cell: |alert| {
            let (tone, word) = words::level(alert.level);
            view! { <Badge tone=tone text=word /> }.into_any()
        },
        csv: |alert| alert.level.name().to_owned(),
    },
    Column {
        title: "What happened",
        class: "",
        sort: None,
        cell: |alert| {
            let (title, text) = (alert.title.clone(), alert.text.clone());
            view! {
                <span class="stack">
                    <span class="strong ellipsis" title=title.clone()>{title.clone()}</span>
                    <span class="muted ellipsis" title=text.clone()>{text.clone()}</span>
                </span>
            }
            .into_any()
        },
        csv: |alert| alert.title.clone(),
    },
    Column {
        title: "About",
        class: "minor",
        sort: None,
        cell: |alert| words::type_name(alert.alert_type).into_any(),
        csv: |alert| alert.alert_type.name().to_owned(),
    },
    Column {
        title: "Told",
        class: "minor",
        sort: None,
        cell: |alert| view! { <span class="muted">{words::told(alert)}</span> }.into_any(),
        csv: words::told,
    },
    Column {
        title: "Times",
        class: "number minor",
        sort: None,
        cell: |alert| format::whole_u64(alert.occurrences).into_any(),
        csv: |alert| alert.occurrences.to_string(),
    },
    Column {
        title: "When",
        class: "end",
        sort: None,
        cell: |alert| time::moment(alert.occurred_at),
        csv: |alert| format::moment_utc(alert.occurred_at),
    },
];

pub(super) const IDS: Rows<AlertView> =
    Rows { id: |alert| alert.alert_id.clone(), version: |alert| format!("{alert:?}") };
