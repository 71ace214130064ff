//! `POST /tag/update`.

use actix_web::web;
use sea_orm::{ActiveModelTrait, IntoActiveModel, Iterable};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::tag::{STORED_FIELDS, TagPatch, TagView};

use super::view::{snapshot, view};
use super::{FIELDS, NOT_FOUND};
use crate::app::App;
use crate::auth::Principal;
use crate::db::tag::{ActiveModel, Column, Model};
use crate::db::{self, Strings, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce, record};
use crate::management::limit::{self, Wanted};
use crate::management::rules::{Problems, keep};
use crate::management::{IfMatch, Json};

/// Change a tag
///
/// Only what is sent changes; `null` clears.
#[utoipa::path(
    post,
    path = paths::TAG_UPDATE,
    operation_id = "tag_update",
    tag = "tag",
    request_body = TagPatch,
    responses(
        (status = 200, description = "The tag as it is now", body = TagView),
        (status = 404, description = "There is no such tag", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    seen: IfMatch,
    body: Json<TagPatch>,
) -> ApiResult<web::Json<TagView>> {
    let mut body = body.0;
    principal.authorize_all(Action::TagWrite)?;
    Problems::of_limited(&body.limits, &body.other, STORED_FIELDS, FIELDS).finish()?;
    let transaction = db::begin(&app.db).await?;
    let found = db::tag::find_for_update(&transaction, &body.name).await?;
    let before = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    seen.check(before.updated_at)?;
    let wanted = Wanted {
        limits: std::mem::take(&mut body.limits),
        budget_id: std::mem::take(&mut body.budget_id),
        spend: None,
    };
    let mut after = patched(before.clone(), body);
    after.updated_at = stored_time(app.clock.now());
    after.updated_by = Some(principal.user_id.clone());
    all_set(after.clone()).update(&transaction).await?;
    let limits = limit::set(&app, &transaction, limit::TAG, &after.name, wanted).await?;
    let change = Change {
        action: "updated",
        kind: "tag",
        id: &after.name,
        before: Some(snapshot(&before, &limits.before)),
        after: Some(snapshot(&after, &limits.after)),
    };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce(&app, "tag", &after.name);
    app.counters.correct(limits.corrections).await;
    Ok(web::Json(view(&app, after).await?))
}

/// The row with every column to be written.
fn all_set(tag: Model) -> ActiveModel {
    let mut row = tag.into_active_model();
    Column::iter().filter(|column| !matches!(column, Column::Name)).for_each(|column| row.reset(column));
    row
}

fn patched(mut tag: Model, body: TagPatch) -> Model {
    body.description.apply(&mut tag.description);
    if !body.models.is_absent() {
        tag.models = Strings(body.models.as_set().cloned().unwrap_or_default());
    }
    keep(&mut tag.other, body.other);
    tag
}
