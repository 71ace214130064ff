//! A new team, user, customer, organization or tag.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::format;
use crate::input::some_text;
use crate::pages::entity::Entity;
use crate::pages::entity::draft::Draft;
use crate::pages::entity::fields::{EntityFields, EntityForm};
use crate::ui::drawer::{Drawer, focus_title};
use crate::ui::toast::use_toasts;

pub(crate) fn create_view<E: Entity>(on_close: Callback<()>, on_created: Callback<()>) -> AnyView {
    let toasts = use_toasts();
    let form = EntityForm::new(Draft::default(), E::WORDS);
    let words = E::WORDS;
    // What is to be read once it is made.
    let made = RwSignal::new(None::<ViewFn>);
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
                Ok(rest) => {
                    toasts.done(format!("{}.", format!("Created the {} {label}", words.nouns.0).trim_end()));
                    match rest {
                        Some(rest) => {
                            let _ = made.try_set(Some(rest));
                            focus_title();
                        }
                        None => drop(on_created.try_run(())),
                    }
                }
                Err(error) => form.state.fail(error),
            }
        });
    };
    let action = format!("Create {}", words.nouns.0);
    let title = {
        let (action, done) = (action.clone(), format!("{} created", format::capital(words.nouns.0)));
        Signal::derive(move || if made.with(Option::is_some) { done.clone() } else { action.clone() })
    };
    let close = Callback::new(
        move |()| if made.with_untracked(Option::is_some) { on_created.run(()) } else { on_close.run(()) },
    );
    let form_view = move || {
        view! {
            <form class="drawer-form" on:submit=submit novalidate>
                <div class="drawer-body">
                    <EntityFields form=form words=words is_new=true />
                </div>
                <footer class="drawer-footer">
                    <button class="button" type="button" on:click=move |_| on_close.run(())>"Cancel"</button>
                    <button class="button button-primary" type="submit" disabled=form.state.is_busy>{action.clone()}</button>
                </footer>
            </form>
        }
        .into_any()
    };
    view! {
        <Drawer title=title is_sticky=true is_form=true on_close=close>
            {move || match made.get() {
                Some(rest) => made_view(&rest, on_created),
                None => form_view(),
            }}
        </Drawer>
    }
    .into_any()
}

/// What is to be read of the new one, until the reader is done with it.
fn made_view(rest: &ViewFn, on_done: Callback<()>) -> AnyView {
    view! {
        <div class="drawer-body">{rest.run()}</div>
        <footer class="drawer-footer">
            <button class="button button-primary" type="button" on:click=move |_| on_done.run(())>"Done"</button>
        </footer>
    }
    .into_any()
}
