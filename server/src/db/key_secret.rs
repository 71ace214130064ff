//! Secrets of keys whose secret was changed.
//!
//! A key is known by the SHA-256 of its first secret, everywhere: in the ledger, in counters, in the audit chain. When it
//! gets a new secret it keeps that id, so that spend, budgets and history stay one, and this table says which secrets
//! are its own and until when each works. A key that still has its first secret has no row here.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, ExprTrait, IntoActiveModel, QueryOrder};

use super::key;
use crate::crypto::KeyDigest;

/// One secret of one key.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_secrets")]
pub struct Model {
    /// SHA-256 of the secret in hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: String,
    /// The key's id.
    pub token: String,
    /// Since when the key has it; of the first one, when it was replaced.
    pub created_at: DateTimeUtc,
    /// When it stops working; `None`: it is the key's current one.
    pub expires_at: Option<DateTimeUtc>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The secret with this digest, where its key has had more than one.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, digest: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(digest.to_owned()).one(db).await
}

/// The id of the key that has, or had, the secret with this digest. Where none has, the digest itself: it is the id of
/// a key with its first secret, or of none.
///
/// # Errors
/// When the database is away.
pub async fn token_of(db: &impl ConnectionTrait, digest: KeyDigest) -> Result<String, DbErr> {
    let digest = digest.to_hex();
    Ok(find(db, &digest).await?.map_or(digest, |secret| secret.token))
}

/// The key that has the secret with this digest, and when that stops working apart from the key.
///
/// # Errors
/// When the database is away.
pub async fn find_key(
    db: &impl ConnectionTrait,
    digest: KeyDigest,
) -> Result<Option<(key::Model, Option<DateTime<Utc>>)>, DbErr> {
    let digest = digest.to_hex();
    let secret = find(db, &digest).await?;
    let token = secret.as_ref().map_or(&digest, |secret| &secret.token);
    Ok(key::find(db, token).await?.map(|key| (key, secret.and_then(|secret| secret.expires_at))))
}

/// All secrets of each of the keys that have had more than one, by id, the oldest first.
///
/// # Errors
/// When the database is away.
pub async fn of_many(db: &impl ConnectionTrait, tokens: &[String]) -> Result<HashMap<String, Vec<Model>>, DbErr> {
    let mut found: HashMap<String, Vec<Model>> = HashMap::new();
    if !tokens.is_empty() {
        let secrets = Entity::find().filter(Column::Token.is_in(tokens)).order_by_asc(Column::CreatedAt);
        for secret in secrets.all(db).await? {
            found.entry(secret.token.clone()).or_default().push(secret);
        }
    }
    Ok(found)
}

/// Gives the key a new secret at `now`. Those it had work until `old_until` at most; what has ended before is forgotten,
/// but for the first one, whose digest is the key's id.
///
/// # Errors
/// When the database is away, or the new digest is another secret's.
pub async fn rotate(
    transaction: &DatabaseTransaction,
    token: &str,
    digest: &str,
    now: DateTime<Utc>,
    old_until: DateTime<Utc>,
) -> Result<(), DbErr> {
    let of_key = || Column::Token.eq(token);
    let ended = Entity::delete_many().filter(of_key()).filter(Column::ExpiresAt.lte(now));
    ended.filter(Column::Digest.ne(token)).exec(transaction).await?;
    let outlives = Column::ExpiresAt.is_null().or(Column::ExpiresAt.gt(old_until));
    let shortened = Entity::update_many().col_expr(Column::ExpiresAt, Expr::value(old_until));
    shortened.filter(of_key()).filter(outlives).exec(transaction).await?;
    let secret = |digest: &str, expires_at| Model {
        digest: digest.to_owned(),
        token: token.to_owned(),
        created_at: now,
        expires_at,
    };
    let mut added = vec![secret(digest, None)];
    if find(transaction, token).await?.is_none() {
        added.push(secret(token, Some(old_until)));
    }
    Entity::insert_many(added.into_iter().map(IntoActiveModel::into_active_model))
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// Forgets the secrets of a key that is deleted.
///
/// # Errors
/// When the database is away.
pub async fn delete_of_key(transaction: &DatabaseTransaction, token: &str) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::Token.eq(token)).exec(transaction).await?;
    Ok(())
}
