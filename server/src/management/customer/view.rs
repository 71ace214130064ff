//! Customers as they are shown.

use serde_json::Value;
use tollgate_openapi::customer::CustomerView;

use crate::app::App;
use crate::db::customer::Model;
use crate::db::limit::Model as Limit;
use crate::error::ApiResult;
use crate::management::limit::Limited;
use crate::management::{change, limit, only};

/// Shows one customer.
pub(super) async fn view(app: &App, customer: Model) -> ApiResult<CustomerView> {
    only(views(app, vec![customer]).await?)
}

/// Shows customers with their limits and spend, in a few queries however many there are.
pub(super) async fn views(app: &App, customers: Vec<Model>) -> ApiResult<Vec<CustomerView>> {
    limit::show_limited(app, limit::CUSTOMER, customers, |customer| &customer.user_id, show).await
}

/// A customer as the audit chain keeps them.
pub(super) fn snapshot(customer: &Model, limits: &Limit) -> Value {
    change::snapshot(&show(customer.clone(), Limited::unspent(limits.clone())))
}

fn show(customer: Model, limited: Limited) -> CustomerView {
    CustomerView {
        user_id: customer.user_id,
        alias: customer.alias,
        blocked: customer.blocked,
        models: customer.models.0,
        metadata: customer.metadata.0,
        limits: limited.limits,
        standing: limited.standing,
        created_at: customer.created_at,
        created_by: customer.created_by,
        updated_at: customer.updated_at,
        updated_by: customer.updated_by,
        other: customer.other.0.into_iter().collect(),
    }
}
