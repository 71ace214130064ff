//! `POST /tag/delete`.

use actix_web::web;
use sea_orm::ModelTrait;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::tag::{TagDelete, TagDeleted};

use super::NOT_FOUND;
use super::view::snapshot;
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, record};
use crate::management::limit;

/// Delete a tag
///
/// Calls may go on carrying it, and their totals stay in the ledger.
#[utoipa::path(
    post,
    path = paths::TAG_DELETE,
    operation_id = "tag_delete",
    tag = "tag",
    request_body = TagDelete,
    responses(
        (status = 200, description = "It is gone", body = TagDeleted),
        (status = 404, description = "There is no such tag", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<TagDelete>,
) -> ApiResult<web::Json<TagDeleted>> {
    principal.authorize_all(Action::TagWrite)?;
    let transaction = db::begin(&app.db).await?;
    let found = db::tag::find_for_update(&transaction, &body.0.name).await?;
    let tag = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    let limits = limit::remove(&app, &transaction, limit::TAG, &tag.name).await?;
    tag.clone().delete(&transaction).await?;
    let before = Some(snapshot(&tag, &limits));
    let change = Change { action: "deleted", kind: "tag", id: &tag.name, before, after: None };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    limit::forget(&app, limit::TAG, &tag.name);
    Ok(web::Json(TagDeleted { message: format!("Tag '{}' is deleted.", tag.name) }))
}
