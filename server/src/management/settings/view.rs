//! Settings as they are shown.

use tollgate_openapi::settings::{ConfigType, SettingSource, SettingType, SettingView};

use crate::config::{Origin, Setting, SettingKind};
use crate::settings::Shown;

/// Shows a setting.
pub(super) fn view(setting: &Setting, shown: &Shown) -> SettingView {
    let set = shown.values.get(&setting.path);
    let row = shown.rows.iter().find(|row| row.path == setting.path);
    let (source, place) = match set.map(|set| &set.origin) {
        None => (SettingSource::Default, setting.variable.map(str::to_owned)),
        Some(Origin::File(place)) => (SettingSource::File, Some(place.to_string())),
        Some(Origin::Environment(name)) => (SettingSource::Environment, Some(name.clone())),
        Some(Origin::Database) => (SettingSource::Database, None),
    };
    SettingView {
        config_type: section(setting.section()),
        field_name: setting.name().to_owned(),
        field_type: match setting.kind {
            SettingKind::Boolean => SettingType::Boolean,
            SettingKind::Number => SettingType::Number,
            SettingKind::Text => SettingType::String,
            SettingKind::List => SettingType::List,
            SettingKind::Map => SettingType::Dict,
        },
        field_description: setting.description.clone(),
        field_value: set.map_or_else(|| setting.default.clone(), |set| set.value.clone()),
        field_default_value: setting.default.clone(),
        stored_in_db: row.is_some(),
        premium_field: false,
        source,
        place,
        editable: setting.is_live,
        choices: setting.choices.iter().map(|choice| (*choice).to_owned()).collect(),
        version: row.map_or(0, |row| row.version),
        waits_for_restart: shown.waits(setting),
        updated_at: row.map(|row| row.updated_at),
        updated_by: row.and_then(|row| row.updated_by.clone()),
    }
}

fn section(name: &str) -> ConfigType {
    ConfigType::ALL.into_iter().find(|section| section.as_str() == name).unwrap_or_default()
}
