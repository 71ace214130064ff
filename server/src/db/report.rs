//! Reports that people save.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, DatabaseTransaction, FromJsonQueryResult, PaginatorTrait, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use tollgate_openapi::report::{ReportContent, ReportFilter, ReportPeriod};
use tollgate_openapi::spend::{ExportFormat, UsageDimension};

use super::{Strings, report_run};

/// Reports that are looked at for being due at once.
const DUE_MAX: u64 = 100;

/// One report.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reports")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: String,
    /// What it is called.
    pub name: String,
    /// Whose it is.
    pub user_id: String,
    /// Shared with who is in it.
    pub organization_id: Option<String>,
    /// Shared with who is in it.
    pub team_id: Option<String>,
    /// What it tells of.
    pub period: String,
    /// What is in it.
    #[sea_orm(column_type = "Json")]
    pub definition: Definition,
    /// To whom it is sent.
    #[sea_orm(column_type = "Json")]
    pub email_to: Strings,
    /// Where it is told.
    #[sea_orm(column_type = "Json")]
    pub channel_ids: Strings,
    /// Its files are kept.
    pub is_stored: bool,
    /// When it is next made; `None`: it is sent nowhere.
    pub next_due_at: Option<DateTimeUtc>,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
    /// By whom.
    pub updated_by: String,
}

/// What is in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct Definition {
    /// What its file has in it.
    pub content: ReportContent,
    /// What its file looks like.
    pub format: ExportFormat,
    /// What spend is broken down by.
    pub group_by: UsageDimension,
    /// And each group in turn.
    pub then_by: Option<UsageDimension>,
    /// Whose calls it is about.
    pub filter: ReportFilter,
    /// Places, by name, that an administrator chose for an owner who may not: it is sent there all the same.
    #[serde(default)]
    pub granted: Vec<String>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// What it tells of; a week, where a newer version knows better.
    #[must_use]
    pub fn period(&self) -> ReportPeriod {
        ReportPeriod::named(&self.period).unwrap_or_default()
    }

    /// Whether anybody is sent it.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.is_stored || !self.email_to.0.is_empty() || !self.channel_ids.0.is_empty()
    }
}

/// Who reads reports.
#[derive(Clone, Debug)]
pub enum Reader {
    /// Who sees everything.
    All,
    /// A person: what is theirs, and what is shared with what they are in.
    Person {
        /// The person.
        user_id: String,
        /// Their teams.
        teams: Vec<String>,
        /// Their organizations.
        organizations: Vec<String>,
    },
}

/// Those that somebody may read, in the order of their names.
///
/// # Errors
/// When the database is away.
pub async fn list(db: &impl ConnectionTrait, reader: &Reader) -> Result<Vec<Model>, DbErr> {
    let seen = match reader {
        Reader::All => Condition::all(),
        Reader::Person { user_id, teams, organizations } => Condition::any()
            .add(Column::UserId.eq(user_id))
            .add(Column::TeamId.is_in(teams))
            .add(Column::OrganizationId.is_in(organizations)),
    };
    Entity::find().filter(seen).order_by_asc(Column::Name).order_by_asc(Column::ReportId).all(db).await
}

/// How many reports are this user's.
///
/// # Errors
/// When the database is away.
pub async fn count_of(db: &impl ConnectionTrait, user_id: &str) -> Result<u64, DbErr> {
    Entity::find().filter(Column::UserId.eq(user_id)).count(db).await
}

/// The report with this id.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, report_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(report_id.to_owned()).one(db).await
}

/// The same, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &DatabaseTransaction, report_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(report_id.to_owned()).lock_exclusive().one(transaction).await
}

/// Those whose time has come, the longest overdue first.
///
/// # Errors
/// When the database is away.
pub async fn due(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<Model>, DbErr> {
    let due = Entity::find().filter(Column::NextDueAt.lte(now));
    due.order_by_asc(Column::NextDueAt).order_by_asc(Column::ReportId).limit(DUE_MAX).all(db).await
}

/// Puts off a report that was due at `due_at`, unless it was changed meanwhile. Returns whether it was put off.
///
/// # Errors
/// When the database is away.
pub async fn put_off(
    db: &impl ConnectionTrait,
    report_id: &str,
    (due_at, next): (DateTime<Utc>, DateTime<Utc>),
) -> Result<bool, DbErr> {
    let update = Entity::update_many().col_expr(Column::NextDueAt, Expr::value(next));
    let put_off = update.filter(Column::ReportId.eq(report_id)).filter(Column::NextDueAt.eq(due_at)).exec(db).await?;
    Ok(put_off.rows_affected > 0)
}

/// Deletes a report with what became of it.
///
/// # Errors
/// When the database is away.
pub async fn delete(transaction: &DatabaseTransaction, report_id: &str) -> Result<(), DbErr> {
    report_run::delete_of(transaction, &[report_id.to_owned()]).await?;
    Entity::delete_by_id(report_id.to_owned()).exec(transaction).await?;
    Ok(())
}

/// Deletes the reports of a user who is deleted.
///
/// # Errors
/// When the database is away.
pub async fn delete_of_user(transaction: &DatabaseTransaction, user_id: &str) -> Result<(), DbErr> {
    let ids = Entity::find().select_only().column(Column::ReportId).filter(Column::UserId.eq(user_id));
    let ids: Vec<String> = ids.into_tuple().all(transaction).await?;
    report_run::delete_of(transaction, &ids).await?;
    Entity::delete_many().filter(Column::UserId.eq(user_id)).exec(transaction).await?;
    Ok(())
}

/// Takes a channel that is deleted out of reports; one that is sent nowhere else is made no more.
///
/// # Errors
/// When the database is away.
pub async fn forget_channel(transaction: &DatabaseTransaction, channel_id: &str) -> Result<(), DbErr> {
    for mut row in Entity::find().all(transaction).await? {
        if !row.channel_ids.0.iter().any(|id| id == channel_id) {
            continue;
        }
        row.channel_ids.0.retain(|id| id != channel_id);
        let next_due_at = row.next_due_at.filter(|_| row.is_sent());
        Entity::update_many()
            .col_expr(Column::ChannelIds, Expr::value(serde_json::json!(row.channel_ids)))
            .col_expr(Column::NextDueAt, Expr::value(next_due_at))
            .filter(Column::ReportId.eq(&row.report_id))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// Ends the sharing with a team (`team_id`) or an organization (`organization_id`) that is deleted: another one may get its
/// id.
///
/// # Errors
/// When the database is away.
pub async fn unshare(transaction: &DatabaseTransaction, with: Column, id: &str) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(with, Expr::value(Option::<String>::None));
    update.filter(with.eq(id)).exec(transaction).await?;
    Ok(())
}
