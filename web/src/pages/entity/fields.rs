//! The fields of a team, user, customer or organization.

use leptos::prelude::*;

use crate::api;
use crate::pages::entity::Words;
use crate::pages::entity::draft::Draft;
use crate::pages::limit::form::{self, BudgetField, LimitFields, LimitForm};
use crate::ui::field::{ChipsField, TextField};
use crate::ui::form::{FormAlert, FormState};
use crate::ui::load::Load;

/// Wire names of the fields that stand in the forms: an error about another name is shown above the form.
const FIELDS: &[&[&str]] =
    &[&["team_alias", "organization_alias", "user_alias", "alias", "user_id", "models", "budget_id"], form::FIELDS];

/// A form's state.
#[derive(Clone, Copy)]
pub(crate) struct EntityForm {
    id: RwSignal<String>,
    name: RwSignal<String>,
    models: RwSignal<Vec<String>>,
    limits: LimitForm,
    budget_id: RwSignal<String>,
    pub(crate) state: FormState,
}

impl EntityForm {
    pub(crate) fn new(draft: Draft) -> Self {
        Self {
            id: RwSignal::new(draft.id),
            name: RwSignal::new(draft.name),
            models: RwSignal::new(draft.models),
            limits: LimitForm::new(draft.limits),
            budget_id: RwSignal::new(draft.budget_id),
            state: FormState::new(FIELDS),
        }
    }

    pub(crate) fn draft(self) -> Draft {
        Draft {
            id: self.id.get_untracked(),
            name: self.name.get_untracked(),
            models: self.models.get_untracked(),
            limits: self.limits.draft(),
            budget_id: self.budget_id.get_untracked(),
        }
    }
}

#[component]
pub(crate) fn EntityFields(
    form: EntityForm,
    words: &'static Words,
    /// Its id is still to be chosen.
    is_new: bool,
) -> impl IntoView {
    let errors = form.state.errors;
    let names = Load::new(api::model::names);
    let id_field = words.id_field.filter(|_| is_new);
    let has_id = id_field.is_some();
    let id = id_field.map(|name| {
        view! { <TextField label="Id" name=name value=form.id errors=errors hint="It does not change later." autofocus=true /> }
    });
    let models = words.has_models.then(|| {
        view! { <ChipsField label="Models" name="models" values=form.models errors=errors suggestions=names.map(Clone::clone) everything="All models" hint="Leave empty to allow every model." /> }
    });
    view! {
        <FormAlert state=form.state />
        {id}
        <TextField label="Name" name=words.name_field value=form.name errors=errors hint="What people call it." autofocus=!has_id />
        {models}
        <LimitFields form=form.limits errors=errors />
        <BudgetField value=form.budget_id errors=errors />
    }
}
