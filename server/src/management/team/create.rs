//! `POST /team/new`.

use actix_web::web;
use sea_orm::{EntityTrait, IntoActiveModel};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::team::{Member, MemberRole, TeamCreate, TeamView};

use super::view::{snapshot, view};
use super::{Joining, grant, join, rules};
use crate::app::App;
use crate::auth::Principal;
use crate::db::team::{Entity, Model};
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce, record};
use crate::management::limit::{self, Wanted};
use crate::management::rules::keep;
use crate::management::{Json, callback, new_id};
use crate::policy::callback_variables::place_of_team;

/// Make a team
///
/// With its members: users who do not exist yet are made.
#[utoipa::path(
    post,
    path = paths::TEAM_NEW,
    operation_id = "team_new",
    tag = "team",
    request_body = TeamCreate,
    responses(
        (status = 200, description = "The new team", body = TeamView),
        (status = 400, description = "The id exists already", body = ErrorEnvelope),
    ),
)]
pub async fn new(app: web::Data<App>, principal: Principal, body: Json<TeamCreate>) -> ApiResult<web::Json<TeamView>> {
    let mut body = body.0;
    let relations = principal.relations(None, None, body.organization_id.as_deref());
    let allowed = principal.authorize_on(Action::TeamCreate, &relations, "Not found.");
    allowed.map_err(|refusal| match principal.memberships.administers_any() {
        true => ApiError::forbidden("organization_id: expected an organization that you administer")
            .with_param("organization_id"),
        false => refusal,
    })?;
    rules::check_gateways(&principal, false, !body.budget_id.is_absent())?;
    rules::check_create(&body)?;
    let wanted = Wanted {
        limits: std::mem::take(&mut body.limits),
        budget_id: std::mem::take(&mut body.budget_id),
        spend: None,
    };
    let members = members_of(&mut body);
    let mut team = new_row(&app, &principal, body);
    callback::seal(&app, &place_of_team(&team.team_id), &mut team.metadata, None)?;
    let transaction = db::begin(&app.db).await?;
    if let Some(organization_id) = &team.organization_id {
        rules::check_organization(&transaction, organization_id).await?;
    }
    let inserted = Entity::insert(team.clone().into_active_model()).exec_without_returning(&transaction).await;
    inserted.map_err(|error| exists(error, &team.team_id))?;
    let limits = limit::set(&app, &transaction, limit::TEAM, &team.team_id, wanted).await?;
    rules::check_soft_budget(&limits.after)?;
    grant::check_within_organization(&transaction, &team, &limits.after).await?;
    let after = Some(snapshot(&team, &limits.after));
    let change = Change { action: "created", kind: "team", id: &team.team_id, before: None, after };
    record(&app, &transaction, &principal, change).await?;
    let joining = Joining { team_id: &team.team_id, wanted: Wanted::default(), other: JsonMap::default() };
    let joined = join(&app, &transaction, &principal, joining, members).await?;
    transaction.commit().await?;
    announce(&app, "team", &team.team_id);
    joined.iter().for_each(|member| announce(&app, "team_member", &member.scope_id()));
    Ok(web::Json(view(&app, team).await?))
}

/// Everybody that the body names, in each of LiteLLM's forms.
fn members_of(body: &mut TeamCreate) -> Vec<Member> {
    let of =
        |ids: Vec<String>, role| ids.into_iter().map(move |id| Member { role, user_id: Some(id), user_email: None });
    let mut members = std::mem::take(&mut body.members_with_roles);
    members.extend(of(std::mem::take(&mut body.admins), MemberRole::Admin));
    members.extend(of(std::mem::take(&mut body.members), MemberRole::User));
    members
}

fn new_row(app: &App, principal: &Principal, body: TeamCreate) -> Model {
    let now = stored_time(app.clock.now());
    let mut team = Model {
        team_id: body.team_id.unwrap_or_else(new_id),
        team_alias: body.team_alias,
        organization_id: body.organization_id,
        models: Strings(body.models),
        metadata: JsonMap(body.metadata),
        other: JsonMap::default(),
        blocked: body.blocked.unwrap_or(false),
        cost_center: body.cost_center,
        created_at: now,
        created_by: Some(principal.user_id.clone()),
        updated_at: now,
        updated_by: Some(principal.user_id.clone()),
    };
    keep(&mut team.other, body.other);
    team
}

fn exists(error: sea_orm::DbErr, team_id: &str) -> ApiError {
    match db::violation(&error) {
        Some(db::Violation::TeamId) => {
            ApiError::bad_request("team_id", format!("A team with the id '{team_id}' exists already."))
        }
        _ => error.into(),
    }
}
