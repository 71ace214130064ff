//! Alerts in channels: what is to be told, and what became of it.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{CaseStatement, ExprTrait, OnConflict, SimpleExpr};
use sea_orm::{ActiveValue, Condition, FromQueryResult, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use super::alert;

/// Rows of a statement at most.
const ROWS_MAX: usize = 512;
/// It waits.
pub const PENDING: &str = "pending";
/// It was taken.
pub const SENT: &str = "sent";
/// Its channel was muted.
pub const MUTED: &str = "muted";
/// It is given up.
pub const FAILED: &str = "failed";

/// One alert in one channel.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_deliveries")]
pub struct Model {
    /// Place in the order in which they were written.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The alert.
    pub alert_id: i64,
    /// The channel.
    pub channel_id: String,
    /// The e-mail address; empty where the channel is none.
    pub recipient: String,
    /// [`PENDING`], [`SENT`], [`MUTED`] or [`FAILED`].
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Why the last try failed.
    pub error: Option<String>,
    /// Not before.
    pub next_attempt_at: DateTimeUtc,
    /// When it was taken.
    pub sent_at: Option<DateTimeUtc>,
    /// The first alert of the digest that it was told in.
    pub digest_of: Option<i64>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What one channel, or one address of it, is to be told now.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Due {
    /// The channel.
    pub channel_id: String,
    /// The e-mail address; empty where the channel is none.
    pub recipient: String,
    /// How many alerts.
    pub alerts: i64,
    /// The last of them: those that come later are told later.
    pub last_id: i64,
    /// How often the one that was tried most was tried.
    pub attempts: i64,
}

/// How many alerts of a type and level.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Count {
    /// The type.
    pub alert_type: String,
    /// The level.
    pub level: String,
    /// How many.
    pub alerts: i64,
}

/// As the index over what waits is written: of a value that is told later, databases do not know that it is that.
fn is_pending() -> SimpleExpr {
    Expr::cust("state = 'pending'")
}

/// Writes deliveries; those that are there stay as they are.
///
/// # Errors
/// When the database is away.
pub async fn insert(db: &impl ConnectionTrait, rows: Vec<Model>) -> Result<(), DbErr> {
    let mut conflict = OnConflict::columns([Column::AlertId, Column::ChannelId, Column::Recipient]);
    conflict.do_nothing();
    for chunk in rows.chunks(ROWS_MAX) {
        let rows = chunk.iter().cloned().map(|row| ActiveModel { id: ActiveValue::NotSet, ..row.into_active_model() });
        db.execute(&Entity::insert_many(rows).on_conflict(conflict.clone()).into_query()).await?;
    }
    Ok(())
}

/// What each channel is to be told at `now`.
///
/// # Errors
/// When the database is away.
pub async fn due(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<Due>, DbErr> {
    let pending = Entity::find().filter(is_pending()).filter(Column::NextAttemptAt.lte(now));
    let grouped = pending.select_only().columns([Column::ChannelId, Column::Recipient]);
    let counted = grouped
        .column_as(Column::Id.count(), "alerts")
        .column_as(Column::Id.max(), "last_id")
        .column_as(Column::Attempts.max(), "attempts");
    counted.group_by(Column::ChannelId).group_by(Column::Recipient).into_model().all(db).await
}

/// How many messages wait, also those that are to be tried later.
///
/// # Errors
/// When the database is away.
pub async fn count_pending(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().filter(is_pending()).count(db).await
}

fn of(due: &Due, now: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(is_pending())
        .add(Column::ChannelId.eq(&due.channel_id))
        .add(Column::Recipient.eq(&due.recipient))
        .add(Column::NextAttemptAt.lte(now))
        .add(Column::Id.lte(due.last_id))
}

/// The first `max` alerts that are due, the oldest first, each with the id of its delivery.
///
/// # Errors
/// When the database is away.
pub async fn alerts(
    db: &impl ConnectionTrait,
    due: &Due,
    now: DateTime<Utc>,
    max: u64,
) -> Result<Vec<(i64, alert::Model)>, DbErr> {
    let first = Entity::find().filter(of(due, now)).order_by_asc(Column::Id).limit(max).all(db).await?;
    let ids = first.iter().map(|delivery| delivery.alert_id).collect();
    let alerts = alert::find_many(db, ids).await?;
    let alert = |delivery: &Model| alerts.iter().find(|alert| alert.id == delivery.alert_id).cloned();
    Ok(first.iter().filter_map(|delivery| Some((delivery.id, alert(delivery)?))).collect())
}

/// The worst `max` alerts that are due, of those that are as bad the oldest first.
///
/// # Errors
/// When the database is away.
pub async fn worst(
    db: &impl ConnectionTrait,
    due: &Due,
    now: DateTime<Utc>,
    max: u64,
) -> Result<Vec<alert::Model>, DbErr> {
    let ids = Entity::find().filter(of(due, now)).select_only().column(Column::AlertId);
    let is = |level: &str| Expr::col(alert::Column::Level).eq(level);
    let rank = CaseStatement::new().case(is("high"), 0).case(is("medium"), 1).finally(2);
    alert::Entity::find()
        .filter(alert::Column::Id.in_subquery(ids.into_query()))
        .order_by_asc(Expr::Case(Box::new(rank)))
        .order_by_asc(alert::Column::Id)
        .limit(max)
        .all(db)
        .await
}

/// How many alerts of which type and level are due.
///
/// # Errors
/// When the database is away.
pub async fn counts(db: &impl ConnectionTrait, due: &Due, now: DateTime<Utc>) -> Result<Vec<Count>, DbErr> {
    let ids = Entity::find().filter(of(due, now)).select_only().column(Column::AlertId);
    let alerts = alert::Entity::find().filter(alert::Column::Id.in_subquery(ids.into_query()));
    let grouped = alerts.select_only().columns([alert::Column::AlertType, alert::Column::Level]);
    let counted = grouped.column_as(alert::Column::Id.count(), "alerts");
    counted.group_by(alert::Column::AlertType).group_by(alert::Column::Level).into_model().all(db).await
}

/// Notes that what was due is told: in a digest that begins with the alert `digest_of`, or each alert by itself.
///
/// # Errors
/// When the database is away.
pub async fn set_sent(
    db: &impl ConnectionTrait,
    due: &Due,
    digest_of: Option<i64>,
    (began, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), DbErr> {
    let told = Entity::update_many()
        .col_expr(Column::State, Expr::value(SENT))
        .col_expr(Column::SentAt, Expr::value(now))
        .col_expr(Column::DigestOf, Expr::value(digest_of))
        .col_expr(Column::Error, Expr::value(None::<String>))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1));
    told.filter(of(due, began)).exec(db).await?;
    Ok(())
}

/// Puts what was due off after a try that failed for this `error`.
///
/// # Errors
/// When the database is away.
pub async fn put_off(
    db: &impl ConnectionTrait,
    due: &Due,
    error: &str,
    (began, next): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), DbErr> {
    let later = Entity::update_many()
        .col_expr(Column::NextAttemptAt, Expr::value(next))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::Error, Expr::value(error));
    later.filter(of(due, began)).exec(db).await?;
    Ok(())
}

/// Ends what was due in `state` without telling it.
///
/// # Errors
/// When the database is away.
pub async fn end(
    db: &impl ConnectionTrait,
    due: &Due,
    (state, error): (&str, Option<&str>),
    began: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut ended = Entity::update_many().col_expr(Column::State, Expr::value(state));
    if let Some(error) = error {
        ended = ended.col_expr(Column::Error, Expr::value(error));
    }
    ended.filter(of(due, began)).exec(db).await?;
    Ok(())
}

/// Gives up what waits since before `before`.
///
/// # Errors
/// When the database is away.
pub async fn give_up(db: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<u64, DbErr> {
    let old = alert::Entity::find().filter(alert::Column::LastAt.lt(before)).select_only().column(alert::Column::Id);
    let given_up = Entity::update_many()
        .col_expr(Column::State, Expr::value(FAILED))
        .filter(is_pending())
        .filter(Column::Attempts.gt(0))
        .filter(Column::AlertId.in_subquery(old.into_query()));
    Ok(given_up.exec(db).await?.rows_affected)
}

/// What became of these alerts.
///
/// # Errors
/// When the database is away.
pub async fn of_alerts(db: &impl ConnectionTrait, ids: Vec<i64>) -> Result<Vec<Model>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::AlertId.is_in(ids)).order_by_asc(Column::Id).all(db).await
}

/// Deletes what became of alerts that are gone.
///
/// # Errors
/// When the database is away.
pub async fn prune(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let there = alert::Entity::find().select_only().column(alert::Column::Id);
    let gone = Column::AlertId.not_in_subquery(there.into_query());
    Ok(Entity::delete_many().filter(gone).exec(db).await?.rows_affected)
}
