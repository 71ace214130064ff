//! Changing one's password.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::user::password::PasswordChange;

use crate::api;
use crate::ui::field::TextField;
use crate::ui::form::{FormAlert, FormState};
use crate::ui::toast::use_toasts;

#[component]
pub(crate) fn ChangePassword() -> impl IntoView {
    let state = FormState::new(&[&["current_password", "new_password"]]);
    let (current, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let toasts = use_toasts();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let body = PasswordChange { current_password: current.get_untracked(), new_password: new.get_untracked() };
        state.is_busy.set(true);
        spawn_local(async move {
            match api::user::change_password(&body).await {
                Ok(changed) => {
                    toasts.done(match changed.revoked {
                        0 => "Your password is changed.".to_owned(),
                        1 => "Your password is changed, and one other session has ended.".to_owned(),
                        ended => format!("Your password is changed, and {ended} other sessions have ended."),
                    });
                    [current, new].into_iter().for_each(|value| drop(value.try_set(String::new())));
                    state.succeed();
                }
                Err(error) => state.fail(error),
            }
        });
    };
    view! {
        <form class="profile-form" on:submit=submit novalidate>
            <FormAlert state=state />
            <TextField label="Current password" name="current_password" value=current errors=state.errors kind="password" autocomplete="current-password" />
            <TextField label="New password" name="new_password" value=new errors=state.errors kind="password" autocomplete="new-password"
                hint="At least 12 characters, unless your gateway asks for more." />
            <div class="actions"><button class="button" type="submit" disabled=state.is_busy>"Change password"</button></div>
        </form>
    }
}
