//! Whether deployments answer: asked now, or what was found before.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use futures_util::{StreamExt, stream};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::health::{
    EndpointHealth, HealthCheckView, HealthHistory, HealthLatest, HealthQuery, HealthReport,
};
use tollgate_openapi::paths;

use crate::auth::Principal;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::gateway::upstream::Upstream;
use crate::gateway::{Gateway, check};
use crate::management::extract::Query;
use crate::router::Deployment;
use crate::router::checks::Check;

/// Deployments that are asked at once.
const CHECKS_AT_ONCE: usize = 32;

/// Ask deployments whether they answer
///
/// Each is called once, for a few tokens, which are booked to the key `health_check`. With `background_health_checks` the
/// answer is what was found last, unless `model` or `model_id` names what is to be called now. A deployment that answers
/// when it is called here rests no longer.
#[utoipa::path(
    get,
    path = paths::HEALTH,
    operation_id = "health",
    tag = "health",
    params(HealthQuery),
    responses(
        (status = 200, description = "At least one deployment answers", body = HealthReport),
        (status = 403, description = "The caller is no administrator", body = ErrorEnvelope),
        (status = 404, description = "No such model or deployment", body = ErrorEnvelope),
        (status = 503, description = "None answers", body = HealthReport),
    ),
)]
pub async fn health(
    principal: Principal,
    query: Query<HealthQuery>,
    gateway: web::Data<Gateway>,
    upstream: web::Data<Upstream>,
) -> ApiResult<HttpResponse> {
    // It costs the gateway's money.
    principal.authorize_all(Action::SettingsRead)?;
    let is_all = query.0 == HealthQuery::default();
    let deployments = wanted(&gateway, &query.0)?;
    let checked: Vec<EndpointHealth> = if is_all && gateway.settings.load().checks_in_background {
        deployments.iter().filter_map(|one| Some(endpoint(one, one.health.checks().last()?))).collect()
    } else {
        stream::iter(deployments).map(|one| ask(&gateway, &upstream, one)).buffered(CHECKS_AT_ONCE).collect().await
    };
    let (healthy, unhealthy): (Vec<_>, Vec<_>) = checked.into_iter().partition(|one| one.error.is_none());
    let is_down = healthy.is_empty() && !(is_all && unhealthy.is_empty());
    let status = if is_down { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    Ok(HttpResponse::build(status).json(HealthReport {
        healthy_count: healthy.len(),
        unhealthy_count: unhealthy.len(),
        healthy_endpoints: healthy,
        unhealthy_endpoints: unhealthy,
    }))
}

async fn ask(gateway: &Gateway, upstream: &Upstream, deployment: Arc<Deployment>) -> EndpointHealth {
    let check = check::check(gateway, upstream, &deployment).await;
    if check.error.is_none() {
        gateway.router.end_rest(&deployment);
    }
    endpoint(&deployment, check)
}

fn endpoint(deployment: &Deployment, check: Check) -> EndpointHealth {
    EndpointHealth {
        model_name: deployment.model_name.to_string(),
        model: format!("{}/{}", deployment.provider_name, deployment.upstream_model),
        model_id: deployment.id.to_string(),
        api_base: deployment.api_base().map(ToString::to_string),
        error: check.error,
        checked_at: check.at,
        duration_ms: check.duration_ms,
    }
}

/// Tell what was found when each deployment was last asked
///
/// By `GET /health` or in the background, since this process started.
#[utoipa::path(
    get,
    path = paths::HEALTH_LATEST,
    operation_id = "health_latest",
    tag = "health",
    responses(
        (status = 200, description = "The last check of each deployment", body = HealthLatest),
        (status = 403, description = "The caller is no administrator", body = ErrorEnvelope),
    ),
)]
pub async fn latest(principal: Principal, gateway: web::Data<Gateway>) -> ApiResult<HttpResponse> {
    principal.authorize_all(Action::SettingsRead)?;
    let deployments = gateway.router.deployments();
    let last = |one: &Arc<Deployment>| Some((one.id.to_string(), view(one, one.health.checks().last()?)));
    let latest_health_checks: BTreeMap<_, _> = deployments.iter().filter_map(last).collect();
    Ok(HttpResponse::Ok().json(HealthLatest { total_models: latest_health_checks.len(), latest_health_checks }))
}

/// List the last checks of each deployment
///
/// Those of this process, and of other nodes as far as they told. The last 24 of each deployment are remembered.
#[utoipa::path(
    get,
    path = paths::HEALTH_HISTORY,
    operation_id = "health_history",
    tag = "health",
    params(HealthQuery),
    responses(
        (status = 200, description = "Checks, newest first", body = HealthHistory),
        (status = 403, description = "The caller is no administrator", body = ErrorEnvelope),
        (status = 404, description = "No such model or deployment", body = ErrorEnvelope),
    ),
)]
pub async fn history(
    principal: Principal,
    query: Query<HealthQuery>,
    gateway: web::Data<Gateway>,
) -> ApiResult<HttpResponse> {
    principal.authorize_all(Action::SettingsRead)?;
    let deployments = wanted(&gateway, &query.0)?;
    let all = |one: &Arc<Deployment>| {
        one.health.checks().all().into_iter().rev().map(|check| view(one, check)).collect::<Vec<_>>()
    };
    let mut health_checks: Vec<HealthCheckView> = deployments.iter().flat_map(all).collect();
    health_checks.sort_by_key(|check| std::cmp::Reverse(check.checked_at));
    Ok(HttpResponse::Ok().json(HealthHistory { total_records: health_checks.len(), health_checks }))
}

/// The deployments that a query means.
fn wanted(gateway: &Gateway, query: &HealthQuery) -> ApiResult<Vec<Arc<Deployment>>> {
    let mut deployments = gateway.router.deployments();
    deployments.retain(|one| {
        // One that stands for many models names one of them to be asked for, or is not asked.
        if one.is_pattern() && one.health_check.model.is_none() {
            return false;
        }
        let fits = |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|wanted| wanted == own);
        fits(&query.model, &one.model_name) && fits(&query.model_id, &one.id)
    });
    if deployments.is_empty() && *query != HealthQuery::default() {
        return Err(ApiError::not_found("No deployment has this model name or id: see GET /v1/model/info."));
    }
    Ok(deployments)
}

fn view(deployment: &Deployment, check: Check) -> HealthCheckView {
    HealthCheckView {
        model_name: deployment.model_name.to_string(),
        model_id: deployment.id.to_string(),
        status: if check.error.is_none() { "healthy" } else { "unhealthy" }.to_owned(),
        error_message: check.error,
        response_time_ms: check.duration_ms,
        checked_at: check.at,
    }
}
