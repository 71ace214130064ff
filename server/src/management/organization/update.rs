//! `PATCH /organization/update`.

use actix_web::web;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, IntoActiveModel, Iterable};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::organization::{OrganizationPatch, OrganizationView, STORED_FIELDS};
use tollgate_openapi::paths;

use super::view::{snapshot, view};
use super::{FIELDS, NOT_FOUND, check_timezone, relations_to};
use crate::app::App;
use crate::auth::Principal;
use crate::counters::Correction;
use crate::db::organization::{ActiveModel, Column, Model};
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce, record};
use crate::management::limit::{self, Wanted, Windows};
use crate::management::rules::{Problems, keep};
use crate::management::{IfMatch, Json};

/// Change an organization
///
/// Only what is sent changes; `null` clears.
#[utoipa::path(
    patch,
    path = paths::ORGANIZATION_UPDATE,
    operation_id = "organization_update",
    tag = "organization",
    request_body = OrganizationPatch,
    responses(
        (status = 200, description = "The organization as it is now", body = OrganizationView),
        (status = 404, description = "There is no such organization", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    seen: IfMatch,
    body: Json<OrganizationPatch>,
) -> ApiResult<web::Json<OrganizationView>> {
    let mut body = body.0;
    let relations = relations_to(&principal, &body.organization_id);
    principal.authorize_on(Action::OrganizationWrite, &relations, NOT_FOUND)?;
    let mut problems = Problems::of_limited(&body.limits, &body.other, STORED_FIELDS, FIELDS);
    check_timezone(&mut problems, body.timezone.as_set().map(String::as_str));
    problems.finish()?;
    let transaction = db::begin(&app.db).await?;
    let found = db::organization::find_for_update(&transaction, &body.organization_id).await?;
    let before = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    seen.check(before.updated_at)?;
    let wanted = Wanted {
        limits: std::mem::take(&mut body.limits),
        budget_id: std::mem::take(&mut body.budget_id),
        spend: None,
    };
    let mut after = patched(before.clone(), body);
    after.updated_at = stored_time(app.clock.now());
    after.updated_by = Some(principal.user_id.clone());
    let mut corrections = write(&app, &transaction, &before, &after).await?;
    let limits = limit::set(&app, &transaction, limit::ORGANIZATION, &after.organization_id, wanted).await?;
    corrections.extend_from_slice(&limits.corrections);
    let change = Change {
        action: "updated",
        kind: "organization",
        id: &after.organization_id,
        before: Some(snapshot(&before, &limits.before)),
        after: Some(snapshot(&after, &limits.after)),
    };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce(&app, "organization", &after.organization_id);
    app.counters.correct(corrections).await;
    Ok(web::Json(view(&app, after).await?))
}

/// The row with every column to be written.
fn all_set(organization: Model) -> ActiveModel {
    let mut row = organization.into_active_model();
    Column::iter().filter(|column| !matches!(column, Column::OrganizationId)).for_each(|column| row.reset(column));
    row
}

fn patched(mut organization: Model, body: OrganizationPatch) -> Model {
    organization.organization_alias = body.organization_alias.unwrap_or(organization.organization_alias);
    body.timezone.apply(&mut organization.timezone);
    body.cost_center.apply(&mut organization.cost_center);
    if !body.models.is_absent() {
        organization.models = Strings(body.models.as_set().cloned().unwrap_or_default());
    }
    if !body.metadata.is_absent() {
        organization.metadata = JsonMap(body.metadata.as_set().cloned().unwrap_or_default());
    }
    keep(&mut organization.other, body.other);
    organization
}

/// Writes the row. With another calendar, what the organization, its teams, their members and its keys have spent goes
/// along into their other windows.
async fn write(
    app: &App,
    transaction: &DatabaseTransaction,
    before: &Model,
    after: &Model,
) -> ApiResult<Vec<Correction>> {
    let windows = match before.timezone == after.timezone {
        true => Vec::new(),
        false => Windows::of_organization(app, transaction, &after.organization_id).await?,
    };
    all_set(after.clone()).update(transaction).await?;
    Windows::carry_all(app, transaction, &windows).await
}
