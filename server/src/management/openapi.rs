//! openapi.json: every documented operation, collected resource by resource.

mod bodies;
mod operations;

use tollgate_openapi::error::{ErrorEnvelope, ValidationErrors};
use tollgate_openapi::key::{KeySort, KeyStatus, SortOrder};
use tollgate_openapi::model::ModelSort;
use tollgate_openapi::spend::{CallStatus, SpendLogSort};
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::{
    access_token, alert, audit, budget, cache, credential, customer, health, invitation, key, metrics, model,
    organization, policy, report, scim, second_factor, session, settings, spend, sso, tag, team, user,
};
use crate::auth::session::COOKIE_NAME;

/// The management API's document. Each resource is a document of its own, merged here.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Api::openapi();
    for part in [
        KeyApi::openapi(),
        BudgetApi::openapi(),
        TeamApi::openapi(),
        UserApi::openapi(),
        InvitationApi::openapi(),
        CustomerApi::openapi(),
        OrganizationApi::openapi(),
        TagApi::openapi(),
        PolicyApi::openapi(),
        CacheApi::openapi(),
        SpendApi::openapi(),
        ModelApi::openapi(),
        SettingsApi::openapi(),
        SsoApi::openapi(),
        CredentialApi::openapi(),
        ScimApi::openapi(),
        SessionApi::openapi(),
        SecondFactorApi::openapi(),
        AccessTokenApi::openapi(),
        ReportApi::openapi(),
        AlertApi::openapi(),
        AuditApi::openapi(),
        HealthApi::openapi(),
    ] {
        document.merge(part);
    }
    operations::add_conditions(&mut document);
    operations::add_other_paths(&mut document);
    if let Some(components) = &mut document.components {
        bodies::complete(&mut components.schemas);
    }
    operations::add_common_refusals(&mut document);
    document
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tollgate",
        description = "Gateway in front of LLM providers: keys, budgets, spend. Paths and fields are LiteLLM's where it has them.",
    ),
    modifiers(&Security),
    components(schemas(ErrorEnvelope, ValidationErrors)),
    security(("bearer" = []), ("session" = [])),
    tags(
        (name = "key", description = "Virtual keys"),
        (name = "budget", description = "Reusable budgets"),
        (name = "team", description = "Teams and their members"),
        (name = "user", description = "People who own keys and sign in"),
        (name = "invitation", description = "Links with which somebody sets their first password"),
        (name = "customer", description = "End users that calls name"),
        (name = "organization", description = "Tenants"),
        (name = "tag", description = "Tags that calls carry"),
        (name = "policy", description = "What a key may do, and why"),
        (name = "cache", description = "Answers that are given again"),
        (name = "spend", description = "What calls cost"),
        (name = "model", description = "Deployments behind each public model name"),
        (name = "settings", description = "What config.yaml and the database say"),
        (name = "sso", description = "Single sign-on"),
        (name = "credential", description = "Parameters that deployments share by a name"),
        (name = "scim", description = "Tokens of directories that provision users and groups"),
        (name = "session", description = "Console sessions"),
        (name = "second_factor", description = "Codes of an authenticator app"),
        (name = "access_token", description = "With what a person's scripts call the management API"),
        (name = "report", description = "What somebody wants to read of spend again and again, and where it is sent"),
        (name = "alert", description = "What happened that somebody should know of, and where it is told"),
        (name = "audit", description = "Who changed what"),
        (name = "health", description = "Health of the gateway and of its deployments"),
    ),
)]
struct Api;

#[derive(OpenApi)]
#[openapi(
    paths(
        key::create::generate,
        key::update::update,
        key::delete::delete,
        key::block::block,
        key::block::unblock,
        key::read::info,
        key::read::list,
        key::service_account::generate,
        key::regenerate::regenerate,
        key::regenerate::regenerate_named,
        key::reset_spend::reset_spend,
        key::bulk::update,
        key::bulk::update_of_team,
        key::bulk::delete,
        key::bulk::info,
        key::aliases::aliases,
        key::bounds::bounds,
    ),
    components(schemas(KeySort, KeyStatus, SortOrder))
)]
struct KeyApi;

#[derive(OpenApi)]
#[openapi(paths(
    budget::create::new,
    budget::update::update,
    budget::read::info,
    budget::read::list,
    budget::delete::delete,
))]
struct BudgetApi;

#[derive(OpenApi)]
#[openapi(paths(
    team::create::new,
    team::update::update,
    team::delete::delete,
    team::block::block,
    team::block::unblock,
    team::callback::new,
    team::callback::info,
    team::callback::delete,
    team::callback::disable_logging,
    team::read::info,
    team::read::list,
    team::read::page,
    team::member_add::add,
    team::member_update::update,
    team::member_delete::delete,
))]
struct TeamApi;

#[derive(OpenApi)]
#[openapi(paths(
    user::create::new,
    user::update::update,
    user::delete::delete,
    user::read::info,
    user::read::list,
    user::password::change,
    user::password::forgot::forgot,
    user::password::reset::reset,
))]
struct UserApi;

#[derive(OpenApi)]
#[openapi(paths(
    invitation::create::new,
    invitation::read::info,
    invitation::update::update,
    invitation::delete::delete,
    invitation::accept::accept,
))]
struct InvitationApi;

#[derive(OpenApi)]
#[openapi(paths(
    customer::create::new,
    customer::update::update,
    customer::read::info,
    customer::read::list,
    customer::delete::delete,
    customer::block::block,
    customer::block::unblock,
))]
struct CustomerApi;

#[derive(OpenApi)]
#[openapi(paths(
    organization::create::new,
    organization::update::update,
    organization::read::info,
    organization::read::list,
    organization::delete::delete,
    organization::member_add::add,
    organization::member_update::update,
    organization::member_delete::delete,
))]
struct OrganizationApi;

#[derive(OpenApi)]
#[openapi(paths(tag::create::new, tag::update::update, tag::read::info, tag::read::list, tag::delete::delete,))]
struct TagApi;

#[derive(OpenApi)]
#[openapi(paths(cache::ping, cache::delete, cache::flush))]
struct CacheApi;

#[derive(OpenApi)]
#[openapi(paths(policy::explain))]
struct PolicyApi;

#[derive(OpenApi)]
#[openapi(
    paths(
        spend::logs::logs,
        spend::logs::page,
        spend::interrupted::list,
        spend::interrupted::resolve,
        spend::overview::overview,
        spend::usage::usage,
        spend::export::export,
        spend::forecast::forecast,
        spend::statement::statement,
        spend::month::list,
        spend::month::close,
        spend::adjustment::create,
        spend::adjustment::list,
        spend::price::list,
        spend::provider_budgets::list,
        spend::global::total,
        spend::global::by_day,
        spend::global::activity,
        spend::global::top_keys,
        spend::global::top_models,
        spend::global::entities::top_teams,
        spend::global::entities::by_provider,
        spend::global::entities::top_customers,
        spend::global::entities::by_tag,
        spend::global::entities::all_tag_names,
        spend::global::entities::activity_by_model,
        spend::report::report,
        spend::report::own::keys,
        spend::report::own::users,
        spend::report::own::teams,
        spend::report::own::organizations,
        spend::reset::reset,
        spend::calculate::calculate,
        spend::estimate::estimate,
        spend::entities::keys,
        spend::entities::users,
        spend::entities::tags,
        spend::activity::users,
        spend::activity::teams,
        spend::activity::organizations,
        spend::activity::customers,
        spend::activity::tags,
        spend::activity::whole::users,
        spend::activity::whole::teams,
        spend::activity::whole::organizations,
        spend::activity::whole::customers,
        spend::activity::whole::tags,
        spend::activity::export::users,
        spend::activity::export::teams,
        spend::activity::export::organizations,
        spend::activity::export::customers,
        spend::activity::export::tags,
    ),
    components(schemas(CallStatus, SpendLogSort))
)]
struct SpendApi;

#[derive(OpenApi)]
#[openapi(paths(
    settings::read::list,
    settings::read::info,
    settings::read::callbacks,
    settings::update::update,
    settings::update::update_field,
    settings::update::delete_field,
))]
struct SettingsApi;

#[derive(OpenApi)]
#[openapi(paths(
    sso::provider::list,
    sso::provider::new,
    sso::provider::update,
    sso::provider::delete,
    sso::provider::test,
    sso::choose::choices,
    sso::choose::lookup,
))]
struct SsoApi;

#[derive(OpenApi)]
#[openapi(paths(scim::token::list, scim::token::new, scim::token::delete))]
struct ScimApi;

#[derive(OpenApi)]
#[openapi(paths(session::create, session::info, session::delete, session::list::list, session::revoke::revoke))]
struct SessionApi;

#[derive(OpenApi)]
#[openapi(paths(
    second_factor::read::info,
    second_factor::create::new,
    second_factor::confirm::confirm,
    second_factor::recovery_codes::new,
    second_factor::delete::delete,
))]
struct SecondFactorApi;

#[derive(OpenApi)]
#[openapi(paths(access_token::create::new, access_token::read::list, access_token::delete::delete))]
struct AccessTokenApi;

#[derive(OpenApi)]
#[openapi(paths(
    alert::read::list,
    alert::read::channels,
    alert::create::new,
    alert::update::update,
    alert::delete::delete,
    alert::test::test,
))]
struct AlertApi;

#[derive(OpenApi)]
#[openapi(paths(
    report::create::new,
    report::update::update,
    report::delete::delete,
    report::read::list,
    report::read::info,
    report::read::file,
    report::run::run,
))]
struct ReportApi;

#[derive(OpenApi)]
#[openapi(paths(audit::list, audit::info))]
struct AuditApi;

#[derive(OpenApi)]
#[openapi(
    paths(
        model::info::info,
        model::info::page,
        model::deprecation::list,
        model::group::info,
        model::create::new,
        model::update::update,
        model::update::patch,
        model::delete::delete,
        model::block::block,
        model::block::unblock,
    ),
    components(schemas(ModelSort))
)]
struct ModelApi;

#[derive(OpenApi)]
#[openapi(paths(
    credential::create::new,
    credential::read::list,
    credential::read::by_name,
    credential::update::update,
    credential::delete::delete,
))]
struct CredentialApi;

#[derive(OpenApi)]
#[openapi(paths(
    health::liveliness,
    health::readiness,
    health::checks::health,
    health::checks::latest,
    health::checks::history,
    health::services::services,
    model::test::test_connection,
    metrics::metrics
))]
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
