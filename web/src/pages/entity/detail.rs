//! One team, user, customer, organization or tag: what limits it, its keys, and what can be done with it.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::app::use_session;
use crate::format;
use crate::pages::entity::Entity;
use crate::pages::entity::column::state_cell;
use crate::pages::entity::edit::edit_view;
use crate::pages::entity::keys::EntityKeys;
use crate::pages::entity::limits::limits_view;
use crate::pages::policy::trial::Trial;
use crate::ui::confirm::Confirm;
use crate::ui::drawer::{Drawer, focus_title};
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::money::total;
use crate::ui::segment::Segments;
use crate::ui::toast::use_toasts;

#[component]
pub(crate) fn EntityDetail<E: Entity>(
    id: String,
    on_gone: Callback<()>,
    on_close: Callback<()>,
    on_change: Callback<()>,
    #[prop(optional)] _of: std::marker::PhantomData<E>,
) -> impl IntoView {
    let url = use_url();
    let load = Load::<E>::new(move || E::info(id.clone()));
    let is_editing = Memo::new(move |_| url.get("edit").is_some());
    let form = Memo::new(move |_| {
        let open = |name: &&'static str| Some((*name, url.get(name)?));
        E::WORDS.forms.iter().find_map(open).filter(|_| !is_editing.get())
    });
    let known = load.map(|entity| Some(entity.label()));
    let title = Signal::derive(move || match (known.get(), is_editing.get()) {
        (Some(name), true) => format!("Edit {name}"),
        (Some(name), false) => name,
        (None, _) => format::capital(E::WORDS.nouns.0),
    });
    let changed = Callback::new(move |()| {
        load.refresh();
        on_change.run(());
    });
    let done = Callback::new(move |()| {
        let forms = E::WORDS.forms.iter().map(|name| (*name, ""));
        url.replace(&forms.chain([("edit", "")]).collect::<Vec<_>>());
    });
    let ready = move || {
        let content = move || {
            let entity = load.data.get()?;
            let own = form.get().and_then(|(name, value)| entity.form(name, &value, done, changed));
            Some(match own {
                Some(own) => own,
                None if is_editing.get() => edit_view(entity, done, changed),
                None => details(entity, on_gone, changed),
            })
        };
        content.into_any()
    };
    let is_sticky = Signal::derive(move || is_editing.get() || form.with(Option::is_some));
    view! {
        <Drawer title=title is_wide=true is_sticky=is_sticky on_close=on_close>
            {load.show(skeleton, ready)}
        </Drawer>
    }
}

fn details<E: Entity>(entity: E, on_gone: Callback<()>, on_change: Callback<()>) -> AnyView {
    Effect::new(|_| focus_title());
    let tab = use_url().value("tab");
    let shown = entity.clone();
    let tab = move || match tab.get().as_deref() {
        Some("keys") => view! { <EntityKeys query=shown.keys() /> }.into_any(),
        Some("details") => shown.facts(),
        Some("explain") if let Some(question) = shown.question() => {
            view! { <Trial who=question allowed=shown.models().to_vec() hint=TRIAL_HINT /> }.into_any()
        }
        Some(word) if let Some(own) = shown.tab(word) => own,
        _ => limits_view(&shown),
    };
    let actions = entity.may_change(use_session()).then(|| actions(entity.clone(), on_gone, on_change));
    view! {
        <div class="drawer-body">
            <div class="detail-head">
                {state_cell(&entity)}
                <span class="muted">"Total spend "<span class="strong">{total(entity.standing().total_spend)}</span></span>
                {entity.head(use_session())}
            </div>
            <Segments name="tab" label="What is shown" options=E::WORDS.tabs />
            {tab}
        </div>
        {actions}
    }
    .into_any()
}

/// Whose call is judged.
const TRIAL_HINT: &str = "Judged as a call with a key that has no limits of its own.";

/// What a person is asked about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    Block,
    Delete,
}

fn actions<E: Entity>(entity: E, on_gone: Callback<()>, on_change: Callback<()>) -> impl IntoView {
    let url = use_url();
    let words = E::WORDS;
    let (asked, is_busy) = (RwSignal::new(None::<Question>), RwSignal::new(false));
    let (label, is_blocked) = (entity.label(), entity.is_blocked());
    let id = StoredValue::new(entity.id().to_owned());
    let set_blocked = use_set_blocked::<E>(id, label.clone(), is_blocked, asked, is_busy, on_change);
    let delete = use_delete::<E>(id, label.clone(), asked, is_busy, on_gone);
    let toggle = move |_| if is_blocked { set_blocked.run(()) } else { asked.set(Some(Question::Block)) };
    let block = (!words.block.is_empty()).then(|| {
        let text = if is_blocked { "Unblock" } else { "Block" };
        view! { <button class="button" type="button" disabled=is_busy on:click=toggle>{text}</button> }
    });
    let close = Callback::new(move |()| asked.set(None));
    let question = move || {
        asked.get().map(|question| {
            let (verb, text, on_confirm) = match question {
                Question::Block => ("Block", words.block, set_blocked),
                Question::Delete => ("Delete", words.delete, delete),
            };
            let (title, action) = (format!("{verb} {label}?"), format!("{verb} {}", words.nouns.0));
            view! { <Confirm title=title text=text action=action is_busy=is_busy on_confirm=on_confirm on_close=close /> }
        })
    };
    view! {
        <footer class="drawer-footer">
            <button class="button button-quiet-danger" type="button" on:click=move |_| asked.set(Some(Question::Delete))>"Delete"</button>
            <span class="toolbar-space"></span>
            {block}
            <button class="button button-primary" type="button" on:click=move |_| url.replace(&[("edit", "1")])>"Edit"</button>
        </footer>
        {question}
    }
}

fn use_set_blocked<E: Entity>(
    id: StoredValue<String>,
    label: String,
    is_blocked: bool,
    asked: RwSignal<Option<Question>>,
    is_busy: RwSignal<bool>,
    on_change: Callback<()>,
) -> Callback<()> {
    let toasts = use_toasts();
    Callback::new(move |()| {
        let Some(done) = E::set_blocked(id.get_value(), !is_blocked) else { return };
        is_busy.set(true);
        let label = label.clone();
        spawn_local(async move {
            match done.await {
                Ok(()) if is_blocked => toasts.done(format!("{label} works again.")),
                Ok(()) => toasts.done(format!("{label} is blocked.")),
                Err(error) => toasts.error(error.message),
            }
            let _ = is_busy.try_set(false);
            let _ = asked.try_set(None);
            on_change.try_run(());
        });
    })
}

fn use_delete<E: Entity>(
    id: StoredValue<String>,
    label: String,
    asked: RwSignal<Option<Question>>,
    is_busy: RwSignal<bool>,
    on_gone: Callback<()>,
) -> Callback<()> {
    let toasts = use_toasts();
    Callback::new(move |()| {
        is_busy.set(true);
        let label = label.clone();
        spawn_local(async move {
            let deleted = E::delete(id.get_value()).await;
            let _ = is_busy.try_set(false);
            let _ = asked.try_set(None);
            match deleted {
                Ok(()) => {
                    toasts.done(format!("Deleted {label}."));
                    on_gone.try_run(());
                }
                Err(error) => toasts.error(error.message),
            }
        });
    })
}
