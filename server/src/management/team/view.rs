//! Teams and memberships as they are shown.

use std::collections::HashMap;

use serde_json::Value;
use tollgate_openapi::team::{MemberRole, MemberView, TeamMembership, TeamView};

use super::MEMBERS_SHOWN_MAX;
use crate::app::App;
use crate::db;
use crate::db::limit::Model as Limit;
use crate::db::team::Model;
use crate::db::team_member::Model as Membership;
use crate::error::ApiResult;
use crate::management::limit::Limited;
use crate::management::{callback, change, limit, only};

/// What is known of a team besides its row.
#[derive(Debug, Default)]
struct Known {
    members: Vec<MemberView>,
    members_count: u64,
    keys_count: u64,
    limited: Limited,
}

/// Shows one team.
pub(super) async fn view(app: &App, team: Model) -> ApiResult<TeamView> {
    only(views(app, vec![team]).await?)
}

/// Shows teams with their members, limits and spend, in a few queries however many there are.
pub(in crate::management) async fn views(app: &App, teams: Vec<Model>) -> ApiResult<Vec<TeamView>> {
    let ids: Vec<String> = teams.iter().map(|team| team.team_id.clone()).collect();
    let mut known: HashMap<String, Known> = HashMap::new();
    for (id, limited) in limit::limited_views(app, &app.db, limit::TEAM, &ids).await? {
        known.entry(id).or_default().limited = limited;
    }
    let memberships = db::team_member::of_teams(&app.db, &ids, Some(MEMBERS_SHOWN_MAX)).await?;
    let emails = emails(app, &memberships).await?;
    for member in memberships {
        let email = emails.get(&member.user_id).cloned();
        let shown =
            MemberView { role: MemberRole::from_name(&member.role), user_id: member.user_id, user_email: email };
        known.entry(member.team_id).or_default().members.push(shown);
    }
    for (id, count) in db::team_member::count_by_team(&app.db, &ids).await? {
        known.entry(id).or_default().members_count = count.unsigned_abs();
    }
    for (id, count) in db::key::count_by_team(&app.db, &ids).await? {
        known.entry(id).or_default().keys_count = count.unsigned_abs();
    }
    let shown = teams.into_iter().map(|team| {
        let known = known.remove(&team.team_id).unwrap_or_default();
        show(team, known)
    });
    Ok(shown.collect())
}

/// Shows memberships with their limits and spend.
pub(super) async fn memberships(app: &App, members: Vec<Membership>) -> ApiResult<Vec<TeamMembership>> {
    let ids: Vec<String> = members.iter().map(Membership::scope_id).collect();
    let mut limited = limit::limited_views(app, &app.db, limit::TEAM_MEMBER, &ids).await?;
    let emails = emails(app, &members).await?;
    let shown = members.into_iter().map(|member| {
        let (id, email) = (member.scope_id(), emails.get(&member.user_id).cloned());
        membership(member, email, limited.remove(&id).unwrap_or_default())
    });
    Ok(shown.collect())
}

fn membership(member: Membership, user_email: Option<String>, limited: Limited) -> TeamMembership {
    TeamMembership {
        role: MemberRole::from_name(&member.role),
        team_id: member.team_id,
        user_id: member.user_id,
        user_email,
        limits: limited.limits,
        standing: limited.standing,
        other: member.other.0.into_iter().collect(),
    }
}

async fn emails(app: &App, members: &[Membership]) -> ApiResult<HashMap<String, String>> {
    let mut ids: Vec<String> = members.iter().map(|member| member.user_id.clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    let users = db::user::find_many(&app.db, &ids).await?;
    Ok(users.into_iter().filter_map(|user| Some((user.user_id, user.user_email?))).collect())
}

/// A team as the audit chain keeps it: its settings; members have rows of their own.
pub(super) fn snapshot(team: &Model, limits: &Limit) -> Value {
    let known = Known { limited: Limited::unspent(limits.clone()), ..Known::default() };
    let mut shown = change::snapshot(&show(team.clone(), known));
    callback::mark(&mut shown, &team.metadata);
    if let Some(fields) = shown.as_object_mut() {
        ["members_with_roles", "members_count", "keys_count"].into_iter().for_each(|name| drop(fields.remove(name)));
    }
    shown
}

fn show(team: Model, known: Known) -> TeamView {
    TeamView {
        team_id: team.team_id,
        team_alias: team.team_alias,
        organization_id: team.organization_id,
        models: team.models.0,
        metadata: callback::masked(team.metadata.0),
        blocked: team.blocked,
        cost_center: team.cost_center,
        members_with_roles: known.members,
        members_count: known.members_count,
        keys_count: known.keys_count,
        limits: known.limited.limits,
        standing: known.limited.standing,
        created_at: team.created_at,
        created_by: team.created_by,
        updated_at: team.updated_at,
        updated_by: team.updated_by,
        other: team.other.0.into_iter().collect(),
    }
}

/// A membership as the audit chain keeps it.
pub(super) fn member_snapshot(member: &Membership, limits: &Limit) -> Value {
    change::snapshot(&membership(member.clone(), None, Limited::unspent(limits.clone())))
}
