//! Who may do what with a key.

use sea_orm::ConnectionTrait;

use crate::auth::Principal;
use crate::db;
use crate::db::key::Model;
use crate::domain::permission::{Action, Relation};
use crate::error::ApiResult;

/// Goes on where the caller may do `action` with the key, if there is one.
///
/// # Errors
/// 404 where the key does not exist for the caller, 403 where it does but the action is not allowed.
pub(in crate::management) async fn authorize(
    db: &impl ConnectionTrait,
    principal: &Principal,
    action: Action,
    key: Option<&Model>,
) -> ApiResult<()> {
    let relations = match key {
        Some(key) => relations_to(db, principal, key).await?,
        None => Vec::new(),
    };
    principal.authorize_key(action, key, &relations)
}

/// Whether the caller administers the key rather than only owns it.
///
/// # Errors
/// When the database is away.
pub(super) async fn administers(db: &impl ConnectionTrait, principal: &Principal, key: &Model) -> ApiResult<bool> {
    let relations = relations_to(db, principal, key).await?;
    let is_above = |relation: &Relation| matches!(relation, Relation::Team | Relation::Organization);
    Ok(principal.is_admin() || relations.iter().any(is_above))
}

/// How the caller stands to a key. It is of its own organization, or else of its team's.
async fn relations_to(db: &impl ConnectionTrait, principal: &Principal, key: &Model) -> ApiResult<Vec<Relation>> {
    let (owner, team_id) = (key.user_id.as_deref(), key.team_id.as_deref());
    let organization_id = match (&key.organization_id, team_id) {
        (None, Some(team_id)) if principal.memberships.administers_any() => {
            db::team::find(db, team_id).await?.and_then(|team| team.organization_id)
        }
        (own, _) => own.clone(),
    };
    Ok(principal.relations(owner, team_id, organization_id.as_deref()))
}
