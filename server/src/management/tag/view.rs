//! Tags as they are shown.

use serde_json::Value;
use tollgate_openapi::tag::TagView;

use crate::app::App;
use crate::db::limit::Model as Limit;
use crate::db::tag::Model;
use crate::error::{ApiError, ApiResult};
use crate::management::limit::Limited;
use crate::management::{change, limit};

/// Shows one tag.
pub(super) async fn view(app: &App, tag: Model) -> ApiResult<TagView> {
    let views = views(app, vec![tag]).await?;
    views.into_iter().next().ok_or_else(|| ApiError::internal("a tag was shown as none"))
}

/// Shows tags with their limits and spend, in a few queries however many there are.
pub(super) async fn views(app: &App, tags: Vec<Model>) -> ApiResult<Vec<TagView>> {
    let ids: Vec<String> = tags.iter().map(|tag| tag.name.clone()).collect();
    let mut limited = limit::limited_views(app, &app.db, limit::TAG, &ids).await?;
    let shown = tags.into_iter().map(|tag| {
        let limited = limited.remove(&tag.name).unwrap_or_default();
        show(tag, limited)
    });
    Ok(shown.collect())
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
