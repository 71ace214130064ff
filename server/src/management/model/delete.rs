//! `POST /model/delete`.

use actix_web::web;
use sea_orm::ModelTrait;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::model::{ModelDelete, ModelDeleted};
use tollgate_openapi::paths;

use super::rules;
use super::view::snapshot;
use crate::app::App;
use crate::auth::Principal;
use crate::db::{self, stored_time};
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::Json;
use crate::management::change::{Change, announce_models, record};

/// Delete a deployment
///
/// Calls in flight end where they are; what it cost stays in the ledger.
#[utoipa::path(
    post,
    path = paths::MODEL_DELETE,
    operation_id = "model_delete",
    tag = "model",
    request_body = ModelDelete,
    responses(
        (status = 200, description = "It is gone", body = ModelDeleted),
        (status = 400, description = "The deployment is config.yaml's", body = ErrorEnvelope),
        (status = 404, description = "There is no such deployment", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<ModelDelete>,
) -> ApiResult<web::Json<ModelDeleted>> {
    let id = body.0.id;
    principal.authorize_all(Action::ModelWrite)?;
    rules::check_store(&app)?;
    let transaction = db::begin(&app.db).await?;
    let found = db::model::find_for_update(&transaction, &id).await?;
    let model = found.ok_or_else(|| rules::absent(&app, &id, "id"))?;
    // One that cannot be opened can be deleted.
    let params = app.models.open_params(&model).unwrap_or_default();
    let before = Some(snapshot(&model, &params));
    model.delete(&transaction).await?;
    let change = Change { action: "deleted", kind: "model", id: &id, before, after: None };
    record(&app, &transaction, &principal, change).await?;
    let by = (&*principal.user_id, stored_time(app.clock.now()));
    app.models.enter_price(&transaction, (&id, None), by).await?;
    transaction.commit().await?;
    announce_models(&app, "model", &id).await;
    Ok(web::Json(ModelDeleted { message: format!("Model: {id} deleted successfully") }))
}
