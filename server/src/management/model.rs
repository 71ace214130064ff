//! Models: the deployments behind each public name, and how they are doing.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::model::{
    CheckView, DeploymentState, DeploymentStatus, DeploymentView, MinuteView, ModelInfoQuery, ModelList,
};
use tollgate_openapi::paths;

use super::extract::Query;
use crate::auth::{Credential, Principal};
use crate::error::ApiResult;
use crate::gateway::Gateway;
use crate::policy::ModelAccess;
use crate::router::Deployment;
use crate::router::checks::Check;
use crate::router::health::HealthSnapshot;
use crate::router::history::Minute;

/// List deployments
///
/// With their parameters, prices and state on this node. A virtual key sees those it may call, and of their parameters
/// only `model`. Also at `/model/info`.
#[utoipa::path(
    get,
    path = paths::MODEL_INFO,
    operation_id = "model_info",
    tag = "model",
    params(ModelInfoQuery),
    responses(
        (status = 200, description = "One entry a deployment", body = ModelList),
        (status = 403, description = "The caller may not see deployments", body = ErrorEnvelope),
    ),
)]
pub async fn info(
    principal: Principal,
    query: Query<ModelInfoQuery>,
    gateway: web::Data<Gateway>,
) -> ApiResult<HttpResponse> {
    principal.authorize_models()?;
    let only = query.0.litellm_model_id;
    let now = gateway.clock.monotonic();
    let wall_now = gateway.clock.now();
    let deployments = gateway.router.deployments();
    let asked = deployments.iter().filter(|one| only.as_deref().is_none_or(|id| id == &*one.id));
    let views = asked.map(|one| view(one, &one.health.snapshot(now), wall_now));
    let data = match &principal.credential {
        Credential::VirtualKey(own) => {
            let access = ModelAccess::from_list(&own.models.0);
            views.filter(|one| access.allows(&one.model_name)).map(for_key).collect()
        }
        Credential::MasterKey
        | Credential::Session { .. }
        | Credential::AccessToken { .. }
        | Credential::Provisioner(_) => views.collect(),
    };
    Ok(HttpResponse::Ok().json(ModelList { data }))
}

/// What a key's bearer needs to call a model, not where it is or why it failed.
fn for_key(mut view: DeploymentView) -> DeploymentView {
    view.litellm_params.retain(|name, _| name == "model");
    view.state.reason = None;
    view.state.last_check = None;
    view.state.last_hour.clear();
    view
}

/// Whether a deployment may be called, and why not or what its last failure was.
pub(super) fn status(deployment: &Deployment, health: &HealthSnapshot) -> (DeploymentStatus, Option<String>) {
    match (&deployment.unavailable, health.cooldown_until) {
        (Some(reason), _) => (DeploymentStatus::Unavailable, Some(reason.clone())),
        (None, Some(_)) => (DeploymentStatus::CoolingDown, health.last_failure.clone()),
        (None, None) => (DeploymentStatus::Available, health.last_failure.clone()),
    }
}

fn view(deployment: &Deployment, health: &HealthSnapshot, now: DateTime<Utc>) -> DeploymentView {
    let (status, reason) = status(deployment, health);
    DeploymentView {
        model_name: deployment.model_name.to_string(),
        litellm_params: deployment.params.clone(),
        model_info: deployment.model_info.clone(),
        state: DeploymentState {
            status,
            reason,
            cooldown_until: health.cooldown_until,
            in_flight: health.in_flight,
            requests: health.requests,
            failures: health.failures,
            latency_ms: health.latency_ms,
            time_to_first_token_ms: health.time_to_first_token_ms,
            last_used_at: health.last_used_at,
            last_check: deployment.health.checks().last().map(check_view),
            last_hour: deployment.health.history().last_hour(now).iter().map(minute_view).collect(),
        },
    }
}

fn check_view(check: Check) -> CheckView {
    CheckView { checked_at: check.at, duration_ms: check.duration_ms, error: check.error }
}

fn minute_view(minute: &Minute) -> MinuteView {
    let Minute { start, calls, failures, .. } = *minute;
    MinuteView { start, calls, failures, latency_ms: minute.latency_ms() }
}
