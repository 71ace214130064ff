//! `PATCH /credentials/{credential_name}`.

use actix_web::web;
use sea_orm::{ActiveModelTrait, IntoActiveModel, Iterable};
use tollgate_openapi::credential::{CredentialDone, CredentialPatch};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::view::snapshot;
use super::{NOT_FOUND, Name, check, check_source, open, seal};
use crate::app::App;
use crate::auth::Principal;
use crate::db::credential::{ActiveModel, Column, Model};
use crate::db::{self, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce_models, record};
use crate::management::merge::merge;
use crate::management::{IfMatch, Json};

/// Change a credential
///
/// Only what is sent changes; `null` removes a value. Deployments that name it are called with the new values at once.
#[utoipa::path(
    patch,
    path = paths::CREDENTIAL,
    operation_id = "credential_update",
    tag = "credential",
    params(("credential_name" = String, Path, description = "Its name")),
    request_body = CredentialPatch,
    responses(
        (status = 200, description = "It is changed", body = CredentialDone),
        (status = 400, description = "A value will not do, or the credential is config.yaml's", body = ErrorEnvelope),
        (status = 404, description = "There is no such credential", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    seen: IfMatch,
    name: Name,
    body: Json<CredentialPatch>,
) -> ApiResult<web::Json<CredentialDone>> {
    let (name, patch) = (name.into_inner(), body.0);
    principal.authorize_all(Action::CredentialWrite)?;
    check(&patch.credential_values)?;
    check_source(&app, &name)?;
    if patch.credential_name.is_some_and(|other| other != name) {
        let message = "A credential keeps its name, since deployments know it by it: make another one.";
        return Err(ApiError::bad_request("credential_name", message));
    }
    let transaction = db::begin(&app.db).await?;
    let found = db::credential::find_for_update(&transaction, &name).await?;
    let before = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    seen.check(before.updated_at)?;
    let former = open(&app, &before)?;
    let mut values = former.clone();
    merge(&mut values, patch.credential_values, "credential_values")?;
    let mut after = before.clone();
    merge(&mut after.credential_info.0, patch.credential_info, "credential_info")?;
    after.sealed_values = seal(&app, &name, &values)?;
    after.updated_at = stored_time(app.clock.now());
    after.updated_by = Some(principal.user_id.clone());
    all_set(after.clone()).update(&transaction).await?;
    let change = Change {
        action: "updated",
        kind: "credential",
        id: &name,
        before: Some(snapshot(&before, &former)),
        after: Some(snapshot(&after, &values)),
    };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce_models(&app, "credential", &name).await;
    Ok(web::Json(CredentialDone { success: true, message: "Credential updated successfully".to_owned() }))
}

/// The row with every column to be written.
fn all_set(credential: Model) -> ActiveModel {
    let mut row = credential.into_active_model();
    Column::iter().filter(|column| !matches!(column, Column::CredentialName)).for_each(|column| row.reset(column));
    row
}
