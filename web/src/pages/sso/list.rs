//! The providers of single sign-on.

use leptos::prelude::*;
use tollgate_openapi::sso::{SsoKind, SsoProviderView, SsoSource};

use super::detail::ProviderDetail;
use super::form::ProviderForm;
use crate::api;
use crate::app::use_session;
use crate::browser;
use crate::pages::scim::Directories;
use crate::ui::badge::{Badge, Tone};
use crate::ui::empty::Empty;
use crate::ui::icon::{Icon, icon};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::page::Page;
use crate::ui::table::{Column, Rows, Table};

static COLUMNS: &[Column<SsoProviderView>] = &[
    Column {
        title: "Provider",
        class: "",
        sort: None,
        cell: |view| view! { <span class="strong">{name_of(view)}</span> }.into_any(),
        csv: name_of,
    },
    Column {
        title: "Kind",
        class: "",
        sort: None,
        cell: |view| kind_name(view.settings.kind).into_any(),
        csv: |view| view.settings.kind.as_str().to_owned(),
    },
    Column { title: "Who", class: "", sort: None, cell: |view| who(view).into_any(), csv: who },
    Column {
        title: "Set in",
        class: "",
        sort: None,
        cell: |view| source_name(view.source).into_any(),
        csv: |view| source_name(view.source).to_owned(),
    },
    Column {
        title: "State",
        class: "",
        sort: None,
        cell: |view| {
            let (tone, word) = if view.settings.enabled { (Tone::Good, "on") } else { (Tone::Neutral, "off") };
            view! { <Badge tone=tone text=word /> }.into_any()
        },
        csv: |view| view.settings.enabled.to_string(),
    },
];

const IDS: Rows<SsoProviderView> =
    Rows { id: |view| view.settings.provider_id.clone().unwrap_or_default(), version: |view| format!("{view:?}") };

pub(super) fn name_of(view: &SsoProviderView) -> String {
    view.settings.display_name.clone().unwrap_or_else(|| view.settings.provider_id.clone().unwrap_or_default())
}

pub(super) const fn kind_name(kind: SsoKind) -> &'static str {
    match kind {
        SsoKind::Generic => "OpenID Connect",
        kind => kind.label(),
    }
}

pub(super) const fn source_name(source: SsoSource) -> &'static str {
    match source {
        SsoSource::Environment => "environment",
        SsoSource::Config => "config.yaml",
        SsoSource::Database => "console",
    }
}

fn who(view: &SsoProviderView) -> String {
    let settings = &view.settings;
    match (&settings.organization_id, settings.allowed_domains.as_slice()) {
        (Some(organization), domains) => format!("{organization}: {}", domains.join(", ")),
        (None, []) => "everybody there".to_owned(),
        (None, domains) => domains.join(", "),
    }
}

#[component]
pub(crate) fn SsoPage() -> impl IntoView {
    let (url, session) = (use_url(), use_session());
    let load = Load::new(api::sso::list);
    let is_admin = session.is_admin();
    let create = move || {
        is_admin.then(|| {
            view! {
                <a class="button button-primary" href=move || url.href(&[("new", "1"), ("provider", ""), ("directory", "")])>
                    {icon(Icon::Plus)}
                    "Add provider"
                </a>
            }
        })
    };
    let rows = load.map(Clone::clone);
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let table = move || {
        if is_empty.get() {
            return nothing_here(is_admin);
        }
        view! { <div class="card"><Table label="Providers" columns=COLUMNS rows=rows ids=IDS opens="provider" /></div> }
            .into_any()
    };
    view! {
        <Page title="Single sign-on" lead="Who else may say who somebody is, and what follows for them." actions=create>
            {load.show(skeleton, move || table.into_any())}
            <Directories gateway=load.map(|views| gateway(views)) />
        </Page>
        <Drawers load=load />
    }
    .into_any()
}

/// Where the gateway is for others, as far as the console knows: providers are told it, too.
fn gateway(views: &[SsoProviderView]) -> String {
    let told = views.iter().find_map(|view| Some(view.redirect_uri.split_once("/sso/")?.0.to_owned()));
    told.unwrap_or_else(browser::origin)
}

/// What the URL opens beside the list.
#[component]
fn Drawers(load: Load<Vec<SsoProviderView>>) -> impl IntoView {
    let (url, session) = (use_url(), use_session());
    let is_new = Memo::new(move |_| url.get("new").is_some());
    let is_editing = Memo::new(move |_| url.get("edit").is_some());
    let opened = url.value("provider");
    let found = Memo::new(move |_| {
        let id = opened.get()?;
        load.data.with(|views| views.as_ref()?.iter().find(|view| (IDS.id)(view) == id).cloned())
    });
    let close = Callback::new(move |()| url.push(&[("new", ""), ("provider", ""), ("edit", "")]));
    let done = Callback::new(move |()| {
        load.refresh();
        url.replace(&[("new", ""), ("provider", ""), ("edit", "")]);
    });
    view! {
        {move || (is_new.get() && session.is_admin()).then(|| view! { <ProviderForm before=None on_close=close on_saved=done /> })}
        {move || found.get().map(|view| {
            if is_editing.get() && session.is_admin() && view.source == SsoSource::Database {
                view! { <ProviderForm before=Some(view.settings) on_close=close on_saved=done /> }.into_any()
            } else {
                view! { <ProviderDetail view=view on_close=close on_gone=done /> }.into_any()
            }
        })}
    }
}

fn nothing_here(is_admin: bool) -> AnyView {
    let action = is_admin.then(|| {
        view! { <a class="button button-primary" href="/ui/settings/sso?new=1">"Add the first provider"</a> }
    });
    view! {
        <Empty
            art=Icon::User
            title="No providers yet"
            text="With one, people sign in with the account they have at work, and get their teams and roles from there."
        >
            {action}
        </Empty>
    }
    .into_any()
}
