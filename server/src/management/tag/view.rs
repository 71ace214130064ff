//! Tags as they are shown.

use serde_json::Value;
use tollgate_openapi::tag::TagView;

use crate::app::App;
use crate::db::limit::Model as Limit;
use crate::db::tag::Model;
use crate::error::ApiResult;
use crate::management::limit::Limited;
use crate::management::{change, limit, only};

/// Shows one tag.
pub(super) async fn view(app: &App, tag: Model) -> ApiResult<TagView> {
    only(views(app, vec![tag]).await?)
}

/// Shows tags with their limits and spend, in a few queries however many there are.
pub(super) async fn views(app: &App, tags: Vec<Model>) -> ApiResult<Vec<TagView>> {
    limit::show_limited(app, limit::TAG, tags, |tag| &tag.name, show).await
}

/// A tag as the audit chain keeps it.
pub(super) fn snapshot(tag: &Model, limits: &Limit) -> Value {
    change::snapshot(&show(tag.clone(), Limited::unspent(limits.clone())))
}

fn show(tag: Model, limited: Limited) -> TagView {
    TagView {
        name: tag.name,
        description: tag.description,
        models: tag.models.0,
        limits: limited.limits,
        standing: limited.standing,
        created_at: tag.created_at,
        created_by: tag.created_by,
        updated_at: tag.updated_at,
        updated_by: tag.updated_by,
        other: tag.other.0.into_iter().collect(),
    }
}
