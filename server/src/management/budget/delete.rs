//! `POST /budget/delete`.

use actix_web::web;
use sea_orm::ModelTrait;
use tollgate_openapi::budget::{BudgetDelete, BudgetView};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::NOT_FOUND;
use super::view::{snapshot, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, announce, record};

/// Delete a budget
///
/// One that anything is attached to is not deleted: its limits would silently be gone.
#[utoipa::path(
    post,
    path = paths::BUDGET_DELETE,
    operation_id = "budget_delete",
    tag = "budget",
    request_body = BudgetDelete,
    responses(
        (status = 200, description = "The budget as it was", body = BudgetView),
        (status = 400, description = "Something is attached to it", body = ErrorEnvelope),
        (status = 404, description = "There is no such budget", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<BudgetDelete>,
) -> ApiResult<web::Json<BudgetView>> {
    principal.authorize_all(Action::BudgetWrite)?;
    let transaction = db::begin(&app.db).await?;
    let found = db::budget::find_for_update(&transaction, &body.0.id).await?;
    let budget = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    let shown = view(&transaction, budget.clone()).await?;
    if !shown.attached_to.is_empty() {
        let attached = shown.attached_to.iter().map(|(kind, count)| format!("{kind}: {count}"));
        let attached = attached.collect::<Vec<_>>().join(", ");
        let message = format!(
            "The budget '{}' is attached to others ({attached}). Detach them first: set their budget_id to null or to \
             another budget.",
            budget.budget_id
        );
        return Err(ApiError::bad_request("id", message));
    }
    budget.clone().delete(&transaction).await?;
    let before = Some(snapshot(&budget));
    let change = Change { action: "deleted", kind: "budget", id: &budget.budget_id, before, after: None };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce(&app, "budget", &budget.budget_id);
    Ok(web::Json(shown))
}
