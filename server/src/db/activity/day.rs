//! Single days of activity, added up by one thing more: what exports of it are made of, page by page.

use chrono::NaiveDate;
use sea_orm::sea_query::{Expr, ExprTrait, Order};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{About, Of};
use crate::db::daily_entity_spend::Days;
use crate::db::usage::{SUMS, Sums};

/// What each user, team and so on is broken down by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Nothing.
    Nothing,
    /// Keys.
    Keys,
    /// The provider's models.
    Models,
    /// Owners of keys.
    Users,
}

impl By {
    const fn column(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Keys => Some("api_key"),
            Self::Models => Some("model"),
            Self::Users => Some("user_id"),
        }
    }
}

/// One row of a day; what its calls did not have is empty.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Row {
    /// The user, team and so on.
    pub entity: String,
    /// What it is broken down by.
    pub part: String,
    /// An owner of its keys: of a key the one it had.
    pub owner: String,
    /// What its calls add up to.
    #[sea_orm(nested)]
    pub sums: Sums,
}

#[derive(Debug, FromQueryResult)]
struct Day {
    date: NaiveDate,
}

/// The days that have rows, the first one first.
///
/// # Errors
/// When the database is away.
pub async fn days(db: &impl ConnectionTrait, of: &Of<'_>) -> Result<Vec<NaiveDate>, DbErr> {
    let mut query = of.select();
    query.column("date").distinct().order_by("date", Order::Asc);
    let days = Day::find_by_statement(db.get_database_backend().build(&query)).all(db).await?;
    Ok(days.into_iter().map(|day| day.date).collect())
}

/// The rows of one day after `last`, or from the first on, at most `limit`.
///
/// They are read from the sums whose keys begin with the day, so that a page costs what one day has, however many there
/// are.
///
/// # Errors
/// When the database is away.
pub async fn after(
    db: &impl ConnectionTrait,
    of: &Of<'_>,
    by: By,
    day: NaiveDate,
    last: Option<&Row>,
    limit: u64,
) -> Result<Vec<Row>, DbErr> {
    let table = if of.about == About::Tags { "daily_tag_spend" } else { "daily_spend" };
    let entity = of.about.column();
    let columns: Vec<&str> = [entity].into_iter().chain(by.column()).collect();
    let mut query = Of { days: Days { first: day, last: day }, ..of.clone() }.select_from(table);
    if let Some(last) = last {
        let own = Expr::tuple(columns.iter().map(|column| Expr::col(*column)));
        let theirs = [&last.entity, &last.part].into_iter().take(columns.len());
        query.and_where(own.gt(Expr::tuple(theirs.map(|text| Expr::val(text.as_str())))));
    }
    query.expr_as(Expr::col(entity), "entity").expr_as(Expr::col("user_id").max(), "owner");
    query.expr_as(by.column().map_or_else(|| Expr::cust("''"), Expr::col), "part");
    for sum in SUMS {
        // A sum that stays a whole number: Postgres makes a decimal of it.
        query.expr_as(Expr::col(sum).sum().cast_as("bigint"), sum);
    }
    for column in columns {
        query.group_by_col(column).order_by(column, Order::Asc);
    }
    query.limit(limit);
    Row::find_by_statement(db.get_database_backend().build(&query)).all(db).await
}
