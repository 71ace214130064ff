//! The fields of a key, the same for a new one and for a change.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::api;
use crate::api::ApiError;
use crate::pages::key::draft::Draft;
use crate::ui::field::{ChipsField, ChoiceField, CodeField, FieldErrors, TextField, focus_wrong};
use crate::ui::load::Load;

/// The fields' wire names: an error about another name is shown above the form.
const FIELDS: &[&str] = &[
    "key_alias",
    "models",
    "max_budget",
    "budget_duration",
    "duration",
    "rpm_limit",
    "tpm_limit",
    "max_parallel_requests",
    "metadata",
];

/// A form's state.
#[derive(Clone, Copy)]
pub(crate) struct KeyForm {
    alias: RwSignal<String>,
    models: RwSignal<Vec<String>>,
    max_budget: RwSignal<String>,
    budget_duration: RwSignal<String>,
    duration: RwSignal<String>,
    rpm: RwSignal<String>,
    tpm: RwSignal<String>,
    parallel: RwSignal<String>,
    metadata: RwSignal<String>,
    pub(crate) errors: FieldErrors,
    pub(crate) message: RwSignal<Option<String>>,
    pub(crate) is_busy: RwSignal<bool>,
}

impl KeyForm {
    pub(crate) fn new(draft: Draft) -> Self {
        Self {
            alias: RwSignal::new(draft.alias),
            models: RwSignal::new(draft.models),
            max_budget: RwSignal::new(draft.max_budget),
            budget_duration: RwSignal::new(draft.budget_duration),
            duration: RwSignal::new(draft.duration),
            rpm: RwSignal::new(draft.rpm),
            tpm: RwSignal::new(draft.tpm),
            parallel: RwSignal::new(draft.parallel),
            metadata: RwSignal::new(draft.metadata),
            errors: RwSignal::new(BTreeMap::new()),
            message: RwSignal::new(None),
            is_busy: RwSignal::new(false),
        }
    }

    pub(crate) fn draft(self) -> Draft {
        Draft {
            alias: self.alias.get_untracked(),
            models: self.models.get_untracked(),
            max_budget: self.max_budget.get_untracked(),
            budget_duration: self.budget_duration.get_untracked(),
            duration: self.duration.get_untracked(),
            rpm: self.rpm.get_untracked(),
            tpm: self.tpm.get_untracked(),
            parallel: self.parallel.get_untracked(),
            metadata: self.metadata.get_untracked(),
        }
    }

    /// Shows what the form itself found wrong.
    pub(crate) fn refuse(self, errors: BTreeMap<String, String>) {
        self.message.set(None);
        self.errors.set(errors);
        focus_wrong();
    }

    /// Shows what the server found wrong: on its field where there is one, else above the form.
    pub(crate) fn fail(self, error: ApiError) {
        let is_placed = !error.fields.is_empty() && error.fields.keys().all(|f| FIELDS.contains(&f.as_str()));
        let _ = self.message.try_set((!is_placed).then_some(error.message));
        let _ = self.errors.try_set(error.fields);
        let _ = self.is_busy.try_set(false);
        focus_wrong();
    }
}

#[component]
pub(crate) fn KeyFields(
    form: KeyForm,
    /// Usual validities, value and text.
    durations: Vec<(String, String)>,
) -> impl IntoView {
    let names = Load::new(api::model::names);
    let errors = form.errors;
    view! {
        <div role="alert" class="form-alert" class:is-hidden=move || form.message.with(Option::is_none)>{form.message}</div>
        <TextField label="Name" name="key_alias" value=form.alias errors=errors placeholder="search-service" hint="What people call it. No two keys share a name." autofocus=true />
        <ChipsField label="Models" name="models" values=form.models errors=errors suggestions=names.map(Clone::clone) everything="All models" hint="Leave empty to allow every model." />
        <div class="field-row">
            <TextField label="Max budget" name="max_budget" value=form.max_budget errors=errors prefix="$" inputmode="decimal" placeholder="No limit" hint="Calls that would exceed it are refused." />
            <ChoiceField label="Budget resets" name="budget_duration" value=form.budget_duration errors=errors options=budget_durations() placeholder="12h, 14d, 3mo" />
        </div>
        <ChoiceField label="Expires" name="duration" value=form.duration errors=errors options=durations placeholder="36h, 45d, 6mo" />
        <fieldset class="field-row field-row-3">
            <legend>"Rate limits"</legend>
            <TextField label="Requests a minute" name="rpm_limit" value=form.rpm errors=errors inputmode="numeric" placeholder="No limit" />
            <TextField label="Tokens a minute" name="tpm_limit" value=form.tpm errors=errors inputmode="numeric" placeholder="No limit" />
            <TextField label="Calls at once" name="max_parallel_requests" value=form.parallel errors=errors inputmode="numeric" placeholder="No limit" />
        </fieldset>
        <CodeField label="Metadata" name="metadata" value=form.metadata errors=errors placeholder="{ \"cost_center\": \"4711\" }" hint="A JSON object kept with the key, for your own reports." />
    }
}

fn choices(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(word, text)| ((*word).to_owned(), (*text).to_owned())).collect()
}

fn budget_durations() -> Vec<(String, String)> {
    choices(&[("", "Never"), ("daily", "Every day"), ("weekly", "Every week"), ("monthly", "Every month")])
}

/// Usual validities of a key, counted from now.
pub(crate) fn key_durations() -> Vec<(String, String)> {
    choices(&[
        ("", "Never"),
        ("24h", "In 24 hours"),
        ("7d", "In 7 days"),
        ("30d", "In 30 days"),
        ("90d", "In 90 days"),
        ("365d", "In a year"),
    ])
}
