//! `GET /credentials` and `GET /credentials/by_name/{credential_name}`.

use actix_web::web;
use tollgate_openapi::credential::{CredentialList, CredentialView};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::view::{configured, view};
use super::{NOT_FOUND, Name};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};

/// List credentials
///
/// Those of config.yaml and those of the database, in the order of their names. Secrets are masked.
#[utoipa::path(
    get,
    path = paths::CREDENTIALS,
    operation_id = "credential_list",
    tag = "credential",
    responses((status = 200, description = "All credentials", body = CredentialList)),
)]
pub async fn list(app: web::Data<App>, principal: Principal) -> ApiResult<web::Json<CredentialList>> {
    principal.authorize_all(Action::CredentialWrite)?;
    Ok(web::Json(CredentialList { success: true, credentials: all(&app).await? }))
}

/// Show a credential
///
/// Secrets are masked.
#[utoipa::path(
    get,
    path = paths::CREDENTIAL_BY_NAME,
    operation_id = "credential_info",
    tag = "credential",
    params(("credential_name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "The credential", body = CredentialView),
        (status = 404, description = "There is no such credential", body = ErrorEnvelope),
    ),
)]
pub async fn by_name(app: web::Data<App>, principal: Principal, name: Name) -> ApiResult<web::Json<CredentialView>> {
    principal.authorize_all(Action::CredentialWrite)?;
    let found = all(&app).await?.into_iter().find(|one| one.credential_name == **name);
    Ok(web::Json(found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?))
}

async fn all(app: &App) -> ApiResult<Vec<CredentialView>> {
    let own = app.models.configured_credentials();
    let mut all: Vec<CredentialView> = own.iter().map(|one| configured(app, one)).collect();
    let rows = db::credential::all(&app.db).await?.into_iter();
    // Those of config.yaml go before the database's.
    let hidden = rows.filter(|row| own.iter().all(|one| one.name != row.credential_name));
    all.extend(hidden.map(|row| view(app, row)));
    all.sort_by(|a, b| a.credential_name.cmp(&b.credential_name));
    Ok(all)
}
