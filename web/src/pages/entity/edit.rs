//! Changing a team, user, customer, organization or tag.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::pages::entity::Entity;
use crate::pages::entity::draft::Draft;
use crate::pages::entity::fields::{EntityFields, EntityForm};
use crate::ui::toast::use_toasts;

/// `on_done` leads back to the details, also after saving.
pub(crate) fn edit_view<E: Entity>(entity: E, on_done: Callback<()>, on_change: Callback<()>) -> AnyView {
    let toasts = use_toasts();
    let form = EntityForm::new(Draft::of(&entity), E::WORDS);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let patch = match form.draft().to_patch(&entity) {
            Ok(patch) => patch,
            Err(errors) => return form.state.refuse(errors),
        };
        let (id, label) = (entity.id().to_owned(), entity.label());
        form.state.is_busy.set(true);
        spawn_local(async move {
            match E::update(id, patch).await {
                Ok(()) => {
                    toasts.done(format!("Saved {label}."));
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
                <EntityFields form=form words=E::WORDS is_new=false />
            </div>
            <footer class="drawer-footer">
                <button class="button" type="button" on:click=move |_| on_done.run(())>"Cancel"</button>
                <button class="button button-primary" type="submit" disabled=form.state.is_busy>"Save"</button>
            </footer>
        </form>
    }
    .into_any()
}
