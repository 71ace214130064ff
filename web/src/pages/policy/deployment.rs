//! A deployment that could serve a call, as a row.

use leptos::prelude::*;
use tollgate_openapi::policy::PolicyDeployment;

use crate::format;
use crate::pages::model::deployment::status;
use crate::ui::badge::Badge;
use crate::ui::table::{Column, Rows};

pub(crate) static COLUMNS: &[Column<PolicyDeployment>] = &[
    Column { title: "Deployment", class: "lead", sort: None, cell: name_cell, csv: |one| one.model_id.clone() },
    Column {
        title: "State",
        class: "badge-column",
        sort: None,
        cell: |one| {
            let (tone, text) = status(one.status);
            view! { <Badge tone=tone text=text /> }.into_any()
        },
        csv: |one| status(one.status).1.to_owned(),
    },
];

pub(crate) const IDS: Rows<PolicyDeployment> =
    Rows { id: |one| one.model_id.clone(), version: |one| format!("{one:?}") };

fn name_cell(one: &PolicyDeployment) -> AnyView {
    let name = format!("{}/{}", one.provider, one.model);
    view! {
        <span class="stack">
            <span class="ellipsis" title=name.clone()>{name.clone()}</span>
            {one.reason.as_deref().map(|reason| view! { <span class="bad reason">{format::sentence(reason)}</span> })}
        </span>
    }
    .into_any()
}
