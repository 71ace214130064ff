//! One channel: what it tells, how it does, a test, and quiet for a while.

use chrono::TimeDelta;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::alert::{AlertChannel, AlertChannelPatch, AlertChannelTested, ChannelKind, ChannelSource};
use tollgate_openapi::patch::Patch;

use super::{is_muted, leads_to, of, state};
use crate::api;
use crate::browser;
use crate::pages::alert::words;
use crate::ui::badge::{Badge, Tone};
use crate::ui::confirm::Confirm;
use crate::ui::drawer::{Drawer, focus_title};
use crate::ui::location::use_url;
use crate::ui::time;
use crate::ui::toast::use_toasts;

#[component]
pub(super) fn ChannelDetail(
    channel: AlertChannel,
    on_close: Callback<()>,
    on_change: Callback<()>,
    on_gone: Callback<()>,
) -> impl IntoView {
    Effect::new(|_| focus_title());
    let tested = RwSignal::new(None::<AlertChannelTested>);
    let (tone, word) = state(&channel);
    let types: Vec<&str> = channel.alert_types.iter().map(|one| words::type_name(*one)).collect();
    let quiet = channel.quiet_hours.as_ref().map_or_else(
        || "none".to_owned(),
        |hours| {
            let zone = hours.timezone.as_deref().unwrap_or("the gateway's time");
            format!("{} to {}, {zone}", hours.start, hours.end)
        },
    );
    let signed = match (channel.kind, channel.is_signed) {
        (ChannelKind::Webhook, true) => Some("as Standard Webhooks say"),
        (ChannelKind::Webhook, false) => Some("not: set tollgate_settings.alert_webhook_secret"),
        _ => None,
    };
    let failing = channel.failing_since.map(|since| {
        let error = channel.last_error.clone().unwrap_or_default();
        view! { <p class="notice notice-bad">"It takes nothing since "{time::full(since)}": "{error}</p> }
    });
    let muted = is_muted(&channel).then_some(channel.muted_until).flatten();
    let muted = muted.map(|until| view! { <p class="notice">"Muted until "{time::full(until)}"."</p> });
    view! {
        <Drawer title=Signal::stored(channel.name.clone()) on_close=on_close>
            <div class="drawer-body">
                <div class="detail-head"><Badge tone=tone text=word /></div>
                {failing}
                {muted}
                <TestResult tested=tested />
                <dl class="facts">
                    <dt>"Kind"</dt><dd>{words::kind_name(channel.kind)}</dd>
                    <dt>"Leads to"</dt><dd class="wrap">{match channel.email_to.len() { 0 => leads_to(&channel), _ => channel.email_to.join(", ") }}</dd>
                    <dt>"Of"</dt><dd>{of(&channel)}</dd>
                    <dt>"Tells"</dt><dd class="wrap">{types.join(", ")}</dd>
                    <dt>"From level"</dt><dd>{words::level(channel.min_level).1}</dd>
                    <dt>"At most"</dt><dd>{channel.messages_per_minute}" messages a minute, what is more as a digest"</dd>
                    <dt>"Quiet hours"</dt><dd>{quiet}</dd>
                    {signed.map(|signed| view! { <dt>"Signed"</dt><dd>{signed}</dd> })}
                    <dt>"Set in"</dt><dd>{if channel.source == ChannelSource::Config { "settings" } else { "console" }}</dd>
                </dl>
                <Mute channel_id=channel.channel_id.clone() is_muted=is_muted(&channel) on_change=on_change />
            </div>
            <Actions channel=channel tested=tested on_gone=on_gone />
        </Drawer>
    }
}

#[component]
fn TestResult(tested: RwSignal<Option<AlertChannelTested>>) -> impl IntoView {
    let shown = move || {
        tested.get().map(|tested| {
            let (tone, word) = if tested.is_sent { (Tone::Good, "It was taken") } else { (Tone::Bad, "Not taken") };
            view! { <p><Badge tone=tone text=word /> " " {tested.error.unwrap_or_default()}</p> }
        })
    };
    view! { <div role="status">{shown}</div> }
}

/// Quiet for a while: for whoever works on what the channel tells of.
#[component]
fn Mute(channel_id: String, is_muted: bool, on_change: Callback<()>) -> impl IntoView {
    let toasts = use_toasts();
    let id = StoredValue::new(channel_id);
    let mute = move |hours: Option<i64>| {
        let until = hours.map(|hours| browser::now() + TimeDelta::hours(hours));
        let change = AlertChannelPatch {
            channel_id: id.get_value(),
            muted_until: until.map_or(Patch::Clear, Patch::Set),
            ..AlertChannelPatch::default()
        };
        spawn_local(async move {
            match api::alert::update(&change).await {
                Ok(channel) => {
                    let done = if hours.is_some() { "is muted" } else { "tells alerts again" };
                    toasts.done(format!("{} {done}.", channel.name));
                    on_change.try_run(());
                }
                Err(error) => toasts.error(error.message),
            }
        });
    };
    let button = move |text: &'static str, hours: Option<i64>| {
        view! { <button class="button" type="button" on:click=move |_| mute(hours)>{text}</button> }
    };
    let choices = match is_muted {
        true => button("Tell alerts again", None).into_any(),
        false => {
            let choices = [("1 hour", 1), ("8 hours", 8), ("1 day", 24)];
            choices.map(|(text, hours)| button(text, Some(hours))).collect_view().into_any()
        }
    };
    view! {
        <h3>"Mute"</h3>
        <p class="hint">"Alerts of that time are not told here later either; they stay in the history."</p>
        <div class="toolbar">{choices}</div>
    }
}

#[component]
fn Actions(
    channel: AlertChannel,
    tested: RwSignal<Option<AlertChannelTested>>,
    on_gone: Callback<()>,
) -> impl IntoView {
    let (url, toasts) = (use_url(), use_toasts());
    let (is_asked, is_busy) = (RwSignal::new(false), RwSignal::new(false));
    let is_ours = channel.source == ChannelSource::Database;
    let channel = StoredValue::new(channel);
    let id = move || channel.with_value(|channel| channel.channel_id.clone());
    let test = move |_| {
        tested.set(None);
        is_busy.set(true);
        spawn_local(async move {
            let came = api::alert::test(id()).await;
            let _ = is_busy.try_set(false);
            match came {
                Ok(came) => {
                    let _ = tested.try_set(Some(came));
                }
                Err(error) => toasts.error(error.message),
            }
        });
    };
    let delete = Callback::new(move |()| {
        is_busy.set(true);
        spawn_local(async move {
            let deleted = api::alert::delete(id()).await;
            let _ = is_busy.try_set(false);
            let _ = is_asked.try_set(false);
            match deleted {
                Ok(deleted) => {
                    toasts.done(deleted.message);
                    on_gone.try_run(());
                }
                Err(error) => toasts.error(error.message),
            }
        });
    });
    let question = move || {
        is_asked.get().then(|| {
            let title = channel.with_value(|channel| format!("Delete {}?", channel.name));
            let text = "Alerts are told there no more, also those that wait. The history stays.";
            view! { <Confirm title=title text=text action="Delete channel" is_busy=is_busy on_confirm=delete on_close=Callback::new(move |()| is_asked.set(false)) /> }
        })
    };
    view! {
        <footer class="drawer-footer">
            {is_ours.then(|| view! { <button class="button button-quiet-danger" type="button" on:click=move |_| is_asked.set(true)>"Delete"</button> })}
            <span class="toolbar-space"></span>
            <button class="button" type="button" disabled=is_busy on:click=test>"Send a test"</button>
            {is_ours.then(|| view! { <button class="button button-primary" type="button" on:click=move |_| url.replace(&[("edit", "1")])>"Edit"</button> })}
        </footer>
        {question}
    }
}
