//! How many keys were made in each day and hour: the database counts them as they come and go, so that a list of them
//! all need not.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Order;
use sea_orm::{ExprTrait, QueryOrder, QuerySelect};

const DAY: &str = "day";
const HOUR: &str = "hour";

/// The keys of one day or hour, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_counts")]
pub struct Model {
    /// `day` or `hour`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub span: String,
    /// Its start.
    #[sea_orm(primary_key, auto_increment = false)]
    pub start: DateTimeUtc,
    /// Keys that were made in it and still exist.
    pub keys: i64,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// An hour, and how many of the keys it begins with are to be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Within {
    /// The hour's start; where the newest come first, its end.
    pub(super) edge: DateTime<Utc>,
    /// Keys to leave out.
    pub(super) offset: u64,
}

/// All keys there are.
///
/// # Errors
/// When the database is away.
pub(super) async fn total(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let sum = Expr::col(Column::Keys).sum().cast_as("bigint");
    let keys = Entity::find().filter(Column::Span.eq(DAY)).select_only().expr(sum).into_tuple::<Option<i64>>();
    Ok(keys.one(db).await?.flatten().map_or(0, |keys| u64::try_from(keys).unwrap_or(0)))
}

/// Where the key at `offset` is among all in the `order` in which they were made; `None`: beyond the last.
///
/// # Errors
/// When the database is away.
pub(super) async fn locate(db: &impl ConnectionTrait, offset: u64, order: &Order) -> Result<Option<Within>, DbErr> {
    let find = |span: &str| Entity::find().filter(Column::Span.eq(span)).order_by(Column::Start, order.clone());
    let Some((day, offset)) = pick(find(DAY).all(db).await?, offset) else { return Ok(None) };
    let hours = find(HOUR).filter(Column::Start.gte(day)).filter(Column::Start.lt(day + TimeDelta::days(1)));
    let Some((hour, offset)) = pick(hours.all(db).await?, offset) else { return Ok(None) };
    let edge = if *order == Order::Asc { hour } else { hour + TimeDelta::hours(1) };
    Ok(Some(Within { edge, offset }))
}

/// The span that has the key at `offset`, and the key's offset in it.
fn pick(spans: Vec<Model>, mut offset: u64) -> Option<(DateTime<Utc>, u64)> {
    for span in spans {
        let keys = u64::try_from(span.keys).unwrap_or(0);
        if offset < keys {
            return Some((span.start, offset));
        }
        offset -= keys;
    }
    None
}
