//! What a request wants to be changed, checked against what there is.

use std::path::Path;

use serde_json::{Map, Value};
use tollgate_openapi::settings::{ConfigType, ConfigUpdate};

use crate::config::{Setting, check_sent, nearest_setting, setting, settings_below};
use crate::error::{ApiError, ApiResult};

/// A setting and its new value; `None`: the database's is taken away.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) setting: &'static Setting,
    pub(super) value: Option<Value>,
    /// The version that was seen.
    pub(super) version: Option<i64>,
}

/// The setting of this name.
pub(super) fn named(section: ConfigType, name: &str) -> ApiResult<&'static Setting> {
    at(&format!("{}.{name}", section.as_str()))
}

fn at(path: &str) -> ApiResult<&'static Setting> {
    setting(path).ok_or_else(|| {
        let hint = nearest_setting(path).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        ApiError::bad_request(path.to_owned(), format!("{path}: there is no such setting{hint}"))
    })
}

/// What `POST /config/update` wants.
pub(super) fn of_update(body: ConfigUpdate) -> ApiResult<Vec<Wanted>> {
    if body.environment_variables.is_some() {
        let message = "environment_variables: variables are those of config.yaml and of the process, and read at a start; \
                       settings can be sent themselves";
        return Err(ApiError::bad_request("environment_variables", message));
    }
    let sections = [
        (ConfigType::GeneralSettings, body.general_settings),
        (ConfigType::LitellmSettings, body.litellm_settings),
        (ConfigType::RouterSettings, body.router_settings),
        (ConfigType::TollgateSettings, body.tollgate_settings),
    ];
    let mut all = Vec::new();
    for (section, members) in sections {
        add(section.as_str(), members.unwrap_or_default(), &mut all)?;
    }
    Ok(all)
}

/// Settings by name; what is a group of settings has them by name, too.
fn add(path: &str, members: Map<String, Value>, all: &mut Vec<Wanted>) -> ApiResult<()> {
    for (name, value) in members {
        let path = format!("{path}.{name}");
        let is_group = setting(&path).is_none() && settings_below(&path).next().is_some();
        match value {
            Value::Object(members) if is_group => add(&path, members, all)?,
            // The whole group goes back to what config.yaml says.
            Value::Null if is_group => {
                let below = settings_below(&path).filter(|setting| setting.is_live);
                all.extend(below.map(|setting| Wanted { setting, value: None, version: None }));
            }
            _ if is_group => {
                return Err(ApiError::bad_request(path.clone(), format!("{path}: expected a mapping")));
            }
            value => {
                let value = Some(value).filter(|value| !value.is_null());
                all.push(Wanted { setting: at(&path)?, value, version: None });
            }
        }
    }
    Ok(())
}

impl Wanted {
    /// Refuses what cannot change while the gateway runs, and what would have it read its environment.
    pub(super) fn check(&self, file: Option<&Path>) -> ApiResult<()> {
        let path = &self.setting.path;
        if !self.setting.is_live {
            return Err(ApiError::bad_request(path.clone(), only_at_a_start(self.setting, file)));
        }
        let sent = Map::from_iter([(self.setting.name().to_owned(), self.value.clone().unwrap_or_default())]);
        match check_sent(&sent, self.setting.section()).into_iter().next() {
            Some(_) => {
                let message = format!("{path}: the environment is only read for config.yaml: send the value itself");
                Err(ApiError::bad_request(path.clone(), message))
            }
            None => Ok(()),
        }
    }
}

/// Where a setting can be set that takes effect only at a start.
fn only_at_a_start(setting: &Setting, file: Option<&Path>) -> String {
    let path = &setting.path;
    let file = match file {
        Some(file) => format!("in {}", file.display()),
        None => "in the config.yaml that the gateway is started with (--config)".to_owned(),
    };
    let variable = setting.variable.map(|variable| format!(" or by {variable}")).unwrap_or_default();
    format!("{path}: this takes effect only when the gateway starts: set it {file}{variable}, and start again")
}
