//! What deployments cost, an entry a change. None is ever changed or deleted.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Order;
use sea_orm::{ActiveValue, Condition, DatabaseTransaction, DbBackend, IntoActiveModel, QuerySelect, QueryTrait};

use super::JsonMap;
use super::page::{Page, PageOf};

/// Source of prices: the gateway's catalog.
pub const CATALOG: &str = "catalog";
/// Source of prices: config.yaml.
pub const CONFIG: &str = "config.yaml";
/// Source of prices: the database.
pub const DATABASE: &str = "database";
/// Source of prices: none is known.
pub const UNKNOWN: &str = "unknown";

/// In which order the list is: what its pages are to be given.
pub const ORDER: &str = "prices";
/// What the list is sorted by: a node that could not reach the database enters late what held earlier.
const SORTED: [Column; 2] = [Column::EffectiveAt, Column::Id];

/// What a deployment costs from a moment on.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "model_prices")]
pub struct Model {
    /// Larger for every later one.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Id of the deployment.
    pub model_id: String,
    /// Public model.
    pub model_name: String,
    /// Provider.
    pub provider: String,
    /// The provider's model.
    pub upstream_model: String,
    /// Name of each price that is known, and dollars a unit as text.
    #[sea_orm(column_type = "Json")]
    pub prices: JsonMap,
    /// Where they come from: [`CATALOG`], [`CONFIG`], [`DATABASE`] or [`UNKNOWN`].
    pub source: String,
    /// Since when they hold.
    pub effective_at: DateTimeUtc,
    /// The deployment is gone, and has no price from then on.
    pub is_end: bool,
    /// Who changed them; `None`: a node found them changed.
    pub changed_by: Option<String>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Lets nobody else enter prices until the transaction ends: what it then finds is the newest. On SQLite the one writer
/// has seen to that.
///
/// # Errors
/// When the database is away.
pub async fn lock(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        // Who lists them goes on.
        transaction.execute_unprepared("LOCK TABLE model_prices IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    Ok(())
}

/// The newest entry of each deployment that is not gone, by its id.
///
/// # Errors
/// When the database is away.
pub async fn newest(db: &impl ConnectionTrait) -> Result<HashMap<String, Model>, DbErr> {
    let last = Entity::find().select_only().column_as(Column::Id.max(), "id").group_by(Column::ModelId).into_query();
    let rows = Entity::find().filter(Column::Id.in_subquery(last)).filter(Column::IsEnd.eq(false)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.model_id.clone(), row)).collect())
}

/// How many entries nodes have made since then, by the id of the deployment.
///
/// # Errors
/// When the database is away.
pub async fn count_found(db: &impl ConnectionTrait, since: DateTime<Utc>) -> Result<HashMap<String, i64>, DbErr> {
    let counted = Entity::find()
        .select_only()
        .column(Column::ModelId)
        .column_as(Column::Id.count(), "entries")
        .filter(Column::EffectiveAt.gt(since))
        .filter(Column::ChangedBy.is_null())
        .group_by(Column::ModelId);
    Ok(counted.into_tuple::<(String, i64)>().all(db).await?.into_iter().collect())
}

/// Enters these: ids are given by the database.
///
/// # Errors
/// When the database is away.
pub async fn enter(db: &impl ConnectionTrait, entries: Vec<Model>) -> Result<(), DbErr> {
    let unnumbered = |entry: Model| ActiveModel { id: ActiveValue::NotSet, ..entry.into_active_model() };
    let rows: Vec<ActiveModel> = entries.into_iter().map(unnumbered).collect();
    // A statement takes some thousands of values.
    for chunk in rows.chunks(500) {
        Entity::insert_many(chunk.to_vec()).exec_without_returning(db).await?;
    }
    Ok(())
}

/// Which entries are meant; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this public model.
    pub model_name: Option<String>,
    /// Of the deployment with this id.
    pub model_id: Option<String>,
    /// Of this provider.
    pub provider: Option<String>,
    /// That hold from this time or later.
    pub start: Option<DateTime<Utc>>,
    /// That hold from before this time.
    pub before: Option<DateTime<Utc>>,
}

/// One page of them, the latest first.
///
/// # Errors
/// When the database is away.
pub async fn page(db: &impl ConnectionTrait, filter: Filter, page: &PageOf) -> Result<Page<Model>, DbErr> {
    let exact = [
        (Column::ModelName, filter.model_name),
        (Column::ModelId, filter.model_id),
        (Column::Provider, filter.provider),
    ];
    let exact = exact.into_iter().filter_map(|(column, value)| value.map(|value| column.eq(value)));
    let matching = exact
        .fold(Condition::all(), Condition::add)
        .add_option(filter.start.map(|start| Column::EffectiveAt.gte(start)))
        .add_option(filter.before.map(|before| Column::EffectiveAt.lt(before)));
    page.read(db, Entity::find().filter(matching), &SORTED, Order::Desc).await
}
