//! What every mutation has in common: an audit row and a notice to other nodes in its transaction, and after it the
//! word to this node's own data plane.

mod told;

use sea_orm::DatabaseTransaction;
use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::db::audit::Entry;
use crate::db::stored_time;
use crate::error::ApiResult;

/// What is shown of an entity and is none of its settings: the audit chain leaves it out.
const NOT_SETTINGS: [&str; 6] =
    ["spend", "total_spend", "last_used_at", "budget_reset_at", "litellm_budget_table", "attached_to"];

/// One mutation of one entity.
#[derive(Debug)]
pub(super) struct Change<'a> {
    /// `created`, `updated`, …
    pub(super) action: &'static str,
    /// `key`, `team`, `budget`, …
    pub(super) kind: &'static str,
    /// Its id; of a key its hash.
    pub(super) id: &'a str,
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
    told::tell(app, transaction, principal, &change).await?;
    let now = stored_time(app.clock.now());
    db::policy_change::record(transaction, change.kind, change.id, now).await?;
    let entry = Entry {
        at: now,
        actor: &principal.actor(),
        action: change.action,
        resource: change.kind,
        resource_id: change.id,
        before: change.before,
        after: change.after,
    };
    Ok(db::audit::record(transaction, entry).await?)
}

/// Lets the data plane of every node read an entity anew, once its change is committed.
pub(super) fn announce(app: &App, kind: &str, id: &str) {
    app.policy.changed(kind, id);
}

/// Puts a change of a model or a credential in force, once it is committed: here now, on other nodes within a second.
pub(super) async fn announce_models(app: &App, kind: &str, id: &str) {
    announce(app, kind, id);
    if let Err(error) = app.models.refresh().await {
        // The job that follows changes tries again.
        tracing::warn!(%error, kind, id, "a change of the models is not in force yet");
    }
}

/// An entity as the audit chain keeps it: its settings, without what the ledger knows of it.
pub(super) fn snapshot(view: &impl Serialize) -> Value {
    let mut shown = serde_json::to_value(view).unwrap_or_default();
    if let Some(members) = shown.as_object_mut() {
        for name in NOT_SETTINGS {
            members.remove(name);
        }
    }
    shown
}
