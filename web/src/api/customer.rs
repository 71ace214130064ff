//! Customers.

use serde_json::Value;
use tollgate_openapi::customer::{
    CustomerCreate, CustomerIds, CustomerInfoQuery, CustomerListQuery, CustomerPatch, CustomerView, CustomersDeleted,
};
use tollgate_openapi::paths;

use super::{ApiError, Listed, Seen, get, get_listed, post, post_if};

pub(crate) async fn list(query: CustomerListQuery) -> Result<Listed<CustomerView>, ApiError> {
    get_listed(paths::CUSTOMER_LIST, &query).await
}

pub(crate) async fn info(id: &str) -> Result<CustomerView, ApiError> {
    get(paths::CUSTOMER_INFO, &CustomerInfoQuery { end_user_id: id.to_owned() }).await
}

pub(crate) async fn create(customer: &CustomerCreate) -> Result<(), ApiError> {
    let _: Value = post(paths::CUSTOMER_NEW, customer).await?;
    Ok(())
}

pub(crate) async fn update(patch: &CustomerPatch, seen: Seen) -> Result<(), ApiError> {
    let _: Value = post_if(paths::CUSTOMER_UPDATE, seen, patch).await?;
    Ok(())
}

pub(crate) async fn set_blocked(id: &str, is_blocked: bool) -> Result<(), ApiError> {
    let path = if is_blocked { paths::CUSTOMER_BLOCK } else { paths::CUSTOMER_UNBLOCK };
    let _: Value = post(path, &CustomerIds { user_ids: vec![id.to_owned()] }).await?;
    Ok(())
}

pub(crate) async fn delete(id: &str) -> Result<(), ApiError> {
    let _: CustomersDeleted = post(paths::CUSTOMER_DELETE, &CustomerIds { user_ids: vec![id.to_owned()] }).await?;
    Ok(())
}
