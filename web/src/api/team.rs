//! Teams.

use serde_json::Value;
use tollgate_openapi::paths;
use tollgate_openapi::team::{
    TeamBlock, TeamCreate, TeamDelete, TeamInfo, TeamInfoQuery, TeamListQuery, TeamMemberAdd, TeamMemberDelete,
    TeamMemberPatch, TeamMembership, TeamPage, TeamPatch, TeamView, TeamsDeleted,
};

use super::{ApiError, Listed, Seen, get, post, post_if};

pub(crate) async fn list(query: TeamListQuery) -> Result<Listed<TeamView>, ApiError> {
    let page: TeamPage = get(paths::TEAM_LIST_PAGE, &query).await?;
    Ok(Listed { rows: page.teams, total: page.total })
}

/// One team with its members; of its keys none, for they have a list of their own.
pub(crate) async fn info(id: &str) -> Result<TeamInfo, ApiError> {
    get(paths::TEAM_INFO, &TeamInfoQuery { team_id: id.to_owned(), key_limit: Some(0) }).await
}

pub(crate) async fn create(team: &TeamCreate) -> Result<(), ApiError> {
    let _: Value = post(paths::TEAM_NEW, team).await?;
    Ok(())
}

pub(crate) async fn update(patch: &TeamPatch, seen: Seen) -> Result<(), ApiError> {
    let _: Value = post_if(paths::TEAM_UPDATE, seen, patch).await?;
    Ok(())
}

pub(crate) async fn set_blocked(id: &str, is_blocked: bool) -> Result<(), ApiError> {
    let path = if is_blocked { paths::TEAM_BLOCK } else { paths::TEAM_UNBLOCK };
    let _: Value = post(path, &TeamBlock { team_id: id.to_owned() }).await?;
    Ok(())
}

pub(crate) async fn delete(id: &str) -> Result<(), ApiError> {
    let _: TeamsDeleted = post(paths::TEAM_DELETE, &TeamDelete { team_ids: vec![id.to_owned()] }).await?;
    Ok(())
}

/// Its first members, with their limits within the team.
pub(crate) async fn members(id: &str) -> Result<Vec<TeamMembership>, ApiError> {
    Ok(info(id).await?.team_memberships)
}

pub(crate) async fn add_member(member: &TeamMemberAdd) -> Result<(), ApiError> {
    let _: Value = post(paths::TEAM_MEMBER_ADD, member).await?;
    Ok(())
}

pub(crate) async fn update_member(patch: &TeamMemberPatch) -> Result<(), ApiError> {
    let _: Value = post(paths::TEAM_MEMBER_UPDATE, patch).await?;
    Ok(())
}

pub(crate) async fn remove_member(team_id: &str, user_id: &str) -> Result<(), ApiError> {
    let (team_id, user_id) = (team_id.to_owned(), Some(user_id.to_owned()));
    let _: Value = post(paths::TEAM_MEMBER_DELETE, &TeamMemberDelete { team_id, user_id, user_email: None }).await?;
    Ok(())
}
