//! Listing keys: filters, search, order, pages.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{IntoCondition, NullOrdering, Order};
use sea_orm::{Condition, ExprTrait, JoinType, QueryOrder, QuerySelect, QueryTrait};
use tollgate_openapi::key::{KeyListQuery, KeySort, KeyStatus, SortOrder};

use super::{Column, Entity, Model};
use crate::crypto::KeyDigest;
use crate::db::search::contains_any;
use crate::db::{Scope, spend_total};

/// One page of keys.
#[derive(Clone, Debug)]
pub struct Page {
    /// The keys, in order.
    pub keys: Vec<Model>,
    /// Keys that match, on all pages.
    pub total: u64,
}

/// Keys of `scope` that match `query`, as of `now`.
///
/// # Errors
/// When the database is away.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    query: &KeyListQuery,
    now: DateTime<Utc>,
) -> Result<Page, DbErr> {
    let matching = Entity::find().filter(within(scope)).filter(filters(query, now));
    let total = matching.clone().count(db).await?;
    let offset = query.page.saturating_sub(1).saturating_mul(query.size);
    if offset >= total {
        return Ok(Page { keys: Vec::new(), total });
    }
    let keys = sorted(matching, query).offset(offset).limit(query.size).all(db).await?;
    Ok(Page { keys, total })
}

fn within(scope: &Scope) -> Condition {
    match scope {
        Scope::All => Condition::all(),
        Scope::User(user_id) => Column::UserId.eq(user_id).into_condition(),
        Scope::Key(token) => Column::Token.eq(token).into_condition(),
    }
}

fn filters(query: &KeyListQuery, now: DateTime<Utc>) -> Condition {
    let exact = [
        (Column::UserId, &query.user_id),
        (Column::TeamId, &query.team_id),
        (Column::OrganizationId, &query.organization_id),
        (Column::Token, &query.key_hash),
        (Column::KeyAlias, &query.key_alias),
    ];
    let exact = exact.into_iter().filter_map(|(column, value)| value.as_ref().map(|value| column.eq(value)));
    let all = exact.fold(Condition::all(), Condition::add);
    all.add_option(query.search.as_deref().map(search)).add_option(query.status.map(|status| in_state(status, now)))
}

/// Part of an alias, a key name, an owner or a team, in any case; a whole key or hash finds that key.
fn search(text: &str) -> Condition {
    let columns = [Column::KeyAlias, Column::KeyName, Column::UserId, Column::TeamId];
    let whole = Column::Token.eq(KeyDigest::from_key_or_hex(text).to_hex());
    Condition::any().add(whole).add(contains_any(&columns, text))
}

fn in_state(status: KeyStatus, now: DateTime<Utc>) -> Condition {
    match status {
        KeyStatus::Blocked => Column::Blocked.eq(true).into_condition(),
        KeyStatus::Expired => Column::ExpiresAt.lte(now).into_condition(),
        KeyStatus::Active => {
            let is_valid = Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now));
            Condition::all().add(Column::Blocked.eq(false)).add(is_valid)
        }
    }
}

/// Keys without the sorted value come last either way; equal ones are in the order of their hashes.
fn sorted(mut select: Select<Entity>, query: &KeyListQuery) -> Select<Entity> {
    let order = match query.sort_order {
        SortOrder::Asc => Order::Asc,
        SortOrder::Desc => Order::Desc,
    };
    let column = match query.sort_by {
        KeySort::CreatedAt => Column::CreatedAt,
        KeySort::UpdatedAt => Column::UpdatedAt,
        KeySort::KeyAlias => Column::KeyAlias,
        KeySort::MaxBudget => Column::MaxBudget,
        KeySort::Expires => Column::ExpiresAt,
        KeySort::Spend => {
            let is_of_key = Condition::all()
                .add(Expr::col((spend_total::Entity, spend_total::Column::EntityKind)).eq("key"))
                .add(Expr::col((spend_total::Entity, spend_total::Column::EntityId)).equals((Entity, Column::Token)));
            QueryTrait::query(&mut select).join(JoinType::LeftJoin, spend_total::Entity, is_of_key);
            let spend = Expr::col((spend_total::Entity, spend_total::Column::Spend)).if_null(0);
            return select.order_by(spend, order.clone()).order_by(Column::Token, order);
        }
    };
    let select = match column {
        // Never null, and said to be so: Postgres then reads the index instead of sorting every key.
        Column::CreatedAt | Column::UpdatedAt => select.order_by(column, order.clone()),
        _ => select.order_by_with_nulls(column, order.clone(), NullOrdering::Last),
    };
    select.order_by(Column::Token, order)
}
