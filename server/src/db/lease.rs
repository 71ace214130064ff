//! Leases: what one node at a time does.

use chrono::{DateTime, TimeDelta, Utc};
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

/// What one node at a time does, as one of the nodes that may.
#[derive(Debug)]
pub struct Lease {
    name: &'static str,
    /// Who this is among the nodes.
    holder: String,
    /// How long another node waits for one that is gone.
    time: TimeDelta,
    held_until: Option<DateTime<Utc>>,
}

impl Lease {
    /// Not held yet.
    #[must_use]
    pub fn new(name: &'static str, time: TimeDelta) -> Self {
        let holder = uuid::Uuid::new_v4().to_string();
        Self { name, holder, time, held_until: None }
    }

    /// Takes it, or holds on to it where half of its time has passed. Returns whether this node is the one.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn hold(&mut self, db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<bool, DbErr> {
        if self.held_until.is_some_and(|until| now + self.time / 2 < until) {
            return Ok(true);
        }
        let (now, until) = (super::stored_time(now), super::stored_time(now + self.time));
        let is_held = take(db, self.name, &self.holder, (now, until)).await?;
        self.held_until = is_held.then_some(until);
        Ok(is_held)
    }

    /// Until when this node holds it, as far as it knows.
    #[must_use]
    pub const fn held_until(&self) -> Option<DateTime<Utc>> {
        self.held_until
    }

    /// Gives it back, so that another node need not wait for its end.
    pub async fn give_back(&self, db: &impl ConnectionTrait) {
        let mine = Entity::delete_many().filter(Column::Name.eq(self.name)).filter(Column::Holder.eq(&self.holder));
        if let Err(error) = mine.exec(db).await {
            tracing::debug!(%error, lease = self.name, "another node takes over a little later");
        }
    }
}

/// Takes a lease, or holds on to it, from `now` to `until`. Returns whether it is `holder`'s: not while another holds it.
async fn take(
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
