//! Channels that alerts are told in, as far as they are not configured. Where they lead is sealed.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{Condition, DatabaseTransaction, QueryOrder, QuerySelect, QueryTrait};

use super::{JsonMap, Scope, Strings, alert_channel_state, report, team};

/// One channel.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert_channels")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_id: String,
    /// What it is called.
    pub name: String,
    /// What it speaks.
    pub kind: String,
    /// Address or routing key, sealed for [`place`].
    pub sealed_target: Option<String>,
    /// What its messages are signed with, sealed likewise.
    pub sealed_secret: Option<String>,
    /// The host of its address: as much of it as is shown.
    pub host: Option<String>,
    /// Addresses of e-mail.
    #[sea_orm(column_type = "Json")]
    pub email_to: Strings,
    /// Whose alerts it tells.
    pub organization_id: Option<String>,
    /// Whose alerts it tells.
    pub team_id: Option<String>,
    /// What it tells; empty: what the settings say.
    #[sea_orm(column_type = "Json")]
    pub alert_types: Strings,
    /// Nothing less bad is told.
    pub min_level: String,
    /// Messages in a minute at most.
    pub messages_per_minute: i64,
    /// When only what is bad is told.
    #[sea_orm(column_type = "Json")]
    pub quiet_hours: Option<JsonMap>,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// By whom.
    pub created_by: Option<String>,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
    /// By whom.
    pub updated_by: Option<String>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What the secrets of this channel are sealed for.
#[must_use]
pub fn place(channel_id: &str) -> String {
    format!("alert_channel/{channel_id}")
}

/// All, in the order of their names.
///
/// # Errors
/// When the database is away.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().order_by_asc(Column::Name).order_by_asc(Column::ChannelId).all(db).await
}

/// Whether any channel tells alerts of this type by name.
///
/// # Errors
/// When the database is away.
pub async fn tells(db: &impl ConnectionTrait, alert_type: &str) -> Result<bool, DbErr> {
    let lists: Vec<Strings> = Entity::find().select_only().column(Column::AlertTypes).into_tuple().all(db).await?;
    Ok(lists.iter().any(|list| list.0.iter().any(|name| name == alert_type)))
}

/// Those in sight: of teams and organizations that somebody administers.
///
/// # Errors
/// When the database is away.
pub async fn list(db: &impl ConnectionTrait, scope: &Scope) -> Result<Vec<Model>, DbErr> {
    let seen = match scope {
        Scope::All => Condition::all(),
        Scope::Person(sight) => Condition::any()
            .add(Column::OrganizationId.is_in(&sight.organizations))
            .add(Column::TeamId.is_in(&sight.teams))
            .add(Column::TeamId.in_subquery(teams_of(&sight.organizations))),
        Scope::Key(_) => Condition::any().add(Expr::value(false)),
    };
    Entity::find().filter(seen).order_by_asc(Column::Name).order_by_asc(Column::ChannelId).all(db).await
}

fn teams_of(organizations: &[String]) -> SelectStatement {
    let teams = team::Entity::find().select_only().column(team::Column::TeamId);
    teams.filter(team::Column::OrganizationId.is_in(organizations)).into_query()
}

/// Deletes the channels of a team (`team_id`) or an organization (`organization_id`) that is deleted: another one may get
/// its id.
///
/// # Errors
/// When the database is away.
pub async fn delete_of(transaction: &DatabaseTransaction, of: Column, id: &str) -> Result<(), DbErr> {
    let ids = Entity::find().select_only().column(Column::ChannelId).filter(of.eq(id));
    let ids: Vec<String> = ids.into_tuple().all(transaction).await?;
    for channel_id in ids {
        alert_channel_state::delete(transaction, &channel_id).await?;
        report::forget_channel(transaction, &channel_id).await?;
        Entity::delete_by_id(channel_id).exec(transaction).await?;
    }
    Ok(())
}

/// The channel with this id.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, channel_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(channel_id.to_owned()).one(db).await
}

/// The same, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &DatabaseTransaction, channel_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(channel_id.to_owned()).lock_exclusive().one(transaction).await
}
