//! `POST /alert/channel/new`.

use actix_web::web;
use sea_orm::{EntityTrait, IntoActiveModel};
use tollgate_openapi::alert::{
    AlertChannelCreate, AlertChannelCreated, AlertLevel, AlertType, ChannelKind, QuietHours,
};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;

use super::rules::{Leads, authorize, check, new_secret, seal};
use super::{KIND, view};
use crate::app::App;
use crate::auth::Principal;
use crate::db::alert_channel::{Entity, Model};
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, record};
use crate::management::{Json, new_id};

/// Add a channel
///
/// Where it leads is sealed and never shown again. A webhook's messages are signed with the secret that is shown now.
#[utoipa::path(
    post,
    path = paths::ALERT_CHANNEL_NEW,
    operation_id = "alert_channel_new",
    tag = "alert",
    request_body = AlertChannelCreate,
    responses(
        (status = 200, description = "The new channel", body = AlertChannelCreated),
        (status = 400, description = "The channel lacks something, or is of both a team and an organization", body = ErrorEnvelope),
        (status = 404, description = "There is no such team or organization", body = ErrorEnvelope),
    ),
)]
pub async fn new(
    app: web::Data<App>,
    principal: Principal,
    body: Json<AlertChannelCreate>,
) -> ApiResult<web::Json<AlertChannelCreated>> {
    let mut body = body.0;
    let of = (body.organization_id.as_deref(), body.team_id.as_deref());
    authorize(&app.db, &principal, Action::AlertWrite, of).await?;
    check_place(&app, &body).await?;
    let leads = Leads {
        url: body.url.take(),
        routing_key: body.routing_key.take(),
        email_to: std::mem::take(&mut body.email_to),
    };
    check(body.kind, &leads, body.quiet_hours.as_ref())?;
    let kind = body.kind;
    let mut row = new_row(&app, &principal, body);
    seal(&app, &mut row, &leads)?;
    row.email_to = Strings(leads.email_to);
    let secret = if kind == ChannelKind::Webhook { Some(new_secret(&app, &mut row)?) } else { None };
    let transaction = db::begin(&app.db).await?;
    Entity::insert(row.clone().into_active_model()).exec_without_returning(&transaction).await?;
    let after = view::snapshot(&app, &row);
    let change = Change { action: "created", kind: KIND, id: &row.channel_id, before: None, after };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    let signing_secret = secret.map(|secret| secret.expose().to_owned());
    Ok(web::Json(AlertChannelCreated { channel: view::of_row(&app, row).await?, signing_secret }))
}

async fn check_place(app: &App, body: &AlertChannelCreate) -> ApiResult<()> {
    match (&body.organization_id, &body.team_id) {
        (Some(_), Some(_)) => {
            let expected = "organization_id: expected a team or an organization, not both: a team's is known";
            Err(ApiError::bad_request("organization_id", expected))
        }
        (Some(id), None) => {
            let found = db::organization::find(&app.db, id).await?;
            found.map(drop).ok_or_else(|| ApiError::not_found("Organization not found."))
        }
        (None, Some(id)) => {
            let found = db::team::find(&app.db, id).await?;
            found.map(drop).ok_or_else(|| ApiError::not_found("Team not found."))
        }
        (None, None) => Ok(()),
    }
}

fn new_row(app: &App, principal: &Principal, body: AlertChannelCreate) -> Model {
    let now = stored_time(app.clock.now());
    Model {
        channel_id: new_id(),
        name: body.name,
        kind: body.kind.name().to_owned(),
        sealed_target: None,
        sealed_secret: None,
        host: None,
        email_to: Strings::default(),
        organization_id: body.organization_id,
        team_id: body.team_id,
        alert_types: names(&body.alert_types),
        min_level: body.min_level.unwrap_or(AlertLevel::Low).name().to_owned(),
        messages_per_minute: i64::from(body.messages_per_minute),
        quiet_hours: body.quiet_hours.as_ref().map(stored_hours),
        created_at: now,
        created_by: Some(principal.user_id.clone()),
        updated_at: now,
        updated_by: Some(principal.user_id.clone()),
    }
}

/// Types as the database keeps them, each once.
pub(super) fn names(types: &[AlertType]) -> Strings {
    let mut names: Vec<String> = types.iter().map(|one| one.name().to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    Strings(names)
}

/// Hours as the database keeps them.
pub(super) fn stored_hours(hours: &QuietHours) -> JsonMap {
    match serde_json::to_value(hours) {
        Ok(serde_json::Value::Object(members)) => JsonMap(members),
        _ => JsonMap::default(),
    }
}
