//! The sums by day row by row in the order of their keys, read on from one of them: what exports are made of.

use chrono::NaiveDate;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::Scope;
use super::daily_entity_spend::Days;
use super::usage::{SUMS, Sums, in_sight, of_cost_center};

/// Which rows are meant; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Organization.
    pub organization_id: Option<String>,
    /// Team.
    pub team_id: Option<String>,
    /// Owner of the key.
    pub user_id: Option<String>,
    /// Hash of the key.
    pub api_key: Option<String>,
    /// Public model name.
    pub model_group: Option<String>,
    /// Provider.
    pub provider: Option<String>,
    /// Cost centre of the team, else of the organization, as it is now; empty: none.
    pub cost_center: Option<String>,
    /// A tag, or an end user: no sums know both.
    pub narrowed: Option<Narrowed>,
}

/// What the two widest sums are apart by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Narrowed {
    /// Only calls with this tag. Their rows do not know end users.
    Tag(String),
    /// Only calls of this end user.
    EndUser(String),
}

/// One day of one combination; what its calls did not have is empty.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
#[expect(missing_docs, reason = "named as the columns of the sums")]
pub struct Row {
    pub date: NaiveDate,
    pub organization_id: String,
    pub team_id: String,
    pub user_id: String,
    pub api_key: String,
    pub model_group: String,
    pub model: String,
    pub provider: String,
    pub end_user: String,
    #[sea_orm(nested)]
    pub sums: Sums,
}

/// The primary keys of both kinds of sums, in their order: the one has the tag after the date, which is always the same
/// here, the other the end user at the end.
const KEY: [&str; 8] = ["date", "organization_id", "team_id", "user_id", "api_key", "model_group", "model", "provider"];

/// Rows after `last`, or from the first on, at most `limit`.
///
/// # Errors
/// When the database is away.
pub async fn after(
    scope: &Scope,
    db: &impl ConnectionTrait,
    filter: &Filter,
    days: Days,
    last: Option<&Row>,
    limit: u64,
) -> Result<Vec<Row>, DbErr> {
    let mut query = filter.select();
    query.and_where(Expr::col("date").lte(days.last));
    let key = filter.key();
    match last {
        // Alone: beside it, the first day could be what the database looks rows up by, and the pages read so far would be
        // read again with every page.
        Some(last) => {
            let own = Expr::tuple(key.iter().map(|column| Expr::col(*column)));
            let theirs = Expr::tuple(filter.place(last).into_iter().map(Expr::val));
            query.and_where(own.gt(theirs));
        }
        None => drop(query.and_where(Expr::col("date").gte(days.first))),
    }
    in_sight(&mut query, scope);
    for column in key {
        query.order_by(column, Order::Asc);
    }
    query.limit(limit);
    Row::find_by_statement(db.get_database_backend().build(&query)).all(db).await
}

impl Filter {
    /// The tag that all the calls have, where one is named.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        match &self.narrowed {
            Some(Narrowed::Tag(tag)) => Some(tag),
            Some(Narrowed::EndUser(_)) | None => None,
        }
    }

    /// What rows are sorted by: as the primary key has them.
    fn key(&self) -> Vec<&'static str> {
        let [date, others @ ..] = KEY;
        let (tag, end_user) = if self.tag().is_some() { (Some("tag"), None) } else { (None, Some("end_user")) };
        [date].into_iter().chain(tag).chain(others).chain(end_user).collect()
    }

    /// What `row` has in each column of the key.
    fn place(&self, row: &Row) -> Vec<Value> {
        let Row { organization_id, team_id, user_id, api_key, model_group, model, provider, .. } = row;
        let others = [organization_id, team_id, user_id, api_key, model_group, model, provider];
        let end_user = self.tag().is_none().then_some(row.end_user.as_str());
        let texts = self.tag().into_iter().chain(others.map(String::as_str)).chain(end_user);
        [Value::from(row.date)].into_iter().chain(texts.map(Value::from)).collect()
    }

    fn select(&self) -> SelectStatement {
        let mut query = Query::select();
        query.columns(KEY).columns(SUMS);
        match &self.narrowed {
            Some(Narrowed::Tag(tag)) => {
                query.from("daily_tag_spend").expr_as(Expr::cust("''"), "end_user").and_where(Expr::col("tag").eq(tag))
            }
            Some(Narrowed::EndUser(end_user)) => {
                query.from("daily_spend").column("end_user").and_where(Expr::col("end_user").eq(end_user))
            }
            None => query.from("daily_spend").column("end_user"),
        };
        let exact = [
            ("organization_id", &self.organization_id),
            ("team_id", &self.team_id),
            ("user_id", &self.user_id),
            ("api_key", &self.api_key),
            ("model_group", &self.model_group),
            ("provider", &self.provider),
        ];
        for (column, value) in exact {
            if let Some(value) = value {
                query.and_where(Expr::col(column).eq(value));
            }
        }
        if let Some(center) = &self.cost_center {
            query.cond_where(of_cost_center(center));
        }
        query
    }
}
