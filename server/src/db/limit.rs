//! Limits of whatever a call is charged to besides its key: users, teams, customers and so on.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, Condition, DatabaseTransaction, IntoActiveModel, Iterable, QuerySelect};

use super::{JsonMap, budget, key};
use crate::domain::window::{BudgetWindow, Span};

/// Limits of one scope. What is not set here is taken from the budget it is attached to.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "limits")]
pub struct Model {
    /// What is limited: `user`, `team`, `team_member`, `organization_member`, `organization`, `customer`, `tag`, `provider`,
    /// `gateway`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope_kind: String,
    /// Its id; of a team member `team_id/user_id`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scope_id: String,
    /// The reusable budget it is attached to.
    pub budget_id: Option<String>,
    /// Hard limit per budget window, in nano-dollars.
    pub max_budget: Option<i64>,
    /// Limit that only warns, in nano-dollars.
    pub soft_budget: Option<i64>,
    /// Length of the budget window as it was given, such as `30d`.
    pub budget_duration: Option<String>,
    /// When `budget_duration` was last set: windows that follow no calendar count from here.
    pub budget_anchor_at: DateTimeUtc,
    /// Calls in flight at once.
    pub max_parallel_requests: Option<i64>,
    /// Requests a minute.
    pub rpm_limit: Option<i64>,
    /// Tokens a minute.
    pub tpm_limit: Option<i64>,
    /// `model_max_budget`, `model_rpm_limit` and `model_tpm_limit`, as they were given.
    #[sea_orm(column_type = "Json")]
    pub model_limits: JsonMap,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// No limits, for a scope that is made at `now`.
    #[must_use]
    pub fn none(scope_kind: &str, scope_id: &str, now: DateTime<Utc>) -> Self {
        Self {
            scope_kind: scope_kind.to_owned(),
            scope_id: scope_id.to_owned(),
            budget_id: None,
            max_budget: None,
            soft_budget: None,
            budget_duration: None,
            budget_anchor_at: now,
            max_parallel_requests: None,
            rpm_limit: None,
            tpm_limit: None,
            model_limits: JsonMap::default(),
        }
    }

    /// The budget window that `now` is in; `None` where the budget never resets. Its days begin in `tz`.
    #[must_use]
    pub fn budget_window(&self, now: DateTime<Utc>, tz: Tz) -> Option<BudgetWindow> {
        // A text that does not parse was refused when it was set; one that slipped in resets nothing.
        let span = Span::parse(self.budget_duration.as_deref()?).ok()?;
        Some(BudgetWindow::bounds(span, now, self.budget_anchor_at, tz))
    }

    /// The limits of a key, which are kept with the key itself, in the form of those of other scopes.
    #[must_use]
    pub fn of_key(key: &key::Model) -> Self {
        const MODEL_LIMITS: [&str; 3] = ["model_max_budget", "model_rpm_limit", "model_tpm_limit"];
        let by_model = MODEL_LIMITS.iter().filter_map(|name| key.other.0.get_key_value(*name));
        Self {
            scope_kind: "key".to_owned(),
            scope_id: key.token.clone(),
            budget_id: key.budget_id().map(str::to_owned),
            max_budget: key.max_budget,
            soft_budget: key.soft_budget,
            budget_duration: key.budget_duration.clone(),
            budget_anchor_at: key.budget_anchor_at,
            max_parallel_requests: key.max_parallel_requests,
            rpm_limit: key.rpm_limit,
            tpm_limit: key.tpm_limit,
            model_limits: JsonMap(by_model.map(|(name, value)| (name.clone(), value.clone())).collect()),
        }
    }

    /// These limits, filled up from `budget`. Where the window's length comes from the budget, so does where it is
    /// counted from.
    #[must_use]
    pub fn filled_from(mut self, budget: &budget::Model) -> Self {
        if self.budget_duration.is_none() {
            self.budget_duration.clone_from(&budget.budget_duration);
            self.budget_anchor_at = budget.budget_anchor_at;
        }
        self.max_budget = self.max_budget.or(budget.max_budget);
        self.soft_budget = self.soft_budget.or(budget.soft_budget);
        self.max_parallel_requests = self.max_parallel_requests.or(budget.max_parallel_requests);
        self.rpm_limit = self.rpm_limit.or(budget.rpm_limit);
        self.tpm_limit = self.tpm_limit.or(budget.tpm_limit);
        for (name, value) in &budget.model_limits.0 {
            self.model_limits.0.entry(name.clone()).or_insert_with(|| value.clone());
        }
        self
    }
}

/// The limits of each of `scopes` (kind and id) that has any, as they are set.
///
/// # Errors
/// When the database is away.
pub async fn find_many(db: &impl ConnectionTrait, scopes: &[(&str, &str)]) -> Result<Vec<Model>, DbErr> {
    if scopes.is_empty() {
        return Ok(Vec::new());
    }
    let each = scopes.iter().fold(Condition::any(), |any, (kind, id)| {
        any.add(Condition::all().add(Column::ScopeKind.eq(*kind)).add(Column::ScopeId.eq(*id)))
    });
    Entity::find().filter(each).all(db).await
}

/// The ids of all scopes of this kind that have limits.
///
/// # Errors
/// When the database is away.
pub async fn ids_of_kind(db: &impl ConnectionTrait, kind: &str) -> Result<Vec<String>, DbErr> {
    let ids = Entity::find().select_only().column(Column::ScopeId).filter(Column::ScopeKind.eq(kind));
    ids.into_tuple().all(db).await
}

/// All limits of these kinds, which stay as they are until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn of_kinds_for_update(transaction: &DatabaseTransaction, kinds: [&str; 2]) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::ScopeKind.is_in(kinds)).lock_exclusive().all(transaction).await
}

/// The limits of one scope as they are set, without those of its budget.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, kind: &str, id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((kind.to_owned(), id.to_owned())).one(db).await
}

/// The limits of one scope that are in force: its own, and those of the budget it is attached to.
///
/// # Errors
/// When the database is away.
pub async fn effective(db: &impl ConnectionTrait, kind: &str, id: &str) -> Result<Option<Model>, DbErr> {
    let Some(own) = find(db, kind, id).await? else { return Ok(None) };
    let budget = match &own.budget_id {
        Some(budget_id) => budget::find(db, budget_id).await?,
        None => None,
    };
    Ok(Some(match budget {
        Some(budget) => own.filled_from(&budget),
        None => own,
    }))
}

/// Sets the limits of a scope, whatever they were.
///
/// # Errors
/// When the database is away.
pub async fn set(db: &impl ConnectionTrait, limits: Model) -> Result<(), DbErr> {
    let mut on_conflict = OnConflict::columns([Column::ScopeKind, Column::ScopeId]);
    on_conflict.update_columns(Column::iter().filter(|one| !matches!(one, Column::ScopeKind | Column::ScopeId)));
    let mut row = limits.into_active_model();
    Column::iter().for_each(|column| row.reset(column));
    Entity::insert(row).on_conflict(on_conflict).exec_without_returning(db).await?;
    Ok(())
}

/// Removes the limits of a scope.
///
/// # Errors
/// When the database is away.
pub async fn delete(db: &impl ConnectionTrait, kind: &str, id: &str) -> Result<(), DbErr> {
    Entity::delete_by_id((kind.to_owned(), id.to_owned())).exec(db).await?;
    Ok(())
}

/// The limits that are attached to a budget.
///
/// # Errors
/// When the database is away.
pub async fn attached_to(db: &impl ConnectionTrait, budget_id: &str) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::BudgetId.eq(budget_id)).all(db).await
}

/// Whether any scope of this kind has limits.
///
/// # Errors
/// When the database is away.
pub async fn has_any(db: &impl ConnectionTrait, kind: &str) -> Result<bool, DbErr> {
    Ok(Entity::find().filter(Column::ScopeKind.eq(kind)).one(db).await?.is_some())
}

/// The limits of those of the scopes of this kind that have any, as they are set.
///
/// # Errors
/// When the database is away.
pub async fn of_kind(db: &impl ConnectionTrait, kind: &str, ids: &[String]) -> Result<Vec<Model>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::ScopeKind.eq(kind)).filter(Column::ScopeId.is_in(ids)).all(db).await
}

/// How many scopes are attached to each of the budgets, by kind: `(budget_id, kind, count)`.
///
/// # Errors
/// When the database is away.
pub async fn count_attached(
    db: &impl ConnectionTrait,
    budget_ids: &[String],
) -> Result<Vec<(String, String, i64)>, DbErr> {
    if budget_ids.is_empty() {
        return Ok(Vec::new());
    }
    let grouped = Entity::find().select_only().columns([Column::BudgetId, Column::ScopeKind]);
    let counted = grouped.column_as(Column::ScopeId.count(), "attached");
    let found = counted.filter(Column::BudgetId.is_in(budget_ids));
    found.group_by(Column::BudgetId).group_by(Column::ScopeKind).into_tuple().all(db).await
}
