//! One key: what it may do, what it spent, and what can be done with it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::key::KeyView;

use crate::api;
use crate::app::use_session;
use crate::format;
use crate::pages::entity::fact::{BUDGET, ORGANIZATION, TEAM, USER, owner};
use crate::pages::key::draft::budget_id;
use crate::pages::key::edit::EditKey;
use crate::pages::key::limits::{KeyLimits, of_key};
use crate::pages::key::list::{name, state_badge};
use crate::pages::key::rotate::RotateKey;
use crate::pages::policy::trial::Trial;
use crate::ui::confirm::Confirm;
use crate::ui::copy::CopyButton;
use crate::ui::drawer::{Drawer, focus_title};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::money::total;
use crate::ui::segment::Segments;
use crate::ui::time;
use crate::ui::toast::use_toasts;
use crate::url::encode;

#[component]
pub(crate) fn KeyDetail(
    token: String,
    on_gone: Callback<()>,
    on_close: Callback<()>,
    on_change: Callback<()>,
) -> impl IntoView {
    let url = use_url();
    let load = Load::new(move || {
        let token = token.clone();
        async move { api::key::info(&token).await }
    });
    let is_editing = Memo::new(move |_| url.get("edit").is_some());
    let known = load.map(|key| Some(name(key)));
    let title = Signal::derive(move || match (known.get(), is_editing.get()) {
        (Some(name), true) => format!("Edit {name}"),
        (Some(name), false) => name,
        (None, _) => "Key".to_owned(),
    });
    let changed = Callback::new(move |()| {
        load.refresh();
        on_change.run(());
    });
    let done = Callback::new(move |()| url.replace(&[("edit", "")]));
    let ready = move || {
        move || {
            let key = load.data.get()?;
            Some(if is_editing.get() {
                view! { <EditKey key=key on_done=done on_change=changed /> }.into_any()
            } else {
                view! { <Details key=key on_gone=on_gone on_change=changed /> }.into_any()
            })
        }
    };
    view! {
        <Drawer title=title is_wide=true is_sticky=is_editing on_close=on_close>
            {load.show(skeleton, move || ready().into_any())}
        </Drawer>
    }
}

#[component]
fn Details(key: KeyView, on_gone: Callback<()>, on_change: Callback<()>) -> impl IntoView {
    Effect::new(|_| focus_title());
    let can_write = use_session().can_write();
    let logs = format!("/ui/logs?key={}", encode(&key.token));
    let tab = use_url().value("tab");
    let shown = key.clone();
    let tab = move || match tab.get().as_deref() {
        Some("explain") => view! { <Trial who=of_key(&shown) allowed=shown.models.clone() /> }.into_any(),
        Some("details") => facts(&shown).into_any(),
        _ => view! { <KeyLimits key=shown.clone() /> }.into_any(),
    };
    view! {
        <div class="drawer-body">
            <div class="detail-head">
                {state_badge(&key)}
                <span class="muted">"Total spend "<span class="strong">{total(key.total_spend)}</span></span>
                <span class="toolbar-space"></span>
                <a class="button button-small" href=logs>"View calls"</a>
            </div>
            <Segments name="tab" label="About the key" options=TABS />
            {tab}
        </div>
        {can_write.then(|| view! { <Actions key=key on_gone=on_gone on_change=on_change /> })}
    }
}

/// What the drawer shows of a key, by the word in the URL.
const TABS: &[(&str, &str)] = &[("", "Limits"), ("explain", "Would a call pass?"), ("details", "Details")];

fn facts(key: &KeyView) -> impl IntoView + use<> {
    let limit = |limit: Option<i64>| limit.map_or_else(|| "no limit".to_owned(), format::count);
    let or_never = |moment: Option<_>| moment.map_or_else(|| "never".into_any(), time::full);
    let models = if key.models.is_empty() { "all models".to_owned() } else { key.models.join(", ") };
    let metadata = (!key.metadata.is_empty()).then(|| serde_json::to_string_pretty(&key.metadata).unwrap_or_default());
    view! {
        <h3>"What it may do"</h3>
        <dl class="facts">
            <dt>"Models"</dt><dd>{models}</dd>
            <dt>"Expires"</dt><dd>{or_never(key.expires)}</dd>
            {raised(key)}
            <dt>"Budget resets"</dt><dd>{format::resets(key.budget_duration.as_deref())}</dd>
            <dt>"Requests a minute"</dt><dd class="number">{limit(key.rpm_limit)}</dd>
            <dt>"Tokens a minute"</dt><dd class="number">{limit(key.tpm_limit)}</dd>
            <dt>"Calls at once"</dt><dd class="number">{limit(key.max_parallel_requests)}</dd>
        </dl>
        <h3>"History"</h3>
        <dl class="facts">
            <dt>"Last used"</dt><dd>{or_never(key.last_used_at)}</dd>
            <dt>"Created"</dt><dd>{time::full(key.created_at)}{by(key.created_by.as_deref())}</dd>
            <dt>"Changed"</dt><dd>{time::full(key.updated_at)}{by(key.updated_by.as_deref())}</dd>
        </dl>
        <h3>"Identity"</h3>
        <dl class="facts">
            {is_service_account(key).then(|| view! { <dt>"Kind"</dt><dd>"Service account: of the team, of no person"</dd> })}
            {owner("Owner", key.user_id.as_deref(), USER)}
            {owner("Team", key.team_id.as_deref(), TEAM)}
            {owner("Organization", key.organization_id.as_deref(), ORGANIZATION)}
            {owner("Budget", budget_id(key).as_deref(), BUDGET)}
            <dt>"Key"</dt><dd class="code">{key.key_name.clone()}</dd>
            {key.rotated_at.map(|at| view! { <dt>"Rotated"</dt><dd>{time::full(at)}</dd> })}
            {key.grace_ends_at.map(|at| view! { <dt>"Old secret works until"</dt><dd>{time::full(at)}</dd> })}
            <dt>"Key hash"</dt>
            <dd class="with-button">
                <span class="code ellipsis" title=key.token.clone()>{key.token.clone()}</span>
                <CopyButton text=key.token.clone() label="Copy" />
            </dd>
            {metadata.map(|json| view! { <dt>"Metadata"</dt><dd><pre class="json" tabindex="0">{json}</pre></dd> })}
        </dl>
    }
}

fn raised(key: &KeyView) -> Option<AnyView> {
    let (by, until) = key.temp_budget_increase.zip(key.temp_budget_expiry)?;
    let text = format!("by {} until ", format::money_round(by));
    Some(view! { <dt>"Budget raised"</dt><dd>{text}{time::full(until)}</dd> }.into_any())
}

/// A key of a team that is nobody's.
fn is_service_account(key: &KeyView) -> bool {
    key.team_id.is_some() && key.user_id.is_none()
}

fn by(who: Option<&str>) -> Option<String> {
    who.map(|who| format!(" by {}", format::person(who)))
}

/// What a person is asked about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    Block,
    Delete,
}

#[component]
fn Actions(key: KeyView, on_gone: Callback<()>, on_change: Callback<()>) -> impl IntoView {
    let url = use_url();
    let (asked, is_busy) = (RwSignal::new(None::<Question>), RwSignal::new(false));
    let is_blocked = key.blocked;
    let key = StoredValue::new(key);
    let set_blocked = use_set_blocked(key, asked, is_busy, on_change);
    let delete = use_delete(key, asked, is_busy, on_gone);
    let is_rotating = RwSignal::new(false);
    let close_rotation = Callback::new(move |()| is_rotating.set(false));
    let toggle = move |_| if is_blocked { set_blocked.run(()) } else { asked.set(Some(Question::Block)) };
    let question = move || {
        asked.get().map(|question| {
        let (title, text, action, on_confirm) = match question {
            Question::Block => ("Block", BLOCK_TEXT, "Block key", set_blocked),
            Question::Delete => ("Delete", DELETE_TEXT, "Delete key", delete),
        };
        let title = format!("{title} {}?", key.with_value(name));
        let close = Callback::new(move |()| asked.set(None));
        view! { <Confirm title=title text=text action=action is_busy=is_busy on_confirm=on_confirm on_close=close /> }
    })
    };
    view! {
        <footer class="drawer-footer">
            <button class="button button-quiet-danger" type="button" on:click=move |_| asked.set(Some(Question::Delete))>"Delete"</button>
            <span class="toolbar-space"></span>
            <button class="button" type="button" on:click=move |_| is_rotating.set(true)>"Rotate"</button>
            <button class="button" type="button" disabled=is_busy on:click=toggle>{if is_blocked { "Unblock" } else { "Block" }}</button>
            <button class="button button-primary" type="button" on:click=move |_| url.replace(&[("edit", "1")])>"Edit"</button>
        </footer>
        {question}
        {move || is_rotating.get().then(|| view! { <RotateKey key=key.get_value() on_close=close_rotation on_change=on_change /> })}
    }
}

const BLOCK_TEXT: &str = "Applications that use it are refused at once, until it is unblocked.";
const DELETE_TEXT: &str =
    "Applications that use it are refused at once. What it spent stays in the ledger. This cannot be undone.";

fn use_set_blocked(
    key: StoredValue<KeyView>,
    asked: RwSignal<Option<Question>>,
    is_busy: RwSignal<bool>,
    on_change: Callback<()>,
) -> Callback<()> {
    let toasts = use_toasts();
    Callback::new(move |()| {
        let key = key.get_value();
        is_busy.set(true);
        spawn_local(async move {
            match api::key::set_blocked(&key.token, !key.blocked).await {
                Ok(()) if key.blocked => toasts.done(format!("{} works again.", name(&key))),
                Ok(()) => toasts.done(format!("{} is blocked.", name(&key))),
                Err(error) => toasts.error(error.message),
            }
            let _ = is_busy.try_set(false);
            let _ = asked.try_set(None);
            on_change.try_run(());
        });
    })
}

fn use_delete(
    key: StoredValue<KeyView>,
    asked: RwSignal<Option<Question>>,
    is_busy: RwSignal<bool>,
    on_gone: Callback<()>,
) -> Callback<()> {
    let toasts = use_toasts();
    Callback::new(move |()| {
        let key = key.get_value();
        is_busy.set(true);
        spawn_local(async move {
            let deleted = api::key::delete(&key.token).await;
            let _ = is_busy.try_set(false);
            let _ = asked.try_set(None);
            match deleted {
                Ok(()) => {
                    toasts.done(format!("Deleted {}.", name(&key)));
                    on_gone.try_run(());
                }
                Err(error) => toasts.error(error.message),
            }
        });
    })
}
