//! A month by everything that sums by key are kept by: as it was frozen when it was closed, or as it is so far.

use chrono::{Datelike, Months, NaiveDate};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, Func, IntoIden, JoinType, Order, Query, SelectStatement};
use sea_orm::{DatabaseTransaction, FromQueryResult};

use super::daily_entity_spend::Days;
use super::usage::{Dimension, Of, SUMS, Sums, in_sight};

/// What rows are kept by.
const PAYERS: [&str; 7] = ["organization_id", "team_id", "user_id", "api_key", "model_group", "model", "provider"];
/// What is kept of what these were called, and the cost centre. Empty: none.
const NAMES: [&str; 5] = ["cost_center", "organization_alias", "team_alias", "user_name", "key_name"];

/// Which figures of a month are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figures {
    /// Those it was closed with.
    Frozen(NaiveDate),
    /// Those there are.
    Current(NaiveDate),
}

/// One line of a month.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Line {
    /// Its id; empty for calls that have none.
    pub id: String,
    /// What it was called; empty: nothing else.
    pub name: String,
    /// What it adds up to.
    #[sea_orm(nested)]
    pub sums: Sums,
}

/// The days of the month that begins on this day.
#[must_use]
pub fn days_of(month: NaiveDate) -> Days {
    let next = month.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt());
    Days { first: month, last: next.unwrap_or(month) }
}

/// The first day of the month of this day.
#[must_use]
pub fn month_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// The `limit` lines that cost most.
///
/// # Errors
/// When the database is away.
pub async fn lines(
    db: &impl ConnectionTrait,
    of: &Of<'_>,
    figures: Figures,
    by: Dimension,
    limit: u64,
) -> Result<Vec<Line>, DbErr> {
    let mut query = rows(of, figures);
    let name = match by {
        Dimension::Organization => Expr::col("organization_alias").max(),
        Dimension::Team => Expr::col("team_alias").max(),
        Dimension::User => Expr::col("user_name").max(),
        Dimension::Key => Expr::col("key_name").max(),
        Dimension::Model | Dimension::Provider | Dimension::Tag | Dimension::CostCenter => Expr::val(""),
    };
    query.expr_as(column(by), "id").expr_as(name, "name").add_group_by([column(by)]);
    for sum in ["spend", "api_requests"] {
        query.order_by_expr(Expr::col(sum).sum(), Order::Desc);
    }
    query.order_by_expr(column(by), Order::Asc).limit(limit);
    Line::find_by_statement(db.get_database_backend().build(&query)).all(db).await
}

/// What a month adds up to.
///
/// # Errors
/// When the database is away.
pub async fn total(db: &impl ConnectionTrait, of: &Of<'_>, figures: Figures) -> Result<Sums, DbErr> {
    let mut query = Query::select();
    for sum in SUMS {
        query.expr_as(Func::coalesce([Expr::col(sum), Expr::val(0)]), sum);
    }
    query.from_subquery(rows(of, figures), "total");
    let total = Sums::find_by_statement(db.get_database_backend().build(&query)).one(db).await?;
    Ok(total.unwrap_or_default())
}

/// What each closed month added up to when it was closed.
///
/// # Errors
/// When the database is away.
pub async fn frozen(db: &impl ConnectionTrait, of: &Of<'_>) -> Result<Vec<(NaiveDate, Sums)>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        month: NaiveDate,
        #[sea_orm(nested)]
        sums: Sums,
    }
    let mut query = Query::select();
    query.column("month").from("closed_spend").group_by_col("month");
    sum_up(&mut query, of);
    let rows = Row::find_by_statement(db.get_database_backend().build(&query)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.month, row.sums)).collect())
}

/// Keeps a month's figures as they are now.
///
/// # Errors
/// When the database is away.
pub(super) async fn freeze(transaction: &DatabaseTransaction, month: NaiveDate) -> Result<(), DbErr> {
    let mut rows = Query::select();
    rows.expr(Expr::val(month));
    for column in PAYERS.into_iter().chain(NAMES).chain(SUMS) {
        rows.column(column);
    }
    rows.from_subquery(current(days_of(month)), "rows");
    let mut insert = Query::insert();
    insert.into_table("closed_spend");
    insert.columns(std::iter::once("month").chain(PAYERS).chain(NAMES).chain(SUMS).map(IntoIden::into_iden));
    insert.select_from(rows).map_err(|error| DbErr::Custom(error.to_string()))?;
    transaction.execute(&insert).await?;
    Ok(())
}

/// The sums of the rows that are meant.
fn rows(of: &Of<'_>, figures: Figures) -> SelectStatement {
    let mut query = Query::select();
    match figures {
        Figures::Frozen(month) => query.from("closed_spend").and_where(Expr::col("month").eq(month)),
        Figures::Current(month) => query.from_subquery(current(days_of(month)), "rows"),
    };
    sum_up(&mut query, of);
    query
}

/// Selects the sums of what is meant.
fn sum_up(query: &mut SelectStatement, of: &Of<'_>) {
    for sum in SUMS {
        // A sum that stays a whole number: Postgres makes a decimal of it.
        query.expr_as(Expr::col(sum).sum().cast_as("bigint"), sum);
    }
    for (dimension, value) in &of.filters {
        query.and_where(column(*dimension).eq(*value));
    }
    in_sight(query, of.scope);
}

/// Tags are not kept: a call may have several.
pub(super) fn column(dimension: Dimension) -> Expr {
    match dimension {
        Dimension::CostCenter => Expr::col("cost_center"),
        other => other.expr(),
    }
}

/// The rows of some days as they are, with what things are called now.
fn current(days: Days) -> SelectStatement {
    let mut sums = Query::select();
    sums.from("daily_key_spend").and_where(Expr::col("date").between(days.first, days.last));
    sums.columns(PAYERS).group_by_columns(PAYERS);
    for sum in SUMS {
        sums.expr_as(Expr::col(sum).sum().cast_as("bigint"), sum);
    }
    let mut query = Query::select();
    query.from_subquery(sums, "sums");
    for column in PAYERS.into_iter().chain(SUMS) {
        query.expr_as(Expr::col(("sums", column)), column);
    }
    for (table, id, payer) in [
        ("organizations", "organization_id", "organization_id"),
        ("teams", "team_id", "team_id"),
        ("users", "user_id", "user_id"),
        ("keys", "token", "api_key"),
    ] {
        query.join(JoinType::LeftJoin, table, Expr::col((table, id)).equals(("sums", payer)));
    }
    for (name, sources) in [
        ("cost_center", [("teams", "cost_center"), ("organizations", "cost_center")]),
        ("organization_alias", [("organizations", "organization_alias"); 2]),
        ("team_alias", [("teams", "team_alias"); 2]),
        ("user_name", [("users", "user_email"), ("users", "user_alias")]),
        ("key_name", [("keys", "key_alias"), ("keys", "key_name")]),
    ] {
        let [first, second] = sources.map(Expr::col);
        query.expr_as(Func::coalesce([first, second, Expr::val("")]), name);
    }
    query
}
