//! Searching text in columns.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Func, LikeExpr};
use sea_orm::{Condition, ExprTrait};

/// Rows that have `text` in one of the columns, in any case.
pub(super) fn contains_any<C: ColumnTrait>(columns: &[C], text: &str) -> Condition {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let like = |part: &str| LikeExpr::new(format!("%{part}%")).escape('\\');
    let lower = escaped.to_lowercase();
    let parts = columns.iter().map(|column| Expr::expr(Func::lower(column.into_expr())).like(like(&lower)));
    // A database may know the case of ASCII letters only: others are at least found as they are written.
    let as_written = columns.iter().filter(|_| !text.is_ascii());
    let parts = parts.chain(as_written.map(|column| column.into_expr().like(like(&escaped))));
    parts.fold(Condition::any(), Condition::add)
}
