//! The fields of a key, the same for a new one and for a change.

use leptos::prelude::*;

use crate::api;
use crate::pages::key::draft::Draft;
use crate::pages::limit::form::{self, BudgetField, LimitFields, LimitForm};
use crate::ui::field::{ChipsField, ChoiceField, CodeField, TextField};
use crate::ui::form::{FormAlert, FormState};
use crate::ui::load::Load;

/// The fields' wire names.
const FIELDS: &[&[&str]] = &[&["key_alias", "models", "duration", "metadata", "budget_id"], form::FIELDS];

/// A form's state.
#[derive(Clone, Copy)]
pub(crate) struct KeyForm {
    alias: RwSignal<String>,
    models: RwSignal<Vec<String>>,
    limits: LimitForm,
    budget_id: RwSignal<String>,
    duration: RwSignal<String>,
    metadata: RwSignal<String>,
    pub(crate) state: FormState,
}

impl KeyForm {
    pub(crate) fn new(draft: Draft) -> Self {
        Self {
            alias: RwSignal::new(draft.alias),
            models: RwSignal::new(draft.models),
            limits: LimitForm::new(draft.limits),
            budget_id: RwSignal::new(draft.budget_id),
            duration: RwSignal::new(draft.duration),
            metadata: RwSignal::new(draft.metadata),
            state: FormState::new(FIELDS),
        }
    }

    pub(crate) fn draft(self) -> Draft {
        Draft {
            alias: self.alias.get_untracked(),
            models: self.models.get_untracked(),
            limits: self.limits.draft(),
            budget_id: self.budget_id.get_untracked(),
            duration: self.duration.get_untracked(),
            metadata: self.metadata.get_untracked(),
        }
    }
}

#[component]
pub(crate) fn KeyFields(
    form: KeyForm,
    /// Usual validities, value and text.
    durations: Vec<(String, String)>,
) -> impl IntoView {
    let names = Load::new(api::model::names);
    let errors = form.state.errors;
    view! {
        <FormAlert state=form.state />
        <TextField label="Name" name="key_alias" value=form.alias errors=errors placeholder="search-service" hint="What people call it. No two keys share a name." autofocus=true />
        <ChipsField label="Models" name="models" values=form.models errors=errors suggestions=names.map(Clone::clone) everything="All models" hint="Leave empty to allow every model." />
        <LimitFields form=form.limits errors=errors names=names.map(Clone::clone) />
        <BudgetField value=form.budget_id errors=errors />
        <ChoiceField label="Expires" name="duration" value=form.duration errors=errors options=durations placeholder="36h, 45d, 6mo" />
        <CodeField label="Metadata" name="metadata" value=form.metadata errors=errors placeholder="{ \"cost_center\": \"4711\" }" hint="A JSON object kept with the key, for your own reports." />
    }
}

fn choices(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(word, text)| ((*word).to_owned(), (*text).to_owned())).collect()
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
