//! `POST /organization/new`.

use actix_web::web;
use sea_orm::{EntityTrait, IntoActiveModel};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::organization::{OrganizationCreate, OrganizationView, STORED_FIELDS};
use tollgate_openapi::paths;

use super::view::{snapshot, view};
use super::{FIELDS, check_timezone};
use crate::app::App;
use crate::auth::Principal;
use crate::db::organization::{Entity, Model};
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce, record};
use crate::management::limit::{self, Wanted};
use crate::management::rules::{Problems, keep};
use crate::management::{Json, new_id};

/// Make an organization
#[utoipa::path(
    post,
    path = paths::ORGANIZATION_NEW,
    operation_id = "organization_new",
    tag = "organization",
    request_body = OrganizationCreate,
    responses(
        (status = 200, description = "The new organization", body = OrganizationView),
        (status = 400, description = "The id exists already", body = ErrorEnvelope),
    ),
)]
pub async fn new(
    app: web::Data<App>,
    principal: Principal,
    body: Json<OrganizationCreate>,
) -> ApiResult<web::Json<OrganizationView>> {
    let mut body = body.0;
    principal.authorize_all(Action::OrganizationCreate)?;
    let mut problems = Problems::of_limited(&body.limits, &body.other, STORED_FIELDS, FIELDS);
    check_timezone(&mut problems, body.timezone.as_deref());
    if body.organization_id.as_deref().is_some_and(|id| id.contains('/')) {
        problems.add("organization_id", "expected no slash: it parts an organization's id from a member's");
    }
    problems.finish()?;
    let wanted = Wanted {
        limits: std::mem::take(&mut body.limits),
        budget_id: std::mem::take(&mut body.budget_id),
        spend: None,
    };
    let organization = new_row(&app, &principal, body);
    let transaction = db::begin(&app.db).await?;
    let inserted = Entity::insert(organization.clone().into_active_model()).exec_without_returning(&transaction).await;
    inserted.map_err(|error| exists(error, &organization.organization_id))?;
    let limits = limit::set(&app, &transaction, limit::ORGANIZATION, &organization.organization_id, wanted).await?;
    let after = Some(snapshot(&organization, &limits.after));
    let change =
        Change { action: "created", kind: "organization", id: &organization.organization_id, before: None, after };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce(&app, "organization", &organization.organization_id);
    Ok(web::Json(view(&app, organization).await?))
}

fn new_row(app: &App, principal: &Principal, body: OrganizationCreate) -> Model {
    let now = stored_time(app.clock.now());
    let mut organization = Model {
        organization_id: body.organization_id.unwrap_or_else(new_id),
        organization_alias: body.organization_alias,
        models: Strings(body.models),
        metadata: JsonMap(body.metadata),
        timezone: body.timezone,
        cost_center: body.cost_center,
        other: JsonMap::default(),
        created_at: now,
        created_by: Some(principal.user_id.clone()),
        updated_at: now,
        updated_by: Some(principal.user_id.clone()),
    };
    keep(&mut organization.other, body.other);
    organization
}

fn exists(error: sea_orm::DbErr, id: &str) -> ApiError {
    match db::violation(&error) {
        Some(db::Violation::OrganizationId) => {
            let message = format!("An organization with the id '{id}' exists already.");
            ApiError::bad_request("organization_id", message)
        }
        _ => error.into(),
    }
}
