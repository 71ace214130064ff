//! How channels stand: whether they take what they are told, and until when they are told nothing.

use chrono::{DateTime, Utc};
use sea_orm::IntoActiveModel;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

/// One channel.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_channel_state")]
pub struct Model {
    /// The channel, configured or not.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: String,
    /// It is told nothing before.
    pub muted_until: Option<DateTimeUtc>,
    /// Since when it takes nothing.
    pub failing_since: Option<DateTimeUtc>,
    /// How often it was tried since.
    pub attempts: i64,
    /// Why it did not take the last message.
    pub last_error: Option<String>,
    /// When it last took one.
    pub last_sent_at: Option<DateTimeUtc>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    fn new(channel_id: &str) -> Self {
        Self {
            channel_id: channel_id.to_owned(),
            muted_until: None,
            failing_since: None,
            attempts: 0,
            last_error: None,
            last_sent_at: None,
        }
    }
}

/// How each channel stands that was ever told something.
///
/// # Errors
/// When the database is away.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().all(db).await
}

/// How one stands.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, channel_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(channel_id.to_owned()).one(db).await
}

/// Notes that a channel took a message at `now`.
///
/// # Errors
/// When the database is away.
pub async fn set_sent(db: &impl ConnectionTrait, channel_id: &str, now: DateTime<Utc>) -> Result<(), DbErr> {
    let row = Model { last_sent_at: Some(now), ..Model::new(channel_id) };
    let all = [Column::FailingSince, Column::Attempts, Column::LastError, Column::LastSentAt];
    let conflict = OnConflict::column(Column::ChannelId).update_columns(all).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(())
}

/// Notes that a channel did not take a message at `now`, and returns how it stands.
///
/// # Errors
/// When the database is away.
pub async fn set_failed(
    db: &impl ConnectionTrait,
    channel_id: &str,
    error: &str,
    now: DateTime<Utc>,
) -> Result<Model, DbErr> {
    let former = find(db, channel_id).await?;
    let row = Model {
        failing_since: former.as_ref().and_then(|former| former.failing_since).or(Some(now)),
        attempts: former.as_ref().map_or(0, |former| former.attempts) + 1,
        last_error: Some(error.to_owned()),
        ..Model::new(channel_id)
    };
    let all = [Column::FailingSince, Column::Attempts, Column::LastError];
    let conflict = OnConflict::column(Column::ChannelId).update_columns(all).to_owned();
    Entity::insert(row.clone().into_active_model()).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(row)
}

/// Mutes a channel until a time, or no more.
///
/// # Errors
/// When the database is away.
pub async fn set_muted(
    db: &impl ConnectionTrait,
    channel_id: &str,
    muted_until: Option<DateTime<Utc>>,
) -> Result<(), DbErr> {
    let row = Model { muted_until, ..Model::new(channel_id) };
    let conflict = OnConflict::column(Column::ChannelId).update_columns([Column::MutedUntil]).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(conflict).exec_without_returning(db).await?;
    Ok(())
}

/// Forgets how a channel that is gone stood.
///
/// # Errors
/// When the database is away.
pub async fn delete(db: &impl ConnectionTrait, channel_id: &str) -> Result<(), DbErr> {
    Entity::delete_by_id(channel_id.to_owned()).exec(db).await?;
    Ok(())
}
