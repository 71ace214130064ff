//! Health: does the process answer, can calls be served, do the deployments answer?

pub mod checks;
pub mod services;

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use tollgate_openapi::health::Readiness;
use tollgate_openapi::paths;

use crate::app::App;
use crate::gateway::Gateway;

/// The database has this long to say it is there.
const DB_TIMEOUT: Duration = Duration::from_secs(2);

/// The process answers
///
/// Also at `/health/liveness`.
#[utoipa::path(
    get,
    path = paths::HEALTH_LIVELINESS,
    operation_id = "health_liveliness",
    tag = "health",
    responses((
        status = 200, description = "The process answers", body = String, content_type = "application/json",
        example = json!("I'm alive!"),
    )),
    security(()),
)]
pub async fn liveliness() -> HttpResponse {
    std::future::ready(HttpResponse::Ok().json("I'm alive!")).await
}

/// Calls can be served
#[utoipa::path(
    get,
    path = paths::HEALTH_READINESS,
    operation_id = "health_readiness",
    tag = "health",
    responses(
        (status = 200, description = "Calls can be served", body = Readiness),
        (status = 503, description = "They cannot; `problems` says why", body = Readiness),
    ),
    security(()),
)]
pub async fn readiness(app: web::Data<App>, gateway: web::Data<Gateway>) -> HttpResponse {
    let is_connected = matches!(tokio::time::timeout(DB_TIMEOUT, app.db.ping()).await, Ok(Ok(())));
    let spool = gateway.spool.health();
    let mut problems = Vec::new();
    if !is_connected {
        problems.push(
            "The database is away: only keys already known can call, and their calls wait in the spool.".to_owned(),
        );
    }
    if spool.failure.is_some() {
        problems.push("The spool's disk refuses settled calls.".to_owned());
    }
    if spool.is_full {
        problems.push(format!(
            "{} bytes of settled calls wait for the database, which is as much as may: new calls are refused.",
            spool.disk_bytes
        ));
    }
    if gateway.in_flight.is_draining() {
        problems.push("This process is shutting down.".to_owned());
    }
    let counters = match (app.counters.is_shared(), app.counters.is_degraded()) {
        (false, _) => "local",
        (true, false) => "shared",
        (true, true) => "degraded",
    };
    if app.counters.refuses_budgets() {
        problems.push("Redis is away: calls with budgets are refused.".to_owned());
    }
    let is_healthy = problems.is_empty();
    let status = if is_healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    HttpResponse::build(status).json(Readiness {
        status: if is_healthy { "healthy" } else { "unhealthy" }.to_owned(),
        db: if is_connected { "connected" } else { "disconnected" }.to_owned(),
        counters: counters.to_owned(),
        spool_pending: spool.pending,
        spool_oldest_seconds: spool.oldest_seconds,
        spool_bytes: spool.disk_bytes,
        problems,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}
