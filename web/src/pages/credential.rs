//! Credentials: keys and addresses that deployments share by a name.

mod detail;
mod form;

use leptos::prelude::*;
use tollgate_openapi::credential::{CredentialView, Source};

use crate::api;
use crate::app::use_session;
use crate::format;
use crate::pages::credential::detail::CredentialDetail;
use crate::pages::credential::form::CreateCredential;
use crate::ui::badge::{Badge, Tone};
use crate::ui::empty::Empty;
use crate::ui::export::{ExportButton, rows_of};
use crate::ui::icon::{Icon, icon};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::page::Page;
use crate::ui::table::{Column, Rows, Table};
use crate::ui::time;

static COLUMNS: &[Column<CredentialView>] = &[
    Column { title: "Credential", class: "", sort: None, cell: name_cell, csv: |one| one.credential_name.clone() },
    Column {
        title: "Has",
        class: "wide",
        sort: None,
        cell: |one| view! { <span class="muted">{names(one)}</span> }.into_any(),
        csv: names,
    },
    Column { title: "Used by", class: "", sort: None, cell: |one| used_by(one).into_any(), csv: used_by },
    Column {
        title: "Kept in",
        class: "",
        sort: None,
        cell: |one| kept_in(one).into_any(),
        csv: |one| kept_in(one).to_owned(),
    },
    Column {
        title: "Changed",
        class: "end minor",
        sort: None,
        cell: |one| one.updated_at.map(time::relative).into_any(),
        csv: |one| one.updated_at.map(format::moment_utc).unwrap_or_default(),
    },
];

const IDS: Rows<CredentialView> = Rows { id: |one| one.credential_name.clone(), version: |one| format!("{one:?}") };

#[component]
pub(crate) fn CredentialPage() -> impl IntoView {
    let (url, is_admin) = (use_url(), use_session().is_admin());
    let load = Load::new(api::credential::list);
    let rows = load.map(Clone::clone);
    let actions = move || {
        is_admin.then(|| {
            view! {
                <a class="button" href="/ui/models">"Models"</a>
                <a class="button button-primary" href=move || url.href(&[("new", "1"), ("credential", "")])>
                    {icon(Icon::Plus)}
                    "Add credential"
                </a>
            }
        })
    };
    let ready = move || {
        let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
        move || {
            if is_empty.get() {
                return nothing_here();
            }
            view! {
                <div class="card">
                    <Table label="Credentials" columns=COLUMNS rows=rows ids=IDS opens="credential" />
                </div>
            }
            .into_any()
        }
    };
    view! {
        <Page title="Credentials" lead="Keys and addresses that models share by a name. What is typed in is sealed and never shown again." actions=actions>
            <div class="toolbar">
                <span class="toolbar-space"></span>
                <ExportButton name="tollgate-credentials" columns=COLUMNS rows=rows_of(rows) />
            </div>
            {load.show(skeleton, move || ready().into_any())}
        </Page>
        <Drawers load=load />
    }
    .into_any()
}

/// What the URL opens beside the list.
#[component]
fn Drawers(load: Load<Vec<CredentialView>>) -> impl IntoView {
    let (url, is_admin) = (use_url(), use_session().is_admin());
    let opened = url.value("credential");
    let is_new = Memo::new(move |_| url.get("new").is_some());
    let close_new = Callback::new(move |()| url.push(&[("new", "")]));
    let close = Callback::new(move |()| url.push(&[("credential", ""), ("edit", "")]));
    let forget = Callback::new(move |()| {
        url.replace(&[("credential", ""), ("edit", "")]);
        load.refresh();
    });
    let created = Callback::new(move |()| {
        load.refresh();
        url.replace(&[("new", "")]);
    });
    view! {
        {move || (is_new.get() && is_admin).then(|| view! { <CreateCredential on_close=close_new on_created=created /> })}
        {move || opened.get().map(|name| view! { <CredentialDetail name=name load=load on_close=close on_gone=forget /> })}
    }
}

fn name_cell(one: &CredentialView) -> AnyView {
    let name = one.credential_name.clone();
    view! {
        <span class="stack">
            <span class="strong ellipsis" title=name.clone()>{name.clone()}</span>
            {one.problem.is_some().then(|| view! { <Badge tone=Tone::Bad text="Cannot be opened" /> })}
        </span>
    }
    .into_any()
}

/// The names of its values.
fn names(one: &CredentialView) -> String {
    one.credential_values.keys().cloned().collect::<Vec<_>>().join(", ")
}

fn used_by(one: &CredentialView) -> String {
    match one.used_by.len() {
        0 => "nothing".to_owned(),
        1 => "1 deployment".to_owned(),
        count => format!("{count} deployments"),
    }
}

pub(super) const fn kept_in(one: &CredentialView) -> &'static str {
    match one.source {
        Source::Config => "config.yaml",
        Source::Db => "the database",
    }
}

fn nothing_here() -> AnyView {
    let action = use_session().is_admin().then(|| {
        view! { <a class="button button-primary" href="/ui/credentials?new=1">"Add the first credential"</a> }
    });
    view! {
        <Empty
            art=Icon::Key
            title="No credentials yet"
            text="A credential keeps a provider's key in one place: models name it, and a change of it is in force for all of them."
        >
            {action}
        </Empty>
    }
    .into_any()
}
