//! The members of a team: who they are, and what is left of each one's part.

mod draft;
mod fields;
mod form;

use leptos::prelude::*;
use tollgate_openapi::team::{MemberRole, TeamMembership, TeamView};

use crate::api;
use crate::app::use_session;
use crate::format;
use crate::pages::entity::Entity as _;
use crate::pages::limit::in_force::{budget, rates};
use crate::pages::team::member::form::{AddMember, EditMember};
use crate::ui::export::{ExportButton, rows_of};
use crate::ui::icon::{Icon, icon};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::meter::BudgetMeter;
use crate::ui::table::{CSV_ONLY, Column, Rows, Table};

/// Names in the URL: somebody is to join, or the member of this id is to be changed.
pub(crate) const FORMS: &[&str] = &[JOIN, MEMBER];
const JOIN: &str = "join";
const MEMBER: &str = "member";

static COLUMNS: &[Column<TeamMembership>] = &[
    Column { title: "Member", class: "lead", sort: None, cell: name_cell, csv: name },
    Column { title: "Id", class: CSV_ONLY, sort: None, cell: |_| ().into_any(), csv: |member| member.user_id.clone() },
    Column {
        title: "Role",
        class: "badge-column",
        sort: None,
        cell: |member| role_name(member.role).into_any(),
        csv: |member| role_name(member.role).to_owned(),
    },
    Column {
        title: "Budget used in the team",
        class: "meter-column wide",
        sort: None,
        cell: budget_cell,
        csv: |member| member.standing.spend.to_string(),
    },
    Column {
        title: "Max budget",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |member| budget(&member.limits, &member.standing).max.map(|max| max.to_string()).unwrap_or_default(),
    },
];

const IDS: Rows<TeamMembership> = Rows { id: |member| member.user_id.clone(), version: |member| format!("{member:?}") };

const fn role_name(role: MemberRole) -> &'static str {
    match role {
        MemberRole::Admin => "Admin",
        MemberRole::User => "Member",
    }
}

/// What people call the member.
fn name(member: &TeamMembership) -> String {
    member.user_email.clone().unwrap_or_else(|| format::person(&member.user_id).to_owned())
}

fn name_cell(member: &TeamMembership) -> AnyView {
    let name = name(member);
    view! { <span class="strong ellipsis" title=name.clone()>{name.clone()}</span> }.into_any()
}

fn budget_cell(member: &TeamMembership) -> AnyView {
    let rates = rates(&member.limits);
    view! {
        <BudgetMeter budget=budget(&member.limits, &member.standing) />
        {(!rates.is_empty()).then(|| view! { <span class="muted meter-rates">{rates.clone()}</span> })}
    }
    .into_any()
}

/// May the reader add and remove members? The server decides; this only hides what it would refuse.
fn may_manage(team: &TeamView) -> bool {
    let session = use_session();
    let Some(reader) = session.view().filter(|_| session.can_write()) else { return false };
    let is_team_admin = |role: MemberRole| role == MemberRole::Admin;
    team.may_change(session)
        || team.members_with_roles.iter().any(|member| member.user_id == reader.user_id && is_team_admin(member.role))
}

/// The form that the URL opens, for whoever may use it.
pub(crate) fn form(
    team: &TeamView,
    name: &str,
    value: &str,
    on_done: Callback<()>,
    on_change: Callback<()>,
) -> Option<AnyView> {
    if !may_manage(team) {
        return None;
    }
    let team_id = team.team_id.clone();
    Some(match name {
        JOIN => view! { <AddMember team_id=team_id on_done=on_done on_change=on_change /> }.into_any(),
        _ => {
            let user_id = value.to_owned();
            // Nobody raises their own part.
            let session = use_session();
            let is_own = session.view().is_some_and(|view| view.user_id == user_id);
            let has_limits = team.may_change(session) || !is_own;
            view! { <EditMember team_id=team_id user_id=user_id has_limits=has_limits on_done=on_done on_change=on_change /> }.into_any()
        }
    })
}

#[component]
pub(crate) fn Members(team: TeamView) -> impl IntoView {
    let url = use_url();
    let may_manage = may_manage(&team);
    let team_id = team.team_id;
    let load = Load::new(move || {
        let team_id = team_id.clone();
        async move { api::team::members(&team_id).await }
    });
    let rows = load.map(Clone::clone);
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let add = move || {
        may_manage.then(|| {
            view! {
                <a class="button button-small" href=move || url.href(&[(JOIN, "1")])>
                    {icon(Icon::Plus)}
                    "Add a member"
                </a>
            }
        })
    };
    let ready = move || {
        let content = move || {
            if is_empty.get() {
                return view! { <p class="muted">"No members yet. A member may own keys of the team, and can have a part of its budget."</p> }
                    .into_any();
            }
            let table = if may_manage {
                view! { <Table label="Members" columns=COLUMNS rows=rows ids=IDS opens=MEMBER /> }.into_any()
            } else {
                view! { <Table label="Members" columns=COLUMNS rows=rows ids=IDS /> }.into_any()
            };
            view! { <div class="card">{table}</div> }.into_any()
        };
        view! {
            <div class="toolbar">
                {add}
                <span class="toolbar-space"></span>
                <ExportButton name="tollgate-members" columns=COLUMNS rows=rows_of(rows) />
            </div>
            {content}
        }
        .into_any()
    };
    load.show(skeleton, ready)
}
