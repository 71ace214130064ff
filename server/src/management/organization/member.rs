//! Users who join and leave organizations.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, ModelTrait};
use serde_json::Value;
use tollgate_openapi::limit::LimitPatch;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::organization::{OrganizationMember, OrganizationMembership, OrganizationRole};
use tollgate_openapi::patch::Patch;

use crate::app::App;
use crate::auth::Principal;
use crate::db::daily_entity_spend::Days;
use crate::db::key::Owner;
use crate::db::limit::Model as Limit;
use crate::db::organization_member::{Entity, Model};
use crate::db::usage::{self, Dimension, Of};
use crate::db::{self, Scope, stored_time};
use crate::error::{ApiError, ApiResult};
use crate::management::change::{self, Change, record};
use crate::management::limit::{self, Changed, Limited, ORGANIZATION_MEMBER, Wanted};
use crate::management::rules::Problems;
use crate::management::user::{self, Named};
use crate::management::{key, team};

/// Members shown with an organization.
pub(super) const MEMBERS_SHOWN_MAX: u64 = 1000;

/// Makes users members of an organization, in its transaction. Those who do not exist yet are made.
pub(super) async fn join(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    organization_id: &str,
    limits: &LimitPatch,
    members: Vec<OrganizationMember>,
) -> ApiResult<Vec<Model>> {
    let mut joined = Vec::with_capacity(members.len());
    for member in members {
        let named = Named { user_id: member.user_id.as_deref(), user_email: member.user_email.as_deref() };
        let user = user::find_or_make(app, transaction, principal, named, Some(organization_id)).await?;
        let row = new_row(app, organization_id, user.user_id, member.role);
        let inserted = Entity::insert(row.clone().into_active_model()).exec_without_returning(transaction).await;
        inserted.map_err(|error| already_in(error, &row))?;
        let limits = set_limits(app, transaction, &row, limits.clone()).await?;
        record_created(app, transaction, principal, (&row, &limits.after)).await?;
        joined.push(row);
    }
    Ok(joined)
}

/// Makes those of the users members who are none yet: whoever is in a team of an organization is a member of it.
pub(in crate::management) async fn join_missing(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    organization_id: &str,
    user_ids: Vec<String>,
) -> ApiResult<()> {
    let rows = user_ids.into_iter().map(|id| new_row(app, organization_id, id, OrganizationRole::InternalUser));
    for row in db::organization_member::add_missing(transaction, rows.collect()).await? {
        let limits = limit::own(app, transaction, ORGANIZATION_MEMBER, &row.scope_id()).await?;
        record_created(app, transaction, principal, (&row, &limits)).await?;
    }
    Ok(())
}

/// The limits that a body asks for.
pub(super) fn limits(max_budget: Patch<NanoUsd>, budget_duration: Patch<String>) -> ApiResult<LimitPatch> {
    let limits = LimitPatch { max_budget, budget_duration, ..LimitPatch::default() };
    Problems::of_limited(&limits, &BTreeMap::new(), &[], &[]).finish()?;
    Ok(limits)
}

/// Limits what a member may use in the organization. Spend was not counted for somebody without limits: a budget that
/// has no windows begins with what the days' sums say.
pub(super) async fn set_limits(
    app: &App,
    transaction: &DatabaseTransaction,
    member: &Model,
    limits: LimitPatch,
) -> ApiResult<Changed> {
    let id = member.scope_id();
    let before = limit::own(app, transaction, ORGANIZATION_MEMBER, &id).await?;
    let is_first = before.max_budget.is_none() && limits.max_budget.as_set().is_some();
    let has_windows = match &limits.budget_duration {
        Patch::Absent => before.budget_duration.is_some(),
        Patch::Clear => false,
        Patch::Set(_) => true,
    };
    let spend = match is_first && !has_windows {
        true => Some(spent_ever(app, transaction, member).await?),
        false => None,
    };
    limit::set(app, transaction, ORGANIZATION_MEMBER, &id, Wanted { limits, budget_id: Patch::Absent, spend }).await
}

async fn spent_ever(app: &App, transaction: &DatabaseTransaction, member: &Model) -> ApiResult<NanoUsd> {
    let filters = vec![(Dimension::Organization, &*member.organization_id), (Dimension::User, &*member.user_id)];
    let ever = Days { first: NaiveDate::default(), last: app.clock.now().date_naive() };
    let by_day = usage::by_day(transaction, &Of { scope: &Scope::All, filters }, ever).await?;
    Ok(by_day.iter().map(|(_, sums)| NanoUsd(sums.spend)).sum())
}

/// What went with a member.
#[derive(Debug, Default)]
pub(in crate::management) struct Gone {
    /// Hashes of keys.
    pub(in crate::management) keys: Vec<String>,
    /// Memberships in teams, `team_id/user_id`.
    pub(in crate::management) team_members: Vec<String>,
    /// The membership itself.
    pub(in crate::management) member: String,
}

/// Ends a membership, in its transaction: with the user's memberships in the organization's teams, and the keys that
/// they have in those and in the organization.
pub(super) async fn leave(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    member: Model,
) -> ApiResult<Gone> {
    let teams = db::team::ids_of_organization(transaction, &member.organization_id).await?;
    let mut in_teams = db::team_member::of_user(transaction, &member.user_id).await?;
    in_teams.retain(|one| teams.contains(&one.team_id));
    let team_members = in_teams.iter().map(db::team_member::Model::scope_id).collect();
    let mut keys = team::leave(app, transaction, principal, in_teams).await?;
    let owner = Owner::OrganizationMember { organization_id: &member.organization_id, user_id: &member.user_id };
    let own = db::key::all_for_update(transaction, owner).await?;
    keys.extend(key::delete::delete_all(app, transaction, principal, &own).await?);
    let member = record_deleted(app, transaction, principal, member).await?;
    Ok(Gone { keys, team_members, member })
}

/// Deletes a membership alone, with its limits; tells its id, for [`limit::forget`].
pub(in crate::management) async fn record_deleted(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    member: Model,
) -> ApiResult<String> {
    let id = member.scope_id();
    let limits = limit::remove(app, transaction, ORGANIZATION_MEMBER, &id).await?;
    let before = Some(snapshot(&member, &limits));
    member.delete(transaction).await?;
    let change = Change { action: "deleted", kind: "organization_member", id: &id, before, after: None };
    record(app, transaction, principal, change).await?;
    Ok(id)
}

async fn record_created(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    (row, limits): (&Model, &Limit),
) -> ApiResult<()> {
    let (id, after) = (row.scope_id(), Some(snapshot(row, limits)));
    let change = Change { action: "created", kind: "organization_member", id: &id, before: None, after };
    record(app, transaction, principal, change).await
}

fn new_row(app: &App, organization_id: &str, user_id: String, role: OrganizationRole) -> Model {
    Model {
        organization_id: organization_id.to_owned(),
        user_id,
        user_role: role.as_str().to_owned(),
        created_at: stored_time(app.clock.now()),
    }
}

/// The member that a body names by id or e-mail address.
pub(super) async fn find_named(
    db: &impl ConnectionTrait,
    organization_id: &str,
    user_id: Option<&str>,
    user_email: Option<&str>,
) -> ApiResult<Model> {
    let found = match user::id_of(db, user_id, user_email).await? {
        Some(user_id) => db::organization_member::find(db, organization_id, &user_id).await?,
        None => None,
    };
    let field = if user_email.is_some() { "user_email" } else { "user_id" };
    found.ok_or_else(|| ApiError::bad_request(field, "The user is not in the organization."))
}

/// Shows memberships.
pub(super) async fn views(app: &App, members: Vec<Model>) -> ApiResult<Vec<OrganizationMembership>> {
    let ids: Vec<String> = members.iter().map(|member| member.user_id.clone()).collect();
    let users = db::user::find_many(&app.db, &ids).await?;
    let mut emails: std::collections::HashMap<_, _> =
        users.into_iter().map(|user| (user.user_id, user.user_email)).collect();
    let scopes: Vec<String> = members.iter().map(Model::scope_id).collect();
    let mut limited = limit::limited_views(app, &app.db, ORGANIZATION_MEMBER, &scopes).await?;
    let shown = members.into_iter().map(|member| {
        let email = emails.remove(&member.user_id).flatten();
        let limited = limited.remove(&member.scope_id()).unwrap_or_default();
        show(member, email, limited)
    });
    Ok(shown.collect())
}

/// A membership as the audit chain keeps it.
pub(super) fn snapshot(member: &Model, limits: &Limit) -> Value {
    change::snapshot(&show(member.clone(), None, Limited::unspent(limits.clone())))
}

fn show(member: Model, user_email: Option<String>, limited: Limited) -> OrganizationMembership {
    OrganizationMembership {
        user_role: OrganizationRole::from_name(&member.user_role),
        organization_id: member.organization_id,
        user_id: member.user_id,
        user_email,
        limits: limited.limits,
        standing: limited.standing,
        created_at: member.created_at,
    }
}

fn already_in(error: sea_orm::DbErr, member: &Model) -> ApiError {
    match db::violation(&error) {
        Some(db::Violation::OrganizationMember) => {
            let message = format!("The user '{}' is in the organization already.", member.user_id);
            ApiError::new(StatusCode::BAD_REQUEST, "organization_member_already_in_organization", message)
                .with_param("user_id")
        }
        _ => error.into(),
    }
}
