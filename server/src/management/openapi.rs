//! openapi.json: every documented operation, collected resource by resource.

use tollgate_openapi::key::{KeySort, KeyStatus, STORED_FIELDS, SortOrder, StoredKind};
use tollgate_openapi::paths;
use tollgate_openapi::spend::{CallStatus, SpendLogSort};
use utoipa::OpenApi;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, Object, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};

use super::{health, key, metrics, model, policy, session, spend};
use crate::auth::session::COOKIE_NAME;

/// The management API's document. Each resource is a document of its own, merged here.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Api::openapi();
    for part in [
        KeyApi::openapi(),
        PolicyApi::openapi(),
        SpendApi::openapi(),
        ModelApi::openapi(),
        SessionApi::openapi(),
        HealthApi::openapi(),
    ] {
        document.merge(part);
    }
    add_other_paths(&mut document);
    if let Some(components) = &mut document.components {
        for body in ["KeyCreate", "KeyPatch"] {
            if let Some(RefOr::T(Schema::Object(schema))) = components.schemas.get_mut(body) {
                add_stored_fields(schema);
            }
        }
    }
    add_common_refusals(&mut document);
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
        (name = "policy", description = "What a key may do, and why"),
        (name = "spend", description = "What calls cost"),
        (name = "model", description = "Deployments behind each public model name"),
        (name = "session", description = "Console sessions"),
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
    ),
    components(schemas(KeySort, KeyStatus, SortOrder))
)]
struct KeyApi;

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
        spend::global::total,
        spend::global::by_day,
        spend::global::activity,
        spend::global::top_keys,
        spend::global::top_models,
    ),
    components(schemas(CallStatus, SpendLogSort))
)]
struct SpendApi;

#[derive(OpenApi)]
#[openapi(paths(session::create, session::info, session::delete))]
struct SessionApi;

#[derive(OpenApi)]
#[openapi(paths(model::info))]
struct ModelApi;

#[derive(OpenApi)]
#[openapi(paths(health::liveliness, health::readiness, health::health, metrics::metrics))]
struct HealthApi;

/// The fields of a key that are only kept: a map to serde, and names to whoever reads the document.
fn add_stored_fields(schema: &mut Object) {
    schema.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    for (name, kind) in STORED_FIELDS {
        let description = Some("Kept and shown as it came");
        let or_null = |kind| SchemaType::from_iter([kind, Type::Null]);
        let simple = |kind| ObjectBuilder::new().schema_type(or_null(kind)).description(description).into();
        let field: Schema = match kind {
            StoredKind::Array => {
                let anything = ObjectBuilder::new().schema_type(SchemaType::AnyValue);
                let array = ArrayBuilder::new().items(anything).schema_type(or_null(Type::Array));
                array.description(description).into()
            }
            StoredKind::Count => simple(Type::Integer),
            StoredKind::Flag => simple(Type::Boolean),
            StoredKind::Object => simple(Type::Object),
            StoredKind::Text => simple(Type::String),
        };
        schema.properties.insert((*name).to_owned(), field.into());
    }
}

/// LiteLLM's other paths of the same operations, and those that are not the management API's own.
fn add_other_paths(document: &mut utoipa::openapi::OpenApi) {
    for (path, same, id) in [
        (paths::MODEL_INFO_OLD, paths::MODEL_INFO, "model_info_old"),
        (paths::HEALTH_LIVENESS, paths::HEALTH_LIVELINESS, "health_liveness"),
    ] {
        if let Some(mut item) = document.paths.paths.get(same).cloned() {
            if let Some(operation) = &mut item.get {
                operation.operation_id = Some(id.to_owned());
                operation.description = Some(format!("The same as `{same}`."));
            }
            document.paths.paths.insert(path.to_owned(), item);
        }
    }
}

/// What any operation may answer: a body that is too long, a database that is away.
fn add_common_refusals(document: &mut utoipa::openapi::OpenApi) {
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            let mut refusals = Vec::new();
            if operation.request_body.is_some() {
                refusals.push(("400", "A value will not do; `param` names its field"));
                refusals.push(("413", "The body is too long"));
            }
            if operation.responses.responses.contains_key("401") {
                refusals.push(("503", "The database is away; try again"));
            }
            for (status, description) in refusals {
                let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorEnvelope"))).build();
                let response = ResponseBuilder::new().description(description).content("application/json", content);
                operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.build().into());
            }
        }
    }
}

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
