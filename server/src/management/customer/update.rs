//! `POST /customer/update`.

use actix_web::web;
use sea_orm::{ActiveModelTrait, IntoActiveModel, Iterable};
use tollgate_openapi::customer::{CustomerPatch, CustomerView, STORED_FIELDS};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::view::{snapshot, view};
use super::{FIELDS, NOT_FOUND};
use crate::app::App;
use crate::auth::Principal;
use crate::db::customer::{ActiveModel, Column, Model};
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce, record};
use crate::management::limit::{self, Wanted};
use crate::management::rules::{Problems, keep};
use crate::management::{IfMatch, Json};

/// Change a customer
///
/// Only what is sent changes; `null` clears.
#[utoipa::path(
    post,
    path = paths::CUSTOMER_UPDATE,
    operation_id = "customer_update",
    tag = "customer",
    request_body = CustomerPatch,
    responses(
        (status = 200, description = "The customer as it is now", body = CustomerView),
        (status = 404, description = "There is no such customer", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    seen: IfMatch,
    body: Json<CustomerPatch>,
) -> ApiResult<web::Json<CustomerView>> {
    let mut body = body.0;
    principal.authorize_all(Action::CustomerWrite)?;
    Problems::of_limited(&body.limits, &body.other, STORED_FIELDS, FIELDS).finish()?;
    let transaction = db::begin(&app.db).await?;
    let found = db::customer::find_for_update(&transaction, &body.user_id).await?;
    let before = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    seen.check(before.updated_at)?;
    let wanted = Wanted {
        limits: std::mem::take(&mut body.limits),
        budget_id: std::mem::take(&mut body.budget_id),
        spend: body.spend,
    };
    let mut after = patched(before.clone(), body);
    after.updated_at = stored_time(app.clock.now());
    after.updated_by = Some(principal.user_id.clone());
    all_set(after.clone()).update(&transaction).await?;
    let limits = limit::set(&app, &transaction, limit::CUSTOMER, &after.user_id, wanted).await?;
    let change = Change {
        action: "updated",
        kind: "customer",
        id: &after.user_id,
        before: Some(snapshot(&before, &limits.before)),
        after: Some(snapshot(&after, &limits.after)),
    };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce(&app, "customer", &after.user_id);
    app.counters.correct(limits.corrections).await;
    Ok(web::Json(view(&app, after).await?))
}

/// The row with every column to be written.
pub(super) fn all_set(customer: Model) -> ActiveModel {
    let mut row = customer.into_active_model();
    Column::iter().filter(|column| !matches!(column, Column::UserId)).for_each(|column| row.reset(column));
    row
}

fn patched(mut customer: Model, body: CustomerPatch) -> Model {
    body.alias.apply(&mut customer.alias);
    customer.blocked = body.blocked.unwrap_or(customer.blocked);
    if !body.models.is_absent() {
        customer.models = Strings(body.models.as_set().cloned().unwrap_or_default());
    }
    if !body.metadata.is_absent() {
        customer.metadata = JsonMap(body.metadata.as_set().cloned().unwrap_or_default());
    }
    keep(&mut customer.other, body.other);
    customer
}
