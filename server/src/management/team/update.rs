//! `POST /team/update`.

use actix_web::web;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, IntoActiveModel, Iterable};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::team::{TeamPatch, TeamUpdated};

use super::view::{snapshot, view};
use super::{NOT_FOUND, grant, relations_to, rules};
use crate::app::App;
use crate::auth::Principal;
use crate::counters::Correction;
use crate::db::team::{ActiveModel, Column, Model};
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::domain::permission::{Action, Relation};
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce, record};
use crate::management::limit::{self, Wanted, Windows};
use crate::management::rules::keep;
use crate::management::{IfMatch, Json, callback, organization};
use crate::policy::callback_variables::place_of_team;

/// Change a team
///
/// Only what is sent changes; `null` clears. An admin of the team changes what it is called, may use and keeps; its
/// limits, its organization and cost centre, and whether it is blocked are an administrator's to set.
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
    seen: IfMatch,
    body: Json<TeamPatch>,
) -> ApiResult<web::Json<TeamUpdated>> {
    let mut body = body.0;
    let transaction = db::begin(&app.db).await?;
    let found = db::team::find_for_update(&transaction, &body.team_id).await?;
    let relations = relations_to(&principal, found.as_ref());
    principal.authorize_on(Action::TeamUpdate, &relations, NOT_FOUND)?;
    let before = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    seen.check(before.updated_at)?;
    authorize_fields(&principal, &relations, &body)?;
    rules::check_patch(&body)?;

    let wanted = Wanted {
        limits: std::mem::take(&mut body.limits),
        budget_id: std::mem::take(&mut body.budget_id),
        spend: None,
    };
    let mut after = patched(before.clone(), body, &app, &principal);
    callback::seal(&app, &place_of_team(&after.team_id), &mut after.metadata, Some(&before.metadata))?;
    let may_widen = principal.authorize_on(Action::TeamAdminister, &relations, NOT_FOUND).is_ok();
    if !may_widen {
        grant::check_narrower(&before.models, &after.models)?;
    }
    let mut corrections = write(&app, &transaction, &principal, &before, &after).await?;
    let limits = limit::set(&app, &transaction, limit::TEAM, &after.team_id, wanted).await?;
    corrections.extend_from_slice(&limits.corrections);
    rules::check_soft_budget(&limits.after)?;
    let moves = after.organization_id != before.organization_id;
    if moves || after.models != before.models || limits.after != limits.before {
        grant::check_within_organization(&transaction, &after, &limits.after).await?;
    }
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
    app.counters.correct(corrections).await;
    Ok(web::Json(TeamUpdated { team_id: after.team_id.clone(), data: view(&app, after).await? }))
}

/// Some fields are an administrator's to change.
fn authorize_fields(principal: &Principal, relations: &[Relation], body: &TeamPatch) -> ApiResult<()> {
    rules::check_gateways(principal, !body.organization_id.is_absent(), !body.budget_id.is_absent())?;
    let field = body.blocked.map(|_| "blocked");
    let field = if body.cost_center.is_absent() { field } else { Some("cost_center") };
    let field =
        if body.other.contains_key("key_generation_settings") { Some("key_generation_settings") } else { field };
    let field = if body.limits.is_empty() { field } else { Some("max_budget") };
    match field {
        Some(field) => principal
            .authorize_on(Action::TeamAdminister, relations, NOT_FOUND)
            .map_err(|error| error.with_param(field)),
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
    body.cost_center.apply(&mut team.cost_center);
    team.blocked = body.blocked.unwrap_or(team.blocked);
    keep(&mut team.other, body.other);
    team.updated_at = stored_time(app.clock.now());
    team.updated_by = Some(principal.user_id.clone());
    team
}

/// Writes the row. A team that moves to another organization takes with it what it, its members and its keys have spent,
/// though their windows may follow another calendar now; tells of which windows the counters have to hear.
pub(super) async fn write(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    before: &Model,
    after: &Model,
) -> ApiResult<Vec<Correction>> {
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
    if let Some(organization_id) = after.organization_id.as_deref().filter(|_| moves) {
        let members = db::team_member::of_team(transaction, &after.team_id).await?;
        let members = members.into_iter().map(|member| member.user_id).collect();
        organization::join_missing(app, transaction, principal, organization_id, members).await?;
    }
    Windows::carry_all(app, transaction, &windows).await
}
