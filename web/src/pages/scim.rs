//! Directories that make users and teams by SCIM: where they call, and the tokens they show. A part of the page of single
//! sign-on.

mod create;
mod detail;

use leptos::prelude::*;
use tollgate_openapi::scim::ScimTokenView;

use crate::api;
use crate::app::use_session;
use crate::format;
use crate::pages::scim::create::CreateToken;
use crate::pages::scim::detail::TokenDetail;
use crate::ui::copy::CopyButton;
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, icon};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::table::{Column, Rows, Table};
use crate::ui::time;

/// Names the open token in the URL.
const OPEN: &str = "directory";
/// In the place of an id: one is to be made.
const NEW: &str = "new";
/// Where a directory calls, below the gateway's address.
const BASE: &str = "/scim/v2";

static COLUMNS: &[Column<ScimTokenView>] = &[
    Column {
        title: "Directory",
        class: "",
        sort: None,
        cell: |token| {
            view! { <span class="strong ellipsis" title=token.name.clone()>{token.name.clone()}</span> }.into_any()
        },
        csv: |token| token.name.clone(),
    },
    Column {
        title: "Last used",
        class: "",
        sort: None,
        cell: last_used,
        csv: |token| token.last_used_at.map(format::moment_utc).unwrap_or_default(),
    },
    Column {
        title: "Made",
        class: "",
        sort: None,
        cell: |token| time::relative(token.created_at),
        csv: |token| format::moment_utc(token.created_at),
    },
    Column {
        title: "Made by",
        class: "minor",
        sort: None,
        cell: |token| {
            let who = made_by(token);
            view! { <span class="ellipsis" title=who.clone()>{who.clone()}</span> }.into_any()
        },
        csv: made_by,
    },
];

const IDS: Rows<ScimTokenView> = Rows { id: |token| token.token_id.clone(), version: |token| format!("{token:?}") };

fn last_used(token: &ScimTokenView) -> AnyView {
    token.last_used_at.map_or_else(|| view! { <span class="muted">"Never"</span> }.into_any(), time::relative)
}

fn made_by(token: &ScimTokenView) -> String {
    token.created_by.as_deref().map(format::person).unwrap_or_default().to_owned()
}

#[component]
pub(crate) fn Directories(
    /// Where the gateway is for others.
    #[prop(into)]
    gateway: Signal<String>,
) -> impl IntoView {
    let url = use_url();
    let load = Load::new(api::scim::list);
    let is_admin = use_session().is_admin();
    let rows = load.map(Clone::clone);
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let table = move || match is_empty.get() {
        true => nothing_here(is_admin),
        false => view! { <Table label="Directories" columns=COLUMNS rows=rows ids=IDS opens=OPEN /> }.into_any(),
    };
    let create = is_admin.then(|| {
        view! {
            <a class="button" href=move || url.href(&[(OPEN, NEW), ("provider", ""), ("new", "")])>
                {icon(Icon::Plus)}
                "Make a token"
            </a>
        }
    });
    view! {
        <section class="card directories" aria-labelledby="directories-title">
            <header class="card-header">
                <div>
                    <h2 id="directories-title">"Directories (SCIM)"</h2>
                    <p class="muted">"Entra, Okta and others make users and teams here, and take them away."</p>
                </div>
                {create}
            </header>
            <BaseUrl url=Signal::derive(move || format!("{}{BASE}", gateway.get())) />
            {load.show(skeleton, move || table.into_any())}
        </section>
        <Drawers load=load />
    }
}

/// The address that is entered where the directory is set up.
#[component]
fn BaseUrl(#[prop(into)] url: Signal<String>) -> impl IntoView {
    view! {
        <div class="directories-url">
            <span class="tile-label">"Base URL to enter there"</span>
            <div class="secret">
                <output class="code" aria-label="Base URL">{url}</output>
                <CopyButton text=url label="Copy" />
            </div>
        </div>
    }
}

/// What the URL opens beside the list.
#[component]
fn Drawers(load: Load<Vec<ScimTokenView>>) -> impl IntoView {
    let (url, session) = (use_url(), use_session());
    let opened = url.value(OPEN);
    let is_new = Memo::new(move |_| opened.get().as_deref() == Some(NEW));
    let found = Memo::new(move |_| {
        let id = opened.get()?;
        load.data.with(|tokens| tokens.as_ref()?.iter().find(|token| token.token_id == id).cloned())
    });
    let close = Callback::new(move |()| url.push(&[(OPEN, "")]));
    let changed = Callback::new(move |()| load.refresh());
    // The back button must not lead to what is gone.
    let gone = Callback::new(move |()| {
        url.replace(&[(OPEN, "")]);
        load.refresh();
    });
    view! {
        {move || (is_new.get() && session.is_admin()).then(|| view! { <CreateToken on_close=close on_change=changed /> })}
        {move || found.get().map(|token| view! { <TokenDetail token=token on_close=close on_gone=gone /> })}
    }
}

fn nothing_here(is_admin: bool) -> AnyView {
    let action = is_admin.then(|| {
        view! { <a class="button" href=format!("/ui/settings/sso?{OPEN}={NEW}")>"Make the first token"</a> }
    });
    view! {
        <Empty
            art=Icon::Team
            title="No directory yet"
            text="With a token, the directory of your company keeps users and teams as they are there: who leaves it is out here, too."
        >
            {action}
        </Empty>
    }
    .into_any()
}
