//! Somebody joins an organization, or what a member may do in it changes, or they leave.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::limit::LimitPatch;
use tollgate_openapi::organization::{
    OrganizationMember, OrganizationMemberAdd, OrganizationMemberPatch, OrganizationMembers, OrganizationMembership,
    OrganizationRole,
};

use super::{name, role_name};
use crate::api;
use crate::api::{ApiError, STATUS_NOT_FOUND};
use crate::app::use_session;
use crate::input::some_text;
use crate::pages::limit;
use crate::pages::limit::draft::{Errors, LimitDraft, Limits};
use crate::pages::limit::form::{LimitForm, OnlyBudgetFields};
use crate::ui::confirm::Confirm;
use crate::ui::field::{SelectField, TextField};
use crate::ui::form::{FormAlert, FormState};
use crate::ui::load::{Load, skeleton};
use crate::ui::meter::BudgetGauge;
use crate::ui::toast::use_toasts;
use crate::url::{parse_word, word_of};

/// The fields' wire names.
const FIELDS: &[&[&str]] = &[&["user_id", "user_email", "role", BUDGET, "budget_duration"]];
const BUDGET: &str = "max_budget_in_organization";

#[component]
pub(super) fn AddMember(
    organization_id: String,
    /// Back to the members; called after saving too.
    on_done: Callback<()>,
    on_change: Callback<()>,
) -> impl IntoView {
    let toasts = use_toasts();
    let (user, role) = (RwSignal::new(String::new()), RwSignal::new(OrganizationRole::default()));
    let (budget, state) = (LimitForm::new(LimitDraft::default()), FormState::new(FIELDS));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let limits = match patch_of(budget, &Limits::default()) {
            Ok(limits) => limits,
            Err(errors) => return state.refuse(errors),
        };
        let Some(named) = some_text(&user.get_untracked()) else {
            return state.refuse([("user_id".to_owned(), "Name who joins.".to_owned())].into());
        };
        let add = OrganizationMemberAdd {
            organization_id: organization_id.clone(),
            member: OrganizationMembers::One(member(&named, role.get_untracked())),
            max_budget_in_organization: limits.max_budget,
            budget_duration: limits.budget_duration,
        };
        state.is_busy.set(true);
        spawn_local(async move {
            match api::organization::add_member(&add).await {
                Ok(()) => {
                    toasts.done(format!("{named} is a member now."));
                    on_change.try_run(());
                    on_done.try_run(());
                }
                Err(error) => state.fail(error),
            }
        });
    };
    let errors = state.errors;
    view! {
        <form class="drawer-form" on:submit=submit novalidate>
            <div class="drawer-body">
                <h3>"Add a member"</h3>
                <FormAlert state=state />
                <TextField label="User" name="user_id" value=user errors=errors placeholder="ada@example.com" hint="Id or e-mail address. Who is not registered yet is made a user." autofocus=true />
                <RoleField role=role state=state />
                <MemberBudget form=budget state=state />
            </div>
            <footer class="drawer-footer">
                <button class="button" type="button" on:click=move |_| on_done.run(())>"Cancel"</button>
                <button class="button button-primary" type="submit" disabled=state.is_busy>"Add member"</button>
            </footer>
        </form>
    }
}

/// What a form changes of a member's budget, or what is wrong with which field.
fn patch_of(budget: LimitForm, before: &Limits) -> Result<LimitPatch, Errors> {
    let parsed = budget.draft().parse().map_err(|mut errors| {
        let own = errors.remove("max_budget");
        errors.extend(own.map(|text| (BUDGET.to_owned(), text)));
        errors
    });
    Ok(parsed?.to_patch(before))
}

#[component]
fn MemberBudget(form: LimitForm, state: FormState) -> impl IntoView {
    view! {
        <OnlyBudgetFields form=form errors=state.errors label="Max budget in the organization" name=BUDGET hint="For all they call with keys of the organization and of its teams." />
    }
}

/// Who is named by an address, or else by an id.
fn member(named: &str, role: OrganizationRole) -> OrganizationMember {
    let (email, id) = if named.contains('@') { (Some(named), None) } else { (None, Some(named)) };
    OrganizationMember { role, user_id: id.map(str::to_owned), user_email: email.map(str::to_owned) }
}

#[component]
fn RoleField(role: RwSignal<OrganizationRole>, state: FormState) -> impl IntoView {
    let roles = [OrganizationRole::InternalUser, OrganizationRole::InternalUserViewer, OrganizationRole::OrgAdmin];
    let options = roles.map(|role| (word_of(&role), role_name(role).to_owned()));
    let choose = Callback::new(move |word: String| role.set(parse_word(&word).unwrap_or_default()));
    view! {
        <SelectField label="Role" name="role" value=Signal::derive(move || word_of(&role.get())) options=options.into() on_choose=choose errors=state.errors hint="An administrator runs the organization's teams, keys and members within its limits." />
    }
}

#[component]
pub(super) fn EditMember(
    organization_id: String,
    user_id: String,
    /// Back to the members; called after saving too.
    on_done: Callback<()>,
    on_change: Callback<()>,
) -> impl IntoView {
    let load = Load::new(move || {
        let (organization_id, user_id) = (organization_id.clone(), user_id.clone());
        async move {
            let members = api::organization::members(&organization_id).await?;
            let member = members.into_iter().find(|member| member.user_id == user_id);
            member.ok_or_else(|| ApiError::new(STATUS_NOT_FOUND, "They are no member of this organization."))
        }
    });
    let ready = move || {
        let form = load.data.get_untracked().map(|member| edit_view(member, on_done, on_change));
        form.into_any()
    };
    load.show(skeleton, ready)
}

fn edit_view(member: OrganizationMembership, on_done: Callback<()>, on_change: Callback<()>) -> AnyView {
    let toasts = use_toasts();
    let state = FormState::new(FIELDS);
    let role = RwSignal::new(member.user_role);
    let limits = Limits::from(&member.limits);
    let budget = LimitForm::new(LimitDraft::from(&limits));
    let gauge = limit::in_force::budget(&member.limits, &member.standing);
    // Nobody sets their own.
    let session = use_session();
    let has_budget = session.is_admin() || session.view().is_none_or(|reader| reader.user_id != member.user_id);
    let label = name(&member);
    let before = StoredValue::new(member);
    let saved = label.clone();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let changed = match patch_of(budget, &limits) {
            Ok(changed) => changed,
            Err(errors) => return state.refuse(errors),
        };
        let before = before.get_value();
        let patch = OrganizationMemberPatch {
            organization_id: before.organization_id,
            user_id: Some(before.user_id),
            user_email: None,
            role: Some(role.get_untracked()),
            max_budget_in_organization: changed.max_budget,
            budget_duration: changed.budget_duration,
        };
        let label = saved.clone();
        state.is_busy.set(true);
        spawn_local(async move {
            match api::organization::update_member(&patch).await {
                Ok(()) => {
                    toasts.done(format!("Saved {label}."));
                    on_change.try_run(());
                    on_done.try_run(());
                }
                Err(error) => state.fail(error),
            }
        });
    };
    view! {
        <form class="drawer-form" on:submit=submit novalidate>
            <div class="drawer-body">
                <h3>{label}</h3>
                <div class="scopes"><div class="scope"><BudgetGauge budget=gauge /></div></div>
                <FormAlert state=state />
                <RoleField role=role state=state />
                {has_budget.then(|| view! { <MemberBudget form=budget state=state /> })}
            </div>
            <footer class="drawer-footer">
                <Remove member=before on_done=on_done on_change=on_change />
                <span class="toolbar-space"></span>
                <button class="button" type="button" on:click=move |_| on_done.run(())>"Cancel"</button>
                <button class="button button-primary" type="submit" disabled=state.is_busy>"Save"</button>
            </footer>
        </form>
    }
    .into_any()
}

#[component]
fn Remove(
    member: StoredValue<OrganizationMembership>,
    on_done: Callback<()>,
    on_change: Callback<()>,
) -> impl IntoView {
    let toasts = use_toasts();
    let (is_asked, is_busy) = (RwSignal::new(false), RwSignal::new(false));
    let remove = Callback::new(move |()| {
        let member = member.get_value();
        is_busy.set(true);
        spawn_local(async move {
            let removed = api::organization::remove_member(&member.organization_id, &member.user_id).await;
            let _ = is_busy.try_set(false);
            let _ = is_asked.try_set(false);
            match removed {
                Ok(()) => {
                    toasts.done(format!("{} is no member any more.", name(&member)));
                    on_change.try_run(());
                    on_done.try_run(());
                }
                Err(error) => toasts.error(error.message),
            }
        });
    });
    let close = Callback::new(move |()| is_asked.set(false));
    let question = move || {
        is_asked.get().then(|| {
            let title = format!("Remove {} from the organization?", member.with_value(name));
            view! { <Confirm title=title text=REMOVE_TEXT action="Remove member" is_busy=is_busy on_confirm=remove on_close=close /> }
        })
    };
    view! {
        <button class="button button-quiet-danger" type="button" on:click=move |_| is_asked.set(true)>"Remove"</button>
        {question}
    }
}

const REMOVE_TEXT: &str = "They leave its teams, too. The keys they have there are deleted, and applications that use them are refused at once. What they spent stays in the ledger.";
