//! Changes that somebody wants to be told of.

use sea_orm::DatabaseTransaction;
use tollgate_openapi::alert::{AlertLevel, AlertType};

use super::Change;
use crate::app::App;
use crate::auth::{Credential, Principal};
use crate::db;
use crate::domain::alert::{Happened, NewAlert};
use crate::error::ApiResult;

/// Writes what is to be told of a change into the outbox, in its transaction. Nobody wants it: nothing.
pub(super) async fn tell(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    change: &Change<'_>,
) -> ApiResult<()> {
    let Some(alert_type) = type_of(change.kind, change.action) else { return Ok(()) };
    let by_default = app.alerts.settings.load().told().contains(&alert_type);
    if !by_default && !db::alert_channel::tells(transaction, alert_type.name()).await? {
        return Ok(());
    }
    let shown = change.after.as_ref().or(change.before.as_ref());
    let text = |name: &str| shown.and_then(|value| value.get(name)?.as_str()).map(str::to_owned);
    let (noun, alias) = match change.kind {
        "key" => ("Key", text("key_alias").or_else(|| text("key_name"))),
        "team" => ("Team", text("team_alias")),
        "user" => ("User", text("user_email").or_else(|| text("user_alias"))),
        _ => ("Model", text("model_name")),
    };
    let what = Happened::Changed {
        action: if change.action == "created" || change.action == "deleted" { change.action } else { "changed" }
            .to_owned(),
        name: format!("{noun} {}", alias.as_deref().unwrap_or(change.id)),
        actor: match &principal.credential {
            Credential::MasterKey => "The master key".to_owned(),
            // Who it was is a matter of the audit log, which tenants do not see.
            _ if principal.is_admin() => "An administrator of the gateway".to_owned(),
            _ => principal.user_email.clone().unwrap_or_else(|| principal.user_id.clone()),
        },
    };
    let alert = NewAlert {
        alert_type,
        level: AlertLevel::Low,
        subject_kind: change.kind.to_owned(),
        subject_id: change.id.to_owned(),
        organization_id: text("organization_id"),
        team_id: text("team_id"),
        user_id: text("user_id"),
        // Every change is told of.
        dedup_key: format!("{alert_type}/{}/{}", change.id, uuid::Uuid::now_v7()),
        occurrences: 1,
        at: app.clock.now(),
        what,
    };
    Ok(db::alert::raise(transaction, vec![alert]).await?)
}

fn type_of(kind: &str, action: &str) -> Option<AlertType> {
    Some(match (kind, action) {
        ("key", "created") => AlertType::NewVirtualKeyCreated,
        ("key", "deleted") => AlertType::VirtualKeyDeleted,
        ("key", _) => AlertType::VirtualKeyUpdated,
        ("team", "created") => AlertType::NewTeamCreated,
        ("team", "deleted") => AlertType::TeamDeleted,
        ("team", _) => AlertType::TeamUpdated,
        ("user", "created") => AlertType::NewInternalUserCreated,
        ("user", "deleted") => AlertType::InternalUserDeleted,
        ("user", _) => AlertType::InternalUserUpdated,
        ("model", "created") => AlertType::NewModelAdded,
        _ => return None,
    })
}
