//! One setting: what it means, its value, where that comes from, and a field to change it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use tollgate_openapi::settings::{ConfigFieldQuery, ConfigFieldUpdate, SettingSource, SettingType, SettingView};

use super::value::{read, text_of};
use crate::api;
use crate::app::use_session;
use crate::ui::badge::{Badge, Tone};
use crate::ui::toast::use_toasts;

/// Somebody else has changed it.
const STATUS_CONFLICT: u16 = 409;

/// What a row knows besides its setting.
#[derive(Clone, Copy)]
struct Editing {
    setting: RwSignal<SettingView>,
    draft: RwSignal<String>,
    error: RwSignal<Option<String>>,
    is_busy: RwSignal<bool>,
}

#[component]
pub(crate) fn SettingRow(
    setting: SettingView,
    /// The setting above it has the same description.
    is_described: bool,
    /// It has another value now.
    on_changed: Callback<SettingView>,
) -> impl IntoView {
    let is_editable = setting.editable && use_session().is_admin();
    let description = (!is_described).then(|| view! { <p class="hint">{setting.field_description.clone()}</p> });
    let (name, id) = (setting.field_name.clone(), id_of(&setting.field_name));
    let editing = Editing {
        draft: RwSignal::new(text_of(&setting.field_value)),
        error: RwSignal::new(None),
        is_busy: RwSignal::new(false),
        setting: RwSignal::new(setting),
    };
    let value = if is_editable { form_view(editing, on_changed) } else { fixed_view(editing) };
    view! {
        <div class="setting" class:setting-joined=is_described data-setting=name.clone()>
            <div class="setting-name">
                <code id=id>{name.clone()}</code>
                {description}
            </div>
            <div class="setting-value">
                {value}
                <div class="setting-source">{move || source_view(&editing.setting.get())}</div>
            </div>
        </div>
    }
}

fn id_of(name: &str) -> String {
    format!("setting-{name}")
}

/// Where a value comes from.
fn source_view(setting: &SettingView) -> AnyView {
    let (tone, text) = match (setting.source, &setting.place) {
        (SettingSource::Database, _) => {
            let by = setting.updated_by.as_deref().map(|by| format!(", by {by}")).unwrap_or_default();
            (Tone::Good, format!("set here{by}"))
        }
        (SettingSource::File, place) => (Tone::Neutral, place.clone().unwrap_or_default()),
        (SettingSource::Environment, place) => {
            (Tone::Neutral, format!("variable {}", place.as_deref().unwrap_or_default()))
        }
        (SettingSource::Default, _) => (Tone::Neutral, "default".to_owned()),
    };
    let waits = setting.waits_for_restart.then(|| view! { <Badge tone=Tone::Warning text="waits for a restart" /> });
    view! { <Badge tone=tone text=text /> {waits} }.into_any()
}

/// A value that takes effect only at a start.
fn fixed_view(editing: Editing) -> AnyView {
    let setting = editing.setting.get_untracked();
    let text = text_of(&setting.field_value);
    let shown = if text.is_empty() {
        view! { <span class="muted">"not set"</span> }.into_any()
    } else {
        view! { <code>{text}</code> }.into_any()
    };
    let variable = match (setting.source, &setting.place) {
        (SettingSource::Default, Some(variable)) => format!(" or by {variable}"),
        _ => String::new(),
    };
    let hint = (!setting.editable).then(|| {
        view! { <p class="hint">{format!("Takes effect at a start: set it in config.yaml{variable}.")}</p> }
    });
    view! { <div class="setting-fixed">{shown}</div> {hint} }.into_any()
}

fn form_view(editing: Editing, on_changed: Callback<SettingView>) -> AnyView {
    let Editing { setting, draft, error, is_busy } = editing;
    let name = setting.with_untracked(|setting| setting.field_name.clone());
    let is_changed = Memo::new(move |_| draft.get().trim() != setting.with(|setting| text_of(&setting.field_value)));
    let is_stored = Memo::new(move |_| setting.with(|setting| setting.stored_in_db));
    let toasts = use_toasts();
    let send = move |value: Value| {
        let body = setting.with_untracked(|setting| wish(setting, value));
        is_busy.set(true);
        error.set(None);
        spawn_local(async move {
            match api::settings::update(&body).await {
                Ok(changed) => {
                    let _ = draft.try_set(text_of(&changed.setting.field_value));
                    show(editing, changed.setting, on_changed);
                    toasts.done(format!("{} is in force", body.field_name));
                }
                Err(failure) => {
                    let mut message = without_path(&failure.message, &body.field_name);
                    if failure.status == STATUS_CONFLICT {
                        message.push_str(&current(editing, on_changed, &body).await);
                    }
                    let _ = error.try_set(Some(message));
                }
            }
            let _ = is_busy.try_set(false);
        });
    };
    let save = move || match read(&draft.get_untracked(), setting.with_untracked(|setting| setting.field_type)) {
        Ok(value) => send(value),
        Err(problem) => error.set(Some(problem)),
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        save();
    };
    let buttons = move || {
        let (is_changed, is_stored) = (is_changed.get(), is_stored.get());
        view! {
            {is_changed.then(|| view! {
                <button class="button button-small button-primary" type="submit" disabled=is_busy>"Save"</button>
            })}
            {(is_stored && !is_changed).then(|| view! {
                <button class="button button-small" type="button" disabled=is_busy on:click=move |_| send(Value::Null)>
                    "Use config.yaml's"
                </button>
            })}
        }
    };
    view! {
        <form class="setting-form" on:submit=submit>
            {input_view(editing, &name)}
            <span class="setting-buttons">{buttons}</span>
        </form>
        <p class="field-error" id=format!("{}-error", id_of(&name)) role="alert">{error}</p>
    }
    .into_any()
}

fn show(editing: Editing, setting: SettingView, on_changed: Callback<SettingView>) {
    on_changed.run(setting.clone());
    let _ = editing.setting.try_set(setting);
}

/// Shows what somebody else has made of the setting; what was typed stays.
async fn current(editing: Editing, on_changed: Callback<SettingView>, body: &ConfigFieldUpdate) -> String {
    let query = ConfigFieldQuery { field_name: body.field_name.clone(), config_type: body.config_type };
    let Ok(setting) = api::settings::info(&query).await else { return String::new() };
    let text = text_of(&setting.field_value);
    show(editing, setting, on_changed);
    format!(" (it is {text} now)")
}

/// What is asked of the server: the version that was seen goes along.
fn wish(setting: &SettingView, field_value: Value) -> ConfigFieldUpdate {
    ConfigFieldUpdate {
        field_name: setting.field_name.clone(),
        field_value,
        config_type: setting.config_type,
        version: Some(setting.version),
    }
}

/// The message without the name of the setting beside which it stands.
fn without_path(message: &str, name: &str) -> String {
    match message.split_once(": ") {
        Some((path, rest)) if path.ends_with(name) => rest.to_owned(),
        _ => message.to_owned(),
    }
}

fn input_view(editing: Editing, name: &str) -> AnyView {
    let Editing { setting, draft, error, .. } = editing;
    let (label, described_by) = (id_of(name), format!("{}-error", id_of(name)));
    let is_wrong = move || error.with(Option::is_some).then_some("true");
    let setting = setting.get_untracked();
    let choices = match setting.field_type {
        SettingType::Boolean => vec!["true".to_owned(), "false".to_owned()],
        _ => setting.choices.clone(),
    };
    if !choices.is_empty() {
        let none = setting.field_default_value.is_null().then(String::new);
        let options = none
            .into_iter()
            .chain(choices)
            .map(|choice| {
                let text = if choice.is_empty() { "not set".to_owned() } else { choice.clone() };
                let is_chosen = {
                    let choice = choice.clone();
                    Memo::new(move |_| draft.with(|draft| *draft == choice))
                };
                view! { <option value=choice selected=is_chosen prop:selected=is_chosen>{text}</option> }
            })
            .collect_view();
        return view! {
            <select
                class="input"
                aria-labelledby=label
                aria-describedby=described_by
                aria-invalid=is_wrong
                on:change=move |event| draft.set(event_target_value(&event))
            >
                {options}
            </select>
        }
        .into_any();
    }
    if matches!(setting.field_type, SettingType::List | SettingType::Dict) {
        return view! {
            <textarea
                class="input code"
                rows="2"
                spellcheck="false"
                aria-labelledby=label
                aria-describedby=described_by
                aria-invalid=is_wrong
                prop:value=draft
                on:input=move |event| draft.set(event_target_value(&event))
            ></textarea>
        }
        .into_any();
    }
    let inputmode = if setting.field_type == SettingType::Number { "decimal" } else { "text" };
    view! {
        <input
            class="input"
            inputmode=inputmode
            autocomplete="off"
            autocapitalize="off"
            spellcheck="false"
            placeholder="not set"
            aria-labelledby=label
            aria-describedby=described_by
            aria-invalid=is_wrong
            prop:value=draft
            on:input=move |event| draft.set(event_target_value(&event))
        />
    }
    .into_any()
}
