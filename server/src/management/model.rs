//! Models: the deployments behind each public name, and how they are doing.

use actix_web::{HttpResponse, web};
use tollgate_openapi::model::{DeploymentState, DeploymentStatus, DeploymentView, ModelInfoQuery, ModelList};

use super::extract::Query;
use crate::auth::Principal;
use crate::domain::permission::Action;
use crate::error::ApiResult;
use crate::gateway::Gateway;
use crate::router::Deployment;
use crate::router::health::HealthSnapshot;

/// Deployments with their parameters, prices and state on this node.
///
/// # Errors
/// When the caller may not see deployments.
#[utoipa::path(get, path = "/v1/model/info", tag = "model", params(ModelInfoQuery),
    security(("bearer" = []), ("session" = [])),
    responses((status = 200, description = "One entry a deployment", body = ModelList)))]
pub async fn info(
    principal: Principal,
    query: Query<ModelInfoQuery>,
    gateway: web::Data<Gateway>,
) -> ApiResult<HttpResponse> {
    principal.authorize(Action::ModelRead, None)?;
    let only = query.0.litellm_model_id;
    let now = gateway.clock.monotonic();
    let deployments = gateway.router.deployments();
    let asked = deployments.iter().filter(|one| only.as_deref().is_none_or(|id| id == &*one.id));
    let data = asked.map(|one| view(one, one.health.snapshot(now))).collect();
    Ok(HttpResponse::Ok().json(ModelList { data }))
}

fn view(deployment: &Deployment, health: HealthSnapshot) -> DeploymentView {
    let (status, reason) = match (&deployment.unavailable, health.cooldown_until) {
        (Some(reason), _) => (DeploymentStatus::Unavailable, Some(reason.clone())),
        (None, Some(_)) => (DeploymentStatus::CoolingDown, health.last_failure),
        (None, None) => (DeploymentStatus::Available, health.last_failure),
    };
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
        },
    }
}
