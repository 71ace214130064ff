//! `POST /budget/update`.

use actix_web::web;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, IntoActiveModel, Iterable};
use tollgate_openapi::budget::{BudgetPatch, BudgetView, STORED_FIELDS};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::view::{snapshot, view};
use super::{FIELDS, NOT_FOUND};
use crate::app::App;
use crate::auth::Principal;
use crate::counters::Correction;
use crate::db;
use crate::db::budget::{ActiveModel, Column, Model};
use crate::db::stored_time;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce, record};
use crate::management::limit::{self, Windows, attached_windows};
use crate::management::rules::{Problems, keep};
use crate::management::{IfMatch, Json};

/// Change a budget
///
/// Only what is sent changes; `null` clears. In force at once for all that are attached; where a window gets another
/// length, what was spent counts until the new window ends.
#[utoipa::path(
    post,
    path = paths::BUDGET_UPDATE,
    operation_id = "budget_update",
    tag = "budget",
    request_body = BudgetPatch,
    responses(
        (status = 200, description = "The budget as it is now", body = BudgetView),
        (status = 404, description = "There is no such budget", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    seen: IfMatch,
    body: Json<BudgetPatch>,
) -> ApiResult<web::Json<BudgetView>> {
    let body = body.0;
    principal.authorize_all(Action::BudgetWrite)?;
    Problems::of_limited(&body.limits, &body.other, STORED_FIELDS, FIELDS).finish()?;
    let transaction = db::begin(&app.db).await?;
    let found = db::budget::find_for_update(&transaction, &body.budget_id).await?;
    let before = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    seen.check(before.updated_at)?;
    let after = patched(before.clone(), body, &app, &principal);
    let corrections = write(&app, &transaction, &before, &after).await?;
    let (shown_before, shown_after) = (Some(snapshot(&before)), Some(snapshot(&after)));
    let change =
        Change { action: "updated", kind: "budget", id: &after.budget_id, before: shown_before, after: shown_after };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce(&app, "budget", &after.budget_id);
    app.counters.correct(corrections).await;
    Ok(web::Json(view(&app.db, after).await?))
}

fn patched(mut budget: Model, body: BudgetPatch, app: &App, principal: &Principal) -> Model {
    let now = stored_time(app.clock.now());
    limit::apply(&mut budget, body.limits, now);
    keep(&mut budget.other, body.other);
    budget.updated_at = now;
    budget.updated_by = Some(principal.user_id.clone());
    budget
}

/// Writes the budget; what those attached to it have spent goes along where their windows change.
async fn write(
    app: &App,
    transaction: &DatabaseTransaction,
    before: &Model,
    after: &Model,
) -> ApiResult<Vec<Correction>> {
    let may_change_windows =
        before.budget_duration != after.budget_duration || before.model_limits != after.model_limits;
    let windows = match may_change_windows {
        true => attached_windows(app, transaction, &after.budget_id).await?,
        false => Vec::new(),
    };
    let mut row: ActiveModel = after.clone().into_active_model();
    Column::iter().filter(|column| !matches!(column, Column::BudgetId)).for_each(|column| row.reset(column));
    row.update(transaction).await?;
    Windows::carry_all(app, transaction, &windows).await
}
