//! Reports: what somebody reads of spend again and again, and where it is sent.

mod detail;
mod form;
mod words;

use leptos::prelude::*;
use tollgate_openapi::report::{Report, ReportList};
use tollgate_openapi::session::UserRole;

use crate::api;
use crate::app::use_session;
use crate::format;
use crate::pages::report::detail::ReportDetail;
use crate::pages::report::form::ReportForm;
use crate::ui::badge::Badge;
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, icon};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::page::Page;
use crate::ui::table::{Column, Rows, Table};
use crate::ui::time;

/// Names the open report in the URL.
const OPEN: &str = "report";
/// In the place of an id: one is to be made.
const NEW: &str = "new";

static COLUMNS: &[Column<Report>] = &[
    Column {
        title: "Report",
        class: "",
        sort: None,
        cell: |report| view! { <span class="strong ellipsis">{report.name.clone()}</span> }.into_any(),
        csv: |report| report.name.clone(),
    },
    Column {
        title: "Tells",
        class: "minor",
        sort: None,
        cell: |report| words::what(report).into_any(),
        csv: words::what,
    },
    Column {
        title: "When",
        class: "",
        sort: None,
        cell: |report| words::said(&words::PERIODS, report.period.name()).into_any(),
        csv: |report| report.period.name().to_owned(),
    },
    Column {
        title: "Sent to",
        class: "minor",
        sort: None,
        cell: |report| view! { <span class="muted ellipsis">{words::sent_to(report)}</span> }.into_any(),
        csv: words::sent_to,
    },
    Column {
        title: "Last",
        class: "",
        sort: None,
        cell: |report| {
            let (tone, word) = words::state(report.last_run.as_ref());
            view! { <Badge tone=tone text=word /> }.into_any()
        },
        csv: |report| words::state(report.last_run.as_ref()).1.to_owned(),
    },
    Column {
        title: "Next",
        class: "end minor",
        sort: None,
        cell: |report| {
            let never = || view! { <span class="muted">"–"</span> }.into_any();
            report.next_due_at.map_or_else(never, time::until)
        },
        csv: |report| report.next_due_at.map(format::moment_utc).unwrap_or_default(),
    },
];

const IDS: Rows<Report> = Rows { id: |report| report.report_id.clone(), version: |report| format!("{report:?}") };

/// May the reader save reports? The server decides.
fn may_save() -> bool {
    let session = use_session();
    let is_viewer = |role| matches!(role, UserRole::ProxyAdminViewer | UserRole::InternalUserViewer);
    session.view().is_some_and(|view| !is_viewer(view.user_role))
}

#[component]
pub(crate) fn ReportPage() -> impl IntoView {
    let url = use_url();
    let load = Load::new(api::report::list);
    let rows = load.map(|list| list.reports.clone());
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let table = move || match is_empty.get() {
        true => nothing_here(),
        false => {
            view! { <div class="card"><Table label="Reports" columns=COLUMNS rows=rows ids=IDS opens=OPEN /></div> }
                .into_any()
        }
    };
    let actions = move || {
        let save = may_save().then(|| {
            view! {
                <a class="button button-primary" href=move || url.href(&[(OPEN, NEW)])>
                    {icon(Icon::Plus)}
                    "Save a report"
                </a>
            }
        });
        view! { {save} }.into_any()
    };
    view! {
        <Page title="Reports" lead="Spend as you read it again and again: saved, shared, and sent when its time is over." actions=actions>
            {load.show(skeleton, move || table.into_any())}
            <Drawers load=load />
        </Page>
    }
    .into_any()
}

/// What the URL opens beside the list.
#[component]
fn Drawers(load: Load<ReportList>) -> impl IntoView {
    let url = use_url();
    let opened = url.value(OPEN);
    let is_new = Memo::new(move |_| opened.get().as_deref() == Some(NEW) && load.data.with(Option::is_some));
    let is_editing = Memo::new(move |_| url.get("edit").is_some());
    let found = Memo::new(move |_| {
        let id = opened.get()?;
        load.data.with(|list| list.as_ref()?.reports.iter().find(|report| report.report_id == id).cloned())
    });
    let storage = move || load.data.with_untracked(|list| list.as_ref().and_then(|list| list.storage.clone()));
    let close = Callback::new(move |()| url.push(&[(OPEN, ""), ("edit", ""), ("day", "")]));
    let changed = Callback::new(move |()| load.refresh());
    // The back button must not lead to what is gone.
    let gone = Callback::new(move |()| {
        url.replace(&[(OPEN, ""), ("edit", "")]);
        load.refresh();
    });
    view! {
        {move || is_new.get().then(|| view! { <ReportForm before=None storage=storage() on_close=close on_change=changed /> })}
        {move || found.get().map(|report| {
            if is_editing.get() {
                view! { <ReportForm before=Some(report) storage=storage() on_close=close on_change=changed /> }.into_any()
            } else {
                view! { <ReportDetail report=report on_close=close on_change=changed on_gone=gone /> }.into_any()
            }
        })}
    }
}

fn nothing_here() -> AnyView {
    let action = may_save().then(|| {
        view! { <a class="button button-primary" href=format!("/ui/reports?{OPEN}={NEW}")>"Save the first report"</a> }
    });
    view! {
        <Empty
            art=Icon::Spend
            title="No reports yet"
            text="What teams spent, every Monday in the mail; the month as a bill; FOCUS in a bucket every night."
        >
            {action}
        </Empty>
    }
    .into_any()
}
