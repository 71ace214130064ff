//! `POST /team/update`.

use actix_web::web;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, IntoActiveModel, Iterable};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::team::{TeamPatch, TeamUpdated};

use super::view::{snapshot, view};
use super::{NOT_FOUND, relation_to, rules};
use crate::app::App;
use crate::auth::Principal;
use crate::db::team::{ActiveModel, Column, Model};
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::domain::permission::{Action, Relation};
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, announce, record};
use crate::management::limit::{self, Wanted, Windows};
use crate::management::rules::keep;

/// Change a team
///
/// Only what is sent changes; `null` clears. An admin of the team changes what it is called, may use and keeps; its
/// limits, its organization and whether it is blocked are an administrator's to set.
#[utoipa::path(
    post,
    path = paths::TEAM_UPDATE,
    operation_id = "team_update",
    tag = "team",
    request_body = TeamPatch,
    responses(
        (status = 200, description = "The team as it is now", body = TeamUpdated),
        (status = 400, description = "A value will not do", body = ErrorEnvelope),
        (status = 404, description = "There is no such team", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    body: Json<TeamPatch>,
) -> ApiResult<web::Json<TeamUpdated>> {
    let mut body = body.0;
    let transaction = db::begin(&app.db).await?;
    let found = db::team::find_for_update(&transaction, &body.team_id).await?;
    let relation = relation_to(&transaction, &principal, &body.team_id).await?;
    principal.authorize_on(Action::TeamUpdate, relation, NOT_FOUND)?;
    let before = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    authorize_fields(&principal, relation, &body)?;
    rules::check_patch(&body)?;

    let wanted = Wanted {
        limits: std::mem::take(&mut body.limits),
        budget_id: std::mem::take(&mut body.budget_id),
        spend: None,
    };
    let after = patched(before.clone(), body, &app, &principal);
    write(&app, &transaction, &before, &after).await?;
    let limits = limit::set(&app, &transaction, limit::TEAM, &after.team_id, wanted).await?;
    rules::check_soft_budget(&limits.after)?;
    let change = Change {
        action: "updated",
        kind: "team",
        id: &after.team_id,
        before: Some(snapshot(&before, &limits.before)),
        after: Some(snapshot(&after, &limits.after)),
    };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce(&app, "team", &after.team_id);
    Ok(web::Json(TeamUpdated { team_id: after.team_id.clone(), data: view(&app, after).await? }))
}

/// Some fields are an administrator's to change.
fn authorize_fields(principal: &Principal, relation: Relation, body: &TeamPatch) -> ApiResult<()> {
    let field = if body.organization_id.is_absent() { None } else { Some("organization_id") };
    let field = field.or_else(|| body.blocked.map(|_| "blocked"));
    let field = if body.budget_id.is_absent() { field } else { Some("budget_id") };
    let field = if body.limits.is_empty() { field } else { Some("max_budget") };
    match field {
        Some(field) => {
            principal.authorize_on(Action::TeamAdminister, relation, NOT_FOUND).map_err(|error| error.with_param(field))
        }
        None => Ok(()),
    }
}

fn patched(mut team: Model, body: TeamPatch, app: &App, principal: &Principal) -> Model {
    body.team_alias.apply(&mut team.team_alias);
    body.organization_id.apply(&mut team.organization_id);
    if !body.models.is_absent() {
        team.models = Strings(body.models.as_set().cloned().unwrap_or_default());
    }
    if !body.metadata.is_absent() {
        team.metadata = JsonMap(body.metadata.as_set().cloned().unwrap_or_default());
    }
    team.blocked = body.blocked.unwrap_or(team.blocked);
    keep(&mut team.other, body.other);
    team.updated_at = stored_time(app.clock.now());
    team.updated_by = Some(principal.user_id.clone());
    team
}

/// Writes the row. A team that moves to another organization takes with it what it, its members and its keys have spent,
/// though their windows may follow another calendar now.
pub(super) async fn write(
    app: &App,
    transaction: &DatabaseTransaction,
    before: &Model,
    after: &Model,
) -> ApiResult<()> {
    let moves = before.organization_id != after.organization_id;
    if let Some(organization_id) = after.organization_id.as_deref().filter(|_| moves) {
        rules::check_organization(transaction, organization_id).await?;
    }
    let windows = match moves {
        true => Windows::of_teams(app, transaction, std::slice::from_ref(&after.team_id)).await?,
        false => Vec::new(),
    };
    let mut row: ActiveModel = after.clone().into_active_model();
    Column::iter().filter(|column| !matches!(column, Column::TeamId)).for_each(|column| row.reset(column));
    row.update(transaction).await?;
    Windows::carry_all(app, transaction, &windows).await
}
