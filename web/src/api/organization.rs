//! Organizations.

use gloo_net::http::Request;
use serde_json::Value;
use tollgate_openapi::organization::{
    OrganizationCreate, OrganizationDelete, OrganizationInfo, OrganizationInfoQuery, OrganizationListQuery,
    OrganizationMemberAdd, OrganizationMemberDelete, OrganizationMemberPatch, OrganizationMembership,
    OrganizationPatch, OrganizationView,
};
use tollgate_openapi::paths;

use super::{ApiError, Listed, Seen, get, get_listed, only_if, post, send};

pub(crate) async fn list(query: OrganizationListQuery) -> Result<Listed<OrganizationView>, ApiError> {
    get_listed(paths::ORGANIZATION_LIST, &query).await
}

pub(crate) async fn info(id: &str) -> Result<OrganizationInfo, ApiError> {
    get(paths::ORGANIZATION_INFO, &OrganizationInfoQuery { organization_id: id.to_owned() }).await
}

pub(crate) async fn create(organization: &OrganizationCreate) -> Result<(), ApiError> {
    let _: Value = post(paths::ORGANIZATION_NEW, organization).await?;
    Ok(())
}

pub(crate) async fn update(patch: &OrganizationPatch, seen: Seen) -> Result<(), ApiError> {
    let _: Value = send(only_if(Request::patch(paths::ORGANIZATION_UPDATE), seen), patch).await?;
    Ok(())
}

pub(crate) async fn delete(id: &str) -> Result<(), ApiError> {
    let body = OrganizationDelete { organization_ids: vec![id.to_owned()] };
    let _: Value = send(Request::delete(paths::ORGANIZATION_DELETE), &body).await?;
    Ok(())
}

/// Its first members.
pub(crate) async fn members(id: &str) -> Result<Vec<OrganizationMembership>, ApiError> {
    Ok(info(id).await?.members)
}

pub(crate) async fn add_member(member: &OrganizationMemberAdd) -> Result<(), ApiError> {
    let _: Value = post(paths::ORGANIZATION_MEMBER_ADD, member).await?;
    Ok(())
}

pub(crate) async fn update_member(patch: &OrganizationMemberPatch) -> Result<(), ApiError> {
    let _: Value = send(Request::patch(paths::ORGANIZATION_MEMBER_UPDATE), patch).await?;
    Ok(())
}

pub(crate) async fn remove_member(organization_id: &str, user_id: &str) -> Result<(), ApiError> {
    let (organization_id, user_id) = (organization_id.to_owned(), Some(user_id.to_owned()));
    let body = OrganizationMemberDelete { organization_id, user_id, user_email: None };
    let _: Value = send(Request::delete(paths::ORGANIZATION_MEMBER_DELETE), &body).await?;
    Ok(())
}
