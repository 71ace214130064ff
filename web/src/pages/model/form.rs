//! The form of a deployment: its provider's fields and no others, tried before it is saved.

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Map, Value};
use tollgate_openapi::model::{ModelTest, ModelTestStatus, ModelTested};
use tollgate_openapi::provider::{FieldKind, PROVIDERS, ProviderField};

use crate::api;
use crate::api::ApiError;
use crate::format;
use crate::keyed::{json_object, keyed};
use crate::pages::model::draft::{Draft, Sent, sheet};
use crate::ui::field::{ChipsField, CodeField, SelectField, TextField};
use crate::ui::form::{FormAlert, FormState};
use crate::ui::load::Load;

/// The fields' names, as errors have them without their section.
pub(crate) const FIELDS: &[&[&str]] = &[&[
    "provider",
    "model",
    "model_name",
    "litellm_credential_name",
    "rpm",
    "tpm",
    "access_groups",
    "other",
    "api_key",
    "api_base",
    "api_version",
    "organization",
    "tenant_id",
    "client_id",
    "client_secret",
    "aws_region_name",
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_role_name",
    "vertex_project",
    "vertex_location",
    "vertex_credentials",
]];

/// The fields as signals.
#[derive(Clone, Copy)]
pub(crate) struct ModelForm {
    pub(crate) state: FormState,
    provider: RwSignal<String>,
    model: RwSignal<String>,
    name: RwSignal<String>,
    credential: RwSignal<String>,
    values: StoredValue<BTreeMap<&'static str, RwSignal<String>>>,
    rpm: RwSignal<String>,
    tpm: RwSignal<String>,
    access_groups: RwSignal<Vec<String>>,
    other: RwSignal<String>,
}

impl ModelForm {
    pub(crate) fn new(draft: Draft) -> Self {
        Self {
            state: FormState::new(FIELDS),
            values: StoredValue::new(signals(&draft.values)),
            provider: RwSignal::new(draft.provider),
            model: RwSignal::new(draft.model),
            name: RwSignal::new(draft.name),
            credential: RwSignal::new(draft.credential),
            rpm: RwSignal::new(draft.rpm),
            tpm: RwSignal::new(draft.tpm),
            access_groups: RwSignal::new(draft.access_groups),
            other: RwSignal::new(draft.other),
        }
    }

    /// What is typed now.
    pub(crate) fn draft(self) -> Draft {
        Draft {
            provider: self.provider.get_untracked(),
            model: self.model.get_untracked(),
            name: self.name.get_untracked(),
            credential: self.credential.get_untracked(),
            values: self.values.with_value(texts),
            rpm: self.rpm.get_untracked(),
            tpm: self.tpm.get_untracked(),
            access_groups: self.access_groups.get_untracked(),
            other: self.other.get_untracked(),
        }
    }

    /// Shows what the server found wrong, on its field where there is one.
    pub(crate) fn fail(self, error: ApiError) {
        self.state.fail(without_sections(error));
    }
}

/// A signal for every field of every provider, so that what was typed stays when another provider is looked at.
pub(crate) fn signals(values: &BTreeMap<&'static str, String>) -> BTreeMap<&'static str, RwSignal<String>> {
    let fields = PROVIDERS.iter().flat_map(|sheet| sheet.fields);
    keyed(&mut fields.map(|field| (field.name, RwSignal::new(values.get(field.name).cloned().unwrap_or_default()))))
}

pub(crate) fn texts(values: &BTreeMap<&'static str, RwSignal<String>>) -> BTreeMap<&'static str, String> {
    keyed(&mut values.iter().map(|(name, value)| (*name, value.get_untracked())))
}

/// The server calls a field `litellm_params.api_base`; here it is `api_base`.
pub(crate) fn without_sections(mut error: ApiError) -> ApiError {
    let own = |name: String| name.rsplit_once('.').map_or(name.clone(), |(_, own)| own.to_owned());
    let fields = std::mem::take(&mut error.fields).into_iter();
    error.fields = keyed(&mut fields.map(|(name, text)| (own(name), text)));
    error
}

/// The form around its fields.
#[component]
pub(crate) fn ModelFields(
    form: ModelForm,
    /// The verb on the button.
    action: &'static str,
    /// The deployment that is changed, with what it is; `None`: a new one.
    saved: Option<(String, Draft)>,
    on_submit: Callback<Sent>,
    on_cancel: Callback<()>,
) -> impl IntoView {
    let (id, before) = saved.unzip();
    let is_new = id.is_none();
    let before = StoredValue::new(before.unwrap_or_default());
    let sent = move || {
        let sent = before.with_value(|before| form.draft().to_patch(before));
        sent.map_err(|errors| form.state.refuse(errors)).ok()
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(sent) = sent() {
            on_submit.run(sent);
        }
    };
    let provider = form.provider;
    let choose_provider = Callback::new(move |prefix| provider.set(prefix));
    let mut providers: Vec<(String, String)> =
        PROVIDERS.iter().map(|sheet| (sheet.prefix.to_owned(), sheet.name.to_owned())).collect();
    if provider.with_untracked(String::is_empty) {
        providers.insert(0, (String::new(), "As written in the model's name".to_owned()));
    }
    let errors = form.state.errors;
    view! {
        <form class="drawer-form" on:submit=submit novalidate>
            <div class="drawer-body">
                <FormAlert state=form.state />
                <SelectField label="Provider" name="provider" value=provider options=providers on_choose=choose_provider />
                <TextField label="Model" name="model" value=form.model errors=errors hint="As the provider calls it." autofocus=true />
                <TextField label="Public name" name="model_name" value=form.name errors=errors hint="What applications ask for. Left empty, the same. Deployments of one name share its calls." />
                <CredentialChoice form=form />
                {move || provider_fields(&provider.get(), form, is_new)}
                <details class="more">
                    <summary>"Limits, groups and other parameters"</summary>
                    <TextField label="Requests a minute" name="rpm" value=form.rpm errors=errors inputmode="numeric" placeholder="no limit" />
                    <TextField label="Tokens a minute" name="tpm" value=form.tpm errors=errors inputmode="numeric" placeholder="no limit" />
                    <ChipsField label="Access groups" name="access_groups" values=form.access_groups errors=errors suggestions=Signal::stored(Vec::new()) everything="none" hint="Names for several models, which keys and teams may be limited to." />
                    <CodeField label="Other parameters" name="other" value=form.other errors=errors placeholder="{\"weight\": 2}" hint="A JSON object of whatever config.yaml has in litellm_params." />
                </details>
                <TryOut id=id sent=Callback::new(move |()| sent()) form=form />
            </div>
            <footer class="drawer-footer">
                <button class="button" type="button" on:click=move |_| on_cancel.run(())>"Cancel"</button>
                <button class="button button-primary" type="submit" disabled=form.state.is_busy>{action}</button>
            </footer>
        </form>
    }
}

/// The stored credentials, where there are any.
#[component]
fn CredentialChoice(form: ModelForm) -> impl IntoView {
    let names = Load::new(|| async {
        Ok(api::credential::list().await?.into_iter().map(|one| one.credential_name).collect::<Vec<_>>())
    });
    let credential = form.credential;
    let choose = Callback::new(move |name| credential.set(name));
    move || {
        let chosen = credential.get_untracked();
        let mut names = names.data.get().unwrap_or_default();
        if !chosen.is_empty() && !names.contains(&chosen) {
            names.push(chosen);
        }
        (!names.is_empty()).then(|| {
            let none = (String::new(), "None: what is typed below".to_owned());
            let options = std::iter::once(none).chain(names.into_iter().map(|name| (name.clone(), name))).collect();
            view! { <SelectField label="Credential" name="litellm_credential_name" value=credential options=options on_choose=choose errors=form.state.errors hint="It fills in what is left empty below." /> }
        })
    }
}

fn provider_fields(provider: &str, form: ModelForm, is_new: bool) -> AnyView {
    let fields = sheet(provider).map_or(&[][..], |sheet| sheet.fields);
    form.values.with_value(|values| field_views(fields, values, form.state, is_new))
}

/// Fields of a provider. What is secret and saved is not shown: left empty, it stays.
pub(crate) fn field_views(
    fields: &'static [ProviderField],
    values: &BTreeMap<&'static str, RwSignal<String>>,
    state: FormState,
    is_new: bool,
) -> AnyView {
    let views = fields.iter().filter_map(|field| {
        let value = *values.get(field.name)?;
        let is_secret = field.kind != FieldKind::Text;
        let hint = if is_secret && !is_new { "Left empty, it stays as it is." } else { field.hint };
        Some(match field.kind {
            FieldKind::SecretLines => view! {
                <CodeField label=field.label name=field.name value=value errors=state.errors placeholder=field.placeholder hint=hint />
            }
            .into_any(),
            FieldKind::Text | FieldKind::Secret => view! {
                <TextField label=field.label name=field.name value=value errors=state.errors placeholder=field.placeholder hint=hint kind=if is_secret { "password" } else { "text" } autocomplete=if is_secret { "new-password" } else { "off" } />
            }
            .into_any(),
        })
    });
    views.collect_view().into_any()
}

/// Tries what is typed.
#[component]
fn TryOut(id: Option<String>, sent: Callback<(), Option<Sent>>, form: ModelForm) -> impl IntoView {
    let is_busy = RwSignal::new(false);
    let answer = RwSignal::new(None::<ModelTested>);
    let id = StoredValue::new(id);
    let ask = move |_| {
        let Some(Sent { params, mut info, .. }) = sent.run(()) else { return };
        if let Some(id) = id.get_value() {
            info.insert("id".to_owned(), Value::String(id));
        }
        let test = ModelTest {
            mode: None,
            litellm_params: without_nulls(params, id.with_value(Option::is_none)),
            model_info: info,
        };
        is_busy.set(true);
        answer.set(None);
        spawn_local(async move {
            let tested = api::model::try_out(&test).await;
            let _ = is_busy.try_set(false);
            match tested {
                Ok(tested) => {
                    form.state.refuse(BTreeMap::new());
                    let _ = answer.try_set(Some(tested));
                }
                Err(error) => form.fail(error),
            }
        });
    };
    let found = move || match (is_busy.get(), answer.get()) {
        (true, _) => view! { <p class="muted">"Waiting for its answer…"</p> }.into_any(),
        (false, Some(tested)) => tested_view(&tested),
        (false, None) => ().into_any(),
    };
    view! {
        <div class="test" aria-live="polite">{found}</div>
        <div class="actions">
            <button class="button button-small" type="button" disabled=is_busy on:click=ask>"Test connection"</button>
            <span class="muted">"One call for a few tokens, booked to the key health_check."</span>
        </div>
    }
}

/// Of a new deployment there is nothing to remove.
fn without_nulls(params: Map<String, Value>, is_new: bool) -> Map<String, Value> {
    json_object(&mut params.into_iter().filter(|(_, value)| !is_new || !value.is_null()))
}

fn tested_view(tested: &ModelTested) -> AnyView {
    let took = format::duration_ms(tested.result.duration_ms);
    let said = tested.result.error.clone();
    let is_good = tested.status == ModelTestStatus::Success;
    view! {
        <div class="notice" class:notice-good=is_good class:notice-bad=!is_good>
            <p>{tested.message.clone()}" It took "<span class="number">{took}</span>"."</p>
            {said.map(|said| view! { <p class="code reason">{said}</p> })}
        </div>
    }
    .into_any()
}
