//! `/team/{team_id}/callback` and `/team/{team_id}/disable_logging`: the tools that are told of a team's calls.

use actix_web::web;
use serde_json::{Map, Value, json};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::team::{TeamCallbackCreate, TeamCallbackCreated, TeamCallbacks, TeamCallbacksView};

use super::update::write;
use super::view::{snapshot, view};
use super::{NOT_FOUND, relations_to};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::team::Model;
use crate::db::{JsonMap, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::callback::{self, LOGGING};
use crate::management::change::{Change, announce, record};
use crate::management::{Json, limit};
use crate::policy::callback_variables::{place_of_team, told_of};

/// Add a callback to a team
///
/// Calls with the team's keys are told there, and no more to the same tool of the configuration. Secrets are sealed and
/// never shown again; tools that the team says the address of are called by the guard against addresses inside.
#[utoipa::path(
    post,
    path = paths::TEAM_CALLBACK,
    operation_id = "team_callback_new",
    tag = "team",
    params(("team_id" = String, Path, description = "The team")),
    request_body = TeamCallbackCreate,
    responses(
        (status = 200, description = "The team as it is now", body = TeamCallbackCreated),
        (status = 400, description = "A value will not do, or the team has this callback already", body = ErrorEnvelope),
        (status = 404, description = "There is no such team", body = ErrorEnvelope),
    ),
)]
pub async fn new(
    app: web::Data<App>,
    principal: Principal,
    team_id: web::Path<String>,
    body: Json<TeamCallbackCreate>,
) -> ApiResult<web::Json<TeamCallbackCreated>> {
    let TeamCallbackCreate { callback_name, callback_type, callback_vars } = body.0;
    let callback_type = callback_type.unwrap_or_else(|| "success_and_failure".to_owned());
    let after = change(&app, &principal, &team_id, |entries| {
        let added = json!({
            "callback_name": callback_name, "callback_type": callback_type, "callback_vars": callback_vars,
        });
        let identity = callback::identity(&added);
        if identity.is_some() && entries.iter().any(|entry| callback::identity(entry) == identity) {
            let message = format!("callback_name: this team has {callback_name} for {callback_type} already");
            return Err(ApiError::bad_request("callback_name", message));
        }
        entries.push(added);
        Ok(())
    });
    Ok(web::Json(TeamCallbackCreated { status: "success".to_owned(), data: view(&app, after.await?).await? }))
}

/// Show a team's callbacks
///
/// Without their secrets.
#[utoipa::path(
    get,
    path = paths::TEAM_CALLBACK,
    operation_id = "team_callback_info",
    tag = "team",
    params(("team_id" = String, Path, description = "The team")),
    responses(
        (status = 200, description = "Its callbacks", body = TeamCallbacks),
        (status = 404, description = "There is no such team", body = ErrorEnvelope),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    team_id: web::Path<String>,
) -> ApiResult<web::Json<TeamCallbacks>> {
    let found = db::team::find(&app.db, &team_id).await?;
    principal.authorize_on(Action::TeamRead, &relations_to(&principal, found.as_ref()), NOT_FOUND)?;
    let team = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    Ok(web::Json(shown(&team, None)))
}

/// Remove a callback from a team
///
/// For all kinds of calls that it was told of. The team's others stay.
#[utoipa::path(
    delete,
    path = paths::TEAM_CALLBACK_NAMED,
    operation_id = "team_callback_delete",
    tag = "team",
    params(
        ("team_id" = String, Path, description = "The team"),
        ("callback_name" = String, Path, description = "The callback, as it was added"),
    ),
    responses(
        (status = 200, description = "What is left", body = TeamCallbacks),
        (status = 404, description = "There is no such team, or it has no such callback", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<(String, String)>,
) -> ApiResult<web::Json<TeamCallbacks>> {
    let (team_id, name) = path.into_inner();
    let after = change(&app, &principal, &team_id, |entries| {
        let before = entries.len();
        entries.retain(|entry| entry.get("callback_name").is_none_or(|known| *known != *name));
        let found = entries.len() < before;
        if found { Ok(()) } else { Err(ApiError::not_found("The team has no such callback.")) }
    });
    let message = format!("Callback {name} removed for team {team_id}");
    Ok(web::Json(shown(&after.await?, Some(message))))
}

/// Remove all callbacks from a team
///
/// Its calls are told as the configuration says.
#[utoipa::path(
    post,
    path = paths::TEAM_DISABLE_LOGGING,
    operation_id = "team_disable_logging",
    tag = "team",
    params(("team_id" = String, Path, description = "The team")),
    responses(
        (status = 200, description = "What is left: nothing", body = TeamCallbacks),
        (status = 404, description = "There is no such team", body = ErrorEnvelope),
    ),
)]
pub async fn disable_logging(
    app: web::Data<App>,
    principal: Principal,
    team_id: web::Path<String>,
) -> ApiResult<web::Json<TeamCallbacks>> {
    let after = change(&app, &principal, &team_id, |entries| {
        entries.clear();
        Ok(())
    });
    Ok(web::Json(shown(&after.await?, Some(format!("Logging disabled for team {team_id}")))))
}

/// Changes the callbacks of a team.
async fn change(
    app: &App,
    principal: &Principal,
    team_id: &str,
    change: impl FnOnce(&mut Vec<Value>) -> ApiResult<()>,
) -> ApiResult<Model> {
    let transaction = db::begin(&app.db).await?;
    let found = db::team::find_for_update(&transaction, team_id).await?;
    principal.authorize_on(Action::TeamUpdate, &relations_to(principal, found.as_ref()), NOT_FOUND)?;
    let before = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    let mut entries = before.metadata.0.get(LOGGING).and_then(Value::as_array).cloned().unwrap_or_default();
    change(&mut entries)?;
    let mut metadata: JsonMap = before.metadata.clone();
    metadata.0.insert(LOGGING.to_owned(), Value::Array(entries));
    callback::seal(app, &place_of_team(team_id), &mut metadata, Some(&before.metadata))?;
    let after = Model {
        metadata,
        updated_at: stored_time(app.clock.now()),
        updated_by: Some(principal.user_id.clone()),
        ..before.clone()
    };
    write(app, &transaction, principal, &before, &after).await?;
    let limits = limit::own(app, &transaction, limit::TEAM, team_id).await?;
    let change = Change {
        action: "updated",
        kind: "team",
        id: team_id,
        before: Some(snapshot(&before, &limits)),
        after: Some(snapshot(&after, &limits)),
    };
    record(app, &transaction, principal, change).await?;
    transaction.commit().await?;
    announce(app, "team", team_id);
    Ok(after)
}

fn shown(team: &Model, message: Option<String>) -> TeamCallbacks {
    let metadata = callback::masked(team.metadata.0.clone());
    let entries = metadata.get(LOGGING).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut data = TeamCallbacksView { team_id: team.team_id.clone(), ..TeamCallbacksView::default() };
    for entry in entries {
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        let Some((name, (on_success, on_failure))) = text("callback_name").zip(told_of(text("callback_type"))) else {
            continue;
        };
        for (list, is_told) in [(&mut data.success_callbacks, on_success), (&mut data.failure_callbacks, on_failure)] {
            if is_told && !list.iter().any(|known| known == name) {
                list.push(name.to_owned());
            }
        }
        let vars: Map<String, Value> =
            entry.get("callback_vars").and_then(Value::as_object).cloned().unwrap_or_default();
        data.callback_vars
            .extend(vars.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))));
    }
    TeamCallbacks { status: "success".to_owned(), message, data }
}
