//! A new team, user, customer, organization or tag.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::input::some_text;
use crate::pages::entity::Entity;
use crate::pages::entity::draft::Draft;
use crate::pages::entity::fields::{EntityFields, EntityForm};
use crate::ui::drawer::Drawer;
use crate::ui::toast::use_toasts;

pub(crate) fn create_view<E: Entity>(on_close: Callback<()>, on_created: Callback<()>) -> AnyView {
    let toasts = use_toasts();
    let form = EntityForm::new(Draft::default(), E::WORDS);
    let words = E::WORDS;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let draft = form.draft();
        let new = match draft.to_new() {
            Ok(new) => new,
            Err(errors) => return form.state.refuse(errors),
        };
        let label = E::label_of(draft.id.trim(), some_text(&draft.name).as_deref());
        form.state.is_busy.set(true);
        spawn_local(async move {
            match E::create(new).await {
                Ok(()) => {
                    toasts.done(format!("Created the {} {label}.", words.nouns.0));
                    on_created.try_run(());
                }
                Err(error) => form.state.fail(error),
            }
        });
    };
    let title = format!("Create {}", words.nouns.0);
    view! {
        <Drawer title=Signal::stored(title.clone()) is_sticky=true is_form=true on_close=on_close>
            <form class="drawer-form" on:submit=submit novalidate>
                <div class="drawer-body">
                    <EntityFields form=form words=words is_new=true />
                </div>
                <footer class="drawer-footer">
                    <button class="button" type="button" on:click=move |_| on_close.run(())>"Cancel"</button>
                    <button class="button button-primary" type="submit" disabled=form.state.is_busy>{title}</button>
                </footer>
            </form>
        </Drawer>
    }
    .into_any()
}
