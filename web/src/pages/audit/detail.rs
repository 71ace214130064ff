//! One change: who, when, from where, and what it changed.

use leptos::prelude::*;
use tollgate_openapi::audit::{AuditEntry, AuditView};

use crate::api;
use crate::pages::audit::diff::{self, FieldChange};
use crate::pages::audit::words;
use crate::ui::badge::{Badge, Tone};
use crate::ui::copy::CopyButton;
use crate::ui::drawer::Drawer;
use crate::ui::load::{Load, skeleton};
use crate::ui::time;
use crate::url::encode;

#[component]
pub(crate) fn ChangeDetail(id: String, on_close: Callback<()>) -> impl IntoView {
    let load = Load::new(move || {
        let id = id.clone();
        async move { api::audit::info(&id).await }
    });
    let title = load.map(|entry| Some(words::what(&entry.view)));
    let title = Signal::derive(move || title.get().unwrap_or_else(|| "Change".to_owned()));
    let ready = move || load.data.get().map(|entry| view! { <Details entry=entry /> });
    view! {
        <Drawer title=title is_wide=true on_close=on_close>
            {load.show(skeleton, move || ready.into_any())}
        </Drawer>
    }
}

#[component]
fn Details(entry: AuditEntry) -> impl IntoView {
    let change = &entry.view;
    let (tone, text) = match entry.is_intact {
        true => (Tone::Good, "As it was written"),
        false => (Tone::Bad, "Tampered with"),
    };
    let warning = (!entry.is_intact).then(|| {
        view! {
            <p class="notice notice-bad">
                "This entry, or one before it, is not what was written: its hash does not fit. The database was changed by hand."
            </p>
        }
    });
    let fields = diff::fields(change.before_value.as_ref(), change.updated_values.as_ref());
    view! {
        <div class="drawer-body">
            <div class="detail-head">
                <Badge tone=tone text=text />
                <span class="muted">{time::full(change.updated_at)}</span>
            </div>
            {warning}
            <h3>"What changed"</h3>
            {differences(fields)}
            <h3>"Entry"</h3>
            {facts(change)}
        </div>
    }
}

fn differences(fields: Vec<FieldChange>) -> AnyView {
    if fields.is_empty() {
        return view! { <p class="muted">"No setting changed."</p> }.into_any();
    }
    let value = |class: &'static str, text: Option<String>| match text {
        Some(text) => view! { <span class=class>{text}</span> }.into_any(),
        None => view! { <span class="muted">"–"</span> }.into_any(),
    };
    let rows = fields.into_iter().map(|change| {
        view! {
            <tr role="row">
                <th role="rowheader" scope="row" class="code">{change.field}</th>
                <td role="cell">{value("diff-before", change.before)}</td>
                <td role="cell">{value("diff-after", change.after)}</td>
            </tr>
        }
    });
    view! {
        <div class="table-frame card">
            <table class="table table-plain diff" role="table" aria-label="What changed">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Field"</th>
                        <th role="columnheader" scope="col">"Before"</th>
                        <th role="columnheader" scope="col">"After"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn facts(change: &AuditView) -> impl IntoView + use<> {
    let thing = words::name(change);
    let thing = match words::page(change) {
        Some(href) => view! { <a href=href>{thing}</a> }.into_any(),
        None => thing.into_any(),
    };
    let history = |kind: &str, id: &str| format!("/ui/audit?kind={}&id={}", encode(kind), encode(id));
    // What is said of a directory is said of its token.
    let directory = (change.actor_kind == "scim").then(|| {
        view! { <dt>"Directory"</dt><dd><a href=history("scim", &change.changed_by)>"Which it is, and who let it in"</a></dd> }
    });
    let others = history(&change.table_name, &change.object_id);
    view! {
        <dl class="facts">
            <dt>"Who"</dt><dd>{words::who(change)}", "{words::how(&change.actor_kind).to_owned()}</dd>
            {directory}
            {change.ip_address.clone().map(|address| view! { <dt>"From"</dt><dd class="number">{address}</dd> })}
            <dt>"Thing"</dt><dd>{thing}</dd>
            <dt>"Its id"</dt>
            <dd class="with-button">
                <span class="code ellipsis" title=change.object_id.clone()>{change.object_id.clone()}</span>
                <CopyButton text=change.object_id.clone() label="Copy" />
            </dd>
            <dt>"Its history"</dt><dd><a href=others>"All that happened to it"</a></dd>
            <dt>"Entry"</dt><dd class="number">{change.id.clone()}</dd>
        </dl>
    }
}
