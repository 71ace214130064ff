//! Leases: what one node at a time does.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, IntoActiveModel, QueryTrait};

/// One lease.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "leases")]
pub struct Model {
    /// What is done under it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Which node does it.
    pub holder: String,
    /// Until when, unless it is held on.
    pub held_until: DateTimeUtc,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Takes a lease, or holds on to it, from `now` to `until`. Returns whether it is `holder`'s: not while another holds it.
///
/// # Errors
/// When the database is away.
pub async fn take(
    db: &impl ConnectionTrait,
    name: &str,
    holder: &str,
    (now, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool, DbErr> {
    let free = Condition::any().add(Column::Holder.eq(holder)).add(Column::HeldUntil.lte(now));
    let taken = Entity::update_many()
        .col_expr(Column::Holder, Expr::value(holder))
        .col_expr(Column::HeldUntil, Expr::value(until))
        .filter(Column::Name.eq(name))
        .filter(free)
        .exec(db)
        .await?;
    if taken.rows_affected > 0 {
        return Ok(true);
    }
    let row = Model { name: name.to_owned(), holder: holder.to_owned(), held_until: until };
    let conflict = OnConflict::column(Column::Name).do_nothing().to_owned();
    let inserted = Entity::insert(row.into_active_model()).on_conflict(conflict).into_query();
    Ok(db.execute(&inserted).await?.rows_affected() > 0)
}

/// Gives a lease back, so that another node need not wait for its end.
///
/// # Errors
/// When the database is away.
pub async fn give_back(db: &impl ConnectionTrait, name: &str, holder: &str) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::Name.eq(name)).filter(Column::Holder.eq(holder)).exec(db).await?;
    Ok(())
}
