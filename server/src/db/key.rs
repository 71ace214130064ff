//! Virtual keys.

mod budgeted;
mod list;
mod owned;

use sea_orm::entity::prelude::*;
use sea_orm::{Condition, DatabaseTransaction, QueryOrder, QuerySelect};
use tollgate_openapi::money::NanoUsd;

pub use budgeted::{count_by_budget, tokens_of_budget};
pub use list::{aliases, list, order};
pub use owned::{Owner, all_for_update, count_by_team, count_by_user, newest, tokens, tokens_after};

use super::{JsonMap, Strings};
use crate::domain::allowed_routes::AllowedRoutes;

/// One key. Its secret is not here: only its hash.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "keys")]
pub struct Model {
    /// SHA-256 of the key in hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub token: String,
    /// `sk-...` and the last four characters.
    pub key_name: String,
    /// Name shown to people; unique.
    pub key_alias: Option<String>,
    /// Owner.
    pub user_id: Option<String>,
    /// Team.
    pub team_id: Option<String>,
    /// Organization.
    pub organization_id: Option<String>,
    /// Models the key may use; empty: all.
    #[sea_orm(column_type = "Json")]
    pub models: Strings,
    /// Hard limit per budget window, in nano-dollars.
    pub max_budget: Option<i64>,
    /// Limit that only warns, in nano-dollars.
    pub soft_budget: Option<i64>,
    /// Length of the budget window as it was given, such as `30d`.
    pub budget_duration: Option<String>,
    /// When the key was made or `budget_duration` last set: windows that follow no calendar count from here.
    pub budget_anchor_at: DateTimeUtc,
    /// Calls in flight at once.
    pub max_parallel_requests: Option<i64>,
    /// Requests a minute.
    pub rpm_limit: Option<i64>,
    /// Tokens a minute.
    pub tpm_limit: Option<i64>,
    /// What the caller keeps with the key.
    #[sea_orm(column_type = "Json")]
    pub metadata: JsonMap,
    /// Fields of LiteLLM's that are kept and not used yet.
    #[sea_orm(column_type = "Json")]
    pub other: JsonMap,
    /// A blocked key is refused.
    pub blocked: bool,
    /// When the key stops working.
    pub expires_at: Option<DateTimeUtc>,
    /// By how much `max_budget` is higher for a while, in nano-dollars.
    pub temp_budget_increase: Option<i64>,
    /// Until when.
    pub temp_budget_expiry: Option<DateTimeUtc>,
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

impl Model {
    /// Hard limit per budget window.
    #[must_use]
    pub fn max_budget(&self) -> Option<NanoUsd> {
        self.max_budget.map(NanoUsd)
    }

    /// Limit that only warns.
    #[must_use]
    pub fn soft_budget(&self) -> Option<NanoUsd> {
        self.soft_budget.map(NanoUsd)
    }

    /// The reusable budget it is attached to.
    #[must_use]
    pub fn budget_id(&self) -> Option<&str> {
        self.other.0.get("budget_id").and_then(|id| id.as_str())
    }
}

impl Model {
    /// The routes it may call, where not all that keys may.
    #[must_use]
    pub fn allowed_routes(&self) -> Option<AllowedRoutes> {
        let listed = self.other.0.get("allowed_routes").and_then(|routes| routes.as_array());
        let listed = listed.into_iter().flatten().filter_map(|route| route.as_str().map(str::to_owned)).collect();
        let key_type = self.other.0.get("key_type").and_then(|key_type| key_type.as_str());
        AllowedRoutes::of_key(listed, key_type)
    }
}

/// The key with this hash.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, token: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(token.to_owned()).one(db).await
}

/// The key with this hash, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &DatabaseTransaction, token: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(token.to_owned()).lock_exclusive().one(transaction).await
}

/// The key with this alias.
///
/// # Errors
/// When the database is away.
pub async fn find_by_alias(db: &impl ConnectionTrait, alias: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::KeyAlias.eq(alias)).one(db).await
}

/// Those of the keys that still exist.
///
/// # Errors
/// When the database is away.
pub async fn find_many(db: &impl ConnectionTrait, tokens: &[String]) -> Result<Vec<Model>, DbErr> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::Token.is_in(tokens)).all(db).await
}

/// Keys that are not blocked and expire after `now` and until `until`, the first ones first; those behind `after`, at most
/// `limit`.
///
/// # Errors
/// When the database is away.
pub async fn expiring(
    db: &impl ConnectionTrait,
    (now, until): (DateTimeUtc, DateTimeUtc),
    after: Option<&(DateTimeUtc, String)>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let behind = after.map(|(at, token)| {
        let same = Condition::all().add(Column::ExpiresAt.eq(*at)).add(Column::Token.gt(token));
        Condition::any().add(Column::ExpiresAt.gt(*at)).add(same)
    });
    let meant = Condition::all()
        .add(Column::ExpiresAt.gt(now))
        .add(Column::ExpiresAt.lte(until))
        .add(Column::Blocked.eq(false))
        .add_option(behind);
    let found = Entity::find().filter(meant).order_by_asc(Column::ExpiresAt).order_by_asc(Column::Token);
    found.limit(limit).all(db).await
}

/// The teams and organizations that the keys of each of the users belong to, each once: `(user_id, team_id,
/// organization_id)`.
///
/// # Errors
/// When the database is away.
pub async fn groups_of_users(
    db: &impl ConnectionTrait,
    user_ids: &[String],
) -> Result<Vec<(String, Option<String>, Option<String>)>, DbErr> {
    if user_ids.is_empty() {
        return Ok(Vec::new());
    }
    let columns = [Column::UserId, Column::TeamId, Column::OrganizationId];
    Entity::find()
        .select_only()
        .columns(columns)
        .distinct()
        .filter(Column::UserId.is_in(user_ids))
        .into_tuple()
        .all(db)
        .await
}
