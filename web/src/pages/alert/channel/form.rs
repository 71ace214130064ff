//! A channel's form, with only the fields that its kind needs.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::alert::{
    AlertChannel, AlertChannelCreate, AlertChannelPatch, AlertLevel, AlertType, ChannelKind,
};

use super::draft::Draft;
use crate::api;
use crate::app::use_session;
use crate::pages::alert::words;
use crate::pages::owner::OwnerField;
use crate::ui::copy::CopyButton;
use crate::ui::drawer::{Drawer, focus_title};
use crate::ui::field::{ChipsField, SelectField, TextField};
use crate::ui::form::{FormAlert, FormState};
use crate::ui::toast::{Toasts, use_toasts};
use crate::url::parse_word;

/// The fields' wire names.
const FIELDS: &[&[&str]] = &[&[
    "name",
    "url",
    "routing_key",
    "email_to",
    "organization_id",
    "alert_types",
    "messages_per_minute",
    "quiet_hours",
    "quiet_start",
    "quiet_end",
]];

#[derive(Clone, Copy)]
struct Fields {
    kind: RwSignal<String>,
    name: RwSignal<String>,
    url: RwSignal<String>,
    routing_key: RwSignal<String>,
    email_to: RwSignal<Vec<String>>,
    of: RwSignal<String>,
    alert_types: RwSignal<Vec<String>>,
    min_level: RwSignal<String>,
    messages_per_minute: RwSignal<String>,
    quiet_start: RwSignal<String>,
    quiet_end: RwSignal<String>,
    quiet_zone: RwSignal<String>,
}

impl Fields {
    fn new(draft: Draft) -> Self {
        Self {
            kind: RwSignal::new(draft.kind.name().to_owned()),
            name: RwSignal::new(draft.name),
            url: RwSignal::new(draft.url),
            routing_key: RwSignal::new(draft.routing_key),
            email_to: RwSignal::new(draft.email_to),
            of: RwSignal::new(draft.of),
            alert_types: RwSignal::new(draft.alert_types),
            min_level: RwSignal::new(draft.min_level),
            messages_per_minute: RwSignal::new(draft.messages_per_minute),
            quiet_start: RwSignal::new(draft.quiet_start),
            quiet_end: RwSignal::new(draft.quiet_end),
            quiet_zone: RwSignal::new(draft.quiet_zone),
        }
    }

    fn draft(self) -> Draft {
        Draft {
            kind: self.kind.with_untracked(|kind| ChannelKind::named(kind)).unwrap_or(ChannelKind::Slack),
            name: self.name.get_untracked(),
            url: self.url.get_untracked(),
            routing_key: self.routing_key.get_untracked(),
            email_to: self.email_to.get_untracked(),
            of: self.of.get_untracked(),
            alert_types: self.alert_types.get_untracked(),
            min_level: self.min_level.get_untracked(),
            messages_per_minute: self.messages_per_minute.get_untracked(),
            quiet_start: self.quiet_start.get_untracked(),
            quiet_end: self.quiet_end.get_untracked(),
            quiet_zone: self.quiet_zone.get_untracked(),
        }
    }
}

/// A new channel, or a change of one.
#[component]
pub(super) fn ChannelForm(
    /// What it is now; none: a new one.
    before: Option<AlertChannel>,
    on_close: Callback<()>,
    on_change: Callback<()>,
) -> impl IntoView {
    let (fields, state) = (Fields::new(before.as_ref().map(Draft::from).unwrap_or_default()), FormState::new(FIELDS));
    let (is_new, secret) = (before.is_none(), RwSignal::new(None::<String>));
    let form = Form { state, toasts: use_toasts(), secret, on_close, on_change };
    let before = StoredValue::new(before);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let draft = fields.draft();
        let understood = match before.get_value() {
            Some(before) => draft.patch(&before).map(|change| update(change, form)),
            None => draft.create().map(|channel| create(channel, form)),
        };
        if let Err(errors) = understood {
            state.refuse(errors);
        }
    };
    let title = Signal::derive(move || {
        let title = match (secret.with(Option::is_some), is_new) {
            (true, _) => "Channel added",
            (false, true) => "Add a channel",
            (false, false) => "Change the channel",
        };
        title.to_owned()
    });
    view! {
        <Drawer title=title is_sticky=true is_form=true on_close=on_close>
            {move || match secret.get() {
                Some(secret) => secret_view(secret, on_close),
                None => view! {
                    <form class="drawer-form" on:submit=submit novalidate>
                        <div class="drawer-body">
                            <FormAlert state=state />
                            <Place fields=fields state=state is_new=is_new />
                            <What fields=fields state=state />
                        </div>
                        <footer class="drawer-footer">
                            <span class="toolbar-space"></span>
                            <button class="button" type="button" on:click=move |_| on_close.run(())>"Cancel"</button>
                            <button class="button button-primary" type="submit" disabled=state.is_busy>"Save"</button>
                        </footer>
                    </form>
                }.into_any(),
            }}
        </Drawer>
    }
}

/// What becomes of a form.
#[derive(Clone, Copy)]
struct Form {
    state: FormState,
    toasts: Toasts,
    /// With what a new webhook signs, once it is made.
    secret: RwSignal<Option<String>>,
    on_close: Callback<()>,
    on_change: Callback<()>,
}

impl Form {
    fn saved(self, name: &str) {
        self.toasts.done(format!("Saved {name}."));
        self.on_change.try_run(());
    }
}

fn update(change: AlertChannelPatch, form: Form) {
    form.state.is_busy.set(true);
    spawn_local(async move {
        match api::alert::update(&change).await {
            Ok(channel) => {
                form.saved(&channel.name);
                form.on_close.try_run(());
            }
            Err(error) => form.state.fail(error),
        }
    });
}

/// What a new channel signs with stays on show until it is copied; without one there is nothing more to see.
fn create(channel: AlertChannelCreate, form: Form) {
    form.state.is_busy.set(true);
    spawn_local(async move {
        match api::alert::create(&channel).await {
            Ok(created) => {
                form.saved(&created.channel.name);
                if created.signing_secret.is_some() {
                    let _ = form.secret.try_set(created.signing_secret);
                    focus_title();
                } else {
                    form.on_close.try_run(());
                }
            }
            Err(error) => form.state.fail(error),
        }
    });
}

/// With what the webhook's messages are signed, shown once.
fn secret_view(secret: String, on_close: Callback<()>) -> AnyView {
    view! {
        <div class="drawer-body">
            <p class="notice">"Messages are signed as Standard Webhooks say, with this secret. It is not shown again."</p>
            <div class="secret">
                <output class="code" aria-label="Signing secret">{secret.clone()}</output>
                <CopyButton text=secret label="Copy" />
            </div>
        </div>
        <footer class="drawer-footer">
            <span class="toolbar-space"></span>
            <button class="button button-primary" type="button" on:click=move |_| on_close.run(())>"Done"</button>
        </footer>
    }
    .into_any()
}

/// Where it leads.
#[component]
fn Place(fields: Fields, state: FormState, is_new: bool) -> impl IntoView {
    let kinds = ChannelKind::ALL.map(|kind| (kind.name().to_owned(), words::kind_name(kind).to_owned()));
    let kept = if is_new { "It is sealed, and never shown again." } else { "Left empty, it stays as it is." };
    let own = move || {
        match fields.kind.with(|kind| ChannelKind::named(kind)).unwrap_or(ChannelKind::Slack) {
        ChannelKind::Email => {
            let nothing = Signal::stored(Vec::<String>::new());
            view! { <ChipsField label="Addresses" name="email_to" values=fields.email_to errors=state.errors suggestions=nothing everything="none yet" hint="Press Enter after each." /> }.into_any()
        }
        ChannelKind::Pagerduty => view! {
            <TextField label="Integration key" name="routing_key" value=fields.routing_key errors=state.errors kind="password" autocomplete="new-password" hint=kept />
            <TextField label="Address" name="url" value=fields.url errors=state.errors kind="url" placeholder="https://events.eu.pagerduty.com/v2/enqueue" hint="Only where it is not PagerDuty's usual one." />
        }
        .into_any(),
        kind => {
            let placeholder = match kind {
                ChannelKind::Slack => "https://hooks.slack.com/services/…",
                ChannelKind::Discord => "https://discord.com/api/webhooks/…",
                ChannelKind::Teams => "https://….logic.azure.com/workflows/…",
                _ => "https://alerts.acme.com/tollgate",
            };
            view! { <TextField label="Address" name="url" value=fields.url errors=state.errors kind="url" placeholder=placeholder hint=kept /> }.into_any()
        }
    }
    };
    let kind = is_new.then(|| {
        view! {
            <SelectField label="Kind" name="kind" value=fields.kind options=kinds.to_vec() on_choose=Callback::new(move |kind| fields.kind.set(kind)) />
        }
    });
    view! {
        {kind}
        <TextField label="Name" name="name" value=fields.name errors=state.errors placeholder="On call" autofocus=true />
        {own}
        {is_new.then(|| view! { <Of fields=fields state=state /> })}
    }
}

/// Whose alerts it tells.
#[component]
fn Of(fields: Fields, state: FormState) -> impl IntoView {
    let none = if use_session().is_admin() { "The whole gateway" } else { "Choose…" };
    view! { <OwnerField label="Tells alerts of" name="organization_id" value=fields.of errors=state.errors none=none /> }
}

/// What it tells, and when.
#[component]
fn What(fields: Fields, state: FormState) -> impl IntoView {
    let types = Signal::stored(AlertType::ALL.map(|one| one.name().to_owned()).to_vec());
    let levels = AlertLevel::ALL.map(|level| (level.name().to_owned(), words::level(level).1.to_owned()));
    let choose = Callback::new(move |level: String| {
        if parse_word::<AlertLevel>(&level).is_some() {
            fields.min_level.set(level);
        }
    });
    view! {
        <h3>"What is told"</h3>
        <ChipsField label="Types of alerts" name="alert_types" values=fields.alert_types errors=state.errors suggestions=types everything="as the settings say" />
        <SelectField label="From level" name="min_level" value=fields.min_level options=levels.to_vec() on_choose=choose />
        <TextField label="Messages a minute" name="messages_per_minute" value=fields.messages_per_minute errors=state.errors inputmode="numeric" hint="What is more comes as one message." />
        <h3>"Quiet hours"</h3>
        <p class="hint">"Only what is bad is told then; the rest waits for their end."</p>
        <TextField label="From" name="quiet_start" value=fields.quiet_start errors=state.errors placeholder="22:00" />
        <TextField label="To" name="quiet_end" value=fields.quiet_end errors=state.errors placeholder="07:00" />
        <TextField label="Time zone" name="quiet_hours" value=fields.quiet_zone errors=state.errors placeholder="Europe/Berlin" hint="Left empty: the gateway's." />
    }
}
