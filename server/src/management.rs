//! The management API: one file a resource, its handlers always in the order
//! extract → authorize → validate → do + audit → answer.

mod extract;
pub mod health;
pub mod key;
pub mod model;
pub mod openapi;
pub mod session;
pub mod spend;

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Route};
use tollgate_openapi::paths;

use crate::auth::authenticate;
use crate::error::{ApiError, ApiResult};

pub use extract::{BODY_BYTES_MAX, Json, Query};

/// Mounts the operations on keys, spend and sessions.
pub fn configure(config: &mut ServiceConfig) {
    // Nobody is signed in yet when they sign in.
    let sign_in = web::resource(paths::SESSION_NEW).route(web::post().to(session::create));
    config.service(sign_in.default_service(web::to(method_not_allowed)));
    guarded(config, paths::SESSION_INFO, web::get().to(session::info));
    guarded(config, paths::SESSION_DELETE, web::post().to(session::delete));

    guarded(config, paths::KEY_GENERATE, web::post().to(key::create::generate));
    guarded(config, paths::KEY_UPDATE, web::post().to(key::update::update));
    guarded(config, paths::KEY_DELETE, web::post().to(key::delete::delete));
    guarded(config, paths::KEY_BLOCK, web::post().to(key::block::block));
    guarded(config, paths::KEY_UNBLOCK, web::post().to(key::block::unblock));
    guarded(config, paths::KEY_INFO, web::get().to(key::read::info));
    guarded(config, paths::KEY_LIST, web::get().to(key::read::list));

    guarded(config, paths::SPEND_LOGS, web::get().to(spend::logs::logs));
    guarded(config, paths::SPEND_LOGS_PAGE, web::get().to(spend::logs::page));
    guarded(config, paths::SPEND_OVERVIEW, web::get().to(spend::overview::overview));
    guarded(config, paths::GLOBAL_SPEND, web::get().to(spend::global::total));
    guarded(config, paths::GLOBAL_SPEND_LOGS, web::get().to(spend::global::by_day));
    guarded(config, paths::GLOBAL_SPEND_KEYS, web::get().to(spend::global::top_keys));
    guarded(config, paths::GLOBAL_SPEND_MODELS, web::get().to(spend::global::top_models));
    guarded(config, paths::GLOBAL_ACTIVITY, web::get().to(spend::global::activity));
}

/// Mounts one operation behind [`authenticate`].
pub fn guarded(config: &mut ServiceConfig, path: &str, route: Route) {
    let resource = web::resource(path).route(route).default_service(web::to(method_not_allowed));
    config.service(resource.wrap(from_fn(authenticate)));
}

async fn method_not_allowed() -> ApiResult<HttpResponse> {
    let status = actix_web::http::StatusCode::METHOD_NOT_ALLOWED;
    Err(ApiError::new(status, "method_not_allowed", "Method Not Allowed"))
}
