//! Settings of the gateway.

use tollgate_openapi::paths;
use tollgate_openapi::settings::{ConfigFieldQuery, ConfigFieldUpdate, ConfigListQuery, SettingChanged, SettingView};

use super::{ApiError, get, post};

pub(crate) async fn list() -> Result<Vec<SettingView>, ApiError> {
    get(paths::CONFIG_LIST, &ConfigListQuery::default()).await
}

pub(crate) async fn update(body: &ConfigFieldUpdate) -> Result<SettingChanged, ApiError> {
    post(paths::CONFIG_FIELD_UPDATE, body).await
}

pub(crate) async fn info(query: &ConfigFieldQuery) -> Result<SettingView, ApiError> {
    get(paths::CONFIG_FIELD_INFO, query).await
}
