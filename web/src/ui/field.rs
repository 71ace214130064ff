//! Form fields: label, input, hint, and the server's word on what is wrong with it.

use std::collections::BTreeMap;

use leptos::html;
use leptos::prelude::*;

use crate::browser;

/// What is wrong with which field, by its wire name.
pub(crate) type FieldErrors = RwSignal<BTreeMap<String, String>>;

/// The value behind `Custom…` in a [`ChoiceField`].
const CUSTOM: &str = "\u{0}custom";

#[component]
fn Frame(
    label: &'static str,
    name: &'static str,
    #[prop(optional)] hint: &'static str,
    errors: FieldErrors,
    children: Children,
) -> impl IntoView {
    let error = move || errors.with(|errors| errors.get(name).cloned());
    view! {
        <div class="field">
            <label for=id_of(name)>{label}</label>
            {children()}
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=hint_of(name)>{hint}</p> })}
            <p class="field-error" id=error_of(name) role="alert">{error}</p>
        </div>
    }
}

/// Puts the focus on the first field that is wrong.
pub(crate) fn focus_wrong() {
    browser::focus_next("[aria-invalid=true]");
}

fn id_of(name: &str) -> String {
    format!("field-{name}")
}

fn hint_of(name: &str) -> String {
    format!("field-{name}-hint")
}

fn error_of(name: &str) -> String {
    format!("field-{name}-error")
}

fn described_by(name: &str) -> String {
    format!("{} {}", hint_of(name), error_of(name))
}

/// A line of text.
#[component]
pub(crate) fn TextField(
    label: &'static str,
    name: &'static str,
    value: RwSignal<String>,
    errors: FieldErrors,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] placeholder: &'static str,
    #[prop(default = "text")] kind: &'static str,
    #[prop(default = "off")] autocomplete: &'static str,
    /// Which keyboard a phone shows.
    #[prop(default = "text")]
    inputmode: &'static str,
    /// A unit or symbol before the value.
    #[prop(optional)]
    prefix: &'static str,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let node = NodeRef::<html::Input>::new();
    // The attribute works where a page or a dialog opens; a form that takes the place of something else needs this.
    Effect::new(move |_| {
        if let Some(input) = node.get().filter(|_| autofocus) {
            let _ = input.focus();
        }
    });
    let is_wrong = move || errors.with(|errors| errors.contains_key(name).then_some("true"));
    view! {
        <Frame label=label name=name hint=hint errors=errors>
            <span class="input-frame" class:has-prefix=!prefix.is_empty()>
                {(!prefix.is_empty()).then(|| view! { <span class="input-prefix" aria-hidden="true">{prefix}</span> })}
                <input
                    node_ref=node
                    class="input"
                    id=id_of(name)
                    name=name
                    type=kind
                    autocomplete=autocomplete
                    autocapitalize="off"
                    spellcheck="false"
                    inputmode=inputmode
                    placeholder=placeholder
                    autofocus=autofocus
                    aria-describedby=described_by(name)
                    aria-invalid=is_wrong
                    prop:value=value
                    on:input=move |event| value.set(event_target_value(&event))
                />
            </span>
        </Frame>
    }
}

/// Yes or no.
#[component]
pub(crate) fn CheckField(label: &'static str, value: RwSignal<bool>) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" prop:checked=value on:change=move |event| value.set(event_target_checked(&event)) />
            <span>{label}</span>
        </label>
    }
}

/// Several lines of text, in the code font.
#[component]
pub(crate) fn CodeField(
    label: &'static str,
    name: &'static str,
    value: RwSignal<String>,
    errors: FieldErrors,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] placeholder: &'static str,
) -> impl IntoView {
    let is_wrong = move || errors.with(|errors| errors.contains_key(name).then_some("true"));
    view! {
        <Frame label=label name=name hint=hint errors=errors>
            <textarea
                class="input code"
                id=id_of(name)
                name=name
                rows="4"
                spellcheck="false"
                placeholder=placeholder
                aria-describedby=described_by(name)
                aria-invalid=is_wrong
                prop:value=value
                on:input=move |event| value.set(event_target_value(&event))
            ></textarea>
        </Frame>
    }
}

/// A choice of usual values, and any other by hand.
#[component]
pub(crate) fn ChoiceField(
    label: &'static str,
    name: &'static str,
    value: RwSignal<String>,
    errors: FieldErrors,
    /// Value and text.
    options: Vec<(String, String)>,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] placeholder: &'static str,
) -> impl IntoView {
    let is_usual = options.iter().any(|(word, _)| *word == value.get_untracked());
    let is_custom = RwSignal::new(!is_usual);
    let options = options
        .into_iter()
        .chain([(CUSTOM.to_owned(), "Custom…".to_owned())])
        .map(|(word, text)| {
            let is_chosen = if is_usual { word == value.get_untracked() } else { word == CUSTOM };
            view! { <option value=word selected=is_chosen>{text}</option> }
        })
        .collect_view();
    let choose = move |word: String| {
        is_custom.set(word == CUSTOM);
        value.set(if word == CUSTOM { String::new() } else { word });
    };
    let custom = move || {
        is_custom.get().then(|| {
            view! {
                <input
                    class="input"
                    aria-label=format!("{label}, custom")
                    placeholder=placeholder
                    autocomplete="off"
                    prop:value=value
                    on:input=move |event| value.set(event_target_value(&event))
                />
            }
        })
    };
    view! {
        <Frame label=label name=name hint=hint errors=errors>
            <select
                class="input"
                id=id_of(name)
                aria-describedby=described_by(name)
                on:change=move |event| choose(event_target_value(&event))
            >
                {options}
            </select>
            {custom}
        </Frame>
    }
}

/// A choice of what there is.
#[component]
pub(crate) fn SelectField(
    label: &'static str,
    name: &'static str,
    #[prop(into)] value: Signal<String>,
    /// Value and text.
    options: Vec<(String, String)>,
    on_choose: Callback<String>,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] errors: Option<FieldErrors>,
) -> impl IntoView {
    let errors = errors.unwrap_or_else(|| RwSignal::new(BTreeMap::new()));
    let is_wrong = move || errors.with(|errors| errors.contains_key(name).then_some("true"));
    let options = options
        .into_iter()
        .map(|(word, text)| {
            let is_chosen = {
                let word = word.clone();
                Memo::new(move |_| value.with(|value| *value == word))
            };
            view! { <option value=word selected=is_chosen prop:selected=is_chosen>{text}</option> }
        })
        .collect_view();
    view! {
        <Frame label=label name=name hint=hint errors=errors>
            <select
                class="input"
                id=id_of(name)
                aria-describedby=described_by(name)
                aria-invalid=is_wrong
                on:change=move |event| on_choose.run(event_target_value(&event))
            >
                {options}
            </select>
        </Frame>
    }
}

/// A list of names, each a chip; none means `everything`.
#[component]
pub(crate) fn ChipsField(
    label: &'static str,
    name: &'static str,
    values: RwSignal<Vec<String>>,
    errors: FieldErrors,
    /// Names to pick from; others can be typed.
    suggestions: Signal<Vec<String>>,
    #[prop(optional)] hint: &'static str,
    /// Shown while the list is empty.
    everything: &'static str,
) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let add = move || {
        let typed = text.get_untracked().trim().trim_end_matches(',').to_owned();
        if !typed.is_empty() {
            values.update(|values| {
                if !values.contains(&typed) {
                    values.push(typed);
                }
            });
        }
        text.set(String::new());
    };
    let type_in = move |typed: String| {
        // Picking from the list fills the field at once; a comma ends a name.
        let is_picked = suggestions.with_untracked(|names| names.contains(&typed));
        let is_ended = typed.ends_with(',');
        text.set(typed);
        if is_picked || is_ended {
            add();
        }
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| match event.key().as_str() {
        "Enter" if !text.get_untracked().is_empty() => {
            event.prevent_default();
            add();
        }
        "Backspace" if text.get_untracked().is_empty() => values.update(|values| {
            values.pop();
        }),
        _ => {}
    };
    let list_id = format!("field-{name}-list");
    view! {
        <Frame label=label name=name hint=hint errors=errors>
            <div class="chips input">
                <For each=move || values.get() key=Clone::clone let:chip>
                    {chip_view(chip, values)}
                </For>
                <input
                    id=id_of(name)
                    list=list_id.clone()
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    aria-describedby=described_by(name)
                    placeholder=move || values.with(Vec::is_empty).then_some(everything)
                    prop:value=text
                    on:input=move |event| type_in(event_target_value(&event))
                    on:keydown=on_key
                    on:blur=move |_| add()
                />
            </div>
            <datalist id=list_id>
                {move || suggestions.get().into_iter().map(|name| view! { <option value=name></option> }).collect_view()}
            </datalist>
        </Frame>
    }
}

fn chip_view(chip: String, values: RwSignal<Vec<String>>) -> impl IntoView {
    let label = format!("Remove {chip}");
    let text = chip.clone();
    let remove = move |_| values.update(|values| values.retain(|value| *value != chip));
    view! {
        <span class="chip">
            {text}
            <button type="button" aria-label=label on:click=remove>"×"</button>
        </span>
    }
}
