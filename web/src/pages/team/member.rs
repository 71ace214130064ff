//! The members of a team, each with what is left of their part.

use leptos::prelude::*;
use tollgate_openapi::team::{MemberRole, TeamMembership};

use crate::api;
use crate::format;
use crate::pages::limit::in_force::budget;
use crate::ui::load::{Load, skeleton};
use crate::ui::meter::BudgetMeter;
use crate::ui::table::{Column, Rows, Table};

static COLUMNS: &[Column<TeamMembership>] = &[
    Column { title: "Member", class: "lead", sort: None, cell: name_cell, csv: |member| member.user_id.clone() },
    Column {
        title: "Role",
        class: "badge-column",
        sort: None,
        cell: |member| role(member).into_any(),
        csv: |member| role(member).to_owned(),
    },
    Column {
        title: "Budget used in the team",
        class: "meter-column wide",
        sort: None,
        cell: |member| view! { <BudgetMeter budget=budget(&member.limits, &member.standing) /> }.into_any(),
        csv: |member| member.standing.spend.to_string(),
    },
];

const IDS: Rows<TeamMembership> = Rows { id: |member| member.user_id.clone(), version: |member| format!("{member:?}") };

const fn role(member: &TeamMembership) -> &'static str {
    match member.role {
        MemberRole::Admin => "Admin",
        MemberRole::User => "Member",
    }
}

fn name_cell(member: &TeamMembership) -> AnyView {
    let name = member.user_email.clone().unwrap_or_else(|| format::person(&member.user_id).to_owned());
    view! { <span class="strong ellipsis" title=name.clone()>{name.clone()}</span> }.into_any()
}

#[component]
pub(crate) fn Members(team_id: String) -> impl IntoView {
    let load = Load::new(move || {
        let team_id = team_id.clone();
        async move { Ok(api::team::info(&team_id).await?.team_memberships) }
    });
    let rows = load.map(Clone::clone);
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let ready = move || {
        let content = move || {
            if is_empty.get() {
                return view! { <p class="muted">"No members yet."</p> }.into_any();
            }
            view! { <div class="card"><Table label="Members" columns=COLUMNS rows=rows ids=IDS /></div> }.into_any()
        };
        content.into_any()
    };
    load.show(skeleton, ready)
}
