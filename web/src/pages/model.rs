//! Models: the deployments behind each public name, their prices and their state.

pub(crate) mod deployment;
mod detail;
mod history;

use std::collections::BTreeSet;
use std::time::Duration;

use leptos::prelude::*;
use tollgate_openapi::model::{DeploymentStatus, DeploymentView};

use crate::api;
use crate::pages::model::deployment::{COLUMNS, IDS};
use crate::pages::model::detail::DeploymentDetail;
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
        move || if is_empty.get() { no_models() } else { view! { <DeploymentTable found=found /> }.into_any() }
    };
    let opened = url.value("deployment");
    let close = Callback::new(move |()| url.push(&[("deployment", "")]));
    view! {
        <Page title="Models" lead="What applications may call, and who serves it. Figures are this server's, since it started.">
            <div class="toolbar">
                <Search name="q" label="Search models and providers" />
                <span class="toolbar-space"></span>
                <ExportButton name="tollgate-models" columns=COLUMNS rows=rows_of(found) />
            </div>
            {load.show(skeleton, move || ready().into_any())}
        </Page>
        {move || opened.get().map(|id| view! { <DeploymentDetail id=id load=load on_close=close /> })}
    }
    .into_any()
}

fn is_match(deployment: &DeploymentView, search: &str) -> bool {
    let search = search.to_lowercase();
    let contains = |text: &str| text.to_lowercase().contains(&search);
    contains(&deployment.model_name) || contains(&deployment::provider_model(deployment))
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

#[component]
fn DeploymentTable(found: Signal<Vec<DeploymentView>>) -> impl IntoView {
    // Deployments of one name stand together.
    let sorted = Signal::derive(move || {
        let mut deployments = found.get();
        deployments.sort_by(|a, b| a.model_name.cmp(&b.model_name));
        deployments
    });
    let is_empty = Memo::new(move |_| found.with(Vec::is_empty));
    move || {
        if is_empty.get() {
            return view! { <Empty art=Icon::Search title="Nothing found" text="No model or provider has that in its name." /> }
                .into_any();
        }
        view! {
            <div class="card deployments">
                <Table label="Deployments" columns=COLUMNS rows=sorted ids=IDS opens="deployment" />
                <p class="pager muted">{move || summary(&found.get())}</p>
            </div>
        }
        .into_any()
    }
}

/// How many there are, and how many cannot be called now.
fn summary(deployments: &[DeploymentView]) -> String {
    let counted = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let names: BTreeSet<_> = deployments.iter().map(|deployment| &deployment.model_name).collect();
    let out = deployments.iter().filter(|d| d.state.status != DeploymentStatus::Available).count();
    let out = if out == 0 { "all available".to_owned() } else { format!("{out} not available now") };
    format!("{}, {}, {out}", counted(names.len(), "model"), counted(deployments.len(), "deployment"))
}
