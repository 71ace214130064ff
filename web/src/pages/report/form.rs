//! A report's form.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use tollgate_openapi::alert::AlertChannelList;
use tollgate_openapi::report::{Report, ReportContent, ReportCreate, ReportFilter, ReportPeriod};
use tollgate_openapi::spend::ExportFormat;

use super::words;
use crate::api;
use crate::api::ApiError;
use crate::pages::owner::{self, OwnerField};
use crate::ui::drawer::Drawer;
use crate::ui::field::{CheckField, ChipsField, SelectField, TextField};
use crate::ui::form::{FormAlert, FormState};
use crate::ui::load::Load;
use crate::ui::toast::use_toasts;
use crate::url::parse_word;

/// The fields' wire names.
const FIELDS: &[&[&str]] =
    &[&["name", "period", "content", "format", "group_by", "then_by", "filter", "email_to", "organization_id"]];

#[derive(Clone, Copy)]
struct Fields {
    name: RwSignal<String>,
    period: RwSignal<String>,
    content: RwSignal<String>,
    format: RwSignal<String>,
    group_by: RwSignal<String>,
    then_by: RwSignal<String>,
    /// Whose calls.
    about: RwSignal<String>,
    email_to: RwSignal<Vec<String>>,
    channel_ids: RwSignal<Vec<String>>,
    is_stored: RwSignal<bool>,
    shared_with: RwSignal<String>,
    /// What of the filter has no field here.
    filter: StoredValue<ReportFilter>,
}

impl Fields {
    fn of(report: Option<&Report>) -> Self {
        let text = |value: Option<&str>| RwSignal::new(value.unwrap_or_default().to_owned());
        let filter = report.map(|report| report.filter.clone()).unwrap_or_default();
        let about = owner::choice(filter.organization_id.as_deref(), filter.team_id.as_deref());
        let shared = report.map(|one| owner::choice(one.organization_id.as_deref(), one.team_id.as_deref()));
        Self {
            name: text(report.map(|report| report.name.as_str())),
            period: text(Some(report.map_or("week", |report| report.period.name()))),
            content: text(Some(report.map_or("usage", |report| report.content.name()))),
            format: text(Some(report.map_or("csv", |report| report.format.as_str()))),
            group_by: text(Some(report.map_or("team", |report| report.group_by.as_str()))),
            then_by: text(report.and_then(|report| report.then_by).map(|by| by.as_str())),
            about: RwSignal::new(about),
            email_to: RwSignal::new(report.map(|report| report.email_to.clone()).unwrap_or_default()),
            channel_ids: RwSignal::new(report.map(|report| report.channel_ids.clone()).unwrap_or_default()),
            is_stored: RwSignal::new(report.is_some_and(|report| report.is_stored)),
            shared_with: RwSignal::new(shared.unwrap_or_default()),
            filter: StoredValue::new(filter),
        }
    }

    fn report(self) -> ReportCreate {
        let (organization_id, team_id) = owner::ids(&self.shared_with.get_untracked());
        let about = self.about.get_untracked();
        let (of_organization, of_team) = owner::ids(&about);
        let content = self.content.with_untracked(|name| ReportContent::named(name)).unwrap_or_default();
        let (has_groups, is_bill) = (content == ReportContent::Usage, content == ReportContent::Statement);
        let before = self.filter.get_value();
        let is_same = owner::choice(before.organization_id.as_deref(), before.team_id.as_deref()) == about;
        let filter = match is_same {
            true => before,
            false => ReportFilter { organization_id: of_organization, team_id: of_team, ..before },
        };
        ReportCreate {
            name: self.name.get_untracked().trim().to_owned(),
            period: self.period.with_untracked(|name| ReportPeriod::named(name)).unwrap_or_default(),
            organization_id,
            team_id,
            content,
            format: if has_groups || is_bill {
                ExportFormat::Csv
            } else {
                parse_word(&self.format.get_untracked()).unwrap_or_default()
            },
            group_by: parse_word(&self.group_by.get_untracked()).unwrap_or_default(),
            then_by: parse_word(&self.then_by.get_untracked()).filter(|_| has_groups),
            filter,
            email_to: self.email_to.get_untracked(),
            channel_ids: self.channel_ids.get_untracked(),
            is_stored: self.is_stored.get_untracked(),
        }
    }
}

/// A change is sent as a whole: `null` clears.
async fn save(before: Option<Report>, report: ReportCreate) -> Result<Report, ApiError> {
    match before {
        None => api::report::create(&report).await,
        Some(before) => api::report::update(&before.report_id, &report, Some(before.updated_at)).await,
    }
}

/// A new report, or a change of one.
#[component]
pub(super) fn ReportForm(
    /// What it is now; none: a new one.
    before: Option<Report>,
    /// Where files are put, where the reader may have that.
    storage: Option<String>,
    on_close: Callback<()>,
    on_change: Callback<()>,
) -> impl IntoView {
    let (fields, state, toasts) = (Fields::of(before.as_ref()), FormState::new(FIELDS), use_toasts());
    let title = if before.is_some() { "Edit the report" } else { "Save a report" };
    let before = StoredValue::new(before);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let (before, report) = (before.get_value(), fields.report());
        state.is_busy.set(true);
        spawn_local(async move {
            match save(before, report).await {
                Ok(report) => {
                    toasts.done(format!("Saved {}.", report.name));
                    on_change.try_run(());
                    on_close.try_run(());
                }
                Err(error) => state.fail(error),
            }
        });
    };
    view! {
        <Drawer title=Signal::stored(title.to_owned()) is_sticky=true is_form=true on_close=on_close>
            <form class="drawer-form" on:submit=submit novalidate>
                <div class="drawer-body">
                    <FormAlert state=state />
                    <What fields=fields state=state />
                    <h3>"Where it goes"</h3>
                    <Places fields=fields state=state storage=storage />
                </div>
                <footer class="drawer-footer">
                    <span class="toolbar-space"></span>
                    <button class="button" type="button" on:click=move |_| on_close.run(())>"Cancel"</button>
                    <button class="button button-primary" type="submit" disabled=state.is_busy>"Save"</button>
                </footer>
            </form>
        </Drawer>
    }
}

fn select(
    label: &'static str,
    name: &'static str,
    value: RwSignal<String>,
    options: Vec<(String, String)>,
    state: FormState,
) -> AnyView {
    let choose = Callback::new(move |chosen| value.set(chosen));
    view! { <SelectField label=label name=name value=value options=options on_choose=choose errors=state.errors /> }
        .into_any()
}

/// What it tells.
#[component]
fn What(fields: Fields, state: FormState) -> impl IntoView {
    let shape = move || match fields.content.get().as_str() {
        "usage" => {
            let mut then = words::options(&words::GROUPS);
            then.insert(0, (String::new(), "Nothing more".to_owned()));
            let groups = words::options(&words::GROUPS);
            let by = select("By", "group_by", fields.group_by, groups, state);
            let then = select("And each by", "then_by", fields.then_by, then, state);
            view! { {by}{then} }.into_any()
        }
        "statement" => {
            view! { <p class="hint">"CSV, by everything a month is stated by. Of months only."</p> }.into_any()
        }
        _ => select("Format", "format", fields.format, words::options(&words::FORMATS), state),
    };
    view! {
        <TextField label="Name" name="name" value=fields.name errors=state.errors placeholder="Teams by the week" autofocus=true />
        {select("When", "period", fields.period, words::options(&words::PERIODS), state)}
        {select("What is in it", "content", fields.content, words::options(&words::CONTENTS), state)}
        {shape}
        <OwnerField label="Of whose calls" name="filter" value=fields.about errors=state.errors none="All that I may see" />
    }
}

#[component]
fn Places(fields: Fields, state: FormState, storage: Option<String>) -> impl IntoView {
    let channels = Load::<AlertChannelList>::new(api::alert::channels);
    let nothing = Signal::stored(Vec::<String>::new());
    let told = move || {
        let rows = channels.data.with(|list| list.as_ref().map(|list| list.channels.clone()).unwrap_or_default());
        let line = |(id, name): (String, String)| {
            let own = id.clone();
            let is_told = move || fields.channel_ids.with(|ids| ids.contains(&own));
            let toggle = move |_| {
                fields.channel_ids.update(|ids| match ids.iter().position(|one| *one == id) {
                    Some(place) => drop(ids.remove(place)),
                    None => ids.push(id.clone()),
                });
            };
            view! {
                <label class="check">
                    <input type="checkbox" prop:checked=is_told on:change=toggle />
                    <span>"Tell it in "{name}</span>
                </label>
            }
        };
        rows.into_iter().map(|channel| line((channel.channel_id, channel.name))).collect_view()
    };
    let stored = storage.map(|address| {
        view! {
            <CheckField label="Put its files into the storage" value=fields.is_stored />
            <p class="hint wrap">{address}</p>
        }
    });
    view! {
        <ChipsField label="E-mail" name="email_to" values=fields.email_to errors=state.errors suggestions=nothing everything="nobody yet" hint="Its file goes along. Press Enter after each address." />
        {told}
        {stored}
        <OwnerField label="Share it with" name="organization_id" value=fields.shared_with errors=state.errors none="Nobody" hint="Who is in there reads it, with what they may see themselves." />
    }
}
