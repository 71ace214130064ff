//! `POST /customer/delete`.

use actix_web::web;
use sea_orm::ModelTrait;
use tollgate_openapi::customer::{CustomerIds, CustomersDeleted};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::NOT_FOUND;
use super::view::snapshot;
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, record};
use crate::management::limit;

/// Delete customers
///
/// All of them or none. Calls may go on naming them, and their calls and totals stay in the ledger.
#[utoipa::path(
    post,
    path = paths::CUSTOMER_DELETE,
    operation_id = "customer_delete",
    tag = "customer",
    request_body = CustomerIds,
    responses(
        (status = 200, description = "How many were deleted", body = CustomersDeleted),
        (status = 404, description = "One of the customers is not registered; nobody was deleted", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<CustomerIds>,
) -> ApiResult<web::Json<CustomersDeleted>> {
    principal.authorize_all(Action::CustomerWrite)?;
    let mut user_ids = body.0.user_ids;
    // In one order, so that two deletions of the same customers do not wait for each other.
    user_ids.sort_unstable();
    user_ids.dedup();
    let transaction = db::begin(&app.db).await?;
    for user_id in &user_ids {
        let found = db::customer::find_for_update(&transaction, user_id).await?;
        let customer = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
        let limits = limit::remove(&app, &transaction, limit::CUSTOMER, user_id).await?;
        let before = Some(snapshot(&customer, &limits));
        customer.delete(&transaction).await?;
        let change = Change { action: "deleted", kind: "customer", id: user_id, before, after: None };
        record(&app, &transaction, &principal, change).await?;
    }
    transaction.commit().await?;
    user_ids.iter().for_each(|user_id| limit::forget(&app, limit::CUSTOMER, user_id));
    let count = user_ids.len();
    Ok(web::Json(CustomersDeleted {
        deleted_customers: count.try_into().unwrap_or(u64::MAX),
        message: format!("Deleted {count} customer(s)."),
    }))
}
