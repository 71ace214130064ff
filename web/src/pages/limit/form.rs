//! The fields of limits, the same on everything that has limits.

use leptos::prelude::*;
use tollgate_openapi::page::PageQuery;

use crate::api;
use crate::app::use_session;
use crate::pages::limit::draft::LimitDraft;
use crate::pages::limit::models::{ModelLimitFields, ModelLimitForm};
use crate::ui::field::{ChoiceField, FieldErrors, SelectField, TextField};
use crate::ui::load::Load;

/// The fields' wire names.
pub(crate) const FIELDS: &[&str] = &[
    "max_budget",
    "soft_budget",
    "budget_duration",
    "rpm_limit",
    "tpm_limit",
    "max_parallel_requests",
    "model_max_budget",
    "model_rpm_limit",
    "model_tpm_limit",
];

/// The fields' state.
#[derive(Clone, Copy)]
pub(crate) struct LimitForm {
    max_budget: RwSignal<String>,
    soft_budget: RwSignal<String>,
    budget_duration: RwSignal<String>,
    rpm: RwSignal<String>,
    tpm: RwSignal<String>,
    parallel: RwSignal<String>,
    models: ModelLimitForm,
}

impl LimitForm {
    pub(crate) fn new(draft: LimitDraft) -> Self {
        Self {
            max_budget: RwSignal::new(draft.max_budget),
            soft_budget: RwSignal::new(draft.soft_budget),
            budget_duration: RwSignal::new(draft.budget_duration),
            rpm: RwSignal::new(draft.rpm),
            tpm: RwSignal::new(draft.tpm),
            parallel: RwSignal::new(draft.parallel),
            models: ModelLimitForm::new(draft.models),
        }
    }

    pub(crate) fn draft(self) -> LimitDraft {
        LimitDraft {
            max_budget: self.max_budget.get_untracked(),
            soft_budget: self.soft_budget.get_untracked(),
            budget_duration: self.budget_duration.get_untracked(),
            rpm: self.rpm.get_untracked(),
            tpm: self.tpm.get_untracked(),
            parallel: self.parallel.get_untracked(),
            models: self.models.drafts(),
        }
    }
}

#[component]
pub(crate) fn LimitFields(
    form: LimitForm,
    errors: FieldErrors,
    /// Names of models to pick from.
    names: Signal<Vec<String>>,
) -> impl IntoView {
    view! {
        <div class="field-row">
            <TextField label="Max budget" name="max_budget" value=form.max_budget errors=errors prefix="$" inputmode="decimal" placeholder="No limit" hint="Calls that would exceed it are refused." />
            <TextField label="Soft budget" name="soft_budget" value=form.soft_budget errors=errors prefix="$" inputmode="decimal" placeholder="None" hint="Warns, and lets calls pass." />
        </div>
        <ChoiceField label="Budget resets" name="budget_duration" value=form.budget_duration errors=errors options=durations() placeholder="12h, 14d, 3mo" />
        <fieldset class="field-row field-row-3">
            <legend>"Rate limits"</legend>
            <TextField label="Requests a minute" name="rpm_limit" value=form.rpm errors=errors inputmode="numeric" placeholder="No limit" />
            <TextField label="Tokens a minute" name="tpm_limit" value=form.tpm errors=errors inputmode="numeric" placeholder="No limit" />
            <TextField label="Calls at once" name="max_parallel_requests" value=form.parallel errors=errors inputmode="numeric" placeholder="No limit" />
        </fieldset>
        <ModelLimitFields form=form.models errors=errors names=names />
    }
}

/// A budget alone, by the name that its resource has for it.
#[component]
pub(crate) fn OnlyBudgetFields(
    form: LimitForm,
    errors: FieldErrors,
    label: &'static str,
    name: &'static str,
    hint: &'static str,
) -> impl IntoView {
    view! {
        <TextField label=label name=name value=form.max_budget errors=errors prefix="$" inputmode="decimal" placeholder="No limit" hint=hint />
        <ChoiceField label="Budget resets" name="budget_duration" value=form.budget_duration errors=errors options=durations() placeholder="12h, 14d, 3mo" />
    }
}

fn durations() -> Vec<(String, String)> {
    let usual = [("", "Never"), ("daily", "Every day"), ("weekly", "Every week"), ("monthly", "Every month")];
    usual.map(|(word, text)| (word.to_owned(), text.to_owned())).into()
}

/// Which reusable budget fills up the limits. Only who may read budgets can choose one.
#[component]
pub(crate) fn BudgetField(value: RwSignal<String>, errors: FieldErrors) -> impl IntoView {
    use_session().sees_everything().then(|| {
        let budgets = Load::new(|| api::budget::list(PageQuery::default()));
        let options = Memo::new(move |_| {
            let mut ids: Vec<_> = budgets.data.with(|listed| {
                listed.iter().flat_map(|listed| listed.rows.iter().map(|budget| budget.budget_id.clone())).collect()
            });
            let attached = value.get_untracked();
            if !attached.is_empty() && !ids.contains(&attached) {
                ids.push(attached);
            }
            ids
        });
        let choose = Callback::new(move |id| value.set(id));
        move || {
            let none = (String::new(), "None".to_owned());
            let options = std::iter::once(none).chain(options.get().into_iter().map(|id| (id.clone(), id))).collect();
            view! { <SelectField label="Reusable budget" name="budget_id" value=value options=options on_choose=choose errors=errors hint="Its limits hold where none is set above." /> }
        }
    })
}
