//! The sums by day row by row, as reports page through them that break them down by everything at once.

pub mod day;

use chrono::NaiveDate;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{Condition, ConnectionTrait, DbErr, FromQueryResult};

use super::Scope;
use super::daily_entity_spend::Days;
use super::usage::{SUMS, Sums, in_sight};

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Owners of keys.
    Users,
    /// Teams.
    Teams,
    /// Organizations.
    Organizations,
    /// End users.
    Customers,
    /// Tags. A call with two tags counts for both.
    Tags,
}

impl About {
    /// The smallest sums that know it.
    const fn table(self) -> &'static str {
        match self {
            Self::Users | Self::Teams | Self::Organizations => "daily_key_spend",
            Self::Customers => "daily_spend",
            Self::Tags => "daily_tag_spend",
        }
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Users => "user_id",
            Self::Teams => "team_id",
            Self::Organizations => "organization_id",
            Self::Customers => "end_user",
            Self::Tags => "tag",
        }
    }
}

/// Which rows are meant, in whose sight.
#[derive(Clone, Debug)]
pub struct Of<'a> {
    /// What the report is about.
    pub about: About,
    /// Whose rows may be read.
    pub scope: &'a Scope,
    /// The days.
    pub days: Days,
    /// Only these users, teams and so on.
    pub only: Option<Vec<String>>,
    /// All but these.
    pub without: Vec<String>,
    /// Only this model: its public or its provider's name.
    pub model: Option<&'a str>,
    /// Only this key, by its hash.
    pub api_key: Option<&'a str>,
}

/// One row; what a call did not have is empty.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Row {
    /// The day.
    pub date: NaiveDate,
    /// The user, team and so on.
    pub entity: String,
    /// Hash of the key.
    pub api_key: String,
    /// Its team.
    pub team_id: String,
    /// Public model name.
    pub model_group: String,
    /// The provider's model.
    pub model: String,
    /// Provider.
    pub provider: String,
    /// What its calls add up to.
    #[sea_orm(nested)]
    pub sums: Sums,
}

/// The columns that tell rows of one day apart, besides the entity.
const TOLD_APART_BY: [&str; 7] =
    ["organization_id", "team_id", "user_id", "api_key", "model_group", "model", "provider"];

#[derive(Debug, FromQueryResult)]
struct Count {
    rows: i64,
}

/// The rows from `offset` on, at most `limit`, the latest days first.
///
/// # Errors
/// When the database is away.
pub async fn rows(db: &impl ConnectionTrait, of: &Of<'_>, offset: u64, limit: u64) -> Result<Vec<Row>, DbErr> {
    let mut query = of.select();
    let entity = of.about.column();
    query.expr_as(Expr::col(entity), "entity");
    query.columns(["date", "api_key", "team_id", "model_group", "model", "provider"]);
    query.columns(SUMS);
    query.order_by("date", Order::Desc).order_by(entity, Order::Asc);
    for column in TOLD_APART_BY.into_iter().filter(|column| *column != entity) {
        query.order_by(column, Order::Asc);
    }
    query.offset(offset).limit(limit);
    Row::find_by_statement(db.get_database_backend().build(&query)).all(db).await
}

/// How many rows there are.
///
/// # Errors
/// When the database is away.
pub async fn count(db: &impl ConnectionTrait, of: &Of<'_>) -> Result<u64, DbErr> {
    let mut query = of.select();
    query.expr_as(Expr::col("date").count(), "rows");
    let count = Count::find_by_statement(db.get_database_backend().build(&query)).one(db).await?;
    Ok(count.and_then(|count| u64::try_from(count.rows).ok()).unwrap_or(0))
}

impl Of<'_> {
    fn select(&self) -> SelectStatement {
        self.select_from(self.about.table())
    }

    fn select_from(&self, table: &'static str) -> SelectStatement {
        let entity = Expr::col(self.about.column());
        let mut query = Query::select();
        query.from(table).and_where(Expr::col("date").between(self.days.first, self.days.last));
        match &self.only {
            Some(only) => drop(query.and_where(entity.clone().is_in(only))),
            // Calls of keys without an owner are somebody's, too: the gateway's.
            None if self.about == About::Users => {}
            None => drop(query.and_where(entity.clone().ne(""))),
        }
        if !self.without.is_empty() {
            query.and_where(entity.is_not_in(&self.without));
        }
        if let Some(model) = self.model {
            let either = Condition::any().add(Expr::col("model").eq(model)).add(Expr::col("model_group").eq(model));
            query.cond_where(either);
        }
        if let Some(api_key) = self.api_key {
            query.and_where(Expr::col("api_key").eq(api_key));
        }
        in_sight(&mut query, self.scope);
        query
    }
}

/// What some customer's calls add up to.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct CustomerSums {
    /// The customer.
    pub end_user: String,
    /// Cost in nano-dollars.
    pub spend: i64,
    /// Calls.
    pub api_requests: i64,
}

/// The `limit` customers that cost most, of the calls of one key.
///
/// # Errors
/// When the database is away.
pub async fn customers_of_key(
    db: &impl ConnectionTrait,
    days: Days,
    api_key: &str,
    limit: u64,
) -> Result<Vec<CustomerSums>, DbErr> {
    let of = Of {
        about: About::Customers,
        scope: &Scope::All,
        days,
        only: None,
        without: Vec::new(),
        model: None,
        api_key: Some(api_key),
    };
    let mut query = of.select();
    query.column("end_user").group_by_col("end_user");
    for sum in ["spend", "api_requests"] {
        // A sum that stays a whole number: Postgres makes a decimal of it.
        query.expr_as(Expr::col(sum).sum().cast_as("bigint"), sum);
        query.order_by_expr(Expr::col(sum).sum(), Order::Desc);
    }
    query.order_by("end_user", Order::Asc).limit(limit);
    CustomerSums::find_by_statement(db.get_database_backend().build(&query)).all(db).await
}
