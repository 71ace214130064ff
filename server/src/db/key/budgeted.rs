//! Keys that are attached to a reusable budget. Which one it is, is one of the fields that are kept as they came; an
//! index over that expression finds them.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ExprTrait, QueryOrder, QuerySelect};

use super::{Column, Entity};

fn budget_id() -> SimpleExpr {
    Expr::cust("other ->> 'budget_id'")
}

/// How many keys are attached to each of the budgets.
///
/// # Errors
/// When the database is away.
pub async fn count_by_budget(db: &impl ConnectionTrait, budget_ids: &[String]) -> Result<Vec<(String, i64)>, DbErr> {
    if budget_ids.is_empty() {
        return Ok(Vec::new());
    }
    let counted = Entity::find().select_only().expr_as(budget_id(), "budget").column_as(Column::Token.count(), "keys");
    let found = counted.filter(budget_id().is_in(budget_ids.to_vec()));
    found.group_by(budget_id()).into_tuple().all(db).await
}

/// The hashes of the keys that are attached to a budget, in order.
///
/// # Errors
/// When the database is away.
pub async fn tokens_of_budget(db: &impl ConnectionTrait, id: &str) -> Result<Vec<String>, DbErr> {
    let attached = Entity::find().select_only().column(Column::Token).filter(budget_id().eq(id));
    attached.order_by_asc(Column::Token).into_tuple().all(db).await
}
