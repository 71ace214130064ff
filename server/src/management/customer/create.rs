//! `POST /customer/new`.

use actix_web::web;
use sea_orm::{EntityTrait, IntoActiveModel};
use tollgate_openapi::customer::{CustomerCreate, CustomerView, STORED_FIELDS};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::FIELDS;
use super::view::{snapshot, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db::customer::{Entity, Model};
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, announce, record};
use crate::management::limit::{self, Wanted};
use crate::management::rules::{Problems, keep};

/// Register a customer
///
/// Calls that name it in their field `user` are charged to it from now on.
#[utoipa::path(
    post,
    path = paths::CUSTOMER_NEW,
    operation_id = "customer_new",
    tag = "customer",
    request_body = CustomerCreate,
    responses(
        (status = 200, description = "The new customer", body = CustomerView),
        (status = 400, description = "The customer is registered already", body = ErrorEnvelope),
    ),
)]
pub async fn new(
    app: web::Data<App>,
    principal: Principal,
    body: Json<CustomerCreate>,
) -> ApiResult<web::Json<CustomerView>> {
    let mut body = body.0;
    principal.authorize_all(Action::CustomerWrite)?;
    Problems::of_limited(&body.limits, &body.other, STORED_FIELDS, FIELDS).finish()?;
    let wanted = Wanted {
        limits: std::mem::take(&mut body.limits),
        budget_id: std::mem::take(&mut body.budget_id),
        spend: body.spend,
    };
    let customer = new_row(&app, &principal, body);
    let transaction = db::begin(&app.db).await?;
    let inserted = Entity::insert(customer.clone().into_active_model()).exec_without_returning(&transaction).await;
    inserted.map_err(|error| exists(error, &customer.user_id))?;
    let limits = limit::set(&app, &transaction, limit::CUSTOMER, &customer.user_id, wanted).await?;
    let after = Some(snapshot(&customer, &limits.after));
    let change = Change { action: "created", kind: "customer", id: &customer.user_id, before: None, after };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce(&app, "customer", &customer.user_id);
    app.counters.correct(limits.corrections).await;
    Ok(web::Json(view(&app, customer).await?))
}

fn new_row(app: &App, principal: &Principal, body: CustomerCreate) -> Model {
    let mut customer = blank(app, principal, body.user_id);
    customer.alias = body.alias;
    customer.blocked = body.blocked.unwrap_or(false);
    customer.models = Strings(body.models);
    customer.metadata = JsonMap(body.metadata);
    keep(&mut customer.other, body.other);
    customer
}

/// A customer of whom nothing but the id is known.
pub(super) fn blank(app: &App, principal: &Principal, user_id: String) -> Model {
    let now = stored_time(app.clock.now());
    Model {
        user_id,
        alias: None,
        blocked: false,
        models: Strings::default(),
        metadata: JsonMap::default(),
        other: JsonMap::default(),
        created_at: now,
        created_by: Some(principal.user_id.clone()),
        updated_at: now,
        updated_by: Some(principal.user_id.clone()),
    }
}

fn exists(error: sea_orm::DbErr, user_id: &str) -> ApiError {
    match db::violation(&error) {
        Some(db::Violation::CustomerId) => {
            ApiError::bad_request("user_id", format!("A customer with the id '{user_id}' exists already."))
        }
        _ => error.into(),
    }
}
