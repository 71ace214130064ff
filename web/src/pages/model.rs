//! Models: the deployments behind each public name, their prices and their state.

mod create;
pub(crate) mod deployment;
mod detail;
pub(crate) mod draft;
mod edit;
pub(crate) mod form;
mod history;

use std::collections::BTreeSet;
use std::time::Duration;

use leptos::prelude::*;
use tollgate_openapi::model::DeploymentView;

use crate::api;
use crate::app::use_session;
use crate::pages::model::create::CreateModel;
use crate::pages::model::deployment::{COLUMNS, IDS};
use crate::pages::model::detail::DeploymentDetail;
use crate::ui::empty::Empty;
use crate::ui::export::{ExportButton, rows_of};
use crate::ui::icon::{Icon, icon};
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
    let is_new = Memo::new(move |_| url.get("new").is_some());
    let close = Callback::new(move |()| url.push(&[("deployment", ""), ("edit", "")]));
    let close_new = Callback::new(move |()| url.push(&[("new", "")]));
    // The back button must not lead to what is gone.
    let forget = Callback::new(move |()| {
        url.replace(&[("deployment", ""), ("edit", "")]);
        load.refresh();
    });
    let created = Callback::new(move |id: String| {
        load.refresh();
        url.replace(&[("new", ""), ("deployment", &id)]);
    });
    let is_admin = use_session().is_admin();
    let actions = move || {
        is_admin.then(|| {
            view! {
                <a class="button" href="/ui/credentials">"Credentials"</a>
                <a class="button button-primary" href=move || url.href(&[("new", "1"), ("deployment", "")])>
                    {icon(Icon::Plus)}
                    "Add model"
                </a>
            }
        })
    };
    view! {
        <Page title="Models" lead="What applications may call, and who serves it. Figures are this server's, since it started." actions=actions>
            <div class="toolbar">
                <Search name="q" label="Search models and providers" />
                <span class="toolbar-space"></span>
                <ExportButton name="tollgate-models" columns=COLUMNS rows=rows_of(found) />
            </div>
            {load.show(skeleton, move || ready().into_any())}
        </Page>
        {move || (is_new.get() && is_admin).then(|| view! { <CreateModel on_close=close_new on_created=created /> })}
        {move || opened.get().map(|id| view! { <DeploymentDetail id=id load=load on_close=close on_gone=forget /> })}
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
            text="Add a model of a provider, here or under model_list in config.yaml, and applications can call it at once."
        >
            {use_session().is_admin().then(|| view! { <a class="button button-primary" href="/ui/models?new=1">"Add the first model"</a> })}
        </Empty>
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
    let out = deployments.iter().filter(|d| !d.state.status.is_called()).count();
    let out = if out == 0 { "all available".to_owned() } else { format!("{out} not available now") };
    format!("{}, {}, {out}", counted(names.len(), "model"), counted(deployments.len(), "deployment"))
}
