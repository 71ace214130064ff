//! `DELETE /credentials/{credential_name}`.

use actix_web::web;
use sea_orm::ModelTrait;
use tollgate_openapi::credential::CredentialDone;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::view::snapshot;
use super::{NOT_FOUND, Name, check_source};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce_models, record};

/// Delete a credential
///
/// One that deployments name stays: they could not be called without it.
#[utoipa::path(
    delete,
    path = paths::CREDENTIAL,
    operation_id = "credential_delete",
    tag = "credential",
    params(("credential_name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "It is gone", body = CredentialDone),
        (status = 400, description = "Deployments name it, or it is config.yaml's", body = ErrorEnvelope),
        (status = 404, description = "There is no such credential", body = ErrorEnvelope),
    ),
)]
pub async fn delete(app: web::Data<App>, principal: Principal, name: Name) -> ApiResult<web::Json<CredentialDone>> {
    let name = name.into_inner();
    principal.authorize_all(Action::CredentialWrite)?;
    check_source(&app, &name)?;
    // What other nodes added a moment ago counts, too.
    app.models.refresh().await?;
    let transaction = db::begin(&app.db).await?;
    let found = db::credential::find_for_update(&transaction, &name).await?;
    let credential = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    let users = app.models.users_of(&credential.credential_name);
    if !users.is_empty() {
        let message =
            format!("These deployments name the credential '{name}': {}. Change them first.", users.join(", "));
        return Err(ApiError::bad_request("credential_name", message));
    }
    let values = app.models.open_credential(&credential).unwrap_or_default();
    let before = Some(snapshot(&credential, &values));
    credential.delete(&transaction).await?;
    let change = Change { action: "deleted", kind: "credential", id: &name, before, after: None };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce_models(&app, "credential", &name).await;
    Ok(web::Json(CredentialDone { success: true, message: "Credential deleted successfully".to_owned() }))
}
