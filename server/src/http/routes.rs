//! Every route, once.

use actix_web::http::Method;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use tollgate_openapi::paths;
use utoipa_swagger_ui::Config;

use super::console;
use crate::domain::operation::Operation;
use crate::error::ApiError;
use crate::gateway::{chat, completions, messages, models, pass_through, responses, task};
use crate::management::{self, operation, operations};
use crate::provider::pass_through::NATIVE_APIS;

/// Spellings of the chat completions route that clients use.
const CHAT_PATHS: [&str; 6] = [
    "/v1/chat/completions",
    "/chat/completions",
    "/openai/deployments/{model:.+}/chat/completions",
    "/engines/{model:.+}/chat/completions",
    "/v1/engines/{model:.+}/chat/completions",
    "/openai/v1/chat/completions",
];

/// Spellings of the text completions route.
const COMPLETION_PATHS: [&str; 6] = [
    "/v1/completions",
    "/completions",
    "/openai/deployments/{model:.+}/completions",
    "/engines/{model:.+}/completions",
    "/v1/engines/{model:.+}/completions",
    "/openai/v1/completions",
];

/// Spellings of the routes of everything but chat.
const TASK_PATHS: [(Operation, &[&str]); 8] = [
    (
        Operation::Embedding,
        &[
            "/v1/embeddings",
            "/embeddings",
            "/openai/deployments/{model:.+}/embeddings",
            "/engines/{model:.+}/embeddings",
            "/v1/engines/{model:.+}/embeddings",
            "/openai/v1/embeddings",
        ],
    ),
    (
        Operation::Image,
        &[
            "/v1/images/generations",
            "/images/generations",
            "/openai/deployments/{model:.+}/images/generations",
            "/openai/v1/images/generations",
        ],
    ),
    (
        Operation::ImageEdit,
        &[
            "/v1/images/edits",
            "/images/edits",
            "/openai/deployments/{model:.+}/images/edits",
            "/openai/v1/images/edits",
        ],
    ),
    (
        Operation::Speech,
        &[
            "/v1/audio/speech",
            "/audio/speech",
            "/openai/deployments/{model:.+}/audio/speech",
            "/openai/v1/audio/speech",
        ],
    ),
    (
        Operation::Transcription,
        &[
            "/v1/audio/transcriptions",
            "/audio/transcriptions",
            "/openai/deployments/{model:.+}/audio/transcriptions",
            "/openai/v1/audio/transcriptions",
        ],
    ),
    (
        Operation::Translation,
        &[
            "/v1/audio/translations",
            "/audio/translations",
            "/openai/deployments/{model:.+}/audio/translations",
            "/openai/v1/audio/translations",
        ],
    ),
    (Operation::Moderation, &["/v1/moderations", "/moderations", "/openai/v1/moderations"]),
    (Operation::Rerank, &["/v1/rerank", "/rerank", "/v2/rerank"]),
];

/// Spellings of the responses route; the last one is Azure's.
const RESPONSES_PATHS: [&str; 4] = ["/v1/responses", "/responses", "/openai/v1/responses", "/openai/responses"];

/// The Responses API: new responses, and those that providers keep.
fn responses(config: &mut web::ServiceConfig) {
    for path in RESPONSES_PATHS {
        let kept = [
            (Method::GET, web::get().to(responses::stored::get)),
            (Method::DELETE, web::delete().to(responses::stored::delete)),
        ];
        let (one, cancel) = (format!("{path}/{{response_id}}"), format!("{path}/{{response_id}}/cancel"));
        let items = format!("{path}/{{response_id}}/input_items");
        config
            .service(operation(path, Method::POST, responses::responses))
            .service(operation(&cancel, Method::POST, responses::stored::cancel))
            .service(operation(&items, Method::GET, responses::stored::input_items))
            .service(operations(&one, kept));
    }
}

pub(super) fn configure(config: &mut web::ServiceConfig) {
    for path in CHAT_PATHS {
        config.service(operation(path, Method::POST, chat::chat_completions));
    }
    for path in COMPLETION_PATHS {
        config.service(operation(path, Method::POST, completions::completions));
    }
    for (asked, paths) in TASK_PATHS {
        for path in paths {
            let perform =
                move |http, payload, gateway, upstream| task::perform(asked, http, payload, gateway, upstream);
            config.service(operation(path, Method::POST, perform));
        }
    }
    config.service(operation("/v1/messages", Method::POST, messages::messages)).service(operation(
        "/v1/messages/count_tokens",
        Method::POST,
        messages::count_tokens,
    ));
    responses(config);
    for path in ["/v1/models", "/models"] {
        config.service(operation(path, Method::GET, models::list));
    }
    for path in ["/v1/models/{id:.+}", "/models/{id:.+}"] {
        config.service(operation(path, Method::GET, models::get));
    }
    for path in [paths::HEALTH_LIVELINESS, paths::HEALTH_LIVENESS] {
        config.service(operation(path, Method::GET, management::health::liveliness));
    }
    for path in ["/", "/ui", "/docs"] {
        let to = if path == "/docs" { "/docs/" } else { "/ui/" };
        config.service(operation(path, Method::GET, move |http: HttpRequest| std::future::ready(redirect(to, &http))));
    }
    config
        .service(operation(paths::HEALTH_READINESS, Method::GET, management::health::readiness))
        .service(operation(paths::METRICS, Method::GET, management::metrics::metrics))
        .service(operation(paths::OPENAPI, Method::GET, openapi))
        .service(operation("/ui/{path:.*}", Method::GET, console::serve))
        .service(utoipa_swagger_ui::SwaggerUi::new("/docs/{_:.*}").config(Config::from(paths::OPENAPI)))
        .configure(management::configure)
        .configure(guarded)
        .configure(native)
        .default_service(web::to(unknown));
}

/// Providers' own APIs: behind all routes of the gateway's that begin alike.
fn native(config: &mut web::ServiceConfig) {
    for api in NATIVE_APIS {
        for prefix in api.prefixes {
            let pass = move |http, payload, gateway, upstream| {
                pass_through::pass_through(api, http, payload, gateway, upstream)
            };
            config.service(web::resource(format!("/{prefix}/{{path:.*}}")).to(pass));
        }
    }
}

/// Operations of the management API that look at the data plane.
fn guarded(config: &mut web::ServiceConfig) {
    for path in [paths::MODEL_INFO, paths::MODEL_INFO_OLD] {
        management::guarded(config, path, Method::GET, management::model::info::info);
    }
    management::guarded(config, paths::MODEL_INFO_PAGE, Method::GET, management::model::info::page);
    management::guarded(config, paths::MODEL_DEPRECATIONS, Method::GET, management::model::deprecation::list);
    management::guarded(config, paths::MODEL_GROUP_INFO, Method::GET, management::model::group::info);
    let test = management::model::test::test_connection;
    management::guarded(config, paths::HEALTH_TEST_CONNECTION, Method::POST, test);
    management::guarded(config, paths::SPEND_CALCULATE, Method::POST, management::spend::calculate::calculate);
    management::guarded(config, paths::COST_ESTIMATE, Method::POST, management::spend::estimate::estimate);
    management::guarded(config, paths::POLICY_EXPLAIN, Method::POST, management::policy::explain);
    management::guarded(config, paths::HEALTH, Method::GET, management::health::checks::health);
    management::guarded(config, paths::HEALTH_LATEST, Method::GET, management::health::checks::latest);
    management::guarded(config, paths::HEALTH_HISTORY, Method::GET, management::health::checks::history);
    management::guarded(config, paths::HEALTH_SERVICES, Method::GET, management::health::services::services);
    management::guarded(config, paths::CACHE_PING, Method::GET, management::cache::ping);
    management::guarded(config, paths::CACHE_DELETE, Method::POST, management::cache::delete);
    management::guarded(config, paths::CACHE_FLUSHALL, Method::POST, management::cache::flush);
}

/// To the page that the address without a slash means; what its query says goes along.
fn redirect(to: &'static str, http: &HttpRequest) -> HttpResponse {
    let query = http.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    HttpResponse::TemporaryRedirect().insert_header((LOCATION, format!("{to}{query}"))).finish()
}

async fn openapi() -> HttpResponse {
    HttpResponse::Ok().json(management::openapi::document())
}

async fn unknown(http: HttpRequest) -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found(format!("There is no {} {} here. /docs lists what is.", http.method(), http.path())))
}
