//! `GET /key/aliases`.

use actix_web::web;
use tollgate_openapi::key::{KeyAliasQuery, KeyAliases};
use tollgate_openapi::paths;

use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::management::{Query, page_of};

/// In which order the list is.
const ORDER: &str = "key aliases";

/// List names of keys
///
/// Those the caller may see, in their order.
#[utoipa::path(
    get,
    path = paths::KEY_ALIASES,
    operation_id = "key_aliases",
    tag = "key",
    params(KeyAliasQuery),
    responses(
        (status = 200, description = "A page of names", body = KeyAliases),
    ),
)]
pub async fn aliases(
    app: web::Data<App>,
    principal: Principal,
    query: Query<KeyAliasQuery>,
) -> ApiResult<web::Json<KeyAliases>> {
    let KeyAliasQuery { page, size, search, team_id, cursor } = query.0;
    principal.authorize_list(Action::KeyRead)?;
    let page = page_of(ORDER, page, size, cursor.as_deref())?;
    let found = db::key::aliases(&app.db, &principal.scope(), search.as_deref(), team_id.as_deref(), &page).await?;
    Ok(web::Json(KeyAliases {
        aliases: found.rows.into_iter().filter_map(|key| key.key_alias).collect(),
        total_count: found.total,
        current_page: found.page,
        total_pages: found.total.div_ceil(size),
        size,
        next_cursor: found.next.map(|next| next.to_string()),
    }))
}
