//! The chain as a list, newest first.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Order, Query};
use sea_orm::{Condition, QueryOrder, QuerySelect, QueryTrait};

use super::{Column, Entity, Model, hash};
use crate::db::page::{Place, beyond};
use crate::db::{Page, PageOf};

/// In which order the list is: what its pages are to be given.
pub const ORDER: &str = "audit";
/// What rows are sorted by.
const SORTED: [Column; 2] = [Column::At, Column::Id];

/// Which rows are meant; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// At this time or later.
    pub start: Option<DateTime<Utc>>,
    /// Before this time.
    pub before: Option<DateTime<Utc>>,
    /// By one of these users.
    pub actor_ids: Option<Vec<String>>,
    /// What was done.
    pub action: Option<String>,
    /// The kind of what was changed.
    pub resource: Option<String>,
    /// Its id.
    pub resource_id: Option<String>,
}

/// A page of the rows. They are counted up to `counted_max`, so that no page costs more for how many there are.
///
/// # Errors
/// When the database is away.
pub async fn list(
    db: &impl ConnectionTrait,
    filter: Filter,
    page: &PageOf,
    counted_max: u64,
) -> Result<Page<Model>, DbErr> {
    let matching = Entity::find().filter(matching(filter));
    let select = match &page.after {
        Some(cursor) => matching.clone().filter(beyond(&SORTED, &cursor.last, &Order::Desc)),
        None => matching.clone().offset(page.offset()),
    };
    let sorted = SORTED.into_iter().fold(select, |select, column| select.order_by_desc(column));
    let mut rows = sorted.limit(page.limit()).all(db).await?;
    let total = match page.known_total(rows.len()) {
        Some(total) => total.min(counted_max),
        None => count(db, matching, counted_max).await?,
    };
    let has_more = page.cut(&mut rows);
    let place = |row: &Model| SORTED.into_iter().map(|column| Place::of(&row.get(column))).collect();
    Ok(page.page(rows, total, has_more, place))
}

async fn count(db: &impl ConnectionTrait, matching: Select<Entity>, counted_max: u64) -> Result<u64, DbErr> {
    let ids = matching.select_only().column(Column::Id).limit(counted_max).into_query();
    let counted = Query::select().expr(Expr::cust("COUNT(*)")).from_subquery(ids, "matching").to_owned();
    let row = db.query_one(&counted).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

fn matching(filter: Filter) -> Condition {
    let exact = [
        (Column::Action, filter.action),
        (Column::Resource, filter.resource),
        (Column::ResourceId, filter.resource_id),
    ];
    let exact = exact.into_iter().filter_map(|(column, value)| value.map(|value| column.eq(value)));
    exact
        .fold(Condition::all(), Condition::add)
        .add_option(filter.actor_ids.map(|ids| Column::ActorId.is_in(ids)))
        .add_option(filter.start.map(|start| Column::At.gte(start)))
        .add_option(filter.before.map(|before| Column::At.lt(before)))
}

/// The row with this id, and whether it follows from the one before it.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, id: i64) -> Result<Option<(Model, bool)>, DbErr> {
    let Some(row) = Entity::find_by_id(id).one(db).await? else { return Ok(None) };
    let before = Entity::find().filter(Column::Id.lt(id)).order_by_desc(Column::Id).one(db).await?;
    let previous_hash = before.map(|row| row.hash).unwrap_or_default();
    let is_intact = row.previous_hash == previous_hash && row.hash == hash(&row);
    Ok(Some((row, is_intact)))
}
