//! `GET /config/list`, `GET /config/field/info` and `GET /get/config/callbacks`.

use actix_web::web;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::settings::{ConfigCallbacks, ConfigFieldQuery, ConfigListQuery, ConfigType, SettingView};

use super::view::view;
use super::wanted;
use crate::app::App;
use crate::auth::Principal;
use crate::config::settings;
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::Query;

/// List settings
///
/// Each with its value, where that comes from, and whether it can be changed while the gateway runs.
#[utoipa::path(
    get,
    path = paths::CONFIG_LIST,
    operation_id = "config_list",
    tag = "settings",
    params(ConfigListQuery),
    responses((status = 200, description = "The settings, in the order of the reference", body = Vec<SettingView>)),
)]
pub async fn list(
    app: web::Data<App>,
    principal: Principal,
    query: Query<ConfigListQuery>,
) -> ApiResult<web::Json<Vec<SettingView>>> {
    principal.authorize_all(Action::SettingsRead)?;
    let shown = app.settings.shown();
    let section = query.0.config_type.map(ConfigType::as_str);
    let asked = settings().filter(|setting| section.is_none_or(|section| setting.section() == section));
    Ok(web::Json(asked.map(|setting| view(setting, &shown)).collect()))
}

/// Show a setting
#[utoipa::path(
    get,
    path = paths::CONFIG_FIELD_INFO,
    operation_id = "config_field_info",
    tag = "settings",
    params(ConfigFieldQuery),
    responses(
        (status = 200, description = "The setting", body = SettingView),
        (status = 400, description = "There is no such setting", body = ErrorEnvelope),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    query: Query<ConfigFieldQuery>,
) -> ApiResult<web::Json<SettingView>> {
    principal.authorize_all(Action::SettingsRead)?;
    let setting = wanted::named(query.0.config_type, &query.0.field_name)?;
    Ok(web::Json(view(setting, &app.settings.shown())))
}

/// Show callbacks, alerts and the router's settings
#[utoipa::path(
    get,
    path = paths::CONFIG_CALLBACKS,
    operation_id = "config_callbacks",
    tag = "settings",
    responses((status = 200, description = "What LiteLLM's console asks for", body = ConfigCallbacks)),
)]
pub async fn callbacks(app: web::Data<App>, principal: Principal) -> ApiResult<web::Json<ConfigCallbacks>> {
    principal.authorize_all(Action::SettingsRead)?;
    let shown = app.settings.shown();
    let router = settings().filter(|setting| setting.section() == ConfigType::RouterSettings.as_str());
    let router_settings = router.map(|setting| {
        let view = view(setting, &shown);
        (view.field_name, view.field_value)
    });
    Ok(web::Json(ConfigCallbacks {
        status: "success".to_owned(),
        router_settings: router_settings.collect(),
        ..ConfigCallbacks::default()
    }))
}
