//! `POST /customer/block` and `/customer/unblock`.

use actix_web::web;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel};
use tollgate_openapi::customer::{CustomerIds, CustomersBlocked, CustomersUnblocked};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::NOT_FOUND;
use super::create::blank;
use super::update::all_set;
use super::view::{snapshot, views};
use crate::app::App;
use crate::auth::Principal;
use crate::db::customer::{Entity, Model};
use crate::db::{self, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, announce, record};
use crate::management::limit;

/// Block customers
///
/// Calls for them are refused from now on. One who is not registered yet is.
#[utoipa::path(
    post,
    path = paths::CUSTOMER_BLOCK,
    operation_id = "customer_block",
    tag = "customer",
    request_body = CustomerIds,
    responses(
        (status = 200, description = "The customers as they are now", body = CustomersBlocked),
    ),
)]
pub async fn block(
    app: web::Data<App>,
    principal: Principal,
    body: Json<CustomerIds>,
) -> ApiResult<web::Json<CustomersBlocked>> {
    let blocked = set_blocked(&app, &principal, body.0.user_ids, true).await?;
    Ok(web::Json(CustomersBlocked { blocked_users: views(&app, blocked).await? }))
}

/// Unblock customers
///
/// Calls for them are served again.
#[utoipa::path(
    post,
    path = paths::CUSTOMER_UNBLOCK,
    operation_id = "customer_unblock",
    tag = "customer",
    request_body = CustomerIds,
    responses(
        (status = 200, description = "The customers as they are now", body = CustomersUnblocked),
        (status = 404, description = "One of the customers is not registered; nothing changed", body = ErrorEnvelope),
    ),
)]
pub async fn unblock(
    app: web::Data<App>,
    principal: Principal,
    body: Json<CustomerIds>,
) -> ApiResult<web::Json<CustomersUnblocked>> {
    let unblocked = set_blocked(&app, &principal, body.0.user_ids, false).await?;
    Ok(web::Json(CustomersUnblocked { unblocked_users: views(&app, unblocked).await? }))
}

async fn set_blocked(
    app: &App,
    principal: &Principal,
    mut user_ids: Vec<String>,
    is_blocked: bool,
) -> ApiResult<Vec<Model>> {
    principal.authorize_all(Action::CustomerWrite)?;
    // In one order, so that two changes of the same customers do not wait for each other.
    user_ids.sort_unstable();
    user_ids.dedup();
    let transaction = db::begin(&app.db).await?;
    let mut changed = Vec::with_capacity(user_ids.len());
    for user_id in user_ids {
        changed.push(set_one(app, &transaction, principal, user_id, is_blocked).await?);
    }
    transaction.commit().await?;
    changed.iter().for_each(|customer| announce(app, "customer", &customer.user_id));
    Ok(changed)
}

async fn set_one(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    user_id: String,
    is_blocked: bool,
) -> ApiResult<Model> {
    let before = db::customer::find_for_update(transaction, &user_id).await?;
    let after = match &before {
        Some(before) => Model {
            blocked: is_blocked,
            updated_at: stored_time(app.clock.now()),
            updated_by: Some(principal.user_id.clone()),
            ..before.clone()
        },
        None if is_blocked => Model { blocked: true, ..blank(app, principal, user_id) },
        None => return Err(ApiError::not_found(NOT_FOUND)),
    };
    match &before {
        Some(_) => drop(all_set(after.clone()).update(transaction).await?),
        None => drop(Entity::insert(after.clone().into_active_model()).exec_without_returning(transaction).await?),
    }
    let limits = limit::own(app, transaction, limit::CUSTOMER, &after.user_id).await?;
    let change = Change {
        action: if is_blocked { "blocked" } else { "unblocked" },
        kind: "customer",
        id: &after.user_id,
        before: before.as_ref().map(|before| snapshot(before, &limits)),
        after: Some(snapshot(&after, &limits)),
    };
    record(app, transaction, principal, change).await?;
    Ok(after)
}
