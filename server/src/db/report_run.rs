//! What became of reports, one row a period.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ActiveModelTrait, Condition, ExprTrait, IntoActiveModel, Iterable, QueryOrder, QuerySelect};
use tollgate_openapi::report::ReportState;

use super::Strings;

/// Runs of a report that are kept: a year of days, and more.
const KEPT_MAX: u64 = 400;

/// One report of one period.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report_runs")]
pub struct Model {
    /// The report.
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: String,
    /// The first day of the period.
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_day: Date,
    /// The last one: a day and the month that begins with it are two periods.
    #[sea_orm(primary_key, auto_increment = false)]
    pub last_day: Date,
    /// The name of a [`ReportState`].
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Not before; `None`: it is over.
    pub next_attempt_at: Option<DateTimeUtc>,
    /// Places that have taken it.
    #[sea_orm(column_type = "Json")]
    pub told: Strings,
    /// Why the last try did not do.
    pub error: Option<String>,
    /// Where its file was put.
    pub address: Option<String>,
    /// How long its file is.
    pub bytes: Option<i64>,
    /// When it was due, or asked for.
    pub created_at: DateTimeUtc,
    /// When it was done, or given up.
    pub ended_at: Option<DateTimeUtc>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// A report of these days that is to be made now.
    #[must_use]
    pub fn new(report_id: &str, (first_day, last_day): (NaiveDate, NaiveDate), now: DateTime<Utc>) -> Self {
        Self {
            report_id: report_id.to_owned(),
            first_day,
            last_day,
            state: ReportState::Pending.name().to_owned(),
            attempts: 0,
            next_attempt_at: Some(now),
            told: Strings::default(),
            error: None,
            address: None,
            bytes: None,
            created_at: now,
            ended_at: None,
        }
    }
}

/// Has a report of a period made, unless it was before; where `again`, once more. What became of the oldest is forgotten.
///
/// # Errors
/// When the database is away.
pub async fn ask(db: &impl ConnectionTrait, run: Model, again: bool) -> Result<(), DbErr> {
    let report_id = run.report_id.clone();
    let keys = [Column::ReportId, Column::FirstDay, Column::LastDay];
    let mut conflict = OnConflict::columns(keys);
    if again {
        conflict
            .update_columns(Column::iter().filter(|column| !keys.iter().any(|key| key.as_str() == column.as_str())));
    } else {
        conflict.do_nothing();
    }
    let insert = Entity::insert(run.into_active_model()).on_conflict(conflict);
    match insert.exec_without_returning(db).await {
        Ok(_) | Err(DbErr::RecordNotInserted) => prune(db, &report_id).await,
        Err(error) => Err(error),
    }
}

/// Forgets runs of a report that are over, but for the newest.
async fn prune(db: &impl ConnectionTrait, report_id: &str) -> Result<(), DbErr> {
    let own = Entity::find().filter(Column::ReportId.eq(report_id)).order_by_desc(Column::CreatedAt);
    let Some(oldest_kept) = own.offset(KEPT_MAX - 1).one(db).await? else { return Ok(()) };
    Entity::delete_many()
        .filter(Column::ReportId.eq(report_id))
        .filter(Column::CreatedAt.lt(oldest_kept.created_at))
        .filter(Column::NextAttemptAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}

/// The one that has waited longest to be made or tried again, but for those of these reports.
///
/// # Errors
/// When the database is away.
pub async fn next_waiting(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
    but_for: &[String],
) -> Result<Option<Model>, DbErr> {
    let waiting = Entity::find().filter(Column::NextAttemptAt.lte(now)).filter(Column::ReportId.is_not_in(but_for));
    waiting.order_by_asc(Column::NextAttemptAt).order_by_asc(Column::ReportId).one(db).await
}

/// Writes what became of one, unless it was asked for again meanwhile, or deleted.
///
/// # Errors
/// When the database is away.
pub async fn write(db: &impl ConnectionTrait, run: &Model) -> Result<(), DbErr> {
    let mut row = run.clone().into_active_model();
    let keys = [Column::ReportId, Column::FirstDay, Column::LastDay, Column::CreatedAt];
    for column in Column::iter().filter(|column| !keys.iter().any(|key| key.as_str() == column.as_str())) {
        row.reset(column);
    }
    let same = Condition::all()
        .add(Column::ReportId.eq(&run.report_id))
        .add(Column::FirstDay.eq(run.first_day))
        .add(Column::LastDay.eq(run.last_day))
        .add(Column::CreatedAt.eq(run.created_at));
    Entity::update_many().set(row).filter(same).exec(db).await?;
    Ok(())
}

/// What became of a report, the newest period first.
///
/// # Errors
/// When the database is away.
pub async fn of_report(db: &impl ConnectionTrait, report_id: &str, limit: u64) -> Result<Vec<Model>, DbErr> {
    let runs = Entity::find().filter(Column::ReportId.eq(report_id));
    runs.order_by_desc(Column::LastDay).order_by_desc(Column::CreatedAt).limit(limit).all(db).await
}

/// The newest run of each report.
///
/// # Errors
/// When the database is away.
pub async fn latest(db: &impl ConnectionTrait, report_ids: &[String]) -> Result<HashMap<String, Model>, DbErr> {
    let newest = Query::select()
        .expr(Expr::col(Column::CreatedAt).max())
        .from_as(Entity, "other")
        .and_where(Expr::col(("other", Column::ReportId)).equals((Entity, Column::ReportId)))
        .to_owned();
    let runs = Entity::find().filter(Column::ReportId.is_in(report_ids)).filter(Column::CreatedAt.in_subquery(newest));
    let runs = runs.order_by_asc(Column::LastDay).all(db).await?.into_iter();
    Ok(runs.map(|run| (run.report_id.clone(), run)).collect())
}

/// Deletes what became of these reports.
///
/// # Errors
/// When the database is away.
pub async fn delete_of(db: &impl ConnectionTrait, report_ids: &[String]) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::ReportId.is_in(report_ids)).exec(db).await?;
    Ok(())
}
