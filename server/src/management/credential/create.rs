//! `POST /credentials`.

use actix_web::web;
use sea_orm::{EntityTrait, IntoActiveModel};
use tollgate_openapi::credential::{CredentialCreate, CredentialDone};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::view::snapshot;
use super::{check, check_source, seal};
use crate::app::App;
use crate::auth::Principal;
use crate::db::credential::{Entity, Model};
use crate::db::{self, JsonMap, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, announce_models, record};

/// Make a credential
///
/// Its values are sealed and never shown again.
#[utoipa::path(
    post,
    path = paths::CREDENTIALS,
    operation_id = "credential_new",
    tag = "credential",
    request_body = CredentialCreate,
    responses(
        (status = 200, description = "It is made", body = CredentialDone),
        (status = 400, description = "There is one of this name, or a value will not do", body = ErrorEnvelope),
    ),
)]
pub async fn new(
    app: web::Data<App>,
    principal: Principal,
    body: Json<CredentialCreate>,
) -> ApiResult<web::Json<CredentialDone>> {
    let CredentialCreate { credential_name, credential_info, credential_values } = body.0;
    principal.authorize_all(Action::CredentialWrite)?;
    check(&credential_values)?;
    check_source(&app, &credential_name)?;
    let now = stored_time(app.clock.now());
    let row = Model {
        sealed_values: seal(&app, &credential_name, &credential_values)?,
        credential_name,
        credential_info: JsonMap(credential_info),
        created_at: now,
        created_by: Some(principal.user_id.clone()),
        updated_at: now,
        updated_by: Some(principal.user_id.clone()),
    };
    let transaction = db::begin(&app.db).await?;
    let inserted = Entity::insert(row.clone().into_active_model()).exec_without_returning(&transaction).await;
    inserted.map_err(|error| exists(error, &row.credential_name))?;
    let after = Some(snapshot(&row, &credential_values));
    let change = Change { action: "created", kind: "credential", id: &row.credential_name, before: None, after };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce_models(&app, "credential", &row.credential_name).await;
    Ok(web::Json(CredentialDone { success: true, message: "Credential created successfully".to_owned() }))
}

fn exists(error: sea_orm::DbErr, name: &str) -> ApiError {
    match db::violation(&error) {
        Some(db::Violation::CredentialName) => {
            ApiError::bad_request("credential_name", format!("A credential '{name}' exists already."))
        }
        _ => error.into(),
    }
}
