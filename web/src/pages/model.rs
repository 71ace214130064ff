//! Models: the deployments behind each public name, their prices and their state.

mod deployment;

use std::collections::BTreeMap;
use std::time::Duration;

use leptos::prelude::*;
use tollgate_openapi::model::{DeploymentStatus, DeploymentView};

use crate::api;
use crate::pages::model::deployment::{COLUMNS, IDS};
use crate::ui::badge::{Badge, Tone};
use crate::ui::empty::Empty;
use crate::ui::export::{ExportButton, rows_of};
use crate::ui::icon::Icon;
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::page::Page;
use crate::ui::search::Search;
use crate::ui::table::Table;

/// How often the state is asked for.
const REFRESH_EVERY: Duration = Duration::from_secs(5);

type Groups = BTreeMap<String, Vec<DeploymentView>>;

#[component]
pub(crate) fn ModelPage() -> impl IntoView {
    let load = Load::new(api::model::list);
    load.refresh_every(REFRESH_EVERY, Signal::stored(true));
    let url = use_url();
    let found = Signal::derive(move || {
        let search = url.get("q").unwrap_or_default();
        load.map(Clone::clone).get().into_iter().filter(|d| is_match(d, &search)).collect::<Vec<_>>()
    });
    let ready = move || {
        let is_empty = Memo::new(move |_| load.data.with(|data| data.as_ref().is_some_and(Vec::is_empty)));
        move || if is_empty.get() { no_models() } else { groups_view(found) }
    };
    view! {
        <Page title="Models" lead="State and latency are this node's, since it started.">
            <div class="toolbar">
                <Search name="q" label="Search models and providers" />
                <span class="toolbar-space"></span>
                <ExportButton name="tollgate-models" columns=COLUMNS rows=rows_of(found) />
            </div>
            {load.show(skeleton, move || ready().into_any())}
        </Page>
    }
    .into_any()
}

fn is_match(deployment: &DeploymentView, search: &str) -> bool {
    let search = search.to_lowercase();
    let contains = |text: &str| text.to_lowercase().contains(&search);
    contains(&deployment.model_name) || contains(&deployment::provider_model(deployment))
}

fn group(deployments: Vec<DeploymentView>) -> Groups {
    let mut groups = Groups::new();
    for deployment in deployments {
        groups.entry(deployment.model_name.clone()).or_default().push(deployment);
    }
    groups
}

fn no_models() -> AnyView {
    view! {
        <Empty
            art=Icon::Model
            title="No models yet"
            text="Name models under model_list in config.yaml and start the server with --config config.yaml."
        />
    }
    .into_any()
}

fn groups_view(found: Signal<Vec<DeploymentView>>) -> AnyView {
    let groups = Memo::new(move |_| group(found.get()));
    let names = move || groups.with(|groups| groups.keys().cloned().collect::<Vec<_>>());
    let nothing = move || {
        groups.with(BTreeMap::is_empty).then(|| {
            view! { <Empty art=Icon::Search title="Nothing found" text="No model or provider has that in its name." /> }
        })
    };
    view! {
        <div class="deployments">
            <For each=names key=Clone::clone let:name>
                <GroupCard name=name groups=groups />
            </For>
        </div>
        {nothing}
    }
    .into_any()
}

#[component]
fn GroupCard(name: String, groups: Memo<Groups>) -> impl IntoView {
    let (key, label) = (name.clone(), name.clone());
    let deployments = Signal::derive(move || groups.with(|groups| groups.get(&key).cloned().unwrap_or_default()));
    let count = move || match deployments.with(Vec::len) {
        1 => "1 deployment".to_owned(),
        count => format!("{count} deployments"),
    };
    view! {
        <section class="card" aria-label=label>
            <header class="card-header">
                <h2 class="group-name">{name}</h2>
                <span class="muted">{count}</span>
                <span class="toolbar-space"></span>
                {move || group_badge(&deployments.get())}
            </header>
            <Table label="Deployments" columns=COLUMNS rows=deployments ids=IDS />
        </section>
    }
}

/// Can the public name be called?
fn group_badge(deployments: &[DeploymentView]) -> impl IntoView + use<> {
    let available = deployments.iter().filter(|d| d.state.status == DeploymentStatus::Available).count();
    let (tone, text) = match (available, deployments.len()) {
        (0, _) => (Tone::Bad, "Not callable".to_owned()),
        (some, all) if some == all => (Tone::Good, "Available".to_owned()),
        (some, all) => (Tone::Warning, format!("{some} of {all} available")),
    };
    view! { <Badge tone=tone text=text /> }
}
