//! `POST /config/update`, `POST /config/field/update` and `POST /config/field/delete`.

use actix_web::http::StatusCode;
use actix_web::web;
use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use serde_json::{Value, json};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::settings::{ConfigFieldDelete, ConfigFieldUpdate, ConfigUpdate, ConfigUpdated, SettingChanged};

use super::announce_settings;
use super::view::view;
use super::wanted::{self, Wanted};
use crate::app::App;
use crate::auth::Principal;
use crate::config::{Loaded, Problem};
use crate::db::setting::Model as Row;
use crate::db::{self, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, record};
use crate::management::limit::configured;
use crate::settings::CHANGED_BY;

/// Change settings
///
/// Of several sections at once, all or none. They are kept in the database, go before those of config.yaml, and are in
/// force at once on every node.
#[utoipa::path(
    post,
    path = paths::CONFIG_UPDATE,
    operation_id = "config_update",
    tag = "settings",
    request_body = ConfigUpdate,
    responses(
        (status = 200, description = "They are in force", body = ConfigUpdated),
        (status = 400, description = "There is no such setting, it takes effect only at a start, or its value will not do",
            body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    body: Json<ConfigUpdate>,
) -> ApiResult<web::Json<ConfigUpdated>> {
    principal.authorize_all(Action::SettingsWrite)?;
    let wanted = wanted::of_update(body.0)?;
    let warnings = change(&app, &principal, wanted).await?;
    Ok(web::Json(ConfigUpdated { message: "Config updated successfully".to_owned(), warnings }))
}

/// Change a setting
///
/// It is kept in the database, goes before that of config.yaml, and is in force at once on every node.
#[utoipa::path(
    post,
    path = paths::CONFIG_FIELD_UPDATE,
    operation_id = "config_field_update",
    tag = "settings",
    request_body = ConfigFieldUpdate,
    responses(
        (status = 200, description = "The setting as it is now", body = SettingChanged),
        (status = 400, description = "There is no such setting, it takes effect only at a start, or its value will not do",
            body = ErrorEnvelope),
        (status = 409, description = "Somebody else has changed it meanwhile", body = ErrorEnvelope),
    ),
)]
pub async fn update_field(
    app: web::Data<App>,
    principal: Principal,
    body: Json<ConfigFieldUpdate>,
) -> ApiResult<web::Json<SettingChanged>> {
    principal.authorize_all(Action::SettingsWrite)?;
    let ConfigFieldUpdate { field_name, field_value, config_type, version } = body.0;
    let setting = wanted::named(config_type, &field_name)?;
    let value = Some(field_value).filter(|value| !value.is_null());
    changed(&app, &principal, Wanted { setting, value, version }).await
}

/// Take a setting back to what config.yaml says
#[utoipa::path(
    post,
    path = paths::CONFIG_FIELD_DELETE,
    operation_id = "config_field_delete",
    tag = "settings",
    request_body = ConfigFieldDelete,
    responses(
        (status = 200, description = "The setting as it is now", body = SettingChanged),
        (status = 400, description = "There is no such setting, or it takes effect only at a start", body = ErrorEnvelope),
        (status = 409, description = "Somebody else has changed it meanwhile", body = ErrorEnvelope),
    ),
)]
pub async fn delete_field(
    app: web::Data<App>,
    principal: Principal,
    body: Json<ConfigFieldDelete>,
) -> ApiResult<web::Json<SettingChanged>> {
    principal.authorize_all(Action::SettingsWrite)?;
    let ConfigFieldDelete { field_name, config_type, version } = body.0;
    let setting = wanted::named(config_type, &field_name)?;
    changed(&app, &principal, Wanted { setting, value: None, version }).await
}

async fn changed(app: &App, principal: &Principal, wanted: Wanted) -> ApiResult<web::Json<SettingChanged>> {
    let setting = wanted.setting;
    let warnings = change(app, principal, vec![wanted]).await?;
    Ok(web::Json(SettingChanged { setting: view(setting, &app.settings.shown()), warnings }))
}

/// Changes settings, all or none, and tells what is doubtful in them afterwards.
async fn change(app: &App, principal: &Principal, wanted: Vec<Wanted>) -> ApiResult<Vec<String>> {
    for one in &wanted {
        one.check(app.settings.file())?;
    }
    let now = stored_time(app.clock.now());
    let transaction = db::begin(&app.db).await?;
    let before = db::setting::all_for_update(&transaction).await?;
    let mut after = before.clone();
    for one in &wanted {
        check_version(one, &before)?;
        put(&mut after, one, principal, now);
    }
    let loaded = app.settings.check(&after);
    let warnings = check(&loaded, &wanted)?;
    configured::check(&transaction, &loaded.config).await?;
    for one in &wanted {
        write(app, &transaction, principal, &one.setting.path, (&before, &after)).await?;
    }
    transaction.commit().await?;
    if let Some(last) = wanted.last() {
        announce_settings(app, &last.setting.path).await;
    }
    Ok(warnings)
}

fn find<'r>(rows: &'r [Row], path: &str) -> Option<&'r Row> {
    rows.iter().find(|row| row.path == path)
}

fn check_version(one: &Wanted, rows: &[Row]) -> ApiResult<()> {
    let row = find(rows, &one.setting.path);
    let version = row.map_or(0, |row| row.version);
    if one.version.is_none_or(|seen| seen == version) {
        return Ok(());
    }
    let who = row.and_then(|row| row.updated_by.as_deref()).unwrap_or("somebody else");
    let message = format!("{}: {who} has changed this meanwhile; look at it again first", one.setting.path);
    Err(ApiError::new(StatusCode::CONFLICT, "conflict", message).with_param(one.setting.path.clone()))
}

/// A setting that comes new begins with the time, so that whoever saw an earlier one of its name has not seen this one.
fn put(rows: &mut Vec<Row>, one: &Wanted, principal: &Principal, now: DateTime<Utc>) {
    let path = &one.setting.path;
    let version = find(rows, path).map_or(now.timestamp_micros(), |row| row.version + 1);
    rows.retain(|row| row.path != *path);
    if let Some(value) = &one.value {
        rows.push(Row {
            path: path.clone(),
            value: value.clone(),
            version,
            updated_at: now,
            updated_by: Some(principal.user_id.clone()),
        });
    }
}

/// Refuses what the configuration would refuse, at the setting that is at fault.
fn check(loaded: &Loaded, wanted: &[Wanted]) -> ApiResult<Vec<String>> {
    let is_wanted = |problem: &Problem| {
        let own = wanted.iter().find(|one| {
            let rest = problem.path.strip_prefix(&one.setting.path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        });
        own.map(|one| one.setting.path.clone())
    };
    let mut errors = loaded.problems.iter().filter(|problem| problem.is_error());
    if let Some((problem, path)) = errors.clone().find_map(|problem| Some((problem, is_wanted(problem)?))) {
        return Err(ApiError::bad_request(path, format!("{}: {}", problem.path, problem.message)));
    }
    if let Some(problem) = errors.next() {
        let message = format!("the settings together have an error, and nothing was changed: {problem}");
        let path = wanted.first().map(|one| one.setting.path.clone()).unwrap_or_default();
        return Err(ApiError::bad_request(path, message));
    }
    Ok(loaded.problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect())
}

async fn write(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    path: &str,
    (before, after): (&[Row], &[Row]),
) -> ApiResult<()> {
    let (before, after) = (find(before, path), find(after, path));
    let action = match (before, after) {
        (None, None) => return Ok(()),
        (None, Some(row)) => {
            db::setting::insert(transaction, row.clone()).await?;
            "created"
        }
        (Some(_), Some(row)) => {
            db::setting::update(transaction, row.clone()).await?;
            "updated"
        }
        (Some(row), None) => {
            db::setting::delete(transaction, &row.path).await?;
            "deleted"
        }
    };
    let (before, after) = (before.map(snapshot), after.map(snapshot));
    record(app, transaction, principal, Change { action, kind: CHANGED_BY, id: path, before, after }).await
}

fn snapshot(row: &Row) -> Value {
    json!({ "value": row.value, "version": row.version })
}
