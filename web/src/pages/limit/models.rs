//! The fields of what single models are limited to: a row a model.

use leptos::prelude::*;

use crate::pages::limit::draft::model::{FIELDS, ModelLimitDraft, field_of};
use crate::ui::field::FieldErrors;
use crate::ui::icon::{Icon, icon};

/// Windows that a row offers; any other is kept as it was.
const DURATIONS: &[(&str, &str)] = &[("", "Never"), ("daily", "Daily"), ("weekly", "Weekly"), ("monthly", "Monthly")];

/// The list that model names are picked from.
const NAMES_ID: &str = "model-limit-names";

/// A row with what tells it from the others while rows come and go.
type Row = (u32, ModelLimitDraft);

/// The rows' state.
#[derive(Clone, Copy)]
pub(crate) struct ModelLimitForm {
    rows: RwSignal<Vec<Row>>,
}

impl ModelLimitForm {
    pub(crate) fn new(drafts: Vec<ModelLimitDraft>) -> Self {
        Self { rows: RwSignal::new((0..).zip(drafts).collect()) }
    }

    pub(crate) fn drafts(self) -> Vec<ModelLimitDraft> {
        self.rows.with_untracked(|rows| rows.iter().map(|(_, draft)| draft.clone()).collect())
    }

    fn add(self) {
        self.rows.update(|rows| {
            let next = rows.iter().map(|(id, _)| id + 1).max().unwrap_or(0);
            rows.push((next, ModelLimitDraft::default()));
        });
    }

    fn remove(self, id: u32) {
        self.rows.update(|rows| rows.retain(|(row, _)| *row != id));
    }

    /// Where the row stands now.
    fn index(self, id: u32) -> usize {
        self.rows.with(|rows| rows.iter().position(|(row, _)| *row == id).unwrap_or_default())
    }

    fn get(self, id: u32, part: fn(&ModelLimitDraft) -> &String) -> String {
        self.rows.with(|rows| {
            let draft = rows.iter().find(|(row, _)| *row == id);
            draft.map(|(_, draft)| part(draft).clone()).unwrap_or_default()
        })
    }

    fn set(self, id: u32, part: fn(&mut ModelLimitDraft) -> &mut String, text: String) {
        self.rows.update(|rows| {
            if let Some((_, draft)) = rows.iter_mut().find(|(row, _)| *row == id) {
                *part(draft) = text;
            }
        });
    }
}

#[component]
pub(crate) fn ModelLimitFields(
    form: ModelLimitForm,
    errors: FieldErrors,
    /// Names of models to pick from.
    names: Signal<Vec<String>>,
) -> impl IntoView {
    let ids = Memo::new(move |_| form.rows.with(|rows| rows.iter().map(|(id, _)| *id).collect::<Vec<_>>()));
    let said = move || errors.with(|errors| FIELDS.iter().find_map(|field| errors.get(*field).cloned()));
    let options = move || names.get().into_iter().map(|name| view! { <option value=name></option> }).collect_view();
    view! {
        <fieldset class="model-limits">
            <legend>"Limits of single models"</legend>
            <For each=move || ids.get() key=|id| *id let:id>
                {row_view(form, errors, id)}
            </For>
            <p class="field-error" role="alert">{said}</p>
            <button class="button button-small" type="button" on:click=move |_| form.add()>
                {icon(Icon::Plus)}
                "Limit a model"
            </button>
            <datalist id=NAMES_ID>{options}</datalist>
        </fieldset>
    }
}

fn row_view(form: ModelLimitForm, errors: FieldErrors, id: u32) -> impl IntoView {
    let remove_label = move || format!("Remove the limits of {}", form.get(id, |row| &row.model));
    let wrong = move || {
        let index = form.index(id);
        let of_row = ["model", "max_budget", "rpm", "tpm"].map(|field| field_of(field, index));
        errors.with(|errors| of_row.iter().find_map(|name| errors.get(name).cloned()))
    };
    let input = Input { form, errors, id };
    view! {
        <div class="model-limit" role="group" aria-label=move || format!("Limits of model {}", form.index(id) + 1)>
            {input.view("Model", "model", |row| &row.model, |row| &mut row.model)}
            <button class="icon-button" type="button" aria-label=remove_label on:click=move |_| form.remove(id)>
                {icon(Icon::Close)}
            </button>
            {input.view("Budget, $", "max_budget", |row| &row.max_budget, |row| &mut row.max_budget)}
            {duration_view(form, id)}
            {input.view("Requests/min", "rpm", |row| &row.rpm, |row| &mut row.rpm)}
            {input.view("Tokens/min", "tpm", |row| &row.tpm, |row| &mut row.tpm)}
            <p class="field-error" role="alert">{wrong}</p>
        </div>
    }
}

/// What the inputs of a row have in common.
#[derive(Clone, Copy)]
struct Input {
    form: ModelLimitForm,
    errors: FieldErrors,
    id: u32,
}

impl Input {
    fn view(
        self,
        label: &'static str,
        field: &'static str,
        get: fn(&ModelLimitDraft) -> &String,
        set: fn(&mut ModelLimitDraft) -> &mut String,
    ) -> impl IntoView {
        let Self { form, errors, id } = self;
        let is_model = field == "model";
        let is_wrong = move || {
            let name = field_of(field, form.index(id));
            errors.with(|errors| errors.contains_key(&name).then_some("true"))
        };
        view! {
            <label class="field" class:model-limit-name=is_model>
                <span>{label}</span>
                <input
                    class="input"
                    list=is_model.then_some(NAMES_ID)
                    inputmode=match field { "model" => "text", "max_budget" => "decimal", _ => "numeric" }
                    placeholder=if is_model { "gpt-4o" } else { "No limit" }
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    autofocus=is_model
                    aria-invalid=is_wrong
                    prop:value=move || form.get(id, get)
                    on:input=move |event| form.set(id, set, event_target_value(&event))
                />
            </label>
        }
    }
}

fn duration_view(form: ModelLimitForm, id: u32) -> impl IntoView {
    let now = untrack(|| form.get(id, |row| &row.budget_duration));
    let is_usual = DURATIONS.iter().any(|(word, _)| *word == now);
    let unusual = (!is_usual).then(|| (now.clone(), format!("Every {now}")));
    let usual = DURATIONS.iter().map(|(word, text)| ((*word).to_owned(), (*text).to_owned()));
    let options = usual.chain(unusual).map(|(word, text)| {
        let is_chosen = word == now;
        view! { <option value=word selected=is_chosen>{text}</option> }
    });
    view! {
        <label class="field">
            <span>"Resets"</span>
            <select
                class="input"
                on:change=move |event| form.set(id, |row| &mut row.budget_duration, event_target_value(&event))
            >
                {options.collect_view()}
            </select>
        </label>
    }
}
