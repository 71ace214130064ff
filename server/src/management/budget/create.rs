//! `POST /budget/new`.

use actix_web::web;
use sea_orm::{EntityTrait, IntoActiveModel};
use tollgate_openapi::budget::{BudgetCreate, BudgetView, STORED_FIELDS};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::FIELDS;
use super::view::{snapshot, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::budget::{Entity, Model};
use crate::db::{JsonMap, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce, record};
use crate::management::limit;
use crate::management::rules::{Problems, keep};
use crate::management::{Json, new_id};

/// Make a budget
///
/// Limits under a name. Keys, teams, users and so on that are attached to it by their `budget_id` each spend on their own
/// account.
#[utoipa::path(
    post,
    path = paths::BUDGET_NEW,
    operation_id = "budget_new",
    tag = "budget",
    request_body = BudgetCreate,
    responses(
        (status = 200, description = "The new budget", body = BudgetView),
        (status = 400, description = "The id exists already", body = ErrorEnvelope),
    ),
)]
pub async fn new(
    app: web::Data<App>,
    principal: Principal,
    body: Json<BudgetCreate>,
) -> ApiResult<web::Json<BudgetView>> {
    let body = body.0;
    principal.authorize_all(Action::BudgetWrite)?;
    Problems::of_limited(&body.limits, &body.other, STORED_FIELDS, FIELDS).finish()?;
    let budget = new_row(&app, &principal, body);
    let transaction = db::begin(&app.db).await?;
    let inserted = Entity::insert(budget.clone().into_active_model()).exec_without_returning(&transaction).await;
    inserted.map_err(|error| exists(error, &budget.budget_id))?;
    let after = Some(snapshot(&budget));
    let change = Change { action: "created", kind: "budget", id: &budget.budget_id, before: None, after };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce(&app, "budget", &budget.budget_id);
    Ok(web::Json(view(&app.db, budget).await?))
}

fn new_row(app: &App, principal: &Principal, body: BudgetCreate) -> Model {
    let now = stored_time(app.clock.now());
    let mut budget = Model {
        budget_id: body.budget_id.unwrap_or_else(new_id),
        max_budget: None,
        soft_budget: None,
        budget_duration: None,
        budget_anchor_at: now,
        max_parallel_requests: None,
        rpm_limit: None,
        tpm_limit: None,
        model_limits: JsonMap::default(),
        other: JsonMap::default(),
        created_at: now,
        created_by: Some(principal.user_id.clone()),
        updated_at: now,
        updated_by: Some(principal.user_id.clone()),
    };
    limit::apply(&mut budget, body.limits, now);
    keep(&mut budget.other, body.other);
    budget
}

fn exists(error: sea_orm::DbErr, budget_id: &str) -> ApiError {
    match db::violation(&error) {
        Some(db::Violation::BudgetId) => {
            ApiError::bad_request("budget_id", format!("A budget with the id '{budget_id}' exists already."))
        }
        _ => error.into(),
    }
}
