//! `DELETE /organization/delete`.

use actix_web::web;
use sea_orm::{DatabaseTransaction, ModelTrait};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::organization::{OrganizationDelete, OrganizationView};
use tollgate_openapi::paths;

use super::view::{snapshot, views};
use super::{NOT_FOUND, record_deleted, relations_to};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::organization::Model;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, record};
use crate::management::{key, limit, team};

/// Delete organizations
///
/// All of them or none, with their teams, keys and memberships. Their calls and totals stay in the ledger.
#[utoipa::path(
    delete,
    path = paths::ORGANIZATION_DELETE,
    operation_id = "organization_delete",
    tag = "organization",
    request_body = OrganizationDelete,
    responses(
        (status = 200, description = "The organizations as they were", body = Vec<OrganizationView>),
        (status = 404, description = "One of the organizations does not exist; nothing was deleted",
            body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<OrganizationDelete>,
) -> ApiResult<web::Json<Vec<OrganizationView>>> {
    let mut ids = body.0.organization_ids;
    for id in &ids {
        principal.authorize_on(Action::OrganizationWrite, &relations_to(&principal, id), NOT_FOUND)?;
    }
    // In one order, so that two deletions of the same organizations do not wait for each other.
    ids.sort_unstable();
    ids.dedup();
    let transaction = db::begin(&app.db).await?;
    let mut organizations = Vec::with_capacity(ids.len());
    for id in &ids {
        let found = db::organization::find_for_update(&transaction, id).await?;
        organizations.push(found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?);
    }
    let shown = views(&app, organizations.clone()).await?;
    let (mut teams, mut keys, mut members) = (Vec::new(), Vec::new(), Vec::new());
    for organization in organizations {
        let gone = delete_one(&app, &transaction, &principal, organization).await?;
        teams.extend(gone.0);
        keys.extend(gone.1);
        members.extend(gone.2);
    }
    transaction.commit().await?;
    team::delete::forget_all(&app, &teams, &keys);
    members.iter().for_each(|id| limit::forget(&app, limit::ORGANIZATION_MEMBER, id));
    ids.iter().for_each(|id| limit::forget(&app, limit::ORGANIZATION, id));
    Ok(web::Json(shown))
}

/// Tells the ids of the teams, the hashes of the keys and the memberships that went along.
async fn delete_one(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    organization: Model,
) -> ApiResult<(Vec<String>, Vec<String>, Vec<String>)> {
    let id = organization.organization_id.clone();
    let teams = db::team::ids_of_organization(transaction, &id).await?;
    let mut keys = team::delete::delete_all(app, transaction, principal, &teams).await?;
    let own = db::key::all_for_update(transaction, db::key::Owner::Organization(&id)).await?;
    keys.extend(key::delete::delete_all(app, transaction, principal, &own).await?);
    let mut members = Vec::new();
    for member in db::organization_member::all_of_organization(transaction, &id).await? {
        members.push(record_deleted(app, transaction, principal, member).await?);
    }
    let limits = limit::remove(app, transaction, limit::ORGANIZATION, &id).await?;
    let before = Some(snapshot(&organization, &limits));
    db::alert_channel::delete_of(transaction, db::alert_channel::Column::OrganizationId, &id).await?;
    db::report::unshare(transaction, db::report::Column::OrganizationId, &id).await?;
    organization.delete(transaction).await?;
    let change = Change { action: "deleted", kind: "organization", id: &id, before, after: None };
    record(app, transaction, principal, change).await?;
    Ok((teams, keys, members))
}
