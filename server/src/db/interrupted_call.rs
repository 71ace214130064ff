//! Calls that were in flight when a gateway died, until somebody says what they cost, and after.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, FromJsonQueryResult, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};

/// One interrupted call; the rest of it stands in the log of calls.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "interrupted_calls")]
pub struct Model {
    /// Id of the call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: String,
    /// What was reserved for it, in nano-dollars.
    pub reserved: i64,
    /// The budget windows it was admitted in.
    #[sea_orm(column_type = "Json")]
    pub charges: Charges,
    /// When it was found to have been in flight.
    pub noticed_at: DateTimeUtc,
    /// What it cost after all, in nano-dollars.
    pub resolved_spend: Option<i64>,
    /// How that is known.
    pub reason: Option<String>,
    /// Who said so.
    pub resolved_by: Option<String>,
    /// When.
    pub resolved_at: Option<DateTimeUtc>,
}

/// A JSON array of budget windows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct Charges(
    /// The windows.
    pub Vec<ChargedWindow>,
);

/// A budget window a call is charged to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargedWindow {
    /// `key`, `team`, …
    pub kind: String,
    /// Id of the entity.
    pub id: String,
    /// As in [`super::budget_spend::window_key`].
    pub window_start_us: i64,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A page of interrupted calls, those noticed last first, and how many there are on all pages. `is_resolved` leaves
/// out the others.
///
/// # Errors
/// When the database is away.
pub async fn page(
    db: &impl ConnectionTrait,
    is_resolved: Option<bool>,
    offset: u64,
    limit: u64,
) -> Result<(Vec<Model>, u64), DbErr> {
    let matching = match is_resolved {
        None => Entity::find(),
        Some(true) => Entity::find().filter(Column::ResolvedAt.is_not_null()),
        Some(false) => Entity::find().filter(Column::ResolvedAt.is_null()),
    };
    let total = matching.clone().count(db).await?;
    let sorted = matching.order_by_desc(Column::NoticedAt).order_by_desc(Column::RequestId);
    Ok((sorted.offset(offset).limit(limit).all(db).await?, total))
}

/// The call, which no other transaction changes before this one ends.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &DatabaseTransaction, request_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(request_id).lock_exclusive().one(transaction).await
}

/// What an interrupted call cost, and who says so.
#[derive(Clone, Debug)]
pub struct Resolution<'a> {
    /// In nano-dollars.
    pub spend: i64,
    /// How that is known.
    pub reason: &'a str,
    /// User id.
    pub by: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// Notes what became of a call.
///
/// # Errors
/// When the database is away.
pub async fn resolve(db: &impl ConnectionTrait, call: &mut Model, resolution: &Resolution<'_>) -> Result<(), DbErr> {
    call.resolved_spend = Some(resolution.spend);
    call.reason = Some(resolution.reason.to_owned());
    call.resolved_by = Some(resolution.by.to_owned());
    call.resolved_at = Some(resolution.at);
    let changes = [
        (Column::ResolvedSpend, Expr::value(call.resolved_spend)),
        (Column::Reason, Expr::value(call.reason.clone())),
        (Column::ResolvedBy, Expr::value(call.resolved_by.clone())),
        (Column::ResolvedAt, Expr::value(call.resolved_at)),
    ];
    let mut update = Entity::update_many().filter(Column::RequestId.eq(&call.request_id));
    for (column, value) in changes {
        update = update.col_expr(column, value);
    }
    update.exec(db).await?;
    Ok(())
}
