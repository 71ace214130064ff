//! Teams and their members.

pub mod block;
pub mod callback;
pub mod create;
pub mod delete;
mod grant;
mod group;
mod join;
pub mod member_add;
pub mod member_delete;
pub mod member_update;
pub mod read;
mod rules;
pub mod update;
pub(super) mod view;

use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Relation;

pub(super) use group::{make_for_group, rename};
pub(super) use join::{Joining, join, leave};

/// What refusals call a team that does not exist, or not for the caller.
pub(super) const NOT_FOUND: &str = "Team not found.";
/// Members shown of a page of teams.
const MEMBERS_SHOWN_MAX: u64 = 10_000;

/// How the caller stands to a team.
pub(super) fn relations_to(principal: &Principal, team: Option<&db::team::Model>) -> Vec<Relation> {
    match team {
        Some(team) => principal.relations(None, Some(&team.team_id), team.organization_id.as_deref()),
        None => Vec::new(),
    }
}
