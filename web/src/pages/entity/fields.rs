//! The fields of a team, user, customer, organization or tag.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::api;
use crate::keyed::keyed;
use crate::pages::entity::draft::Draft;
use crate::pages::entity::{Extra, Offer, Words};
use crate::pages::limit::form::{self, BudgetField, LimitFields, LimitForm};
use crate::ui::field::{CheckField, ChipsField, SelectField, TextField};
use crate::ui::form::{FormAlert, FormState};
use crate::ui::load::Load;

/// Wire names of the fields that stand in the forms: an error about another name is shown above the form.
const FIELDS: &[&[&str]] = &[NAMES, &["models", "budget_id"], form::FIELDS];

/// Of all resources: none has a field by a name that is another's.
const NAMES: &[&str] = &[
    "alias",
    "cost_center",
    "description",
    "name",
    "organization_alias",
    "organization_id",
    "team_alias",
    "timezone",
    "user_alias",
    "user_email",
    "user_id",
    "user_role",
];

/// A form's state.
#[derive(Clone, Copy)]
pub(crate) struct EntityForm {
    id: RwSignal<String>,
    name: RwSignal<String>,
    extras: StoredValue<BTreeMap<&'static str, RwSignal<String>>>,
    takes_offer: RwSignal<bool>,
    models: RwSignal<Vec<String>>,
    limits: LimitForm,
    budget_id: RwSignal<String>,
    pub(crate) state: FormState,
}

impl EntityForm {
    pub(crate) fn new(draft: Draft, words: &'static Words) -> Self {
        let mut extras = words.extras.iter().map(|extra| {
            let field = extra.named.field;
            (field, RwSignal::new(draft.extras.get(field).cloned().unwrap_or_default()))
        });
        let extras = keyed(&mut extras);
        Self {
            id: RwSignal::new(draft.id),
            name: RwSignal::new(draft.name),
            extras: StoredValue::new(extras),
            takes_offer: RwSignal::new(draft.takes_offer),
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
            extras: self
                .extras
                .with_value(|all| keyed(&mut all.iter().map(|(field, value)| (*field, value.get_untracked())))),
            takes_offer: self.takes_offer.get_untracked(),
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
    let id = words.id.as_ref().filter(|_| is_new);
    let has_id = id.is_some();
    let id = id.map(|id| {
        view! { <TextField label=id.label name=id.field value=form.id errors=errors hint=id.hint autofocus=true /> }
    });
    let name = &words.name;
    let extras = words.extras.iter().map(|extra| extra_field(form, extra)).collect_view();
    let offer = words.offer.as_ref().filter(|_| is_new).map(|offer| offer_field(form, offer));
    let models = words.has_models.then(|| {
        view! { <ChipsField label="Models" name="models" values=form.models errors=errors suggestions=names.map(Clone::clone) everything="All models" hint="Leave empty to allow every model." /> }
    });
    view! {
        <FormAlert state=form.state />
        {id}
        <TextField label=name.label name=name.field value=form.name errors=errors hint=name.hint autofocus=!has_id />
        {extras}
        {offer}
        {models}
        <LimitFields form=form.limits errors=errors names=names.map(Clone::clone) />
        <BudgetField value=form.budget_id errors=errors />
    }
}

/// What can be done at once, shown where the field that it needs says something.
fn offer_field(form: EntityForm, offer: &'static Offer) -> impl IntoView + use<> {
    let needed = form.extras.with_value(|all| all.get(offer.field).copied()).unwrap_or_default();
    let is_possible = Memo::new(move |_| needed.with(|text| !text.trim().is_empty()));
    move || is_possible.get().then(|| view! { <CheckField label=offer.label value=form.takes_offer /> })
}

/// What only this resource has: a text, or a choice of what there is.
fn extra_field(form: EntityForm, extra: &'static Extra) -> AnyView {
    let Extra { named, placeholder, choice } = extra;
    let value = form.extras.with_value(|all| all.get(named.field).copied()).unwrap_or_default();
    let errors = form.state.errors;
    let Some(choice) = choice else {
        return view! { <TextField label=named.label name=named.field value=value errors=errors placeholder=placeholder hint=named.hint /> }
            .into_any();
    };
    let load = Load::new(choice.options);
    let can_be_none = !choice.stays || value.with_untracked(String::is_empty);
    let choose = Callback::new(move |chosen| value.set(chosen));
    let field = move || {
        let nothing = can_be_none.then(|| (String::new(), choice.nothing.to_owned()));
        let mut options: Vec<_> = nothing.into_iter().chain(load.data.get().unwrap_or_default()).collect();
        // What is chosen stays a choice while the others are on their way, and where they do not come.
        let chosen = value.get_untracked();
        if !options.iter().any(|(word, _)| *word == chosen) {
            options.push((chosen.clone(), chosen));
        }
        view! { <SelectField label=named.label name=named.field value=value options=options on_choose=choose errors=errors hint=named.hint /> }
    };
    field.into_any()
}
