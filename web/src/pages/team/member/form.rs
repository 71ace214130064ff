//! Somebody joins a team, or what a member may use changes, or they leave.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::team::TeamMembership;

use super::draft::MemberDraft;
use super::fields::{MemberFields, MemberForm};
use super::name;
use crate::api;
use crate::api::{ApiError, STATUS_NOT_FOUND};
use crate::pages::limit::in_force::budget;
use crate::ui::confirm::Confirm;
use crate::ui::load::{Load, skeleton};
use crate::ui::meter::BudgetGauge;
use crate::ui::toast::use_toasts;

#[component]
pub(super) fn AddMember(
    team_id: String,
    /// Back to the members; called after saving too.
    on_done: Callback<()>,
    on_change: Callback<()>,
) -> impl IntoView {
    let toasts = use_toasts();
    let form = MemberForm::new(MemberDraft::default());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let draft = form.draft();
        let add = match draft.to_add(&team_id) {
            Ok(add) => add,
            Err(errors) => return form.state.refuse(errors),
        };
        form.state.is_busy.set(true);
        spawn_local(async move {
            match api::team::add_member(&add).await {
                Ok(()) => {
                    toasts.done(format!("{} is a member now.", draft.user.trim()));
                    on_change.try_run(());
                    on_done.try_run(());
                }
                Err(error) => form.state.fail(error),
            }
        });
    };
    view! {
        <form class="drawer-form" on:submit=submit novalidate>
            <div class="drawer-body">
                <h3>"Add a member"</h3>
                <MemberFields form=form is_new=true has_limits=true />
            </div>
            <footer class="drawer-footer">
                <button class="button" type="button" on:click=move |_| on_done.run(())>"Cancel"</button>
                <button class="button button-primary" type="submit" disabled=form.state.is_busy>"Add member"</button>
            </footer>
        </form>
    }
}

#[component]
pub(super) fn EditMember(
    team_id: String,
    user_id: String,
    /// The reader may say what this member may use.
    has_limits: bool,
    /// Back to the members; called after saving too.
    on_done: Callback<()>,
    on_change: Callback<()>,
) -> impl IntoView {
    let load = Load::new(move || {
        let (team_id, user_id) = (team_id.clone(), user_id.clone());
        async move {
            let member = api::team::members(&team_id).await?.into_iter().find(|member| member.user_id == user_id);
            member.ok_or_else(|| ApiError::new(STATUS_NOT_FOUND, "They are no member of this team."))
        }
    });
    let ready = move || {
        let form = load.data.get_untracked().map(|member| edit_view(member, has_limits, on_done, on_change));
        form.into_any()
    };
    load.show(skeleton, ready)
}

fn edit_view(member: TeamMembership, has_limits: bool, on_done: Callback<()>, on_change: Callback<()>) -> AnyView {
    let toasts = use_toasts();
    let form = MemberForm::new(MemberDraft::from(&member));
    let label = name(&member);
    let before = StoredValue::new(member);
    let saved = label.clone();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let patch = match before.with_value(|before| form.draft().to_patch(before)) {
            Ok(patch) => patch,
            Err(errors) => return form.state.refuse(errors),
        };
        let label = saved.clone();
        form.state.is_busy.set(true);
        spawn_local(async move {
            match api::team::update_member(&patch).await {
                Ok(()) => {
                    toasts.done(format!("Saved {label}."));
                    on_change.try_run(());
                    on_done.try_run(());
                }
                Err(error) => form.state.fail(error),
            }
        });
    };
    let gauge = before.with_value(|member| budget(&member.limits, &member.standing));
    view! {
        <form class="drawer-form" on:submit=submit novalidate>
            <div class="drawer-body">
                <h3>{label}</h3>
                <div class="scopes"><div class="scope"><BudgetGauge budget=gauge /></div></div>
                <MemberFields form=form is_new=false has_limits=has_limits />
            </div>
            <footer class="drawer-footer">
                <Remove member=before on_done=on_done on_change=on_change />
                <span class="toolbar-space"></span>
                <button class="button" type="button" on:click=move |_| on_done.run(())>"Cancel"</button>
                <button class="button button-primary" type="submit" disabled=form.state.is_busy>"Save"</button>
            </footer>
        </form>
    }
    .into_any()
}

#[component]
fn Remove(member: StoredValue<TeamMembership>, on_done: Callback<()>, on_change: Callback<()>) -> impl IntoView {
    let toasts = use_toasts();
    let (is_asked, is_busy) = (RwSignal::new(false), RwSignal::new(false));
    let remove = Callback::new(move |()| {
        let member = member.get_value();
        is_busy.set(true);
        spawn_local(async move {
            let removed = api::team::remove_member(&member.team_id, &member.user_id).await;
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
            let title = format!("Remove {} from the team?", member.with_value(name));
            view! { <Confirm title=title text=REMOVE_TEXT action="Remove member" is_busy=is_busy on_confirm=remove on_close=close /> }
        })
    };
    view! {
        <button class="button button-quiet-danger" type="button" on:click=move |_| is_asked.set(true)>"Remove"</button>
        {question}
    }
}

const REMOVE_TEXT: &str = "The keys they have in the team are deleted, and applications that use them are refused at once. What they spent stays in the ledger.";
