//! Teams that stand for the groups of a directory.

use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel};
use tollgate_openapi::limit::LimitPatch;
use tollgate_openapi::patch::Patch;

use super::view::snapshot;
use crate::app::App;
use crate::auth::Principal;
use crate::db::team::{Entity, Model};
use crate::db::{JsonMap, Strings, stored_time};
use crate::error::ApiResult;
use crate::management::change::{Change, record};
use crate::management::limit::{self, Wanted};
use crate::management::new_id;

/// Makes a team of this name, with what `default_team_params` says, in the transaction of whoever needs it.
pub(in crate::management) async fn make_for_group(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    name: &str,
) -> ApiResult<Model> {
    let now = stored_time(app.clock.now());
    let config = app.settings.config();
    let settings = &config.litellm.default_team_params;
    let team = Model {
        team_id: new_id(),
        team_alias: Some(name.to_owned()),
        organization_id: None,
        models: Strings(settings.models.clone()),
        metadata: JsonMap::default(),
        other: JsonMap::default(),
        blocked: false,
        cost_center: None,
        created_at: now,
        created_by: Some(principal.user_id.clone()),
        updated_at: now,
        updated_by: Some(principal.user_id.clone()),
    };
    Entity::insert(team.clone().into_active_model()).exec_without_returning(transaction).await?;
    let rate = |limit: Option<u32>| limit.map_or(Patch::Absent, |limit| Patch::Set(i64::from(limit)));
    let limits = LimitPatch {
        max_budget: settings.max_budget.map_or(Patch::Absent, Patch::Set),
        budget_duration: settings.budget_duration.map_or(Patch::Absent, |span| Patch::Set(span.to_string())),
        rpm_limit: rate(settings.rpm_limit),
        tpm_limit: rate(settings.tpm_limit),
        ..LimitPatch::default()
    };
    let wanted = Wanted { limits, ..Wanted::default() };
    let limits = limit::set(app, transaction, limit::TEAM, &team.team_id, wanted).await?;
    let after = Some(snapshot(&team, &limits.after));
    let change = Change { action: "created", kind: "team", id: &team.team_id, before: None, after };
    record(app, transaction, principal, change).await?;
    Ok(team)
}

/// Gives a team another name, in the transaction of whoever knows it better.
pub(in crate::management) async fn rename(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    before: Model,
    name: &str,
) -> ApiResult<Model> {
    let after = Model {
        team_alias: Some(name.to_owned()),
        updated_at: stored_time(app.clock.now()),
        updated_by: Some(principal.user_id.clone()),
        ..before.clone()
    };
    let mut row = after.clone().into_active_model();
    row.team_alias = sea_orm::Set(after.team_alias.clone());
    row.updated_at = sea_orm::Set(after.updated_at);
    row.updated_by = sea_orm::Set(after.updated_by.clone());
    row.update(transaction).await?;
    let limits = limit::own(app, transaction, limit::TEAM, &after.team_id).await?;
    let change = Change {
        action: "updated",
        kind: "team",
        id: &after.team_id,
        before: Some(snapshot(&before, &limits)),
        after: Some(snapshot(&after, &limits)),
    };
    record(app, transaction, principal, change).await?;
    Ok(after)
}
