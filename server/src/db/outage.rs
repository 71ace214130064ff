//! What fails of providers and their places: one count for all nodes.

use std::collections::BTreeSet;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{Condition, IntoActiveModel, QueryOrder, QuerySelect};

use super::JsonMap;

/// A provider, or one place of it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outages")]
pub struct Model {
    /// The provider.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// A region or a host of it; empty: all of it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: String,
    /// It was told of, and is not over.
    pub is_open: bool,
    /// What was counted.
    #[sea_orm(column_type = "Json")]
    pub state: JsonMap,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Provider and place of each outage that was told of and is not over.
///
/// # Errors
/// When the database is away.
pub async fn open(db: &impl ConnectionTrait) -> Result<Vec<(String, String)>, DbErr> {
    let rows = Entity::find().filter(Column::IsOpen.eq(true)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.provider, row.place)).collect())
}

/// Those of a provider and a place each, which nobody else changes until the transaction ends; there are as many.
///
/// # Errors
/// When the database is away.
pub async fn lock(db: &impl ConnectionTrait, places: &BTreeSet<(String, String)>) -> Result<Vec<Model>, DbErr> {
    let row = |(provider, place): &(String, String)| {
        let (provider, place) = (provider.clone(), place.clone());
        Model { provider, place, is_open: false, state: JsonMap::default() }.into_active_model()
    };
    let known = OnConflict::columns([Column::Provider, Column::Place]).do_nothing().to_owned();
    Entity::insert_many(places.iter().map(row)).on_conflict(known).exec_without_returning(db).await?;
    let one = |(provider, place): &(String, String)| Column::Provider.eq(provider).and(Column::Place.eq(place));
    let any = places.iter().fold(Condition::any(), |any, place| any.add(one(place)));
    let rows = Entity::find().filter(any).order_by_asc(Column::Provider).order_by_asc(Column::Place);
    rows.lock_exclusive().all(db).await
}

/// Writes one down that is locked.
///
/// # Errors
/// When the database is away.
pub async fn set(db: &impl ConnectionTrait, row: Model) -> Result<(), DbErr> {
    Entity::update(row.into_active_model().reset_all()).exec(db).await?;
    Ok(())
}
