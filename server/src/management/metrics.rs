//! `GET /metrics`.

use actix_web::{HttpRequest, HttpResponse, web};
use metrics::gauge;
use tollgate_openapi::paths;

use crate::app::App;
use crate::auth::identify;
use crate::clock::Clock;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::gateway::Gateway;
use crate::router::Router;
use crate::telemetry;

/// Read the metrics
///
/// In Prometheus' text format. With `litellm_settings.require_auth_for_metrics_endpoint`, only to those who may see the
/// gateway's settings.
#[utoipa::path(
    get,
    path = paths::METRICS,
    operation_id = "metrics",
    tag = "health",
    responses((
        status = 200, description = "Counters, gauges and histograms", body = String, content_type = "text/plain",
        example = "litellm_in_flight_requests 3",
    )),
    security(()),
)]
pub async fn metrics(http: HttpRequest, app: web::Data<App>, gateway: web::Data<Gateway>) -> ApiResult<HttpResponse> {
    if app.settings.config().litellm.require_auth_for_metrics_endpoint {
        identify(&http).await?.authorize_all(Action::SettingsRead)?;
    }
    let registry = telemetry::metrics().ok_or_else(|| ApiError::unavailable("There is no metrics registry."))?;
    set_gauges(&gateway);
    let text = registry.render();
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

/// Figures that are read rather than counted.
fn set_gauges(gateway: &Gateway) {
    let spool = gateway.spool.health();
    gauge!("litellm_in_flight_requests").set(float(gateway.in_flight.count()));
    gauge!("tollgate_spool_pending_events").set(float(spool.pending));
    gauge!("tollgate_spool_oldest_seconds").set(float(spool.oldest_seconds));
    gauge!("tollgate_spool_bytes").set(float(spool.disk_bytes));
    gauge!("tollgate_spool_memory_bytes").set(float(spool.memory_bytes));
    gauge!("tollgate_reserved_usd").set(gateway.counters.reserved_total().to_usd());
    set_deployment_states(&gateway.router, &gateway.clock);
}

/// 0 healthy, 1 failing, 2 not to be called: LiteLLM's figures.
fn set_deployment_states(router: &Router, clock: &Clock) {
    let now = clock.monotonic();
    for one in router.deployments() {
        let health = one.health.snapshot(now);
        let state = match (&one.unavailable, health.cooldown_until, health.last_failure) {
            (None, None, None) => 0.0,
            (None, None, Some(_)) => 1.0,
            _ => 2.0,
        };
        let labels = [
            ("litellm_model_name", one.upstream_model.to_string()),
            ("model_id", one.id.to_string()),
            ("api_base", one.api_base().map(ToString::to_string).unwrap_or_default()),
            ("api_provider", one.provider_name.to_string()),
        ];
        gauge!("litellm_deployment_state", &labels).set(state);
    }
}

fn float(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}
