//! The members of an organization: who they are, and what they may do in it.

mod form;

use leptos::prelude::*;
use tollgate_openapi::organization::{OrganizationMembership, OrganizationRole};

use crate::api;
use crate::app::use_session;
use crate::format;
use crate::pages::limit::in_force::budget;
use crate::pages::organization::member::form::{AddMember, EditMember};
use crate::ui::export::{ExportButton, rows_of};
use crate::ui::icon::{Icon, icon};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::meter::BudgetMeter;
use crate::ui::table::{CSV_ONLY, Column, Rows, Table};
use crate::ui::time::relative;

/// Names in the URL: somebody is to join, or the member of this id is to be changed.
pub(crate) const FORMS: &[&str] = &[JOIN, MEMBER];
const JOIN: &str = "join";
const MEMBER: &str = "member";

static COLUMNS: &[Column<OrganizationMembership>] = &[
    Column { title: "Member", class: "lead", sort: None, cell: name_cell, csv: name },
    Column { title: "Id", class: CSV_ONLY, sort: None, cell: |_| ().into_any(), csv: |member| member.user_id.clone() },
    Column {
        title: "Role",
        class: "badge-column",
        sort: None,
        cell: |member| role_name(member.user_role).into_any(),
        csv: |member| role_name(member.user_role).to_owned(),
    },
    Column {
        title: "Budget used in the organization",
        class: "meter-column wide",
        sort: None,
        cell: |member| view! { <BudgetMeter budget=budget(&member.limits, &member.standing) /> }.into_any(),
        csv: |member| member.standing.spend.to_string(),
    },
    Column {
        title: "Max budget",
        class: CSV_ONLY,
        sort: None,
        cell: |_| ().into_any(),
        csv: |member| budget(&member.limits, &member.standing).max.map(|max| max.to_string()).unwrap_or_default(),
    },
    Column {
        title: "Since",
        class: "end",
        sort: None,
        cell: |member| relative(member.created_at),
        csv: |member| member.created_at.to_rfc3339(),
    },
];

const IDS: Rows<OrganizationMembership> =
    Rows { id: |member| member.user_id.clone(), version: |member| format!("{member:?}") };

const fn role_name(role: OrganizationRole) -> &'static str {
    match role {
        OrganizationRole::OrgAdmin => "Administrator",
        OrganizationRole::InternalUser => "Member",
        OrganizationRole::InternalUserViewer => "Member, read only",
    }
}

/// What people call the member.
fn name(member: &OrganizationMembership) -> String {
    member.user_email.clone().unwrap_or_else(|| format::person(&member.user_id).to_owned())
}

fn name_cell(member: &OrganizationMembership) -> AnyView {
    let name = name(member);
    view! { <span class="strong ellipsis" title=name.clone()>{name.clone()}</span> }.into_any()
}

/// May the reader add and remove members? The server decides; this only hides what it would refuse.
fn may_manage(organization_id: &str) -> bool {
    let session = use_session();
    session.is_admin() || session.administers(organization_id)
}

/// The form that the URL opens, for whoever may use it.
pub(crate) fn form(
    organization_id: &str,
    name: &str,
    value: &str,
    on_done: Callback<()>,
    on_change: Callback<()>,
) -> Option<AnyView> {
    if !may_manage(organization_id) {
        return None;
    }
    let organization_id = organization_id.to_owned();
    Some(match name {
        JOIN => view! { <AddMember organization_id=organization_id on_done=on_done on_change=on_change /> }.into_any(),
        _ => {
            let user_id = value.to_owned();
            view! { <EditMember organization_id=organization_id user_id=user_id on_done=on_done on_change=on_change /> }
                .into_any()
        }
    })
}

#[component]
pub(crate) fn Members(organization_id: String) -> impl IntoView {
    let url = use_url();
    let may_manage = may_manage(&organization_id);
    let load = Load::new(move || {
        let organization_id = organization_id.clone();
        async move { api::organization::members(&organization_id).await }
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
                return view! { <p class="muted">"No members yet. Whoever joins one of its teams becomes a member; an administrator of the organization runs its teams, keys and members."</p> }
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
                <ExportButton name="tollgate-organization-members" columns=COLUMNS rows=rows_of(rows) />
            </div>
            {content}
        }
        .into_any()
    };
    load.show(skeleton, ready)
}
