//! The fields of a member: who, their role, their part of what the team may use.

use leptos::prelude::*;
use tollgate_openapi::team::MemberRole;

use super::draft::MemberDraft;
use super::role_name;
use crate::api;
use crate::pages::limit::form::{self, BudgetField, LimitFields, LimitForm};
use crate::ui::field::{SelectField, TextField};
use crate::ui::form::{FormAlert, FormState};
use crate::ui::load::Load;
use crate::url::{parse_word, word_of};

/// The fields' wire names.
const FIELDS: &[&[&str]] = &[&["user_id", "role", "budget_id"], form::FIELDS];

/// A form's state.
#[derive(Clone, Copy)]
pub(super) struct MemberForm {
    user: RwSignal<String>,
    role: RwSignal<MemberRole>,
    limits: LimitForm,
    budget_id: RwSignal<String>,
    pub(super) state: FormState,
}

impl MemberForm {
    pub(super) fn new(draft: MemberDraft) -> Self {
        Self {
            user: RwSignal::new(draft.user),
            role: RwSignal::new(draft.role),
            limits: LimitForm::new(draft.limits),
            budget_id: RwSignal::new(draft.budget_id),
            state: FormState::new(FIELDS),
        }
    }

    pub(super) fn draft(self) -> MemberDraft {
        MemberDraft {
            user: self.user.get_untracked(),
            role: self.role.get_untracked(),
            limits: self.limits.draft(),
            budget_id: self.budget_id.get_untracked(),
        }
    }
}

#[component]
pub(super) fn MemberFields(
    form: MemberForm,
    /// Who joins is still to be named.
    is_new: bool,
    /// The reader may say what the member may use.
    has_limits: bool,
) -> impl IntoView {
    let errors = form.state.errors;
    let user = is_new.then(|| {
        view! { <TextField label="User" name="user_id" value=form.user errors=errors placeholder="ada@example.com" hint="Id or e-mail address. Who is not registered yet is made a user." autofocus=true /> }
    });
    let roles = [MemberRole::User, MemberRole::Admin].map(|role| (word_of(&role), role_name(role).to_owned()));
    let choose = Callback::new(move |word: String| form.role.set(parse_word(&word).unwrap_or_default()));
    let limits = has_limits.then(|| {
        let names = Load::new(api::model::names);
        view! {
            <h3>"Their part of what the team may use"</h3>
            <LimitFields form=form.limits errors=errors names=names.map(Clone::clone) />
            <BudgetField value=form.budget_id errors=errors />
        }
    });
    view! {
        <FormAlert state=form.state />
        {user}
        <SelectField label="Role" name="role" value=Signal::derive(move || word_of(&form.role.get())) options=roles.into() on_choose=choose errors=errors hint="An admin adds and removes members and manages the team's keys." />
        {limits}
    }
}
