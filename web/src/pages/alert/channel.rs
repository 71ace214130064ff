//! Channels: where alerts are told.

mod detail;
mod draft;
mod form;

use leptos::prelude::*;
use tollgate_openapi::alert::{AlertChannel, ChannelSource};

use super::words;
use crate::api;
use crate::app::use_session;
use crate::browser;
use crate::pages::alert::channel::detail::ChannelDetail;
use crate::pages::alert::channel::form::ChannelForm;
use crate::ui::badge::{Badge, Tone};
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, icon};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::table::{Column, Rows, Table};
use crate::ui::time;

/// Names the open channel in the URL.
const OPEN: &str = "channel";
/// In the place of an id: one is to be made.
const NEW: &str = "new";

static COLUMNS: &[Column<AlertChannel>] = &[
    Column {
        title: "Channel",
        class: "",
        sort: None,
        cell: |channel| view! { <span class="strong ellipsis">{channel.name.clone()}</span> }.into_any(),
        csv: |channel| channel.name.clone(),
    },
    Column {
        title: "Kind",
        class: "",
        sort: None,
        cell: |channel| words::kind_name(channel.kind).into_any(),
        csv: |channel| channel.kind.name().to_owned(),
    },
    Column {
        title: "Leads to",
        class: "minor",
        sort: None,
        cell: |channel| view! { <span class="muted ellipsis">{leads_to(channel)}</span> }.into_any(),
        csv: leads_to,
    },
    Column { title: "Of", class: "minor", sort: None, cell: |channel| of(channel).into_any(), csv: of },
    Column {
        title: "State",
        class: "",
        sort: None,
        cell: |channel| {
            let (tone, word) = state(channel);
            view! { <Badge tone=tone text=word /> }.into_any()
        },
        csv: |channel| state(channel).1.to_owned(),
    },
    Column {
        title: "Last told",
        class: "end",
        sort: None,
        cell: |channel| {
            let never = || view! { <span class="muted">"Never"</span> }.into_any();
            channel.last_sent_at.map_or_else(never, time::relative)
        },
        csv: |channel| channel.last_sent_at.map(crate::format::moment_utc).unwrap_or_default(),
    },
];

const IDS: Rows<AlertChannel> =
    Rows { id: |channel| channel.channel_id.clone(), version: |channel| format!("{channel:?}") };

fn leads_to(channel: &AlertChannel) -> String {
    match channel.email_to.as_slice() {
        [] => channel.target.clone().unwrap_or_default(),
        [one] => one.clone(),
        many => format!("{} addresses", many.len()),
    }
}

/// Whose alerts it tells.
fn of(channel: &AlertChannel) -> String {
    match (&channel.organization_id, &channel.team_id) {
        (Some(id), _) => format!("organization {id}"),
        (None, Some(id)) => format!("team {id}"),
        (None, None) => "the gateway".to_owned(),
    }
}

fn state(channel: &AlertChannel) -> (Tone, &'static str) {
    if is_muted(channel) {
        return (Tone::Neutral, "muted");
    }
    match (channel.failing_since, channel.last_sent_at) {
        (Some(_), _) => (Tone::Bad, "fails"),
        (None, Some(_)) => (Tone::Good, "works"),
        (None, None) => (Tone::Neutral, "not used yet"),
    }
}

fn is_muted(channel: &AlertChannel) -> bool {
    channel.muted_until.is_some_and(|until| until > browser::now())
}

/// May the reader add channels? The server decides.
pub(super) fn may_add() -> bool {
    let session = use_session();
    session.is_admin() || session.administers_any() || session.leads_any()
}

#[component]
pub(super) fn Channels() -> impl IntoView {
    let url = use_url();
    let load = Load::new(api::alert::channels);
    let rows = load.map(|list| list.channels.clone());
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let table = move || match is_empty.get() {
        true => nothing_here(),
        false => {
            view! { <div class="card"><Table label="Channels" columns=COLUMNS rows=rows ids=IDS opens=OPEN /></div> }
                .into_any()
        }
    };
    let add = may_add().then(|| {
        view! {
            <div class="toolbar">
                <span class="toolbar-space"></span>
                <a class="button button-primary" href=move || url.href(&[(OPEN, NEW)])>
                    {icon(Icon::Plus)}
                    "Add channel"
                </a>
            </div>
        }
    });
    view! {
        {add}
        {load.show(skeleton, move || table.into_any())}
        <Drawers rows=rows on_change=Callback::new(move |()| load.refresh()) />
    }
}

/// What the URL opens beside the list.
#[component]
fn Drawers(#[prop(into)] rows: Signal<Vec<AlertChannel>>, on_change: Callback<()>) -> impl IntoView {
    let url = use_url();
    let opened = url.value(OPEN);
    let is_new = Memo::new(move |_| opened.get().as_deref() == Some(NEW));
    let is_editing = Memo::new(move |_| url.get("edit").is_some());
    let found = Memo::new(move |_| {
        let id = opened.get()?;
        rows.with(|channels| channels.iter().find(|channel| channel.channel_id == id).cloned())
    });
    let close = Callback::new(move |()| url.push(&[(OPEN, ""), ("edit", "")]));
    let done = Callback::new(move |()| {
        on_change.run(());
        url.replace(&[(OPEN, ""), ("edit", "")]);
    });
    view! {
        {move || is_new.get().then(|| view! { <ChannelForm before=None on_close=close on_change=on_change /> })}
        {move || found.get().map(|channel| {
            if is_editing.get() && channel.source == ChannelSource::Database {
                view! { <ChannelForm before=Some(channel) on_close=close on_change=on_change /> }.into_any()
            } else {
                view! { <ChannelDetail channel=channel on_close=close on_change=on_change on_gone=done /> }.into_any()
            }
        })}
    }
}

fn nothing_here() -> AnyView {
    let action = may_add().then(|| {
        view! { <a class="button button-primary" href=format!("/ui/alerts?tab=channels&{OPEN}={NEW}")>"Add the first channel"</a> }
    });
    view! {
        <Empty
            art=Icon::Alert
            title="No channels yet"
            text="Slack, e-mail, Microsoft Teams, Discord, PagerDuty or a webhook of your own: alerts are told there within seconds."
        >
            {action}
        </Empty>
    }
    .into_any()
}
