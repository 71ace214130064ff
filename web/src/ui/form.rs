//! What a form has besides its fields: what is wrong with them, what else went wrong, whether it is being sent.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::api::ApiError;
use crate::ui::field::{FieldErrors, focus_wrong};

/// A form's state.
#[derive(Clone, Copy)]
pub(crate) struct FormState {
    pub(crate) errors: FieldErrors,
    pub(crate) message: RwSignal<Option<String>>,
    pub(crate) is_busy: RwSignal<bool>,
    /// Wire names of its fields, in groups: an error about another name is shown above the form.
    fields: &'static [&'static [&'static str]],
}

impl FormState {
    pub(crate) fn new(fields: &'static [&'static [&'static str]]) -> Self {
        Self {
            errors: RwSignal::new(BTreeMap::new()),
            message: RwSignal::new(None),
            is_busy: RwSignal::new(false),
            fields,
        }
    }

    /// Shows what the form itself found wrong.
    pub(crate) fn refuse(self, errors: BTreeMap<String, String>) {
        self.message.set(None);
        self.errors.set(errors);
        focus_wrong();
    }

    /// Is ready for another go, without what was wrong with the last.
    pub(crate) fn succeed(self) {
        let _ = self.errors.try_update(BTreeMap::clear);
        let _ = self.message.try_set(None);
        let _ = self.is_busy.try_set(false);
    }

    /// Shows what the server found wrong: on its field where there is one, else above the form.
    pub(crate) fn fail(self, error: ApiError) {
        let has_field = |name: &String| self.fields.iter().any(|group| group.contains(&name.as_str()));
        let is_placed = !error.fields.is_empty() && error.fields.keys().all(has_field);
        let _ = self.message.try_set((!is_placed).then_some(error.message));
        let _ = self.errors.try_set(error.fields);
        let _ = self.is_busy.try_set(false);
        focus_wrong();
    }
}

/// What went wrong that is no single field's.
#[component]
pub(crate) fn FormAlert(state: FormState) -> impl IntoView {
    view! {
        <div role="alert" class="form-alert" class:is-hidden=move || state.message.with(Option::is_none)>
            {state.message}
        </div>
    }
}
