//! `POST /alert/channel/update`.

use actix_web::web;
use sea_orm::{ActiveModelTrait, IntoActiveModel, Iterable};
use tollgate_openapi::alert::{AlertChannel, AlertChannelPatch, ChannelKind};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::patch::Patch;
use tollgate_openapi::paths;

use super::create::{names, stored_hours};
use super::rules::{Leads, authorize, check_zone, seal};
use super::{KIND, NOT_FOUND, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db::alert_channel::{ActiveModel, Column, Model};
use crate::db::{self, Strings, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, record};
use crate::management::{IfMatch, Json};

/// Change or mute a channel
///
/// Only what is sent changes; `null` clears. Of a configured channel only `muted_until` can be changed here.
#[utoipa::path(
    post,
    path = paths::ALERT_CHANNEL_UPDATE,
    operation_id = "alert_channel_update",
    tag = "alert",
    request_body = AlertChannelPatch,
    responses(
        (status = 200, description = "The channel as it is now", body = AlertChannel),
        (status = 400, description = "A channel of its kind has no such thing, or it is configured", body = ErrorEnvelope),
        (status = 404, description = "There is no such channel", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    seen: IfMatch,
    body: Json<AlertChannelPatch>,
) -> ApiResult<web::Json<AlertChannel>> {
    let body = body.0;
    let transaction = db::begin(&app.db).await?;
    let found = db::alert_channel::find_for_update(&transaction, &body.channel_id).await?;
    let Some(before) = found else {
        transaction.rollback().await?;
        return mute_configured(&app, &principal, body).await;
    };
    let of = (before.organization_id.as_deref(), before.team_id.as_deref());
    authorize(&transaction, &principal, Action::AlertWrite, of).await?;
    seen.check(before.updated_at)?;
    check_zone(body.quiet_hours.as_set())?;
    let muted_until = body.muted_until.clone();
    let mut after = patched(&app, before.clone(), body)?;
    after.updated_at = stored_time(app.clock.now());
    after.updated_by = Some(principal.user_id.clone());
    all_set(after.clone()).update(&transaction).await?;
    mute(&transaction, &after.channel_id, muted_until.clone()).await?;
    let change = Change {
        action: "updated",
        kind: KIND,
        id: &after.channel_id,
        before: view::snapshot(&app, &before),
        after: view::snapshot(&app, &after).map(|shown| with_muting(shown, &muted_until)),
    };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    Ok(web::Json(view::of_row(&app, after).await?))
}

/// What a channel became, with until when it is muted where that was changed.
fn with_muting(mut shown: serde_json::Value, until: &Patch<chrono::DateTime<chrono::Utc>>) -> serde_json::Value {
    if let Some(members) = shown.as_object_mut().filter(|_| !until.is_absent()) {
        members.insert("muted_until".to_owned(), serde_json::json!(until));
    }
    shown
}

async fn mute(
    db: &impl sea_orm::ConnectionTrait,
    channel_id: &str,
    until: Patch<chrono::DateTime<chrono::Utc>>,
) -> ApiResult<()> {
    if !until.is_absent() {
        db::alert_channel_state::set_muted(db, channel_id, until.as_set().map(|until| stored_time(*until))).await?;
    }
    Ok(())
}

/// Mutes a configured channel: all else of it is a matter of the settings.
async fn mute_configured(
    app: &App,
    principal: &Principal,
    body: AlertChannelPatch,
) -> ApiResult<web::Json<AlertChannel>> {
    principal.authorize_on(Action::AlertWrite, &[], NOT_FOUND)?;
    let configured = app.alerts.configured().into_iter().find(|channel| channel.id == body.channel_id);
    let mut channel = configured.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    let muting = AlertChannelPatch {
        channel_id: body.channel_id.clone(),
        muted_until: body.muted_until.clone(),
        ..AlertChannelPatch::default()
    };
    if body != muting {
        let expected = "This channel is configured: change general_settings.alerting and what goes with it.";
        return Err(ApiError::bad_request("channel_id", expected));
    }
    let transaction = db::begin(&app.db).await?;
    mute(&transaction, &channel.id, body.muted_until.clone()).await?;
    let after = Some(serde_json::json!({ "muted_until": body.muted_until }));
    let change = Change { action: "updated", kind: KIND, id: &channel.id, before: None, after };
    record(app, &transaction, principal, change).await?;
    transaction.commit().await?;
    let state = db::alert_channel_state::find(&app.db, &channel.id).await?;
    channel.muted_until = state.as_ref().and_then(|state| state.muted_until);
    Ok(web::Json(view::show(channel, state)))
}

/// The row with every column to be written.
fn all_set(channel: Model) -> ActiveModel {
    let mut row = channel.into_active_model();
    Column::iter().filter(|column| !matches!(column, Column::ChannelId)).for_each(|column| row.reset(column));
    row
}

fn patched(app: &App, mut row: Model, body: AlertChannelPatch) -> ApiResult<Model> {
    let kind = ChannelKind::named(&row.kind);
    let leads = Leads { url: body.url, routing_key: body.routing_key, email_to: body.email_to.unwrap_or_default() };
    let wrong = |field: &'static str| {
        Err(ApiError::bad_request(field, format!("{field}: a channel of the kind {} has none", row.kind)))
    };
    if leads.url.is_some() && kind == Some(ChannelKind::Email) {
        return wrong("url");
    }
    if leads.routing_key.is_some() && kind != Some(ChannelKind::Pagerduty) {
        return wrong("routing_key");
    }
    if !leads.email_to.is_empty() && kind != Some(ChannelKind::Email) {
        return wrong("email_to");
    }
    seal(app, &mut row, &leads)?;
    if !leads.email_to.is_empty() {
        row.email_to = Strings(leads.email_to);
    }
    if let Some(name) = body.name {
        row.name = name;
    }
    if let Some(types) = body.alert_types {
        row.alert_types = names(&types);
    }
    if let Some(level) = body.min_level {
        level.name().clone_into(&mut row.min_level);
    }
    if let Some(messages) = body.messages_per_minute {
        row.messages_per_minute = i64::from(messages);
    }
    match body.quiet_hours {
        Patch::Absent => {}
        Patch::Clear => row.quiet_hours = None,
        Patch::Set(hours) => row.quiet_hours = Some(stored_hours(&hours)),
    }
    Ok(row)
}
