//! `POST /tag/new`.

use actix_web::web;
use sea_orm::{EntityTrait, IntoActiveModel};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::tag::{STORED_FIELDS, TagCreate, TagView};

use super::FIELDS;
use super::view::{snapshot, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db::tag::{Entity, Model};
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, announce, record};
use crate::management::limit::{self, Wanted};
use crate::management::rules::{Problems, keep};

/// Register a tag
///
/// Calls that carry it are charged to it from now on.
#[utoipa::path(
    post,
    path = paths::TAG_NEW,
    operation_id = "tag_new",
    tag = "tag",
    request_body = TagCreate,
    responses(
        (status = 200, description = "The new tag", body = TagView),
        (status = 400, description = "The tag is registered already", body = ErrorEnvelope),
    ),
)]
pub async fn new(app: web::Data<App>, principal: Principal, body: Json<TagCreate>) -> ApiResult<web::Json<TagView>> {
    let mut body = body.0;
    principal.authorize_all(Action::TagWrite)?;
    Problems::of_limited(&body.limits, &body.other, STORED_FIELDS, FIELDS).finish()?;
    let wanted = Wanted {
        limits: std::mem::take(&mut body.limits),
        budget_id: std::mem::take(&mut body.budget_id),
        spend: None,
    };
    let tag = new_row(&app, &principal, body);
    let transaction = db::begin(&app.db).await?;
    let inserted = Entity::insert(tag.clone().into_active_model()).exec_without_returning(&transaction).await;
    inserted.map_err(|error| exists(error, &tag.name))?;
    let limits = limit::set(&app, &transaction, limit::TAG, &tag.name, wanted).await?;
    let after = Some(snapshot(&tag, &limits.after));
    let change = Change { action: "created", kind: "tag", id: &tag.name, before: None, after };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce(&app, "tag", &tag.name);
    Ok(web::Json(view(&app, tag).await?))
}

fn new_row(app: &App, principal: &Principal, body: TagCreate) -> Model {
    let now = stored_time(app.clock.now());
    let mut tag = Model {
        name: body.name,
        description: body.description,
        models: Strings(body.models),
        other: JsonMap::default(),
        created_at: now,
        created_by: Some(principal.user_id.clone()),
        updated_at: now,
        updated_by: Some(principal.user_id.clone()),
    };
    keep(&mut tag.other, body.other);
    tag
}

fn exists(error: sea_orm::DbErr, name: &str) -> ApiError {
    match db::violation(&error) {
        Some(db::Violation::TagName) => ApiError::bad_request("name", format!("A tag '{name}' exists already.")),
        _ => error.into(),
    }
}
