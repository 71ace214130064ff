//! Budgets as they are shown.

use std::collections::{BTreeMap, HashMap};

use sea_orm::ConnectionTrait;
use serde_json::Value;
use tollgate_openapi::budget::BudgetView;

use crate::db;
use crate::db::budget::Model;
use crate::error::{ApiError, ApiResult};
use crate::management::change;
use crate::management::limit::limit_view;

/// Shows one budget.
pub(super) async fn view(db: &impl ConnectionTrait, budget: Model) -> ApiResult<BudgetView> {
    let views = views(db, vec![budget]).await?;
    views.into_iter().next().ok_or_else(|| ApiError::internal("a budget was shown as none"))
}

/// Shows budgets and what is attached to them, in two queries however many there are.
pub(super) async fn views(db: &impl ConnectionTrait, budgets: Vec<Model>) -> ApiResult<Vec<BudgetView>> {
    let ids: Vec<String> = budgets.iter().map(|budget| budget.budget_id.clone()).collect();
    let mut attached: HashMap<String, BTreeMap<String, u64>> = HashMap::new();
    let keys = db::key::count_by_budget(db, &ids).await?.into_iter();
    let keys = keys.map(|(budget_id, count)| (budget_id, "key".to_owned(), count));
    for (budget_id, kind, count) in keys.chain(db::limit::count_attached(db, &ids).await?) {
        attached.entry(budget_id).or_default().insert(kind, count.unsigned_abs());
    }
    let shown = budgets.into_iter().map(|budget| {
        let attached_to = attached.remove(&budget.budget_id).unwrap_or_default();
        show(budget, attached_to)
    });
    Ok(shown.collect())
}

/// A budget as the audit chain keeps it.
pub(super) fn snapshot(budget: &Model) -> Value {
    change::snapshot(&show(budget.clone(), BTreeMap::new()))
}

fn show(budget: Model, attached_to: BTreeMap<String, u64>) -> BudgetView {
    BudgetView {
        budget_id: budget.budget_id.clone(),
        attached_to,
        created_at: budget.created_at,
        created_by: budget.created_by.clone(),
        updated_at: budget.updated_at,
        updated_by: budget.updated_by.clone(),
        other: budget.other.0.clone().into_iter().collect(),
        limits: limit_view(budget),
    }
}
