//! The management API: one file a resource, its handlers always in the order
//! extract → authorize → validate → do + audit → answer.

pub mod audit;
pub mod access_token;
pub mod alert;
pub mod budget;
pub mod cache;
mod callback;
mod change;
pub mod credential;
pub mod customer;
mod extract;
pub mod health;
pub mod invitation;
pub mod key;
pub mod limit;
mod merge;
pub mod metrics;
pub mod model;
pub mod openapi;
pub mod organization;
mod page;
pub mod policy;
pub mod report;
mod rules;
pub mod second_factor;
pub mod scim;
pub mod session;
pub mod settings;
pub mod spend;
pub mod sso;
pub mod tag;
pub mod team;
pub mod user;

use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, guard};
use tollgate_openapi::paths;

use crate::auth::authenticate;
use crate::error::{ApiError, ApiResult};

pub use extract::{BODY_BYTES_MAX, IfMatch, Json, Query};
pub use page::Listed;
use page::{listed, page_of};

/// Mounts the operations on keys, on all else that carries limits, on spend and sessions.
pub fn configure(config: &mut ServiceConfig) {
    resources(config);
    single_sign_on(config);
    models(config);
    saved_reports(config);
    guarded(config, paths::SCIM_TOKEN_LIST, Method::GET, scim::token::list);
    guarded(config, paths::SCIM_TOKEN_NEW, Method::POST, scim::token::new);
    guarded(config, paths::SCIM_TOKEN_DELETE, Method::POST, scim::token::delete);
    scim::configure(config);
    // Nobody is signed in yet when they sign in.
    config.service(operation(paths::SESSION_NEW, Method::POST, session::create));
    guarded(config, paths::SESSION_INFO, Method::GET, session::info);
    guarded(config, paths::SESSION_DELETE, Method::POST, session::delete);
    guarded(config, paths::SESSION_LIST, Method::GET, session::list::list);
    guarded(config, paths::SESSION_REVOKE, Method::POST, session::revoke::revoke);

    guarded(config, paths::SECOND_FACTOR_INFO, Method::GET, second_factor::read::info);
    guarded(config, paths::SECOND_FACTOR_NEW, Method::POST, second_factor::create::new);
    guarded(config, paths::SECOND_FACTOR_CONFIRM, Method::POST, second_factor::confirm::confirm);
    guarded(config, paths::SECOND_FACTOR_RECOVERY_CODES_NEW, Method::POST, second_factor::recovery_codes::new);
    guarded(config, paths::SECOND_FACTOR_DELETE, Method::POST, second_factor::delete::delete);

    guarded(config, paths::ACCESS_TOKEN_NEW, Method::POST, access_token::create::new);
    guarded(config, paths::ACCESS_TOKEN_LIST, Method::GET, access_token::read::list);
    guarded(config, paths::ACCESS_TOKEN_DELETE, Method::POST, access_token::delete::delete);

    guarded(config, paths::KEY_GENERATE, Method::POST, key::create::generate);
    guarded(config, paths::KEY_UPDATE, Method::POST, key::update::update);
    guarded(config, paths::KEY_DELETE, Method::POST, key::delete::delete);
    guarded(config, paths::KEY_BLOCK, Method::POST, key::block::block);
    guarded(config, paths::KEY_UNBLOCK, Method::POST, key::block::unblock);
    guarded(config, paths::KEY_INFO, Method::GET, key::read::info);
    guarded(config, paths::KEY_LIST, Method::GET, key::read::list);

    guarded(config, paths::KEY_SERVICE_ACCOUNT_GENERATE, Method::POST, key::service_account::generate);
    guarded(config, paths::KEY_REGENERATE, Method::POST, key::regenerate::regenerate);
    guarded(config, paths::KEY_REGENERATE_NAMED, Method::POST, key::regenerate::regenerate_named);
    guarded(config, paths::KEY_RESET_SPEND, Method::POST, key::reset_spend::reset_spend);
    guarded(config, paths::KEY_BULK_UPDATE, Method::POST, key::bulk::update);
    guarded(config, paths::TEAM_KEY_BULK_UPDATE, Method::POST, key::bulk::update_of_team);
    guarded(config, paths::KEY_BULK_DELETE, Method::POST, key::bulk::delete);
    guarded(config, paths::KEY_BOUNDS, Method::GET, key::bounds::bounds);
    guarded(config, paths::KEY_ALIASES, Method::GET, key::aliases::aliases);
    guarded(config, paths::KEYS_INFO, Method::POST, key::bulk::info);

    guarded(config, paths::ALERT_LIST, Method::GET, alert::read::list);
    guarded(config, paths::ALERT_CHANNEL_LIST, Method::GET, alert::read::channels);
    guarded(config, paths::ALERT_CHANNEL_NEW, Method::POST, alert::create::new);
    guarded(config, paths::ALERT_CHANNEL_UPDATE, Method::POST, alert::update::update);
    guarded(config, paths::ALERT_CHANNEL_DELETE, Method::POST, alert::delete::delete);
    guarded(config, paths::ALERT_CHANNEL_TEST, Method::POST, alert::test::test);

    guarded(config, paths::AUDIT_LIST, Method::GET, audit::list);
    guarded(config, paths::AUDIT_INFO, Method::GET, audit::info);

    guarded(config, paths::SPEND_LOGS, Method::GET, spend::logs::logs);
    guarded(config, paths::SPEND_LOGS_PAGE, Method::GET, spend::logs::page);
    guarded(config, paths::SPEND_INTERRUPTED, Method::GET, spend::interrupted::list);
    guarded(config, paths::SPEND_INTERRUPTED_RESOLVE, Method::POST, spend::interrupted::resolve);
    guarded(config, paths::SPEND_USAGE, Method::GET, spend::usage::usage);
    guarded(config, paths::SPEND_EXPORT, Method::GET, spend::export::export);
    months(config);
    guarded(config, paths::PROVIDER_BUDGETS, Method::GET, spend::provider_budgets::list);
    guarded(config, paths::SPEND_OVERVIEW, Method::GET, spend::overview::overview);
    guarded(config, paths::GLOBAL_SPEND, Method::GET, spend::global::total);
    guarded(config, paths::GLOBAL_SPEND_LOGS, Method::GET, spend::global::by_day);
    guarded(config, paths::GLOBAL_SPEND_KEYS, Method::GET, spend::global::top_keys);
    guarded(config, paths::GLOBAL_SPEND_MODELS, Method::GET, spend::global::top_models);
    guarded(config, paths::GLOBAL_ACTIVITY, Method::GET, spend::global::activity);
    reports(config);

    guarded(config, paths::CONFIG_LIST, Method::GET, settings::read::list);
    guarded(config, paths::CONFIG_FIELD_INFO, Method::GET, settings::read::info);
    guarded(config, paths::CONFIG_CALLBACKS, Method::GET, settings::read::callbacks);
    guarded(config, paths::CONFIG_UPDATE, Method::POST, settings::update::update);
    guarded(config, paths::CONFIG_FIELD_UPDATE, Method::POST, settings::update::update_field);
    guarded(config, paths::CONFIG_FIELD_DELETE, Method::POST, settings::update::delete_field);
}

/// What a month will have cost, costs and is corrected by, and at which prices.
fn months(config: &mut ServiceConfig) {
    guarded(config, paths::SPEND_FORECAST, Method::GET, spend::forecast::forecast);
    guarded(config, paths::SPEND_STATEMENT, Method::GET, spend::statement::statement);
    guarded(config, paths::SPEND_MONTH_LIST, Method::GET, spend::month::list);
    guarded(config, paths::SPEND_MONTH_CLOSE, Method::POST, spend::month::close);
    guarded(config, paths::SPEND_ADJUSTMENT, Method::POST, spend::adjustment::create);
    guarded(config, paths::SPEND_ADJUSTMENTS, Method::GET, spend::adjustment::list);
    guarded(config, paths::SPEND_PRICES, Method::GET, spend::price::list);
}

/// Mounts LiteLLM's reports on spend.
fn reports(config: &mut ServiceConfig) {
    use spend::global::entities as by;
    guarded(config, paths::GLOBAL_SPEND_TEAMS, Method::GET, by::top_teams);
    guarded(config, paths::GLOBAL_SPEND_PROVIDER, Method::GET, by::by_provider);
    guarded(config, paths::GLOBAL_SPEND_END_USERS, Method::POST, by::top_customers);
    guarded(config, paths::GLOBAL_SPEND_TAGS, Method::GET, by::by_tag);
    guarded(config, paths::GLOBAL_SPEND_ALL_TAG_NAMES, Method::GET, by::all_tag_names);
    guarded(config, paths::GLOBAL_SPEND_REPORT, Method::GET, spend::report::report);
    guarded(config, paths::GLOBAL_SPEND_RESET, Method::POST, spend::reset::reset);
    guarded(config, paths::KEY_SPEND_REPORT, Method::GET, spend::report::own::keys);
    guarded(config, paths::USER_SPEND_REPORT, Method::GET, spend::report::own::users);
    guarded(config, paths::TEAM_SPEND_REPORT, Method::GET, spend::report::own::teams);
    guarded(config, paths::ORGANIZATION_SPEND_REPORT, Method::GET, spend::report::own::organizations);
    guarded(config, paths::GLOBAL_ACTIVITY_MODEL, Method::GET, by::activity_by_model);
    guarded(config, paths::SPEND_KEYS, Method::GET, spend::entities::keys);
    guarded(config, paths::SPEND_USERS, Method::GET, spend::entities::users);
    guarded(config, paths::SPEND_TAGS, Method::GET, spend::entities::tags);
    guarded(config, paths::USER_DAILY_ACTIVITY, Method::GET, spend::activity::users);
    guarded(config, paths::USER_DAILY_ACTIVITY_WHOLE, Method::GET, spend::activity::whole::users);
    guarded(config, paths::USER_DAILY_ACTIVITY_EXPORT, Method::GET, spend::activity::export::users);
    guarded(config, paths::TEAM_DAILY_ACTIVITY, Method::GET, spend::activity::teams);
    guarded(config, paths::TEAM_DAILY_ACTIVITY_WHOLE, Method::GET, spend::activity::whole::teams);
    guarded(config, paths::TEAM_DAILY_ACTIVITY_EXPORT, Method::GET, spend::activity::export::teams);
    guarded(config, paths::ORGANIZATION_DAILY_ACTIVITY, Method::GET, spend::activity::organizations);
    guarded(config, paths::ORGANIZATION_DAILY_ACTIVITY_WHOLE, Method::GET, spend::activity::whole::organizations);
    guarded(config, paths::ORGANIZATION_DAILY_ACTIVITY_EXPORT, Method::GET, spend::activity::export::organizations);
    guarded(config, paths::CUSTOMER_DAILY_ACTIVITY, Method::GET, spend::activity::customers);
    guarded(config, paths::CUSTOMER_DAILY_ACTIVITY_WHOLE, Method::GET, spend::activity::whole::customers);
    guarded(config, paths::CUSTOMER_DAILY_ACTIVITY_EXPORT, Method::GET, spend::activity::export::customers);
    guarded(config, paths::TAG_DAILY_ACTIVITY, Method::GET, spend::activity::tags);
    guarded(config, paths::TAG_DAILY_ACTIVITY_WHOLE, Method::GET, spend::activity::whole::tags);
    guarded(config, paths::TAG_DAILY_ACTIVITY_EXPORT, Method::GET, spend::activity::export::tags);
}

/// Mounts the operations on budgets and on what carries limits besides keys.
fn resources(config: &mut ServiceConfig) {
    guarded(config, paths::BUDGET_NEW, Method::POST, budget::create::new);
    guarded(config, paths::BUDGET_UPDATE, Method::POST, budget::update::update);
    guarded(config, paths::BUDGET_INFO, Method::POST, budget::read::info);
    guarded(config, paths::BUDGET_LIST, Method::GET, budget::read::list);
    guarded(config, paths::BUDGET_DELETE, Method::POST, budget::delete::delete);

    guarded(config, paths::TEAM_NEW, Method::POST, team::create::new);
    guarded(config, paths::TEAM_UPDATE, Method::POST, team::update::update);
    guarded(config, paths::TEAM_DELETE, Method::POST, team::delete::delete);
    guarded(config, paths::TEAM_BLOCK, Method::POST, team::block::block);
    guarded(config, paths::TEAM_UNBLOCK, Method::POST, team::block::unblock);
    let callbacks =
        [(Method::GET, web::get().to(team::callback::info)), (Method::POST, web::post().to(team::callback::new))];
    guarded_all(config, paths::TEAM_CALLBACK, callbacks);
    guarded(config, paths::TEAM_CALLBACK_NAMED, Method::DELETE, team::callback::delete);
    guarded(config, paths::TEAM_DISABLE_LOGGING, Method::POST, team::callback::disable_logging);
    guarded(config, paths::TEAM_INFO, Method::GET, team::read::info);
    guarded(config, paths::TEAM_LIST, Method::GET, team::read::list);
    guarded(config, paths::TEAM_LIST_PAGE, Method::GET, team::read::page);
    guarded(config, paths::TEAM_MEMBER_ADD, Method::POST, team::member_add::add);
    guarded(config, paths::TEAM_MEMBER_UPDATE, Method::POST, team::member_update::update);
    guarded(config, paths::TEAM_MEMBER_DELETE, Method::POST, team::member_delete::delete);

    guarded(config, paths::USER_NEW, Method::POST, user::create::new);
    guarded(config, paths::USER_UPDATE, Method::POST, user::update::update);
    guarded(config, paths::USER_DELETE, Method::POST, user::delete::delete);
    guarded(config, paths::USER_INFO, Method::GET, user::read::info);
    guarded(config, paths::USER_LIST, Method::GET, user::read::list);
    guarded(config, paths::USER_PASSWORD_CHANGE, Method::POST, user::password::change);
    // Who forgot their password, or has none yet, is nobody.
    config.service(operation(paths::USER_PASSWORD_FORGOT, Method::POST, user::password::forgot::forgot));
    config.service(operation(paths::USER_PASSWORD_RESET, Method::POST, user::password::reset::reset));

    guarded(config, paths::INVITATION_NEW, Method::POST, invitation::create::new);
    guarded(config, paths::INVITATION_INFO, Method::GET, invitation::read::info);
    guarded(config, paths::INVITATION_UPDATE, Method::POST, invitation::update::update);
    guarded(config, paths::INVITATION_DELETE, Method::POST, invitation::delete::delete);
    config.service(operation(paths::INVITATION_ACCEPT, Method::POST, invitation::accept::accept));

    for path in [str::to_owned, as_end_user] {
        guarded(config, &path(paths::CUSTOMER_NEW), Method::POST, customer::create::new);
        guarded(config, &path(paths::CUSTOMER_UPDATE), Method::POST, customer::update::update);
        guarded(config, &path(paths::CUSTOMER_INFO), Method::GET, customer::read::info);
        guarded(config, &path(paths::CUSTOMER_LIST), Method::GET, customer::read::list);
        guarded(config, &path(paths::CUSTOMER_DELETE), Method::POST, customer::delete::delete);
        guarded(config, &path(paths::CUSTOMER_BLOCK), Method::POST, customer::block::block);
        guarded(config, &path(paths::CUSTOMER_UNBLOCK), Method::POST, customer::block::unblock);
    }

    guarded(config, paths::ORGANIZATION_NEW, Method::POST, organization::create::new);
    guarded(config, paths::ORGANIZATION_UPDATE, Method::PATCH, organization::update::update);
    guarded(config, paths::ORGANIZATION_INFO, Method::GET, organization::read::info);
    guarded(config, paths::ORGANIZATION_LIST, Method::GET, organization::read::list);
    guarded(config, paths::ORGANIZATION_DELETE, Method::DELETE, organization::delete::delete);
    guarded(config, paths::ORGANIZATION_MEMBER_ADD, Method::POST, organization::member_add::add);
    guarded(config, paths::ORGANIZATION_MEMBER_UPDATE, Method::PATCH, organization::member_update::update);
    guarded(config, paths::ORGANIZATION_MEMBER_DELETE, Method::DELETE, organization::member_delete::delete);

    guarded(config, paths::TAG_NEW, Method::POST, tag::create::new);
    guarded(config, paths::TAG_UPDATE, Method::POST, tag::update::update);
    guarded(config, paths::TAG_INFO, Method::POST, tag::read::info);
    guarded(config, paths::TAG_LIST, Method::GET, tag::read::list);
    guarded(config, paths::TAG_DELETE, Method::POST, tag::delete::delete);
}

/// Mounts single sign-on: what browsers go through, and the operations on providers.
fn saved_reports(config: &mut ServiceConfig) {
    guarded(config, paths::REPORT_NEW, Method::POST, report::create::new);
    guarded(config, paths::REPORT_UPDATE, Method::POST, report::update::update);
    guarded(config, paths::REPORT_DELETE, Method::POST, report::delete::delete);
    guarded(config, paths::REPORT_LIST, Method::GET, report::read::list);
    guarded(config, paths::REPORT_INFO, Method::GET, report::read::info);
    guarded(config, paths::REPORT_RUN, Method::POST, report::run::run);
    guarded(config, paths::REPORT_FILE, Method::GET, report::read::file);
}

fn single_sign_on(config: &mut ServiceConfig) {
    config
        .service(operation(sso::START_OF_LITELLM, Method::GET, sso::start::any))
        .service(operation(&format!("{}/{{provider_id}}", sso::START), Method::GET, sso::start::one))
        .service(operation(sso::CALLBACK, Method::GET, sso::callback::of_environment))
        .service(operation(&format!("{}/{{provider_id}}", sso::CALLBACK), Method::GET, sso::callback::of_one))
        .service(operation(paths::SSO_CHOICES, Method::GET, sso::choose::choices))
        .service(operation(paths::SSO_LOOKUP, Method::POST, sso::choose::lookup));
    guarded(config, paths::SSO_PROVIDER_LIST, Method::GET, sso::provider::list);
    guarded(config, paths::SSO_PROVIDER_NEW, Method::POST, sso::provider::new);
    guarded(config, paths::SSO_PROVIDER_UPDATE, Method::POST, sso::provider::update);
    guarded(config, paths::SSO_PROVIDER_DELETE, Method::POST, sso::provider::delete);
    guarded(config, paths::SSO_PROVIDER_TEST, Method::POST, sso::provider::test);
}

/// LiteLLM's other path of an operation on customers.
fn as_end_user(path: &str) -> String {
    path.replacen("/customer", paths::END_USERS, 1)
}

/// Mounts the operations on models and credentials.
fn models(config: &mut ServiceConfig) {
    guarded(config, paths::MODEL_NEW, Method::POST, model::create::new);
    guarded(config, paths::MODEL_UPDATE, Method::POST, model::update::update);
    guarded(config, paths::MODEL_PATCH, Method::PATCH, model::update::patch);
    guarded(config, paths::MODEL_DELETE, Method::POST, model::delete::delete);
    guarded(config, paths::MODEL_BLOCK, Method::POST, model::block::block);
    guarded(config, paths::MODEL_UNBLOCK, Method::POST, model::block::unblock);

    // A name may have slashes.
    let named = |path: &str| path.replace("{credential_name}", "{credential_name:.+}");
    guarded(config, &named(paths::CREDENTIAL_BY_NAME), Method::GET, credential::read::by_name);
    let list =
        [(Method::GET, web::get().to(credential::read::list)), (Method::POST, web::post().to(credential::create::new))];
    guarded_all(config, paths::CREDENTIALS, list);
    let one = [
        (Method::PATCH, web::patch().to(credential::update::update)),
        (Method::DELETE, web::delete().to(credential::delete::delete)),
    ];
    guarded_all(config, &named(paths::CREDENTIAL), one);
}

/// An id for what is made without one.
fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// The view of a single row, shown as a list of one.
fn only<T>(views: Vec<T>) -> ApiResult<T> {
    views.into_iter().next().ok_or_else(|| ApiError::internal("one row was shown as none"))
}

/// Mounts one operation behind [`authenticate`].
pub fn guarded<F, Args>(config: &mut ServiceConfig, path: &str, method: Method, handler: F)
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    config.service(operation(path, method, handler).wrap(from_fn(authenticate)));
}

/// Mounts several operations of one path behind [`authenticate`].
pub fn guarded_all<const N: usize>(config: &mut ServiceConfig, path: &str, routes: [(Method, Route); N]) {
    config.service(operations(path, routes).wrap(from_fn(authenticate)));
}

/// Several operations at `path`; other methods are told which are served.
pub fn operations<const N: usize>(path: &str, routes: [(Method, Route); N]) -> Resource {
    let allowed = routes.iter().map(|(method, _)| method.to_string()).collect::<Vec<_>>().join(", ");
    let refuse = move || std::future::ready(method_not_allowed(&allowed));
    let resource = routes.into_iter().fold(web::resource(path), |resource, (_, route)| resource.route(route));
    resource.default_service(web::to(refuse))
}

/// One operation at `path`. What is read can also be asked for without its body; other methods are told which is
/// served.
pub fn operation<F, Args>(path: &str, method: Method, handler: F) -> Resource
where
    F: Handler<Args>,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    let is_read = method == Method::GET;
    let allowed = if is_read { "GET, HEAD".to_owned() } else { method.to_string() };
    let other = if is_read { Method::HEAD } else { method.clone() };
    let served = guard::Any(guard::Method(method)).or(guard::Method(other));
    let refuse = move || std::future::ready(method_not_allowed(&allowed));
    web::resource(path).route(web::route().guard(served).to(handler)).default_service(web::to(refuse))
}

fn method_not_allowed(allowed: &str) -> ApiResult<HttpResponse> {
    let error = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method Not Allowed");
    Err(match HeaderValue::from_str(allowed) {
        Ok(value) => error.with_header(ALLOW, value),
        Err(_) => error,
    })
}
