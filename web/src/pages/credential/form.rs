//! A credential's form, for a new one and for a change.

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Map, Value};
use tollgate_openapi::credential::{CredentialCreate, CredentialPatch, CredentialView};
use tollgate_openapi::provider::{FieldKind, PROVIDERS};

use crate::api;
use crate::keyed::{json_object, keyed};
use crate::pages::model::draft::sheet;
use crate::pages::model::form::{FIELDS as MODEL_FIELDS, field_views, signals, texts, without_sections};
use crate::ui::drawer::Drawer;
use crate::ui::field::{SelectField, TextField};
use crate::ui::form::{FormAlert, FormState};
use crate::ui::toast::use_toasts;

/// The note that says whose credential it is: LiteLLM's.
const PROVIDER: &str = "custom_llm_provider";
/// The fields' names.
const FIELDS: &[&[&str]] = &[&["credential_name"], MODEL_FIELDS_OF_PROVIDERS];
const MODEL_FIELDS_OF_PROVIDERS: &[&str] = match MODEL_FIELDS {
    [fields, ..] => fields,
    [] => &[],
};

/// The fields of a provider that go into a credential: those that are typed into.
fn typed(provider: &str, values: &BTreeMap<&'static str, RwSignal<String>>) -> Map<String, Value> {
    let fields = sheet(provider).map_or(&[][..], |sheet| sheet.fields);
    let texts = texts(values);
    let mut filled = fields.iter().filter_map(|field| {
        let text = texts.get(field.name).map(|text| text.trim()).filter(|text| !text.is_empty())?;
        Some((field.name.to_owned(), Value::String(text.to_owned())))
    });
    json_object(&mut filled)
}

#[component]
pub(crate) fn CreateCredential(on_close: Callback<()>, on_created: Callback<()>) -> impl IntoView {
    let toasts = use_toasts();
    let state = FormState::new(FIELDS);
    let name = RwSignal::new(String::new());
    let provider = RwSignal::new(PROVIDERS.first().map_or("", |sheet| sheet.prefix).to_owned());
    let values = StoredValue::new(signals(&BTreeMap::new()));
    let choose = Callback::new(move |prefix| provider.set(prefix));
    let options = PROVIDERS.iter().map(|sheet| (sheet.prefix.to_owned(), sheet.name.to_owned())).collect();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let prefix = provider.get_untracked();
        let body = CredentialCreate {
            credential_name: name.get_untracked().trim().to_owned(),
            credential_values: values.with_value(|values| typed(&prefix, values)),
            credential_info: Map::from_iter([(PROVIDER.to_owned(), Value::String(prefix))]),
        };
        state.is_busy.set(true);
        spawn_local(async move {
            match api::credential::create(&body).await {
                Ok(()) => {
                    toasts.done(format!("Added the credential {}.", body.credential_name));
                    on_created.try_run(());
                }
                Err(error) => state.fail(without_sections(error)),
            }
        });
    };
    view! {
        <Drawer title=Signal::stored("Add credential".to_owned()) is_sticky=true is_form=true on_close=on_close>
            <form class="drawer-form" on:submit=submit novalidate>
                <div class="drawer-body">
                    <FormAlert state=state />
                    <TextField label="Name" name="credential_name" value=name errors=state.errors placeholder="anthropic-production" hint="Models name it by it. It does not change later." autofocus=true />
                    <SelectField label="Provider" name="provider" value=provider options=options on_choose=choose />
                    {move || {
                        let fields = sheet(&provider.get()).map_or(&[][..], |sheet| sheet.fields);
                        values.with_value(|values| field_views(fields, values, state, true))
                    }}
                </div>
                <footer class="drawer-footer">
                    <button class="button" type="button" on:click=move |_| on_close.run(())>"Cancel"</button>
                    <button class="button button-primary" type="submit" disabled=state.is_busy>"Add credential"</button>
                </footer>
            </form>
        </Drawer>
    }
}

/// Its provider, as it was noted when it was made, or as its values tell.
fn provider_of(credential: &CredentialView) -> String {
    let noted = credential.credential_info.get(PROVIDER).and_then(Value::as_str);
    let noted = noted.filter(|noted| sheet(noted).is_some()).map(str::to_owned);
    let has_all = |fields: &[tollgate_openapi::provider::ProviderField]| {
        credential.credential_values.keys().all(|name| fields.iter().any(|field| field.name == name))
    };
    noted
        .or_else(|| PROVIDERS.iter().find(|one| has_all(one.fields)).map(|one| one.prefix.to_owned()))
        .unwrap_or_default()
}

#[component]
pub(crate) fn EditCredential(
    credential: CredentialView,
    /// Back to the details; called after saving too.
    on_done: Callback<()>,
    on_change: Callback<()>,
) -> impl IntoView {
    let toasts = use_toasts();
    let state = FormState::new(FIELDS);
    let provider = provider_of(&credential);
    let fields = sheet(&provider).map_or(&[][..], |sheet| sheet.fields);
    let plain = fields.iter().filter(|field| field.kind == FieldKind::Text);
    let known = |name: &str| credential.credential_values.get(name).and_then(Value::as_str).map(str::to_owned);
    let before = keyed(&mut plain.filter_map(|field| Some((field.name, known(field.name)?))));
    let values = StoredValue::new(signals(&before));
    let (name, seen) = (credential.credential_name, credential.updated_at);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let mut changed = values.with_value(|values| typed(&provider, values));
        for (field, former) in &before {
            match changed.get(*field).and_then(Value::as_str) {
                Some(now) if now == former => drop(changed.remove(*field)),
                Some(_) => {}
                None => drop(changed.insert((*field).to_owned(), Value::Null)),
            }
        }
        let patch = CredentialPatch { credential_values: changed, ..CredentialPatch::default() };
        let name = name.clone();
        state.is_busy.set(true);
        spawn_local(async move {
            match api::credential::update(&name, &patch, seen).await {
                Ok(()) => {
                    toasts.done(format!("Saved {name}."));
                    on_change.try_run(());
                    on_done.try_run(());
                }
                Err(error) => state.fail(without_sections(error)),
            }
        });
    };
    view! {
        <form class="drawer-form" on:submit=submit novalidate>
            <div class="drawer-body">
                <FormAlert state=state />
                <p class="muted">"A change is in force at once for all models that name it."</p>
                {values.with_value(|values| field_views(fields, values, state, false))}
            </div>
            <footer class="drawer-footer">
                <button class="button" type="button" on:click=move |_| on_done.run(())>"Cancel"</button>
                <button class="button button-primary" type="submit" disabled=state.is_busy>"Save"</button>
            </footer>
        </form>
    }
}
