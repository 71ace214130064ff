//! Alerts: written with what causes them, told later.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ExprTrait, OnConflict, Order};
use sea_orm::{ActiveValue, Condition, IntoActiveModel, QueryOrder, QuerySelect};
use serde_json::Value;

use super::{JsonMap, Page, PageOf, Scope, stored_time};
use crate::domain::alert::NewAlert;

/// In which order the list is: what its pages are to be given.
pub const ORDER: &str = "alerts";
/// Rows of a statement at most.
const ROWS_MAX: usize = 256;

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alerts")]
pub struct Model {
    /// Place in the order in which they were written.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// What it is about.
    pub alert_type: String,
    /// How bad it is.
    pub level: String,
    /// What happened, in a word.
    pub event: String,
    /// The kind of what it happened to.
    pub subject_kind: String,
    /// Its id.
    pub subject_id: String,
    /// The organization it belongs to.
    pub organization_id: Option<String>,
    /// The team it belongs to.
    pub team_id: Option<String>,
    /// Whose it is.
    pub user_id: Option<String>,
    /// Tells it from all others.
    pub dedup_key: String,
    /// What happened.
    #[sea_orm(column_type = "Json")]
    pub details: JsonMap,
    /// As it was told, once it was.
    #[sea_orm(column_type = "Json")]
    pub message: Option<JsonMap>,
    /// How often it happened.
    pub occurrences: i64,
    /// When it first happened.
    pub occurred_at: DateTimeUtc,
    /// When it last happened.
    pub last_at: DateTimeUtc,
    /// When it was decided who is told; `None`: it waits for that.
    pub dispatched_at: Option<DateTimeUtc>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Which alerts are meant; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// What they are about.
    pub alert_type: Option<&'static str>,
    /// How bad they are.
    pub level: Option<&'static str>,
    /// At this time or later.
    pub start: Option<DateTime<Utc>>,
    /// Before this time.
    pub before: Option<DateTime<Utc>>,
}

/// Writes alerts; one that was there already has happened once more.
///
/// # Errors
/// When the database is away.
pub async fn raise(db: &impl ConnectionTrait, alerts: Vec<NewAlert>) -> Result<(), DbErr> {
    let mut on_conflict = OnConflict::column(Column::DedupKey);
    let count = Expr::col((Entity, Column::Occurrences)).add(Expr::col((Excluded, Column::Occurrences)));
    on_conflict.value(Column::Occurrences, count).update_column(Column::LastAt);
    insert(db, alerts, &on_conflict).await
}

/// Writes those alerts that are not there yet: what is looked at again and again happens once.
///
/// # Errors
/// When the database is away.
pub async fn raise_new(db: &impl ConnectionTrait, alerts: Vec<NewAlert>) -> Result<(), DbErr> {
    insert(db, alerts, OnConflict::column(Column::DedupKey).do_nothing()).await
}

async fn insert(db: &impl ConnectionTrait, alerts: Vec<NewAlert>, on_conflict: &OnConflict) -> Result<(), DbErr> {
    for chunk in merged(alerts).chunks(ROWS_MAX) {
        let rows = chunk.iter().cloned().map(|row| ActiveModel { id: ActiveValue::NotSet, ..row.into_active_model() });
        Entity::insert_many(rows).on_conflict(on_conflict.clone()).exec_without_returning(db).await?;
    }
    Ok(())
}

/// The row that an insert would have written.
#[derive(Copy, Clone, Debug, DeriveIden)]
#[sea_orm(iden = "excluded")]
struct Excluded;

/// Each key once and in order, so that two nodes lock rows in the same order.
fn merged(alerts: Vec<NewAlert>) -> Vec<Model> {
    let mut rows: BTreeMap<String, Model> = BTreeMap::new();
    for alert in alerts {
        match rows.entry(alert.dedup_key.clone()) {
            Entry::Occupied(mut same) => {
                let same = same.get_mut();
                same.occurrences += alert.occurrences;
                same.last_at = Ord::max(same.last_at, stored_time(alert.at));
            }
            Entry::Vacant(free) => {
                free.insert(row(alert));
            }
        }
    }
    rows.into_values().collect()
}

fn row(alert: NewAlert) -> Model {
    let details = match serde_json::to_value(&alert.what) {
        Ok(Value::Object(details)) => details,
        _ => serde_json::Map::new(),
    };
    Model {
        id: 0,
        alert_type: alert.alert_type.name().to_owned(),
        level: alert.level.name().to_owned(),
        event: alert.what.event().to_owned(),
        subject_kind: alert.subject_kind,
        subject_id: alert.subject_id,
        organization_id: alert.organization_id,
        team_id: alert.team_id,
        user_id: alert.user_id,
        dedup_key: alert.dedup_key,
        details: JsonMap(details),
        message: None,
        occurrences: alert.occurrences,
        occurred_at: stored_time(alert.at),
        last_at: stored_time(alert.at),
        dispatched_at: None,
    }
}

/// Whether there is an alert of this key.
///
/// # Errors
/// When the database is away.
pub async fn is_known(db: &impl ConnectionTrait, dedup_key: &str) -> Result<bool, DbErr> {
    Ok(Entity::find().filter(Column::DedupKey.eq(dedup_key)).one(db).await?.is_some())
}

/// Alerts of which it is not decided yet who is told, the oldest first.
///
/// # Errors
/// When the database is away.
pub async fn waiting(db: &impl ConnectionTrait, max: u64) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::DispatchedAt.is_null()).order_by_asc(Column::Id).limit(max).all(db).await
}

/// How many of them there are.
///
/// # Errors
/// When the database is away.
pub async fn count_waiting(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().filter(Column::DispatchedAt.is_null()).count(db).await
}

/// Notes that it is decided who is told of an alert, and how it is told.
///
/// # Errors
/// When the database is away.
pub async fn set_dispatched(
    db: &impl ConnectionTrait,
    id: i64,
    message: JsonMap,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: ActiveValue::Unchanged(id),
        message: ActiveValue::Set(Some(message)),
        dispatched_at: ActiveValue::Set(Some(now)),
        ..<ActiveModel as Default>::default()
    };
    Entity::update_many().set(row).filter(Column::Id.eq(id)).exec(db).await?;
    Ok(())
}

/// Those of the ids that are there.
///
/// # Errors
/// When the database is away.
pub async fn find_many(db: &impl ConnectionTrait, ids: Vec<i64>) -> Result<Vec<Model>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::Id.is_in(ids)).order_by_asc(Column::Id).all(db).await
}

/// A page of alerts in sight, the newest first: whose they are sees them, and who administers their team or organization.
///
/// # Errors
/// When the database is away.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    filter: Filter,
    page: &PageOf,
) -> Result<Page<Model>, DbErr> {
    let seen = match scope {
        Scope::All => Condition::all(),
        Scope::Person(sight) => Condition::any()
            .add(Column::UserId.eq(&sight.user_id))
            .add(Column::TeamId.is_in(&sight.teams))
            .add(Column::OrganizationId.is_in(&sight.organizations)),
        Scope::Key(_) => Condition::any().add(Expr::value(false)),
    };
    let matching = Condition::all()
        .add(seen)
        .add_option(filter.alert_type.map(|name| Column::AlertType.eq(name)))
        .add_option(filter.level.map(|name| Column::Level.eq(name)))
        .add_option(filter.start.map(|start| Column::OccurredAt.gte(start)))
        .add_option(filter.before.map(|before| Column::OccurredAt.lt(before)));
    page.read(db, Entity::find().filter(matching), &[Column::OccurredAt, Column::Id], Order::Desc).await
}

/// Lets what was told of a budget be told again: its spend is another one now.
///
/// # Errors
/// When the database is away.
pub async fn forget_budget(db: &impl ConnectionTrait, kind: &str, id: &str) -> Result<(), DbErr> {
    let beginning = format!("budget_alerts/{kind}/{id}/");
    let told = Entity::find()
        .filter(Column::SubjectKind.eq(kind))
        .filter(Column::SubjectId.eq(id))
        .filter(Column::DedupKey.starts_with(&beginning))
        .all(db)
        .await?;
    for alert in told {
        // What was renamed before ends in its number.
        let renamed = format!("told/{}/{}", alert.dedup_key, alert.id);
        let update = Entity::update_many().col_expr(Column::DedupKey, Expr::value(renamed));
        update.filter(Column::Id.eq(alert.id)).exec(db).await?;
    }
    Ok(())
}

/// Deletes alerts that last happened before `before`. Those that nobody was told of yet stay.
///
/// # Errors
/// When the database is away.
pub async fn prune(db: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<u64, DbErr> {
    let old = Condition::all().add(Column::LastAt.lt(before)).add(Column::DispatchedAt.is_not_null());
    Ok(Entity::delete_many().filter(old).exec(db).await?.rows_affected)
}
