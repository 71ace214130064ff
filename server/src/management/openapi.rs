//! openapi.json: every documented operation, collected resource by resource.

use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::{health, key, model, session, spend};
use crate::auth::session::COOKIE_NAME;

/// The management API's document. Each resource is a document of its own, merged here.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Api::openapi();
    for part in
        [KeyApi::openapi(), SpendApi::openapi(), ModelApi::openapi(), SessionApi::openapi(), HealthApi::openapi()]
    {
        document.merge(part);
    }
    document
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tollgate",
        description = "Gateway in front of LLM providers: keys, budgets, spend. Paths and fields are LiteLLM's where it has them.",
    ),
    modifiers(&Security),
    security(("bearer" = []), ("session" = [])),
    tags(
        (name = "key", description = "Virtual keys"),
        (name = "spend", description = "What calls cost"),
        (name = "model", description = "Deployments behind each public model name"),
        (name = "session", description = "Console sessions"),
        (name = "health", description = "Health of the gateway and of its deployments"),
    ),
)]
struct Api;

#[derive(OpenApi)]
#[openapi(paths(
    key::create::generate,
    key::update::update,
    key::delete::delete,
    key::block::block,
    key::block::unblock,
    key::read::info,
    key::read::list,
))]
struct KeyApi;

#[derive(OpenApi)]
#[openapi(paths(
    spend::logs::logs,
    spend::logs::page,
    spend::overview::overview,
    spend::global::total,
    spend::global::by_day,
    spend::global::activity,
    spend::global::top_keys,
    spend::global::top_models,
))]
struct SpendApi;

#[derive(OpenApi)]
#[openapi(paths(session::create, session::info, session::delete))]
struct SessionApi;

#[derive(OpenApi)]
#[openapi(paths(model::info))]
struct ModelApi;

#[derive(OpenApi)]
#[openapi(paths(health::liveliness, health::readiness, health::health))]
struct HealthApi;

struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("sk-…");
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        let cookie = ApiKey::Cookie(ApiKeyValue::new(COOKIE_NAME));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}
