//! Provisioning by SCIM 2.0 (RFC 7643, RFC 7644): a directory makes users and groups, changes them and takes them away.
//! Groups are teams. A directory shows who it is by a token of its own.

mod caller;
mod discovery;
mod error;
mod filter;
pub mod group;
mod patch;
mod query;
pub mod token;
pub mod user;

use actix_web::http::header::{CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH, IF_NONE_MATCH, LOCATION};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, SecondsFormat, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::app::App;
use error::{ScimError, ScimResult};
use query::ListQuery;

/// Where everything is.
const BASE: &str = "/scim/v2";
/// The form of bodies.
const MEDIA_TYPE: &str = "application/scim+json";
/// Longest body, in bytes: a group may have many members.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What is no unreserved character (RFC 3986, 2.3).
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Resources of a page at most.
const PAGE_MAX: u64 = 500;

/// Mounts what directories call.
pub(super) fn configure(config: &mut ServiceConfig) {
    let at = |path: &str| web::resource(format!("{BASE}{path}"));
    config
        .service(at("/ServiceProviderConfig").route(web::get().to(discovery::provider)))
        .service(at("/ResourceTypes").route(web::get().to(discovery::resource_types)))
        .service(at("/ResourceTypes/{id}").route(web::get().to(discovery::resource_type)))
        .service(at("/Schemas").route(web::get().to(discovery::schemas)))
        .service(at("/Schemas/{id}").route(web::get().to(discovery::schema)))
        .service(at("/.search").route(web::post().to(search_everything)))
        .service(at("/Users/.search").route(web::post().to(user::search)))
        .service(at("/Groups/.search").route(web::post().to(group::search)))
        .service(at("/Users").route(web::get().to(user::list)).route(web::post().to(user::create)))
        .service(
            at("/Users/{id}")
                .route(web::get().to(user::get))
                .route(web::put().to(user::replace))
                .route(web::patch().to(user::patch))
                .route(web::delete().to(user::delete)),
        )
        .service(at("/Groups").route(web::get().to(group::list)).route(web::post().to(group::create)))
        .service(
            at("/Groups/{id}")
                .route(web::get().to(group::get))
                .route(web::put().to(group::replace))
                .route(web::patch().to(group::patch))
                .route(web::delete().to(group::delete)),
        )
        .service(web::resource(format!("{BASE}/{{path:.*}}")).to(unknown));
}

/// Users and groups are searched apart (RFC 7644, 3.4.3, lets a server say so).
async fn search_everything(app: web::Data<App>, request: HttpRequest) -> ScimResult<HttpResponse> {
    caller::caller(&app, &request).await?;
    let detail = "Search /Users/.search or /Groups/.search: kinds of resources are not searched together.";
    Err(ScimError::new(StatusCode::NOT_IMPLEMENTED, detail.to_owned()))
}

async fn unknown(request: HttpRequest) -> ScimResult<HttpResponse> {
    let detail = format!("There is no {} {} here.", request.method(), request.path());
    Err(ScimError::new(StatusCode::NOT_FOUND, detail))
}

fn page(query: &ListQuery, total: u64, resources: Vec<Value>) -> HttpResponse {
    answer(StatusCode::OK).body(
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": total,
            "startIndex": query.start_index.max(1),
            "itemsPerPage": resources.len(),
            "Resources": resources.into_iter().map(|resource| query.project(resource)).collect::<Vec<_>>(),
        })
        .to_string(),
    )
}

/// One resource, with its version; made where `status` says so.
fn one(request: &HttpRequest, status: StatusCode, resource: Value) -> ScimResult<HttpResponse> {
    let query = ListQuery::of(request)?;
    let version = resource.pointer("/meta/version").and_then(Value::as_str).unwrap_or_default();
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if *request.method() == Method::GET && known == Some(version) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, version)).finish());
    }
    let mut response = answer(status);
    response.insert_header((ETAG, version));
    if let Some(location) = resource.pointer("/meta/location").and_then(Value::as_str) {
        response.insert_header((LOCATION, location));
    }
    Ok(response.body(query.project(resource).to_string()))
}

fn answer(status: StatusCode) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)));
    response
}

/// Refuses a change of what has changed since the caller saw it.
fn check_version(request: &HttpRequest, version: &str) -> ScimResult<()> {
    let Some(wanted) = request.headers().get(IF_MATCH).and_then(|value| value.to_str().ok()) else { return Ok(()) };
    if wanted == "*" || wanted.split(',').any(|one| one.trim() == version) {
        return Ok(());
    }
    Err(ScimError::new(StatusCode::PRECONDITION_FAILED, "It has changed since you saw it.".to_owned()))
}

/// Its version: weak, since it says when it changed and not what its bytes are.
fn version_of(updated_at: DateTime<Utc>) -> String {
    format!("W/\"{}\"", updated_at.timestamp_micros())
}

fn meta(app: &App, kind: &str, id: &str, (created, updated): (DateTime<Utc>, DateTime<Utc>)) -> Value {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({
        "resourceType": kind,
        "created": time(created),
        "lastModified": time(updated),
        "location": location(app, kind, id),
        "version": version_of(updated),
    })
}

fn location(app: &App, kind: &str, id: &str) -> String {
    let id = percent_encoding::utf8_percent_encode(id, IN_PATH);
    format!("{}{BASE}/{kind}s/{id}", app.identity.base_url)
}

/// A body, whatever media type it says it has.
async fn body<T: DeserializeOwned>(payload: web::Payload) -> ScimResult<T> {
    let bytes = payload.to_bytes_limited(BODY_BYTES_MAX).await;
    let too_long = |_| {
        let detail = format!("The body is longer than {BODY_BYTES_MAX} bytes.");
        ScimError::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    let unreadable = |_| ScimError::invalid("invalidSyntax", "The body could not be read.");
    let bytes = bytes.map_err(too_long)?.map_err(unreadable)?;
    let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
    serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| ScimError::invalid("invalidSyntax", format!("{}: {}", error.path(), error.inner())))
}
