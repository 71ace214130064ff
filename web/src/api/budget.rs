//! Reusable budgets.

use serde_json::Value;
use tollgate_openapi::budget::{BudgetCreate, BudgetDelete, BudgetInfo, BudgetPatch, BudgetView};
use tollgate_openapi::page::PageQuery;
use tollgate_openapi::paths;

use super::{ApiError, Listed, Seen, get_listed, post, post_if};

pub(crate) async fn list(query: PageQuery) -> Result<Listed<BudgetView>, ApiError> {
    get_listed(paths::BUDGET_LIST, &query).await
}

/// One budget; `None` when there is none of that id.
pub(crate) async fn info(id: &str) -> Result<Option<BudgetView>, ApiError> {
    let found: Vec<BudgetView> = post(paths::BUDGET_INFO, &BudgetInfo { budgets: vec![id.to_owned()] }).await?;
    Ok(found.into_iter().next())
}

pub(crate) async fn create(budget: &BudgetCreate) -> Result<BudgetView, ApiError> {
    post(paths::BUDGET_NEW, budget).await
}

pub(crate) async fn update(patch: &BudgetPatch, seen: Seen) -> Result<(), ApiError> {
    let _: Value = post_if(paths::BUDGET_UPDATE, seen, patch).await?;
    Ok(())
}

pub(crate) async fn delete(id: &str) -> Result<(), ApiError> {
    let _: Value = post(paths::BUDGET_DELETE, &BudgetDelete { id: id.to_owned() }).await?;
    Ok(())
}
