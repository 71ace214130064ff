//! Teams that people are in because of their groups, and teams of newcomers.

use std::collections::BTreeMap;

use sea_orm::{ActiveModelTrait, DatabaseTransaction, IntoActiveModel};
use tollgate_openapi::limit::LimitPatch;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::patch::Patch;
use tollgate_openapi::team::{Member, MemberRole};
use tollgate_openapi::user::TeamToJoin;

use crate::app::App;
use crate::auth::Principal;
use crate::db::sso_identity::Model as Identity;
use crate::db::{self, JsonMap, Strings};
use crate::domain::sso::Person;
use crate::error::ApiResult;
use crate::management::change::{Change, announce, record};
use crate::management::key;
use crate::management::limit::{self, Wanted};
use crate::management::team::{Joining, join, leave};
use crate::oidc::Provider;

/// What this node must forget once the transaction is committed.
#[derive(Debug, Default)]
pub(in crate::management) struct Moved {
    joined: Vec<String>,
    left: Vec<String>,
    keys: Vec<String>,
}

impl Moved {
    pub(in crate::management) fn extend(&mut self, other: Self) {
        self.joined.extend(other.joined);
        self.left.extend(other.left);
        self.keys.extend(other.keys);
    }

    pub(in crate::management) fn settle(&self, app: &App) {
        self.joined.iter().for_each(|id| announce(app, "team_member", id));
        self.left.iter().for_each(|id| limit::forget(app, limit::TEAM_MEMBER, id));
        key::delete::forget_all(app, &self.keys);
    }
}

/// A team that somebody joins.
#[derive(Clone, Debug)]
pub(in crate::management) struct Entry {
    pub(in crate::management) team_id: String,
    pub(in crate::management) role: MemberRole,
    pub(in crate::management) max_budget: Option<NanoUsd>,
}

/// Teams that everybody joins whom a directory makes.
pub(in crate::management) fn of_configuration(app: &App) -> Vec<Entry> {
    app.settings.config().litellm.default_internal_user_params.teams.iter().map(entry).collect()
}

fn plain(team_id: &str) -> Entry {
    Entry { team_id: team_id.to_owned(), role: MemberRole::User, max_budget: None }
}

fn entry(team: &TeamToJoin) -> Entry {
    match team {
        TeamToJoin::Id(team_id) => plain(team_id),
        TeamToJoin::Terms { team_id, max_budget_in_team, user_role } => {
            Entry { team_id: team_id.clone(), role: *user_role, max_budget: *max_budget_in_team }
        }
    }
}

/// Teams of everybody's first sign-in, each once.
pub(super) fn of_newcomers(app: &App, provider: &Provider) -> Vec<Entry> {
    let configured = of_configuration(app).into_iter();
    let all = configured.chain(provider.settings.default_teams.iter().map(|team_id| plain(team_id)));
    let once: BTreeMap<String, Entry> = all.map(|entry| (entry.team_id.clone(), entry)).collect();
    once.into_values().collect()
}

/// Makes a user a member of each of the teams that exist, in the order in which they come.
pub(in crate::management) async fn join_all(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    user_id: &str,
    teams: Vec<Entry>,
) -> ApiResult<Moved> {
    let mut moved = Moved::default();
    for Entry { team_id, role, max_budget } in teams {
        if db::team::find_for_update(transaction, &team_id).await?.is_none() {
            tracing::warn!(team_id, "somebody was to join a team that does not exist");
            continue;
        }
        let limits = LimitPatch { max_budget: max_budget.map_or(Patch::Absent, Patch::Set), ..LimitPatch::default() };
        let wanted = Wanted { limits, ..Wanted::default() };
        let joining = Joining { team_id: &team_id, wanted, other: JsonMap::default() };
        let member = Member { role, user_id: Some(user_id.to_owned()), user_email: None };
        let joined = join(app, transaction, principal, joining, vec![member]).await?;
        moved.joined.extend(joined.iter().map(db::team_member::Model::scope_id));
    }
    Ok(moved)
}

/// Ends a user's membership in each of the teams, with the keys they have there.
pub(in crate::management) async fn leave_all(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    user_id: &str,
    teams: &[String],
) -> ApiResult<Moved> {
    let mut moved = Moved::default();
    for team_id in teams {
        if let Some(member) = db::team_member::find(transaction, team_id, user_id).await? {
            moved.left.push(member.scope_id());
            moved.keys.extend(leave(app, transaction, principal, vec![member]).await?);
        }
    }
    Ok(moved)
}

/// Brings memberships in line with the groups: joins what they give, and leaves what they gave and give no more. Teams
/// that somebody joined otherwise are left alone.
pub(super) async fn follow(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    provider: &Provider,
    person: &Person,
    identity: &mut Identity,
) -> ApiResult<Moved> {
    let Some(wanted) = person.mapped_teams(&provider.settings) else {
        tracing::warn!(provider = provider.id, "groups are too many to tell: memberships stay as they are");
        return Ok(Moved::default());
    };
    let user_id = identity.user_id.clone();
    let given = std::mem::take(&mut identity.teams.0);
    let gone: Vec<String> = given.iter().filter(|team| !wanted.contains_key(*team)).cloned().collect();
    let mut moved = leave_all(app, transaction, principal, &user_id, &gone).await?;
    let (mut kept, mut new) = (Vec::new(), Vec::new());
    for (team_id, role) in wanted {
        match db::team_member::find(transaction, &team_id, &user_id).await? {
            Some(member) if given.contains(&team_id) => {
                moved.joined.extend(set_role(app, transaction, principal, member, role).await?);
                kept.push(team_id);
            }
            Some(_) => {}
            None => new.push(Entry { team_id, role, max_budget: None }),
        }
    }
    kept.extend(new.iter().map(|entry| entry.team_id.clone()));
    moved.extend(join_all(app, transaction, principal, &user_id, new).await?);
    identity.teams = Strings(kept);
    Ok(moved)
}

/// Gives a member another role in the team; tells the membership that changed.
async fn set_role(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    member: db::team_member::Model,
    role: MemberRole,
) -> ApiResult<Option<String>> {
    if member.role == role.as_str() {
        return Ok(None);
    }
    let id = member.scope_id();
    let (before, after) = (serde_json::json!({"role": member.role}), serde_json::json!({"role": role.as_str()}));
    let mut row = member.into_active_model();
    row.role = sea_orm::Set(role.as_str().to_owned());
    row.update(transaction).await?;
    let change = Change { action: "updated", kind: "team_member", id: &id, before: Some(before), after: Some(after) };
    record(app, transaction, principal, change).await?;
    Ok(Some(id))
}
