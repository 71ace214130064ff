//! `POST /model/update` and `PATCH /model/{model_id}/update`.

use actix_web::web;
use sea_orm::{ActiveModelTrait, IntoActiveModel, Iterable};
use serde_json::Value;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::model::{ModelPatch, ModelStored};
use tollgate_openapi::paths;

use super::rules;
use super::view::{snapshot, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db::model::{ActiveModel, Column, Model};
use crate::db::{self, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce_models, record};
use crate::management::merge::merge;
use crate::management::{IfMatch, Json};
use crate::models;

/// Change a deployment
///
/// Only what is sent changes; `model_info.id` says which. What is known of its speed and health stays.
#[utoipa::path(
    post,
    path = paths::MODEL_UPDATE,
    operation_id = "model_update",
    tag = "model",
    request_body = ModelPatch,
    responses(
        (status = 200, description = "The deployment as it is now", body = ModelStored),
        (status = 400, description = "A field will not do, or the deployment is config.yaml's", body = ErrorEnvelope),
        (status = 404, description = "There is no such deployment", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    seen: IfMatch,
    body: Json<ModelPatch>,
) -> ApiResult<web::Json<ModelStored>> {
    let Some(id) = body.0.model_info.get("id").and_then(Value::as_str).map(str::to_owned) else {
        return Err(ApiError::bad_request("model_info.id", "model_info.id: expected the id of a deployment"));
    };
    change(&app, &principal, seen, &id, body.0).await
}

/// Change a deployment, by its id in the path
///
/// Only what is sent changes.
#[utoipa::path(
    patch,
    path = paths::MODEL_PATCH,
    operation_id = "model_patch",
    tag = "model",
    params(("model_id" = String, Path, description = "Id of the deployment")),
    request_body = ModelPatch,
    responses(
        (status = 200, description = "The deployment as it is now", body = ModelStored),
        (status = 400, description = "A field will not do, or the deployment is config.yaml's", body = ErrorEnvelope),
        (status = 404, description = "There is no such deployment", body = ErrorEnvelope),
    ),
)]
pub async fn patch(
    app: web::Data<App>,
    principal: Principal,
    seen: IfMatch,
    id: web::Path<String>,
    body: Json<ModelPatch>,
) -> ApiResult<web::Json<ModelStored>> {
    change(&app, &principal, seen, &id, body.0).await
}

async fn change(
    app: &App,
    principal: &Principal,
    seen: IfMatch,
    id: &str,
    patch: ModelPatch,
) -> ApiResult<web::Json<ModelStored>> {
    principal.authorize_all(Action::ModelWrite)?;
    rules::check_store(app)?;
    app.models.refresh().await?;
    let transaction = db::begin(&app.db).await?;
    let found = db::model::find_for_update(&transaction, id).await?;
    let before = found.ok_or_else(|| rules::absent(app, id, "model_id"))?;
    seen.check(before.updated_at)?;
    let former = rules::open(app, &before)?;
    let mut params = former.clone();
    merge(&mut params, patch.litellm_params, "litellm_params")?;
    let mut after = before.clone();
    merge(&mut after.model_info.0, rules::said(app, id, patch.model_info), "model_info")?;
    after.model_name = patch.model_name.unwrap_or(after.model_name);
    let (deployment, warnings) = rules::read(app, &models::sent(&after, params.clone()))?;
    after.sealed_params = rules::seal(app, id, &params)?;
    after.updated_at = stored_time(app.clock.now());
    after.updated_by = Some(principal.user_id.clone());
    all_set(after.clone()).update(&transaction).await?;
    let change = Change {
        action: "updated",
        kind: "model",
        id,
        before: Some(snapshot(&before, &former)),
        after: Some(snapshot(&after, &params)),
    };
    record(app, &transaction, principal, change).await?;
    let by = (&*principal.user_id, after.updated_at);
    app.models.enter_price(&transaction, (id, Some(deployment)), by).await?;
    transaction.commit().await?;
    announce_models(app, "model", id).await;
    Ok(web::Json(view(after, &params, warnings)))
}

/// The row with every column to be written.
pub(super) fn all_set(model: Model) -> ActiveModel {
    let mut row = model.into_active_model();
    Column::iter().filter(|column| !matches!(column, Column::ModelId)).for_each(|column| row.reset(column));
    row
}
