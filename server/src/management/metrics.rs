//! `GET /metrics`.
//!
//! What is counted comes from the registry; what is left of budgets and limits, how deployments are and what waits is
//! read from memory here, for so many of each kind as have metrics of their own. The database is not asked.

mod budgets;
mod deployments;
mod limits;
mod node;

use actix_web::{HttpRequest, HttpResponse, web};
use tollgate_openapi::paths;

use crate::app::App;
use crate::auth::identify;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::gateway::Gateway;
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
    let render = move || {
        telemetry::render(|| {
            node::read(&app, &gateway);
            deployments::read(&gateway.router, &gateway.clock);
            budgets::read(&app, &gateway.router);
            limits::read(&app);
        })
    };
    // Many keys make a long text, and calls of this worker would wait for it.
    let text = tokio::task::spawn_blocking(render).await.ok().flatten();
    let text = text.ok_or_else(|| ApiError::unavailable("There is no metrics registry."))?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

/// A count as gauges have it.
fn float(count: u64) -> f64 {
    u32::try_from(count).map_or_else(|_| whole(count), f64::from)
}

/// Above 32 bits, exact up to 53.
fn whole(count: u64) -> f64 {
    let (high, low) = (u32::try_from(count >> 32).unwrap_or(u32::MAX), count & u64::from(u32::MAX));
    f64::from(high).mul_add(4_294_967_296.0, u32::try_from(low).map_or(0.0, f64::from))
}

#[cfg(test)]
mod tests {
    use super::float;

    #[test]
    fn large_counts_stay_what_they_are() {
        assert_eq!(float(7), 7.0);
        assert_eq!(float(4_294_967_296), 4_294_967_296.0);
        assert_eq!(float(1 << 40 | 5), 1_099_511_627_781.0);
    }
}
