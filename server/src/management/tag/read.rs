//! `POST /tag/info` and `GET /tag/list`.

use std::collections::BTreeMap;

use actix_web::web;
use tollgate_openapi::paths;
use tollgate_openapi::tag::{TagInfo, TagListQuery, TagView};

use super::view::views;
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::{Json, Listed, Query, listed, page_of};

/// Show tags
///
/// Those of the names that are registered, by name.
#[utoipa::path(
    post,
    path = paths::TAG_INFO,
    operation_id = "tag_info",
    tag = "tag",
    request_body = TagInfo,
    responses(
        (status = 200, description = "The tags by name", body = BTreeMap<String, TagView>),
    ),
)]
pub async fn info(
    app: web::Data<App>,
    principal: Principal,
    body: Json<TagInfo>,
) -> ApiResult<web::Json<BTreeMap<String, TagView>>> {
    principal.authorize_all(Action::TagRead)?;
    let found = db::tag::find_many(&app.db, &body.0.names).await?;
    let shown = views(&app, found).await?.into_iter().map(|tag| (tag.name.clone(), tag));
    Ok(web::Json(shown.collect()))
}

/// List tags
///
/// In the order of their names.
#[utoipa::path(
    get,
    path = paths::TAG_LIST,
    operation_id = "tag_list",
    tag = "tag",
    params(TagListQuery),
    responses(
        (status = 200, description = "A page of tags; `x-total-count` says how many there are",
            body = Vec<TagView>),
    ),
)]
pub async fn list(app: web::Data<App>, principal: Principal, query: Query<TagListQuery>) -> ApiResult<Listed<TagView>> {
    principal.authorize_all(Action::TagRead)?;
    let page = page_of("tags", query.0.page, query.0.page_size, query.0.cursor.as_deref())?;
    let found = db::tag::list(&app.db, query.0.search.as_deref(), &page).await?;
    Ok(listed(views(&app, found.rows).await?, found.total, found.next))
}
