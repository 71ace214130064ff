//! Settings: what the configuration and the database say, and where each value comes from.

mod row;
mod value;

use leptos::prelude::*;
use tollgate_openapi::settings::{ConfigType, SettingView};

use crate::api;
use crate::pages::settings::row::SettingRow;
use crate::ui::load::{Load, skeleton};
use crate::ui::location::use_url;
use crate::ui::page::Page;
use crate::ui::segment::Segments;

/// Which settings show, as the URL names it.
const TAB: &str = "tab";
const TABS: &[(&str, &str)] =
    &[("general", "General"), ("router", "Router"), ("cache", "Cache"), ("alerts", "Alerts"), ("defaults", "Defaults")];
/// What newcomers, teams, keys and customers get: names in `litellm_settings`, as they begin.
const DEFAULTS: [&str; 8] = [
    "default_internal_user_params.",
    "default_team_params.",
    "default_key_generate_params",
    "upperbound_key_generate_params",
    "key_generation_settings",
    "max_internal_user_budget",
    "internal_user_budget_duration",
    "max_end_user_budget",
];

/// The tab a setting is on.
fn tab_of(setting: &SettingView) -> &'static str {
    let name = setting.field_name.as_str();
    match setting.config_type {
        ConfigType::RouterSettings => "router",
        ConfigType::LitellmSettings if name == "cache" || name.starts_with("cache_params.") => "cache",
        ConfigType::LitellmSettings if DEFAULTS.iter().any(|beginning| name.starts_with(beginning)) => "defaults",
        ConfigType::GeneralSettings | ConfigType::TollgateSettings if name.starts_with("alert") => "alerts",
        ConfigType::LitellmSettings | ConfigType::GeneralSettings | ConfigType::TollgateSettings => "general",
    }
}

fn heading(section: ConfigType, tab: &str) -> (&'static str, &'static str) {
    match section {
        ConfigType::GeneralSettings if tab == "alerts" => ("What is told, and where", "general_settings"),
        ConfigType::TollgateSettings if tab == "alerts" => ("When and how", "tollgate_settings"),
        ConfigType::GeneralSettings => ("The server", "general_settings"),
        ConfigType::LitellmSettings if tab == "cache" => ("Answers that are given again", "litellm_settings"),
        ConfigType::LitellmSettings if tab == "defaults" => {
            ("What newcomers, teams, keys and customers get", "litellm_settings")
        }
        ConfigType::LitellmSettings => ("Calls and budgets", "litellm_settings"),
        ConfigType::RouterSettings => ("Routing, retries and fallbacks", "router_settings"),
        ConfigType::TollgateSettings => ("Bounds", "tollgate_settings"),
    }
}

#[component]
pub(crate) fn SettingsPage() -> impl IntoView {
    let load: Load<Vec<SettingView>> = Load::new(api::settings::list);
    view! {
        <Page
            title="Settings"
            lead="Values set here are kept in the database, go before those of config.yaml, and are in force at once on every node."
        >
            <div class="toolbar">
                <Segments name=TAB label="Settings of" options=TABS />
            </div>
            {load.show(skeleton, move || settings_view(load))}
        </Page>
    }
    .into_any()
}

fn settings_view(load: Load<Vec<SettingView>>) -> AnyView {
    let url = use_url();
    let tab = Memo::new(move |_| url.get(TAB).unwrap_or_else(|| "general".to_owned()));
    let sections = move || {
        let tab = tab.get();
        let here = ConfigType::ALL.into_iter().filter_map(|section| {
            let all = load.data.get_untracked().unwrap_or_default().into_iter();
            let here: Vec<SettingView> = all.filter(|one| one.config_type == section && tab_of(one) == tab).collect();
            (!here.is_empty()).then(|| section_view(heading(section, &tab), here, load))
        });
        here.collect_view()
    };
    view! { <div class="settings">{sections}</div> }.into_any()
}

fn section_view(
    (title, name): (&'static str, &'static str),
    settings: Vec<SettingView>,
    load: Load<Vec<SettingView>>,
) -> AnyView {
    let mut described = String::new();
    // Quietly: what is typed into other fields stays.
    let on_changed = Callback::new(move |changed: SettingView| {
        load.data.update_untracked(|all| {
            let known = all.iter_mut().flatten().find(|one| one.path() == changed.path());
            if let Some(known) = known {
                known.clone_from(&changed);
            }
        });
    });
    let rows = settings
        .into_iter()
        .map(|setting| {
            // Settings that belong together are described together: once.
            let is_described = described == setting.field_description;
            described.clone_from(&setting.field_description);
            view! { <SettingRow setting=setting is_described=is_described on_changed=on_changed /> }
        })
        .collect_view();
    view! {
        <section class="settings-section" aria-label=title>
            <h2>{title} <code class="muted">{name}</code></h2>
            <div class="settings-rows">{rows}</div>
        </section>
    }
    .into_any()
}
