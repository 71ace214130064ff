//! `GET /health/services`: whether tools and channels take what they are told.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use tollgate_openapi::alert::ChannelKind;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::health::{HealthService, HealthServiceQuery};
use tollgate_openapi::paths;

use crate::alerts::{Channel, Message};
use crate::app::App;
use crate::auth::{Credential, Principal, check_origin};
use crate::config::Callback;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::gateway::Gateway;
use crate::management::extract::Query;

/// Channels of alerts, by LiteLLM's names.
const CHANNELS: [(&str, ChannelKind); 4] = [
    ("slack", ChannelKind::Slack),
    ("slack_budget_alerts", ChannelKind::Slack),
    ("email", ChannelKind::Email),
    ("webhook", ChannelKind::Webhook),
];

/// Try a tool or a channel
///
/// A tool of the configuration's callbacks is told of a call that nobody made, called `tollgate-test`; channels of alerts
/// that belong to the gateway are told a test. It is sent at once, and once. `webhook` is the channel of alerts, as in
/// LiteLLM; the callback of that name is `generic_api`.
#[utoipa::path(
    get,
    path = paths::HEALTH_SERVICES,
    operation_id = "health_services",
    tag = "health",
    params(HealthServiceQuery),
    responses(
        (status = 200, description = "It was taken", body = HealthService),
        (status = 400, description = "There is no such service, or it is not set up", body = ErrorEnvelope),
        (status = 403, description = "The caller is no administrator", body = ErrorEnvelope),
        (status = 503, description = "It was not taken; `message` says why", body = HealthService),
    ),
)]
pub async fn services(
    http: HttpRequest,
    app: web::Data<App>,
    principal: Principal,
    query: Query<HealthServiceQuery>,
    gateway: web::Data<Gateway>,
) -> ApiResult<HttpResponse> {
    // It tells others something in the gateway's name.
    principal.authorize_all(Action::SettingsWrite)?;
    // Though it is a GET, as in LiteLLM: no link on another page sends anything.
    if matches!(principal.credential, Credential::Session { .. }) {
        check_origin(&http)?;
    }
    let service = query.0.service.trim().to_ascii_lowercase();
    let actor = principal.user_email.as_deref().unwrap_or(&principal.user_id);
    let tried = if let Some((_, kind)) = CHANNELS.iter().find(|(name, _)| *name == service) {
        tell_channels(&app, *kind, actor).await?
    } else {
        let callback = Callback::named(&service).ok_or_else(|| unknown(&service))?;
        gateway.exports.try_out(callback, actor, app.clock.now()).await
    };
    let (status, word, message) = match tried.ok_or_else(|| not_set_up(&service))? {
        Ok(()) => (StatusCode::OK, "success", format!("A test was sent and taken: look for it in {service}.")),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, "error", format!("The test was not taken: {error}")),
    };
    Ok(HttpResponse::build(status).json(HealthService { status: word.to_owned(), message }))
}

/// Tells the gateway's own channels of a kind; `None`: there are none.
async fn tell_channels(app: &App, kind: ChannelKind, actor: &str) -> ApiResult<Option<Result<(), String>>> {
    let is_meant = |channel: &Channel| channel.kind == kind && channel.is_ours();
    let channels: Vec<Channel> = app.alerts.channels().await?.into_iter().filter(is_meant).collect();
    let message = Message::test(actor, app.clock.now());
    let mut problems = Vec::new();
    for channel in &channels {
        if let Err(error) = app.alerts.tell_now(channel, &message).await {
            problems.push(format!("{}: {error}", channel.name));
        }
    }
    let came = if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) };
    Ok((!channels.is_empty()).then_some(came))
}

fn unknown(service: &str) -> ApiError {
    let channels = CHANNELS.iter().map(|(name, _)| *name);
    let names: Vec<&str> = Callback::ALL.iter().map(|callback| callback.as_str()).chain(channels).collect();
    ApiError::bad_request("service", format!("service: there is no {service}; expected one of {}", names.join(", ")))
}

fn not_set_up(service: &str) -> ApiError {
    ApiError::bad_request("service", format!("service: {service} is not set up: there is nothing to try"))
}
