//! One deployment: whether calls go there, how it has been doing, and whether it answers now.

use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::health::EndpointHealth;
use tollgate_openapi::model::{CheckView, DeploymentStatus, DeploymentView};

use crate::api;
use crate::api::ApiError;
use crate::app::use_session;
use crate::browser;
use crate::format;
use crate::pages::model::deployment::{id, is_stored, provider_model, status};
use crate::pages::model::edit::{Actions, EditModel};
use crate::pages::model::history::{hour, spark};
use crate::ui::badge::{Badge, Tone};
use crate::ui::copy::CopyButton;
use crate::ui::drawer::Drawer;
use crate::ui::empty::Empty;
use crate::ui::icon::Icon;
use crate::ui::load::Load;
use crate::ui::location::use_url;
use crate::ui::time;

#[component]
pub(crate) fn DeploymentDetail(
    id: String,
    /// All deployments, asked for anew from time to time.
    load: Load<Vec<DeploymentView>>,
    on_close: Callback<()>,
    on_gone: Callback<()>,
) -> impl IntoView {
    let url = use_url();
    let wanted = id.clone();
    let found = Memo::new(move |_| {
        load.data.with(|all| all.as_ref()?.iter().find(|one| super::deployment::id(one) == wanted).cloned())
    });
    let is_known = Memo::new(move |_| found.with(Option::is_some));
    let is_editing = Memo::new(move |_| url.get("edit").is_some() && use_session().is_admin());
    let title = Signal::derive(move || {
        let name = found.with(|one| one.as_ref().map_or_else(|| "Deployment".to_owned(), |one| one.model_name.clone()));
        if is_editing.get() { format!("Edit {name}") } else { name }
    });
    let done = Callback::new(move |()| url.replace(&[("edit", "")]));
    let changed = Callback::new(move |()| load.refresh());
    // Figures change all the time; what can be done does not.
    let settled = Memo::new_with_compare(
        move |_| found.get(),
        |one, other| {
            let key = |one: &Option<DeploymentView>| {
                one.as_ref().map(|one| (super::deployment::id(one), one.model_name.clone(), one.state.status))
            };
            one.map(key) != other.map(key)
        },
    );
    let body = move || {
        if !is_known.get() {
            return view! {
                <Empty art=Icon::Search title="No such deployment" text="It is not in the configuration any more." />
            }
            .into_any();
        }
        // What is typed stays while figures come.
        if is_editing.get() {
            return found
                .get_untracked()
                .map(|deployment| {
                    view! { <EditModel deployment=deployment on_done=done on_change=changed /> }
                })
                .into_any();
        }
        let id = id.clone();
        view! {
            <div class="drawer-body">
                {move || found.get().map(|deployment| state(&deployment))}
                <h3>"Does it answer?"</h3>
                <Test id=id load=load found=found />
                {move || found.get().map(|deployment| view! {
                    <h3>"Last hour"</h3>
                    {last_hour(&deployment)}
                    <h3>"Deployment"</h3>
                    {facts(&deployment)}
                })}
            </div>
            {move || settled.get().map(|deployment| view! { <Actions deployment=deployment on_gone=on_gone on_change=changed /> })}
        }
        .into_any()
    };
    view! { <Drawer title=title is_wide=true is_sticky=is_editing on_close=on_close>{body}</Drawer> }
}

/// Whether calls go there, and why not.
fn state(deployment: &DeploymentView) -> AnyView {
    let state = &deployment.state;
    let (tone, text) = status(state.status);
    let until = state.cooldown_until.map(|until| {
        view! { <span>"Calls go elsewhere. It is tried again "{time::relative(until)}"."</span> }
    });
    let is_out = state.status != DeploymentStatus::Available;
    let reason = state.reason.clone().map(|reason| {
        let said = match state.status {
            DeploymentStatus::Available => "Its last call failed: ",
            DeploymentStatus::Failing => "Calls still go there, and its last ones failed: ",
            _ => "",
        };
        view! { <p class="notice" class:notice-bad=is_out>{said}{format::sentence(&reason)}</p> }
    });
    view! {
        <div class="detail-head">
            <Badge tone=tone text=text />
            {until}
        </div>
        {reason}
    }
    .into_any()
}

/// A button that asks the deployment now, and what it said last.
#[component]
fn Test(id: String, load: Load<Vec<DeploymentView>>, found: Memo<Option<DeploymentView>>) -> impl IntoView {
    let is_busy = RwSignal::new(false);
    let answer = RwSignal::new(None::<Result<EndpointHealth, ApiError>>);
    let ask = move |_| {
        let id = id.clone();
        is_busy.set(true);
        spawn_local(async move {
            let result = api::model::test(&id).await;
            // The drawer may be closed by now.
            let _ = answer.try_set(Some(result));
            let _ = is_busy.try_set(false);
            load.refresh();
        });
    };
    let last = move || {
        if is_busy.get() {
            return view! { <p class="muted">"Waiting for its answer…"</p> }.into_any();
        }
        if let Some(Err(error)) = answer.get() {
            return view! { <p class="notice notice-bad">{format::sentence(&error.message)}</p> }.into_any();
        }
        // What was just found may not have come with the list yet.
        let asked = answer.get().and_then(Result::ok).map(|found| CheckView {
            checked_at: found.checked_at,
            duration_ms: found.duration_ms,
            error: found.error,
        });
        let listed = found.with(|one| one.as_ref().and_then(|one| one.state.last_check.clone()));
        let newest = [asked, listed].into_iter().flatten().max_by_key(|check| check.checked_at);
        newest.map_or_else(never_checked, |check| checked(&check))
    };
    let is_admin = use_session().is_admin();
    view! {
        <div class="test" aria-live="polite">{last}</div>
        {is_admin.then(|| view! {
            <div class="actions">
                <button class="button button-small" type="button" disabled=is_busy on:click=ask>
                    {move || if is_busy.get() { "Testing…" } else { "Test" }}
                </button>
                <span class="muted">"One call for a few tokens, booked to the key health_check."</span>
            </div>
        })}
    }
}

fn never_checked() -> AnyView {
    view! { <p class="muted">"It was not asked since this server started."</p> }.into_any()
}

/// What a check found.
fn checked(check: &CheckView) -> AnyView {
    let took = format::duration_ms(check.duration_ms);
    match &check.error {
        None => view! {
            <p class="notice notice-good">"Answered in "<span class="number">{took}</span>", "{time::relative(check.checked_at)}"."</p>
        }
        .into_any(),
        Some(error) => view! {
            <div class="notice notice-bad">
                <p>"Failed after "<span class="number">{took}</span>", "{time::relative(check.checked_at)}"."</p>
                <p>{format::sentence(error)}</p>
            </div>
        }
        .into_any(),
    }
}

fn last_hour(deployment: &DeploymentView) -> AnyView {
    let minutes = &deployment.state.last_hour;
    let Some(line) = spark(minutes, browser::now()) else {
        return view! { <p class="muted">"No call ended here in the last hour."</p> }.into_any();
    };
    let hour = hour(minutes);
    let latency = hour.latency_ms.map(|(middle, slowest)| {
        view! {
            <dt>"Usual response time"</dt><dd class="number">{format::duration_ms(middle)}</dd>
            <dt>"Slowest minute"</dt><dd class="number">{format::duration_ms(slowest)}</dd>
        }
    });
    let failed = format!("{} ({})", format::whole_u64(hour.failures), hour.failed());
    view! {
        <div class="spark-wide">{line}</div>
        <p class="spark-axis muted"><span>"an hour ago"</span><span>"now"</span></p>
        <dl class="facts facts-numbers">
            <dt>"Calls"</dt><dd class="number">{format::whole_u64(hour.calls)}</dd>
            <dt>"Failed"</dt><dd class="number" class:bad=move || hour.failures != 0>{failed}</dd>
            {latency}
        </dl>
    }
    .into_any()
}

fn facts(deployment: &DeploymentView) -> AnyView {
    let (state, id) = (&deployment.state, id(deployment));
    let base = deployment.litellm_params.get("api_base").and_then(|base| base.as_str()).map(str::to_owned);
    let kept = if is_stored(deployment) { "the database" } else { "config.yaml" };
    let credential =
        deployment.litellm_params.get("litellm_credential_name").and_then(|name| name.as_str()).map(str::to_owned);
    let calls = format!("{}, {} failed", format::whole_u64(state.requests), format::whole_u64(state.failures));
    view! {
        <dl class="facts">
            <dt>"Id"</dt>
            <dd class="with-button">
                <span class="code ellipsis" title=id.clone()>{id.clone()}</span>
                <CopyButton text=id label="Copy" />
            </dd>
            <dt>"Served by"</dt><dd>{provider_model(deployment)}</dd>
            {base.map(|base| view! { <dt>"Endpoint"</dt><dd>{base}</dd> })}
            {credential.map(|name| view! { <dt>"Credential"</dt><dd>{name}</dd> })}
            <dt>"Kept in"</dt><dd>{kept}</dd>
            <dt>"Calls since start"</dt><dd class="number">{calls}</dd>
            <dt>"In flight"</dt><dd class="number">{format::whole_u64(state.in_flight)}</dd>
            {state.last_used_at.map(|at| view! { <dt>"Last called"</dt><dd>{time::relative(at)}</dd> })}
        </dl>
    }
    .into_any()
}

/// The last check in a word, for a row of the table; nothing where all is well.
pub(crate) fn check_badge(deployment: &DeploymentView) -> Option<AnyView> {
    deployment.state.last_check.as_ref()?.error.as_ref()?;
    Some(view! { <Badge tone=Tone::Bad text="Check failed" /> }.into_any())
}
