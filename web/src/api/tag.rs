//! Tags.

use std::collections::BTreeMap;

use serde_json::Value;
use tollgate_openapi::paths;
use tollgate_openapi::tag::{TagCreate, TagDelete, TagDeleted, TagInfo, TagListQuery, TagPatch, TagView};

use super::{ApiError, Listed, Seen, get_listed, post, post_if};

pub(crate) async fn list(query: TagListQuery) -> Result<Listed<TagView>, ApiError> {
    get_listed(paths::TAG_LIST, &query).await
}

/// One tag; `None` where nobody registered it.
pub(crate) async fn info(name: &str) -> Result<Option<TagView>, ApiError> {
    let mut found: BTreeMap<String, TagView> = post(paths::TAG_INFO, &TagInfo { names: vec![name.to_owned()] }).await?;
    Ok(found.remove(name))
}

pub(crate) async fn create(tag: &TagCreate) -> Result<(), ApiError> {
    let _: Value = post(paths::TAG_NEW, tag).await?;
    Ok(())
}

pub(crate) async fn update(patch: &TagPatch, seen: Seen) -> Result<(), ApiError> {
    let _: Value = post_if(paths::TAG_UPDATE, seen, patch).await?;
    Ok(())
}

pub(crate) async fn delete(name: &str) -> Result<(), ApiError> {
    let _: TagDeleted = post(paths::TAG_DELETE, &TagDelete { name: name.to_owned() }).await?;
    Ok(())
}
