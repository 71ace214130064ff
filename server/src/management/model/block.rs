//! `POST /model/block` and `/model/unblock`.

use actix_web::web;
use sea_orm::ActiveModelTrait;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::model::{ModelBlock, ModelStored};
use tollgate_openapi::paths;

use super::rules;
use super::update::all_set;
use super::view::{snapshot, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db::model::Model;
use crate::db::{self, stored_time};
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::Json;
use crate::management::change::{Change, announce_models, record};

/// Block a deployment
///
/// No call is sent there from now on; those in flight end.
#[utoipa::path(
    post,
    path = paths::MODEL_BLOCK,
    operation_id = "model_block",
    tag = "model",
    request_body = ModelBlock,
    responses(
        (status = 200, description = "The deployment as it is now", body = ModelStored),
        (status = 400, description = "The deployment is config.yaml's", body = ErrorEnvelope),
        (status = 404, description = "There is no such deployment", body = ErrorEnvelope),
    ),
)]
pub async fn block(
    app: web::Data<App>,
    principal: Principal,
    body: Json<ModelBlock>,
) -> ApiResult<web::Json<ModelStored>> {
    set_blocked(&app, &principal, &body.0.model_id, true).await
}

/// Unblock a deployment
///
/// Calls are sent there again.
#[utoipa::path(
    post,
    path = paths::MODEL_UNBLOCK,
    operation_id = "model_unblock",
    tag = "model",
    request_body = ModelBlock,
    responses(
        (status = 200, description = "The deployment as it is now", body = ModelStored),
        (status = 400, description = "The deployment is config.yaml's", body = ErrorEnvelope),
        (status = 404, description = "There is no such deployment", body = ErrorEnvelope),
    ),
)]
pub async fn unblock(
    app: web::Data<App>,
    principal: Principal,
    body: Json<ModelBlock>,
) -> ApiResult<web::Json<ModelStored>> {
    set_blocked(&app, &principal, &body.0.model_id, false).await
}

async fn set_blocked(
    app: &App,
    principal: &Principal,
    id: &str,
    is_blocked: bool,
) -> ApiResult<web::Json<ModelStored>> {
    principal.authorize_all(Action::ModelWrite)?;
    rules::check_store(app)?;
    let transaction = db::begin(&app.db).await?;
    let found = db::model::find_for_update(&transaction, id).await?;
    let before = found.ok_or_else(|| rules::absent(app, id, "model_id"))?;
    // One that cannot be opened is not called anyway.
    let params = app.models.open_params(&before).unwrap_or_default();
    let after = Model {
        blocked: is_blocked,
        updated_at: stored_time(app.clock.now()),
        updated_by: Some(principal.user_id.clone()),
        ..before.clone()
    };
    all_set(after.clone()).update(&transaction).await?;
    let change = Change {
        action: if is_blocked { "blocked" } else { "unblocked" },
        kind: "model",
        id,
        before: Some(snapshot(&before, &params)),
        after: Some(snapshot(&after, &params)),
    };
    record(app, &transaction, principal, change).await?;
    transaction.commit().await?;
    announce_models(app, "model", id).await;
    Ok(web::Json(view(after, &params, Vec::new())))
}
