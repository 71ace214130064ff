//! What a deployment must be, beyond its types: what config.yaml's must be.

use serde_json::{Map, Value};

use super::NOT_FOUND;
use crate::app::App;
use crate::config::{DeploymentConfig, Problem, SentDeployment};
use crate::db;
use crate::db::model::Model;
use crate::error::{ApiError, ApiResult};

/// Members of `model_info` that are told, not set.
const TOLD: [&str; 8] =
    ["id", "db_model", "blocked", "litellm_provider", "created_at", "created_by", "updated_at", "updated_by"];

/// Refuses where the configuration keeps models out of the database.
pub(super) fn check_store(app: &App) -> ApiResult<()> {
    if app.models.may_be_stored() {
        return Ok(());
    }
    let message = "Models are not changed at run time here: set general_settings.store_model_in_db (or STORE_MODEL_IN_DB) \
                   to true and restart.";
    Err(ApiError::bad_request("store_model_in_db", message))
}

/// A deployment that can be called, and what is doubtful about it.
///
/// # Errors
/// 400 that names every field at fault.
pub(super) fn read(app: &App, sent: &SentDeployment) -> ApiResult<(DeploymentConfig, Vec<String>)> {
    if sent.info.get("team_id").is_some_and(|team| !team.is_null()) {
        let message = "model_info.team_id: models of a single team are not supported; use model_info.access_groups, and \
                       name the group in the lists of models of those who may use it";
        return Err(ApiError::bad_request("model_info.team_id", message));
    }
    if sent.params.get("model").and_then(Value::as_str) == Some("*") {
        let message = "litellm_params.model: expected the model of a provider, such as openai/gpt-4o, or all of them, such \
                       as openai/*";
        return Err(ApiError::bad_request("litellm_params.model", message));
    }
    let read = app.models.read(sent);
    let (errors, warnings): (Vec<_>, Vec<_>) = read.problems.iter().partition(|problem| problem.is_error());
    let lines = |problems: &[&Problem]| problems.iter().map(|problem| line(problem)).collect::<Vec<_>>();
    if let Some(first) = errors.first() {
        let field = if first.path.is_empty() { "litellm_params".to_owned() } else { first.path.clone() };
        return Err(ApiError::bad_request(field, lines(&errors).join("; ")));
    }
    let Some(deployment) = read.deployment else {
        return Err(ApiError::bad_request("litellm_params", "litellm_params: expected the parameters of a deployment"));
    };
    match &deployment.unavailable {
        Some(reason) => Err(ApiError::bad_request("litellm_params", format!("litellm_params: {reason}"))),
        None => Ok((deployment, lines(&warnings))),
    }
}

fn line(problem: &Problem) -> String {
    if problem.path.is_empty() { problem.message.clone() } else { format!("{}: {}", problem.path, problem.message) }
}

/// What of `model_info` is said by whoever sends it. What is shown and comes back as it is says nothing.
pub(super) fn said(app: &App, model_id: &str, mut info: Map<String, Value>) -> Map<String, Value> {
    let shown = app.models.shown_info(model_id);
    info.retain(|name, value| {
        let is_echo = shown.as_ref().and_then(|shown| shown.get(name)) == Some(value);
        !TOLD.contains(&name.as_str()) && !is_echo
    });
    info
}

/// Why there is no row of this id.
pub(super) fn absent(app: &App, model_id: &str, field: &'static str) -> ApiError {
    if app.models.is_configured(model_id) {
        let message = format!("The deployment '{model_id}' is in config.yaml's model_list: change it there.");
        return ApiError::bad_request(field, message);
    }
    ApiError::not_found(NOT_FOUND)
}

/// The parameters of a row, sealed.
pub(super) fn seal(app: &App, model_id: &str, params: &Map<String, Value>) -> ApiResult<String> {
    let text = Value::Object(params.clone()).to_string();
    app.sealer.seal(&db::model::place(model_id), &text).map_err(ApiError::internal)
}

/// The parameters of a row.
pub(super) fn open(app: &App, row: &Model) -> ApiResult<Map<String, Value>> {
    app.models.open_params(row).map_err(|error| {
        let message = format!("Its parameters cannot be opened: {error}. Delete it and add it anew.");
        ApiError::bad_request("model_id", message).with_source(error)
    })
}
