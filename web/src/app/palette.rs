//! The palette: pages, actions and keys by name, without the mouse.

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use tollgate_openapi::key::{KeyListQuery, KeyView};

use crate::api;
use crate::app::rail::{PROFILE, pages, sign_out};
use crate::app::theme::{Theme, use_theme};
use crate::app::{SessionSignal, use_session};
use crate::browser;
use crate::ui::drawer::{is_backdrop, use_modal};
use crate::ui::load::Load;
use crate::ui::location::no_resolve;
use crate::ui::toast::use_toasts;
use crate::url::encode;

/// Keys offered at once.
const KEYS_SHOWN: u64 = 6;

#[derive(Clone, PartialEq)]
enum Act {
    Go(String),
    Choose(Theme),
    SignOut,
}

#[derive(Clone, PartialEq)]
struct Entry {
    text: String,
    kind: &'static str,
    act: Act,
}

impl Entry {
    fn new(text: impl Into<String>, kind: &'static str, act: Act) -> Self {
        Self { text: text.into(), kind, act }
    }
}

/// What can always be done.
fn fixed_entries(session: SessionSignal) -> Vec<Entry> {
    let mut entries: Vec<_> =
        pages(session).map(|page| Entry::new(page.name, "Page", Act::Go(page.href.to_owned()))).collect();
    if session.can_write() {
        entries.push(Entry::new("Create key", "Action", Act::Go("/ui/keys?new=1".to_owned())));
    }
    entries.push(Entry::new("Profile", "Page", Act::Go(PROFILE.to_owned())));
    entries.push(Entry::new("Failed calls", "Page", Act::Go("/ui/logs?status=failure".to_owned())));
    entries
        .extend(Theme::ALL.map(|theme| Entry::new(format!("Theme: {}", theme.name()), "Action", Act::Choose(theme))));
    entries.push(Entry::new("Sign out", "Action", Act::SignOut));
    entries
}

fn key_entry(key: &KeyView) -> Entry {
    let name = key.key_alias.clone().unwrap_or_else(|| key.key_name.clone());
    Entry::new(name, "Key", Act::Go(format!("/ui/keys?key={}", encode(&key.token))))
}

/// The fixed entries that match what was typed, then the keys that the server found.
fn matching(fixed: &[Entry], keys: &[KeyView], typed: &str) -> Vec<Entry> {
    let typed = typed.trim().to_lowercase();
    fixed
        .iter()
        .filter(|entry| entry.text.to_lowercase().contains(&typed))
        .cloned()
        .chain(keys.iter().map(key_entry))
        .collect()
}

fn use_keys(typed: RwSignal<String>) -> Load<api::key::Keys> {
    Load::new(move || {
        let search = typed.get().trim().to_owned();
        async move {
            let query = KeyListQuery {
                size: KEYS_SHOWN,
                search: (!search.is_empty()).then_some(search),
                ..KeyListQuery::default()
            };
            api::key::list(query).await
        }
    })
}

#[component]
pub(crate) fn Palette(is_open: RwSignal<bool>) -> impl IntoView {
    let node = use_modal();
    let (typed, chosen) = (RwSignal::new(String::new()), RwSignal::new(0_usize));
    let fixed = fixed_entries(use_session());
    let keys = use_keys(typed);
    let keys = keys.map(|keys| keys.keys.clone());
    let entries = Memo::new(move |_| matching(&fixed, &keys.get(), &typed.get()));
    let run = use_run(is_open);
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        let count = entries.with_untracked(Vec::len).max(1);
        match event.key().as_str() {
            "ArrowDown" => chosen.update(|chosen| *chosen = (*chosen + 1) % count),
            "ArrowUp" => chosen.update(|chosen| *chosen = (*chosen + count - 1) % count),
            "Enter" => {
                if let Some(entry) = entries.with_untracked(|e| e.get(chosen.get_untracked()).cloned()) {
                    run.run(entry.act);
                }
            }
            _ => return,
        }
        event.prevent_default();
        browser::reveal(&format!("#palette-{}", chosen.get_untracked()));
    };
    let type_in = move |text| {
        typed.set(text);
        chosen.set(0);
    };
    view! {
        <dialog
            node_ref=node
            class="palette"
            aria-label="Go to"
            on:close=move |_| is_open.set(false)
            on:click=move |event| if is_backdrop(&event) { is_open.set(false) }
        >
            <input
                class="palette-input"
                role="combobox"
                aria-label="Go to a page, an action or a key"
                aria-expanded="true"
                aria-controls="palette-list"
                aria-activedescendant=move || format!("palette-{}", chosen.get())
                placeholder="Go to a page, an action or a key"
                autocomplete="off"
                spellcheck="false"
                prop:value=typed
                on:input=move |event| type_in(event_target_value(&event))
                on:keydown=on_key
            />
            <EntryList entries=entries chosen=chosen run=run />
        </dialog>
    }
}

fn use_run(is_open: RwSignal<bool>) -> Callback<Act> {
    let (theme, session, toasts) = (use_theme(), use_session(), use_toasts());
    let navigate = StoredValue::new_local(use_navigate());
    Callback::new(move |act| {
        match act {
            Act::Go(href) => navigate.with_value(|navigate| navigate(&href, no_resolve())),
            Act::Choose(choice) => theme.choose(choice),
            Act::SignOut => sign_out(session, toasts),
        }
        is_open.set(false);
    })
}

#[component]
fn EntryList(entries: Memo<Vec<Entry>>, chosen: RwSignal<usize>, run: Callback<Act>) -> impl IntoView {
    let rows = move || {
        entries
            .get()
            .into_iter()
            .enumerate()
            .map(|(index, entry)| {
                let act = entry.act.clone();
                view! {
                    <li
                        id=format!("palette-{index}")
                        role="option"
                        aria-selected=move || (chosen.get() == index).to_string()
                        on:pointermove=move |_| chosen.set(index)
                        on:click=move |_| run.run(act.clone())
                    >
                        <span>{entry.text}</span>
                        <span class="muted">{entry.kind}</span>
                    </li>
                }
            })
            .collect_view()
    };
    let nothing = move || {
        entries.with(Vec::is_empty).then(|| view! { <p class="palette-nothing muted">"Nothing by that name."</p> })
    };
    view! {
        <ul id="palette-list" class="palette-list" role="listbox" aria-label="Results">{rows}</ul>
        {nothing}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_match_any_part_in_any_case() {
        let fixed = [
            Entry::new("Keys", "Page", Act::Go("/ui/keys".to_owned())),
            Entry::new("Sign out", "Action", Act::SignOut),
        ];
        assert_eq!(matching(&fixed, &[], "OUT").len(), 1);
        assert_eq!(matching(&fixed, &[], " ").len(), 2);
        assert!(matching(&fixed, &[], "zzz").is_empty());
    }
}
