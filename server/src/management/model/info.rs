//! `GET /v1/model/info` and `GET /v2/model/info`: deployments, and how they are doing.

use std::cmp::Ordering;
use std::sync::Arc;

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::key::SortOrder;
use tollgate_openapi::model::{
    CheckView, DeploymentState, DeploymentStatus, DeploymentView, MinuteView, ModelInfoQuery, ModelList, ModelPage,
    ModelPageQuery, ModelSort,
};
use tollgate_openapi::paths;

use crate::app::App;
use crate::auth::{Credential, Principal};
use crate::error::ApiResult;
use crate::gateway::Gateway;
use crate::management::extract::Query;
use crate::policy::ModelAccess;
use crate::router::Deployment;
use crate::router::checks::Check;
use crate::router::health::HealthSnapshot;
use crate::router::history::Minute;

/// List deployments
///
/// With their parameters, prices and state on this node. Who does not see the whole gateway is told only `model` of the
/// parameters; a virtual key only of those it may call. Also at `/model/info`.
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
    app: web::Data<App>,
    principal: Principal,
    query: Query<ModelInfoQuery>,
    gateway: web::Data<Gateway>,
) -> ApiResult<HttpResponse> {
    principal.authorize_models()?;
    let only = query.0.litellm_model_id;
    let mut deployments = visible(&app, &principal, &gateway);
    deployments.retain(|one| only.as_deref().is_none_or(|id| id == &*one.id));
    Ok(HttpResponse::Ok().json(ModelList { data: views(&principal, &gateway, &deployments) }))
}

/// List deployments, a page at a time
///
/// As `/v1/model/info`.
#[utoipa::path(
    get,
    path = paths::MODEL_INFO_PAGE,
    operation_id = "model_info_page",
    tag = "model",
    params(ModelPageQuery),
    responses((status = 200, description = "A page of deployments", body = ModelPage)),
)]
pub async fn page(
    app: web::Data<App>,
    principal: Principal,
    query: Query<ModelPageQuery>,
    gateway: web::Data<Gateway>,
) -> ApiResult<HttpResponse> {
    principal.authorize_models()?;
    let query = query.0;
    let mut found = visible(&app, &principal, &gateway);
    found.retain(|one| is_asked_for(one, &query));
    if let Some(by) = query.sort_by {
        found.sort_by(|a, b| compare(a, b, by));
    }
    if query.sort_order == SortOrder::Desc {
        found.reverse();
    }
    let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let total_count = u64::try_from(found.len()).unwrap_or(u64::MAX);
    let before = whole(query.page.saturating_sub(1).saturating_mul(query.size));
    let page: Vec<Arc<Deployment>> = found.into_iter().skip(before).take(whole(query.size)).collect();
    Ok(HttpResponse::Ok().json(ModelPage {
        data: views(&principal, &gateway, &page),
        total_count,
        current_page: query.page,
        total_pages: total_count.div_ceil(query.size.max(1)),
        size: query.size,
    }))
}

fn is_asked_for(one: &Deployment, query: &ModelPageQuery) -> bool {
    let is = |asked: &Option<String>, own: &str| asked.as_deref().is_none_or(|asked| asked == own);
    let search = query.search.as_deref().map(str::to_lowercase).unwrap_or_default();
    let model = one.params.get("model").and_then(Value::as_str).unwrap_or_default();
    let has = |text: &str| text.to_lowercase().contains(&search);
    is(&query.model, &one.model_name)
        && is(&query.model_id, &one.id)
        && (has(&one.model_name) || has(model) || has(&one.id))
}

fn compare(a: &Deployment, b: &Deployment, by: ModelSort) -> Ordering {
    let text =
        |one: &Deployment, name: &str| one.model_info.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let cost = |one: &Deployment| one.model_info.get("input_cost_per_token").and_then(Value::as_f64).unwrap_or(0.0);
    match by {
        ModelSort::ModelName => a.model_name.cmp(&b.model_name),
        ModelSort::CreatedAt => text(a, "created_at").cmp(&text(b, "created_at")),
        ModelSort::UpdatedAt => text(a, "updated_at").cmp(&text(b, "updated_at")),
        ModelSort::Costs => cost(a).total_cmp(&cost(b)),
    }
}

/// The deployments that the caller may know of: a key those of the models it may call.
pub(super) fn visible(app: &App, principal: &Principal, gateway: &Gateway) -> Vec<Arc<Deployment>> {
    let mut deployments = gateway.router.deployments();
    if let Credential::VirtualKey(own) = &principal.credential {
        let (access, groups) = (ModelAccess::from_list(&own.models.0), app.policy.access_groups());
        deployments.retain(|one| groups.allow(&access, &one.model_name));
    }
    deployments
}

fn views(principal: &Principal, gateway: &Gateway, deployments: &[Arc<Deployment>]) -> Vec<DeploymentView> {
    let (now, wall_now) = (gateway.clock.monotonic(), gateway.clock.now());
    let views = deployments.iter().map(|one| view(one, &one.health.snapshot(now), wall_now));
    match &principal.credential {
        Credential::VirtualKey(_) => views.map(for_key).collect(),
        _ if principal.may_see_everything() => views.collect(),
        _ => views.map(for_user).collect(),
    }
}

/// What people need who do not see the whole gateway: not where its providers are or what they are called with.
fn for_user(mut view: DeploymentView) -> DeploymentView {
    view.litellm_params.retain(|name, _| name == "model");
    view
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
pub(in crate::management) fn status(
    deployment: &Deployment,
    health: &HealthSnapshot,
) -> (DeploymentStatus, Option<String>) {
    let is_blocked = deployment.model_info.get("blocked").and_then(Value::as_bool) == Some(true);
    match (&deployment.unavailable, health.cooldown_until) {
        (Some(reason), _) if is_blocked => (DeploymentStatus::Blocked, Some(reason.clone())),
        (Some(reason), _) => (DeploymentStatus::Unavailable, Some(reason.clone())),
        (None, Some(_)) => (DeploymentStatus::CoolingDown, health.last_failure.clone()),
        (None, None) if health.is_failing => (DeploymentStatus::Failing, health.last_failure.clone()),
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
