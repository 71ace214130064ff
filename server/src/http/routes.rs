//! Every route, once.

use actix_web::{HttpRequest, HttpResponse, web};
use tollgate_openapi::paths;

use super::{console, metrics};
use crate::error::ApiError;
use crate::gateway::{chat, models};
use crate::management;

/// Spellings of the chat completions route that clients use.
const CHAT_PATHS: [&str; 6] = [
    "/v1/chat/completions",
    "/chat/completions",
    "/openai/deployments/{model:.+}/chat/completions",
    "/engines/{model:.+}/chat/completions",
    "/v1/engines/{model:.+}/chat/completions",
    "/openai/v1/chat/completions",
];

pub(super) fn configure(config: &mut web::ServiceConfig) {
    for path in CHAT_PATHS {
        config.route(path, web::post().to(chat::chat_completions));
    }
    for path in ["/v1/models", "/models"] {
        config.route(path, web::get().to(models::list));
    }
    for path in ["/v1/models/{id:.+}", "/models/{id:.+}"] {
        config.route(path, web::get().to(models::get));
    }
    config
        .route(paths::HEALTH_LIVELINESS, web::get().to(management::health::liveliness))
        .route(paths::HEALTH_LIVENESS, web::get().to(management::health::liveliness))
        .route(paths::HEALTH_READINESS, web::get().to(management::health::readiness))
        .route("/metrics", web::get().to(metrics::metrics))
        .route("/openapi.json", web::get().to(openapi))
        .route("/", web::get().to(|| std::future::ready(to_console())))
        .route("/ui", web::get().to(|| std::future::ready(to_console())))
        .route("/ui/{path:.*}", web::get().to(console::serve))
        .configure(docs)
        .configure(management::configure)
        .configure(guarded)
        .default_service(web::to(unknown));
}

/// Operations of the management API that look at the data plane.
fn guarded(config: &mut web::ServiceConfig) {
    for path in [paths::MODEL_INFO, paths::MODEL_INFO_OLD] {
        management::guarded(config, path, web::get().to(management::model::info));
    }
    management::guarded(config, paths::HEALTH, web::get().to(management::health::health));
}

fn to_console() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header(("location", "/ui/")).finish()
}

/// A viewer for the management API.
fn docs(config: &mut web::ServiceConfig) {
    let viewer =
        utoipa_swagger_ui::SwaggerUi::new("/docs/{_:.*}").config(utoipa_swagger_ui::Config::from("/openapi.json"));
    config.route(
        "/docs",
        web::get().to(|| async { HttpResponse::TemporaryRedirect().insert_header(("location", "/docs/")).finish() }),
    );
    config.service(viewer);
}

async fn openapi() -> HttpResponse {
    HttpResponse::Ok().json(management::openapi::document())
}

async fn unknown(http: HttpRequest) -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found(format!("There is no {} {} here. /docs lists what is.", http.method(), http.path())))
}
