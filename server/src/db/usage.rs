//! Usage by day and by group, read from whichever sums are the smallest that can tell.

use chrono::NaiveDate;
use sea_orm::sea_query::{Expr, ExprTrait, Func, JoinType, Order, Query, SelectStatement};
use sea_orm::{Condition, ConnectionTrait, DbErr, FromQueryResult};

use super::daily_entity_spend::Days;
use super::{Scope, weekly_entity_spend};

/// What usage is broken down by: a column of the sums by day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Public models.
    Model,
    /// Providers.
    Provider,
    /// Organizations.
    Organization,
    /// Teams.
    Team,
    /// Owners of keys.
    User,
    /// Keys.
    Key,
    /// Tags.
    Tag,
    /// Cost centres: of the team, else of the organization.
    CostCenter,
}

impl Dimension {
    pub(super) fn expr(self) -> Expr {
        Expr::col(match self {
            Self::Model => "model_group",
            Self::Provider => "provider",
            Self::Organization => "organization_id",
            Self::Team => "team_id",
            Self::User => "user_id",
            Self::Key => "api_key",
            Self::Tag => "tag",
            Self::CostCenter => return cost_center(),
        })
    }

    /// Its kind in `daily_entity_spend`, where it has one.
    const fn kind(self) -> Option<&'static str> {
        Some(match self {
            Self::Model => "model_group",
            Self::Provider => "provider",
            Self::Organization => "organization",
            Self::Team => "team",
            Self::User => "user",
            Self::Key => "key",
            Self::Tag => "tag",
            Self::CostCenter => return None,
        })
    }
}

/// Which calls are meant, in whose sight.
#[derive(Clone, Debug)]
pub struct Of<'a> {
    /// Whose rows may be read.
    pub scope: &'a Scope,
    /// Only calls of these.
    pub filters: Vec<(Dimension, &'a str)>,
}

/// What some calls add up to; money in nano-dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromQueryResult)]
#[expect(missing_docs, reason = "named as the columns of the sums")]
pub struct Sums {
    pub spend: i64,
    pub api_requests: i64,
    pub failed_requests: i64,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub cache_read_tokens: i64,
    pub cache_creation_tokens: i64,
    pub reasoning_tokens: i64,
    pub saved_by_cache: i64,
    pub saved_by_prompt_cache: i64,
}

impl Sums {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.with(other, i64::saturating_add)
    }

    /// What is left of it without `part`.
    #[must_use]
    pub fn less(self, part: Self) -> Self {
        self.with(part, i64::saturating_sub)
    }

    fn with(self, other: Self, of: fn(i64, i64) -> i64) -> Self {
        Self {
            spend: of(self.spend, other.spend),
            api_requests: of(self.api_requests, other.api_requests),
            failed_requests: of(self.failed_requests, other.failed_requests),
            prompt_tokens: of(self.prompt_tokens, other.prompt_tokens),
            completion_tokens: of(self.completion_tokens, other.completion_tokens),
            cache_read_tokens: of(self.cache_read_tokens, other.cache_read_tokens),
            cache_creation_tokens: of(self.cache_creation_tokens, other.cache_creation_tokens),
            reasoning_tokens: of(self.reasoning_tokens, other.reasoning_tokens),
            saved_by_cache: of(self.saved_by_cache, other.saved_by_cache),
            saved_by_prompt_cache: of(self.saved_by_prompt_cache, other.saved_by_prompt_cache),
        }
    }
}

pub(super) const SUMS: [&str; 10] = [
    "spend",
    "api_requests",
    "failed_requests",
    "prompt_tokens",
    "completion_tokens",
    "cache_read_tokens",
    "cache_creation_tokens",
    "reasoning_tokens",
    "saved_by_cache",
    "saved_by_prompt_cache",
];

#[derive(Debug, FromQueryResult)]
struct DayRow {
    date: NaiveDate,
    #[sea_orm(nested)]
    sums: Sums,
}

#[derive(Debug, FromQueryResult)]
struct GroupRow {
    id: String,
    #[sea_orm(nested)]
    sums: Sums,
}

#[derive(Debug, FromQueryResult)]
struct PartRow {
    id: String,
    part: String,
    #[sea_orm(nested)]
    sums: Sums,
}

/// Sums by day, of days that had calls, oldest first.
///
/// # Errors
/// When the database is away.
pub async fn by_day(db: &impl ConnectionTrait, of: &Of<'_>, days: Days) -> Result<Vec<(NaiveDate, Sums)>, DbErr> {
    let mut query = if of.is_everything() { everything(days) } else { of.rows(days, &[]) };
    query.column("date").group_by_col("date").order_by("date", Order::Asc);
    let rows = DayRow::find_by_statement(db.get_database_backend().build(&query)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.date, row.sums)).collect())
}

/// The `limit` groups that spent most; only those with one of `ids`, where some are named.
///
/// # Errors
/// When the database is away.
pub async fn groups(
    db: &impl ConnectionTrait,
    of: &Of<'_>,
    days: Days,
    by: Dimension,
    ids: Option<&[String]>,
    limit: u64,
) -> Result<Vec<(String, Sums)>, DbErr> {
    let (mut query, id) = match by.kind().filter(|_| of.is_everything()) {
        Some(kind) => (entities(kind, days), Expr::col("entity_id")),
        None => (of.rows(days, &[by]), by.expr()),
    };
    if let Some(ids) = ids {
        query.and_where(id.clone().is_in(ids));
    }
    query.expr_as(id.clone(), "id").add_group_by([id.clone()]);
    dearest_first(&mut query);
    query.order_by_expr(id, Order::Asc).limit(limit);
    let rows = GroupRow::find_by_statement(db.get_database_backend().build(&query)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.sums)).collect())
}

/// What each of the groups with one of `ids` is made of by `then`: group, part, sums; of each the `limit` dearest, these
/// first.
///
/// # Errors
/// When the database is away.
pub async fn parts(
    db: &impl ConnectionTrait,
    of: &Of<'_>,
    days: Days,
    (by, then): (Dimension, Dimension),
    ids: &[String],
    limit: u64,
) -> Result<Vec<(String, String, Sums)>, DbErr> {
    let mut parts = of.rows(days, &[by, then]);
    parts.and_where(by.expr().is_in(ids));
    parts.expr_as(by.expr(), "id").expr_as(then.expr(), "part").add_group_by([by.expr(), then.expr()]);
    let mut placed = Query::select();
    placed.columns(["id", "part"]).columns(SUMS).from_subquery(parts, "parts");
    let place = "ROW_NUMBER() OVER (PARTITION BY id ORDER BY spend DESC, api_requests DESC, part)";
    placed.expr_as(Expr::cust(place), "place");
    let mut query = Query::select();
    query.columns(["id", "part"]).columns(SUMS).from_subquery(placed, "placed");
    query.and_where(Expr::col("place").lte(limit)).order_by("id", Order::Asc).order_by("place", Order::Asc);
    let rows = PartRow::find_by_statement(db.get_database_backend().build(&query)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.part, row.sums)).collect())
}

/// The `limit` models, each with the provider that was asked last, of which most calls failed: model, provider, sums.
///
/// # Errors
/// When the database is away.
pub async fn failed(db: &impl ConnectionTrait, days: Days, limit: u64) -> Result<Vec<(String, String, Sums)>, DbErr> {
    let failed = || Expr::col("failed_requests").sum();
    let mut query = summed("daily_team_spend", days);
    query.expr_as(Expr::col("model_group"), "id").expr_as(Expr::col("provider"), "part");
    query.and_where(Expr::col("provider").ne("")).group_by_columns(["model_group", "provider"]);
    query.and_having(failed().gt(0)).order_by_expr(failed(), Order::Desc);
    query.order_by("model_group", Order::Asc).order_by("provider", Order::Asc).limit(limit);
    let rows = PartRow::find_by_statement(db.get_database_backend().build(&query)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.part, row.sums)).collect())
}

fn dearest_first(query: &mut SelectStatement) {
    for sum in ["spend", "api_requests"] {
        query.order_by_expr(Expr::col(sum).sum(), Order::Desc);
    }
}

/// The team's, else the organization's; see [`with_cost_centers`].
fn cost_center() -> Expr {
    // Written out: to Postgres two parameters are two things, though they have one value, and it groups by none of them.
    let sources = [Expr::col("team_cost_center"), Expr::col("organization_cost_center"), Expr::cust("''")];
    Func::coalesce(sources).into()
}

/// Joins what [`cost_center`] reads, by names that no sums have.
fn with_cost_centers(query: &mut SelectStatement) {
    for (table, id, joined_id, center) in [
        ("teams", "team_id", "cost_team_id", "team_cost_center"),
        ("organizations", "organization_id", "cost_organization_id", "organization_cost_center"),
    ] {
        let mut centers = Query::select();
        centers.expr_as(Expr::col(id), joined_id).expr_as(Expr::col("cost_center"), center).from(table);
        query.join_subquery(JoinType::LeftJoin, centers, joined_id, Expr::col(joined_id).equals(id));
    }
}

/// The rows of calls that are booked to this cost centre now: their team's, else their organization's; empty: to none.
pub(in crate::db) fn of_cost_center(center: &str) -> Condition {
    let ids = |table: &'static str, id: &'static str, meant: Expr| {
        let mut ids = Query::select();
        ids.column(id).from(table).and_where(meant);
        ids
    };
    let own = |table, id| Expr::col(id).in_subquery(ids(table, id, Expr::col("cost_center").eq(center)));
    let none = |table, id| {
        let others = ids(table, id, Expr::col("cost_center").is_not_null());
        Condition::any().add(Expr::col(id).is_null()).add(Expr::col(id).not_in_subquery(others))
    };
    let (team, organization) = (("teams", "team_id"), ("organizations", "organization_id"));
    let not_the_teams = Condition::all().add(none(team.0, team.1));
    if center.is_empty() {
        return not_the_teams.add(none(organization.0, organization.1));
    }
    Condition::any().add(own(team.0, team.1)).add(not_the_teams.add(own(organization.0, organization.1)))
}

impl Of<'_> {
    fn is_everything(&self) -> bool {
        *self.scope == Scope::All && self.filters.is_empty()
    }

    /// The smallest sums that know what is named and asked for.
    fn rows(&self, days: Days, by: &[Dimension]) -> SelectStatement {
        let reads = |meant: Dimension| by.contains(&meant) || self.filters.iter().any(|(one, _)| *one == meant);
        let tells_keys_apart = reads(Dimension::Key) || reads(Dimension::User) || *self.scope != Scope::All;
        let table = match (reads(Dimension::Tag), tells_keys_apart) {
            (true, _) => "daily_tag_spend",
            (false, true) => "daily_key_spend",
            (false, false) => "daily_team_spend",
        };
        let mut query = summed(table, days);
        if reads(Dimension::CostCenter) {
            with_cost_centers(&mut query);
        }
        for (dimension, value) in &self.filters {
            query.and_where(dimension.expr().eq(*value));
        }
        in_sight(&mut query, self.scope);
        query
    }
}

/// Leaves out the rows of sums that `scope` does not see.
pub(super) fn in_sight(query: &mut SelectStatement, scope: &Scope) {
    query.cond_where(sight(scope));
}

/// The rows of what calls are booked to that `scope` sees.
pub(super) fn sight(scope: &Scope) -> Condition {
    match scope {
        Scope::All => Condition::all(),
        Scope::Key(token) => Condition::all().add(Expr::col("api_key").eq(token)),
        Scope::Person(sight) => {
            let own = Expr::col("user_id").eq(&sight.user_id);
            let in_teams = Expr::col("team_id").is_in(&sight.teams);
            let in_organizations = Expr::col("organization_id").is_in(&sight.organizations);
            Condition::any().add(own).add(in_teams).add(in_organizations)
        }
    }
}

/// What all calls add up to.
fn everything(days: Days) -> SelectStatement {
    let mut query = summed("daily_entity_spend", days);
    query.and_where(Expr::col("entity_kind").eq("global"));
    query
}

/// What the entities of a kind add up to.
fn entities(kind: &str, days: Days) -> SelectStatement {
    let mut query = Query::select();
    sum_up(&mut query);
    query.from_subquery(weekly_entity_spend::rows(kind, days), "entities");
    query
}

fn summed(table: &'static str, days: Days) -> SelectStatement {
    let mut query = Query::select();
    query.from(table).and_where(Expr::col("date").between(days.first, days.last));
    sum_up(&mut query);
    query
}

fn sum_up(query: &mut SelectStatement) {
    for sum in SUMS {
        // A sum that stays a whole number: Postgres makes a decimal of it.
        query.expr_as(Expr::col(sum).sum().cast_as("bigint"), sum);
    }
}
