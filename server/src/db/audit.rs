//! The audit chain: who changed what. Each row carries the hash of the one before it.

mod list;

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, QueryOrder, QuerySelect};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use list::{Filter, ORDER, find, list};

use super::pool::lock_until_commit;
use super::stored_time;

/// Any number: writers of the chain take this Postgres lock, so that no two rows follow the same one.
const CHAIN_LOCK: i64 = 0x746f_6c6c_6175;
/// Rows read at once when the chain is checked.
const CHECK_ROWS: u64 = 1000;
/// Members whose names contain one of these are not copied into the chain.
const SECRET_NAMES: &[&str] =
    &["password", "secret", "api_key", "apikey", "credential", "authorization", "private_key"];

/// One mutation.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_logs")]
pub struct Model {
    /// Place in the chain.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// When.
    pub at: DateTimeUtc,
    /// `master_key`, `session`, `access_token`, `key`, `invitation`, `reset` or `anonymous`.
    pub actor_kind: String,
    /// The actor's user id.
    pub actor_id: String,
    /// Where the request came from.
    pub ip_address: Option<String>,
    /// `created`, `updated`, `deleted`, `blocked`, `unblocked`, `reset`, `resolved`, `flushed`, `signed_in`, `sign_in_failed`, `signed_out`.
    pub action: String,
    /// `key`, `session`, …
    pub resource: String,
    /// Id of what was changed.
    pub resource_id: String,
    /// What it was, as JSON text, secrets redacted.
    pub before: Option<String>,
    /// What it became, as JSON text, secrets redacted.
    pub after: Option<String>,
    /// Hash of the row before; empty for the first.
    pub previous_hash: String,
    /// Hash of this row and `previous_hash`.
    pub hash: String,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Who acts, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// `master_key`, `session`, `key` or `anonymous`.
    pub kind: &'static str,
    /// User id.
    pub id: String,
    /// Address of the client.
    pub ip_address: Option<String>,
}

/// What is written of one mutation.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub actor: &'a Actor,
    /// `created`, `updated`, …
    pub action: &'static str,
    /// `key`, `session`, …
    pub resource: &'static str,
    /// Its id.
    pub resource_id: &'a str,
    /// What it was.
    pub before: Option<Value>,
    /// What it became.
    pub after: Option<Value>,
}

/// Adds a row to the chain, in the transaction of the mutation itself.
///
/// # Errors
/// When the database is away.
pub async fn record(transaction: &DatabaseTransaction, entry: Entry<'_>) -> Result<(), DbErr> {
    lock_until_commit(transaction, CHAIN_LOCK).await?;
    let last = Entity::find().order_by_desc(Column::Id).one(transaction).await?;
    let mut row = Model {
        id: 0,
        at: stored_time(entry.at),
        actor_kind: entry.actor.kind.to_owned(),
        actor_id: entry.actor.id.clone(),
        ip_address: entry.actor.ip_address.clone(),
        action: entry.action.to_owned(),
        resource: entry.resource.to_owned(),
        resource_id: entry.resource_id.to_owned(),
        before: entry.before.map(|value| redact(value).to_string()),
        after: entry.after.map(|value| redact(value).to_string()),
        previous_hash: last.map(|row| row.hash).unwrap_or_default(),
        hash: String::new(),
    };
    row.hash = hash(&row);
    let mut new: ActiveModel = row.into();
    new.not_set(Column::Id);
    Entity::insert(new).exec_without_returning(transaction).await?;
    Ok(())
}

/// Checks the whole chain.
///
/// # Errors
/// When the database is away.
///
/// Returns the id of the first row that does not follow from the one before, `None` when all do.
pub async fn first_broken(db: &impl ConnectionTrait) -> Result<Option<i64>, DbErr> {
    let (mut after_id, mut previous_hash) = (0, String::new());
    loop {
        let rows =
            Entity::find().filter(Column::Id.gt(after_id)).order_by_asc(Column::Id).limit(CHECK_ROWS).all(db).await?;
        for row in &rows {
            if row.previous_hash != previous_hash || row.hash != hash(row) {
                return Ok(Some(row.id));
            }
            previous_hash.clone_from(&row.hash);
        }
        match rows.last() {
            Some(last) => after_id = last.id,
            None => return Ok(None),
        }
    }
}

/// SHA-256 over a JSON array of the row's fields: JSON keeps where one ends and the next begins.
fn hash(row: &Model) -> String {
    let fields = serde_json::json!([
        row.previous_hash,
        row.at.to_rfc3339_opts(SecondsFormat::Micros, true),
        row.actor_kind,
        row.actor_id,
        row.ip_address,
        row.action,
        row.resource,
        row.resource_id,
        row.before,
        row.after,
    ]);
    Sha256::digest(fields.to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `value` without what its members' names say is secret.
fn redact(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let lower = name.to_lowercase();
                let is_secret = SECRET_NAMES.iter().any(|secret| lower.contains(secret));
                let kept = if is_secret && !value.is_null() { Value::from("***") } else { redact(value) };
                (name, kept)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(redact).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db;

    async fn chain_of(rows: usize) -> sea_orm::DatabaseConnection {
        let db = db::connect("sqlite::memory:", 1, std::time::Duration::from_secs(5)).await.unwrap();
        db::migrate(&db).await.unwrap();
        let actor = Actor { kind: "session", id: "ada".to_owned(), ip_address: None };
        for n in 0..rows {
            let transaction = db::begin(&db).await.unwrap();
            let entry = Entry {
                at: "2026-11-21T00:00:00.123456789Z".parse().unwrap(),
                actor: &actor,
                action: "updated",
                resource: "key",
                resource_id: &n.to_string(),
                before: None,
                after: Some(serde_json::json!({"metadata": {"langfuse_secret_key": "sk-lf", "cost": 0.1}})),
            };
            record(&transaction, entry).await.unwrap();
            transaction.commit().await.unwrap();
        }
        db
    }

    #[tokio::test]
    async fn a_chain_holds_until_a_row_is_changed() {
        let db = chain_of(3).await;
        assert_eq!(first_broken(&db).await.unwrap(), None);
        db.execute_unprepared("UPDATE audit_logs SET actor_id = 'eve' WHERE id = 2").await.unwrap();
        assert_eq!(first_broken(&db).await.unwrap(), Some(2));
    }

    #[tokio::test]
    async fn a_missing_row_is_noticed() {
        let db = chain_of(3).await;
        db.execute_unprepared("DELETE FROM audit_logs WHERE id = 2").await.unwrap();
        assert_eq!(first_broken(&db).await.unwrap(), Some(3));
    }

    #[tokio::test]
    async fn secrets_do_not_enter_the_chain() {
        let db = chain_of(1).await;
        let row = Entity::find().one(&db).await.unwrap().unwrap();
        assert_eq!(row.after.as_deref(), Some(r#"{"metadata":{"langfuse_secret_key":"***","cost":0.1}}"#));
    }
}
