//! What every mutation of a key has in common: one transaction with its audit row and its notice to other nodes.

use sea_orm::{ActiveModelTrait, DatabaseTransaction, IntoActiveModel, Iterable};
use serde_json::Value;
use tollgate_openapi::money::NanoUsd;

use crate::app::App;
use crate::auth::Principal;
use crate::counters::ScopeId;
use crate::db;
use crate::db::audit::Entry;
use crate::db::key::{ActiveModel, Column, Model};
use crate::db::stored_time;
use crate::error::{ApiError, ApiResult};

/// One mutation of one key.
#[derive(Debug)]
pub(super) struct Change<'a> {
    /// `created`, `updated`, …
    pub(super) action: &'static str,
    /// The key's hash.
    pub(super) token: &'a str,
    /// What it was.
    pub(super) before: Option<Value>,
    /// What it became.
    pub(super) after: Option<Value>,
}

/// Writes the audit row and the notice of a change, in its transaction.
pub(super) async fn record(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    change: Change<'_>,
) -> ApiResult<()> {
    let now = stored_time(app.clock.now());
    db::policy_change::record(transaction, "key", change.token, now).await?;
    let entry = Entry {
        at: now,
        actor: &principal.actor(),
        action: change.action,
        resource: "key",
        resource_id: change.token,
        before: change.before,
        after: change.after,
    };
    Ok(db::audit::record(transaction, entry).await?)
}

/// Commits, then lets the data plane read the key anew.
pub(super) async fn commit(app: &App, transaction: DatabaseTransaction, token: &str) -> ApiResult<()> {
    transaction.commit().await?;
    announce(app, token);
    Ok(())
}

/// Lets the data plane of every node read the key anew.
pub(super) fn announce(app: &App, token: &str) {
    app.policy.changed("key", token);
}

/// What the key has spent in its current window.
pub(super) async fn window_spend(app: &App, transaction: &DatabaseTransaction, key: &Model) -> ApiResult<NanoUsd> {
    let window_start = key.budget_window(app.clock.now(), app.timezone).map(|window| window.start);
    match app.counters.spent(&ScopeId::key(&key.token), window_start) {
        Some(counted) => Ok(counted),
        None => Ok(db::budget_spend::spent(transaction, "key", &key.token, window_start).await?),
    }
}

/// The row with every column to be written.
pub(super) fn all_set(key: Model) -> ActiveModel {
    let mut row = key.into_active_model();
    for column in Column::iter().filter(|column| !matches!(column, Column::Token)) {
        row.reset(column);
    }
    row
}

/// Makes the spend of the key's current window `target`, and tells by how much that changed it.
///
/// What this process has counted goes before what the ledger has written: calls that are settled and on their way
/// to the ledger are part of what the caller sees and sets.
pub(super) async fn set_window_spend(
    app: &App,
    transaction: &DatabaseTransaction,
    key: &Model,
    target: NanoUsd,
) -> ApiResult<NanoUsd> {
    let window_start = key.budget_window(app.clock.now(), app.timezone).map(|window| window.start);
    let current = window_spend(app, transaction, key).await?;
    let delta = target - current;
    if delta != NanoUsd::ZERO {
        db::budget_spend::adjust(transaction, "key", &key.token, window_start, delta).await?;
    }
    Ok(delta)
}

/// A uniqueness that the write ran into, told to the caller; the database decides, so that no race passes.
pub(super) fn conflict(error: sea_orm::DbErr, key_alias: Option<&str>) -> ApiError {
    match db::violation(&error) {
        Some(db::Violation::KeyAlias) => {
            let alias = key_alias.unwrap_or_default();
            ApiError::bad_request(
                "key_alias",
                format!("A key with the alias '{alias}' exists already. Aliases are unique."),
            )
        }
        Some(db::Violation::KeyToken) => ApiError::bad_request("key", "This key exists already."),
        _ => error.into(),
    }
}
