//! What is booked to months apart from their days: what closed months were found to cost more or less afterwards, an
//! entry a call, and what people book. None is ever changed.

use std::collections::HashMap;

use chrono::NaiveDate;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Order;
use sea_orm::{ActiveValue, Condition, ExprTrait, FromQueryResult, IntoActiveModel, QueryOrder, QuerySelect};

use super::page::{Page, PageOf};
use super::usage::{Of, sight};
use super::{monthly_spend, organization, team};

/// Kind of an entry: a call of a closed month that was heard of later.
pub const LATE_CALL: &str = "late_call";
/// Kind of an entry: a call of a closed month whose cost became known later.
pub const RESOLVED_CALL: &str = "resolved_call";
/// Kind of an entry: what a person booked.
pub const MANUAL: &str = "manual";

/// One entry. An entity its call did not have is the empty string.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "spend_adjustments")]
pub struct Model {
    /// Larger for every later one.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The month it is about, by its first day.
    pub month: Date,
    /// The month in whose statement it counts, by its first day.
    pub counted_in: Date,
    /// When it was booked.
    pub booked_at: DateTimeUtc,
    /// What it comes from: [`LATE_CALL`], [`RESOLVED_CALL`] or [`MANUAL`].
    pub kind: String,
    /// Who booked it; empty: nobody did.
    pub booked_by: String,
    /// Why, in the words of who booked it.
    pub reason: String,
    /// What it goes back to, such as an invoice; empty: nothing.
    pub reference: String,
    /// The call; empty: none.
    pub request_id: String,
    /// What it was to be booked to when it was booked; empty: none.
    pub cost_center: String,
    /// Organization.
    pub organization_id: String,
    /// Team.
    pub team_id: String,
    /// Owner of the key.
    pub user_id: String,
    /// Hash of the key.
    pub api_key: String,
    /// Public model name.
    pub model_group: String,
    /// The provider's model.
    pub model: String,
    /// Provider.
    pub provider: String,
    /// Cost in nano-dollars.
    pub spend: i64,
    /// Calls, failed ones included.
    pub api_requests: i64,
    /// Calls that failed.
    pub failed_requests: i64,
    /// Input tokens.
    pub prompt_tokens: i64,
    /// Output tokens.
    pub completion_tokens: i64,
    /// Input tokens read from the provider's cache.
    pub cache_read_tokens: i64,
    /// Input tokens written to the provider's cache.
    pub cache_creation_tokens: i64,
    /// Output tokens spent on reasoning.
    pub reasoning_tokens: i64,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Books entries of calls: ids are given by the database, cost centres are those of now.
///
/// # Errors
/// When the database is away.
pub async fn book(db: &impl ConnectionTrait, mut entries: Vec<Model>) -> Result<(), DbErr> {
    set_cost_centers(db, &mut entries).await?;
    let rows: Vec<ActiveModel> = entries.into_iter().map(unnumbered).collect();
    // A statement takes some thousands of values.
    for chunk in rows.chunks(100) {
        Entity::insert_many(chunk.to_vec()).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Books one entry, and returns it as it is booked.
///
/// # Errors
/// When the database is away.
pub async fn book_one(db: &impl ConnectionTrait, mut entry: Model) -> Result<Model, DbErr> {
    set_cost_centers(db, std::slice::from_mut(&mut entry)).await?;
    unnumbered(entry).insert(db).await
}

fn unnumbered(entry: Model) -> ActiveModel {
    ActiveModel { id: ActiveValue::NotSet, ..entry.into_active_model() }
}

async fn set_cost_centers(db: &impl ConnectionTrait, entries: &mut [Model]) -> Result<(), DbErr> {
    let ids = |of: fn(&Model) -> &String| -> Vec<String> { entries.iter().map(|entry| of(entry).clone()).collect() };
    let teams = team::find_many(db, &ids(|entry| &entry.team_id)).await?.into_iter();
    let teams: HashMap<_, _> = teams.filter_map(|team| Some((team.team_id, team.cost_center?))).collect();
    let organizations = organization::find_many(db, &ids(|entry| &entry.organization_id)).await?.into_iter();
    let organizations: HashMap<_, _> =
        organizations.filter_map(|one| Some((one.organization_id, one.cost_center?))).collect();
    for entry in entries {
        let center = teams.get(&entry.team_id).or_else(|| organizations.get(&entry.organization_id));
        entry.cost_center = center.cloned().unwrap_or_default();
    }
    Ok(())
}

/// Which entries are meant; months are those of these first days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// All.
    #[default]
    Ever,
    /// Those about the month.
    About(NaiveDate),
    /// Those that count in its statement.
    CountedIn(NaiveDate),
    /// Those about the first that count in the statement of the second.
    Of(NaiveDate, NaiveDate),
    /// Those about the month that count in later statements.
    After(NaiveDate),
    /// Those that count in its statement and are about earlier ones.
    Before(NaiveDate),
}

impl When {
    /// Those about the month that count in its own statement.
    #[must_use]
    pub const fn corrects(month: NaiveDate) -> Self {
        Self::Of(month, month)
    }

    fn condition(self) -> Condition {
        let all = Condition::all();
        match self {
            Self::Ever => all,
            Self::About(month) => all.add(Column::Month.eq(month)),
            Self::CountedIn(month) => all.add(Column::CountedIn.eq(month)),
            Self::Of(month, counted_in) => all.add(Column::Month.eq(month)).add(Column::CountedIn.eq(counted_in)),
            Self::After(month) => all.add(Column::Month.eq(month)).add(Column::CountedIn.ne(month)),
            Self::Before(month) => all.add(Column::CountedIn.eq(month)).add(Column::Month.ne(month)),
        }
    }
}

/// Entries of these calls, oldest first, at most `limit`.
///
/// # Errors
/// When the database is away.
pub async fn list(db: &impl ConnectionTrait, of: &Of<'_>, when: When, limit: u64) -> Result<Vec<Model>, DbErr> {
    matching(of, when).order_by_asc(Column::Id).limit(limit).all(db).await
}

/// How many there are, and what they add up to in nano-dollars.
///
/// # Errors
/// When the database is away.
pub async fn sum(db: &impl ConnectionTrait, of: &Of<'_>, when: When) -> Result<(i64, i64), DbErr> {
    let sums = matching(of, when)
        .select_only()
        .column_as(Column::Id.count(), "entries")
        .column_as(Expr::col(Column::Spend).sum().cast_as("bigint"), "spend");
    let found: Option<(i64, Option<i64>)> = sums.into_tuple().one(db).await?;
    Ok(found.map_or((0, 0), |(entries, spend)| (entries, spend.unwrap_or_default())))
}

/// One page of them, those booked last first.
///
/// # Errors
/// When the database is away.
pub async fn page(
    db: &impl ConnectionTrait,
    of: &Of<'_>,
    when: When,
    kind: Option<&str>,
    page: &PageOf,
) -> Result<Page<Model>, DbErr> {
    let meant = matching(of, when);
    let meant = kind.into_iter().fold(meant, |meant, kind| meant.filter(Column::Kind.eq(kind)));
    page.read(db, meant, &[Column::Id], Order::Desc).await
}

/// What is booked to a month and counts in the statement of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Booked {
    /// The month it is about.
    pub month: NaiveDate,
    /// The month in whose statement it counts.
    pub counted_in: NaiveDate,
    /// What it adds up to, in nano-dollars.
    pub spend: i64,
}

/// What was booked, by month.
///
/// # Errors
/// When the database is away.
pub async fn by_month(db: &impl ConnectionTrait, of: &Of<'_>) -> Result<Vec<Booked>, DbErr> {
    let sums = matching(of, When::Ever)
        .select_only()
        .columns([Column::Month, Column::CountedIn])
        .column_as(Expr::col(Column::Spend).sum().cast_as("bigint"), "spend")
        .group_by(Column::Month)
        .group_by(Column::CountedIn);
    sums.into_model().all(db).await
}

fn matching(of: &Of<'_>, when: When) -> Select<Entity> {
    let narrowed = of
        .filters
        .iter()
        .fold(Condition::all(), |all, (dimension, value)| all.add(monthly_spend::column(*dimension).eq(*value)));
    Entity::find().filter(narrowed).filter(sight(of.scope)).filter(when.condition())
}
