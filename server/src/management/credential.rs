//! Credentials: parameters that deployments share by a name.

pub mod create;
pub mod delete;
pub mod read;
pub mod update;
mod view;

use actix_web::web;
use serde_json::{Map, Value};

use crate::app::App;
use crate::config::{Problem, check_sent};
use crate::db::credential::Model;
use crate::error::{ApiError, ApiResult};

/// What refusals call a credential that does not exist.
const NOT_FOUND: &str = "Credential not found.";

/// Values are checked as they would be among a deployment's parameters.
fn check(values: &Map<String, Value>) -> ApiResult<()> {
    let problems = check_sent(values, "credential_values");
    let Some(first) = problems.first() else { return Ok(()) };
    let texts: Vec<String> =
        problems.iter().map(|Problem { path, message, .. }| format!("{path}: {message}")).collect();
    Err(ApiError::bad_request(first.path.clone(), texts.join("; ")))
}

/// Refuses to change what config.yaml has.
fn check_source(app: &App, name: &str) -> ApiResult<()> {
    if !app.models.configured_credentials().iter().any(|one| one.name == name) {
        return Ok(());
    }
    let message = format!("The credential '{name}' is in config.yaml's credential_list: change it there.");
    Err(ApiError::bad_request("credential_name", message))
}

/// The values of a row, sealed anew.
fn seal(app: &App, name: &str, values: &Map<String, Value>) -> ApiResult<String> {
    let text = Value::Object(values.clone()).to_string();
    app.sealer.seal(&crate::db::credential::place(name), &text).map_err(ApiError::internal)
}

/// The values of a row.
fn open(app: &App, row: &Model) -> ApiResult<Map<String, Value>> {
    app.models.open_credential(row).map_err(|error| {
        let message = format!("Its values cannot be opened: {error}. Delete it and make it anew.");
        ApiError::bad_request("credential_name", message).with_source(error)
    })
}

/// The credential's name in the path.
type Name = web::Path<String>;
