//! What there is, and what it can do (RFC 7644, 4).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::caller::caller;
use super::error::{ScimError, ScimResult};
use super::query::ListQuery;
use super::{BASE, PAGE_MAX, answer, page};
use crate::app::App;

/// What this server can do.
pub(super) async fn provider(app: web::Data<App>, request: HttpRequest) -> ScimResult<HttpResponse> {
    caller(&app, &request).await?;
    let config = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": PAGE_MAX},
        "changePassword": {"supported": false},
        "sort": {"supported": false},
        "etag": {"supported": true},
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A directory's own token, made in the console under Single sign-on, or by POST /scim/token/new",
            "primary": true,
        }],
        "meta": {"resourceType": "ServiceProviderConfig", "location": at(&app, "/ServiceProviderConfig")},
    });
    Ok(answer(StatusCode::OK).body(config.to_string()))
}

/// The kinds of resources.
pub(super) async fn resource_types(app: web::Data<App>, request: HttpRequest) -> ScimResult<HttpResponse> {
    caller(&app, &request).await?;
    let all = ["User", "Group"].map(|kind| resource_type_of(&app, kind)).to_vec();
    Ok(page(&ListQuery::default(), 2, all))
}

/// One of them.
pub(super) async fn resource_type(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> ScimResult<HttpResponse> {
    caller(&app, &request).await?;
    let found = ["User", "Group"].into_iter().find(|kind| *kind == id.as_str());
    let kind = found.ok_or_else(|| ScimError::not_found("ResourceType", &id))?;
    Ok(answer(StatusCode::OK).body(resource_type_of(&app, kind).to_string()))
}

/// What resources are made of.
pub(super) async fn schemas(app: web::Data<App>, request: HttpRequest) -> ScimResult<HttpResponse> {
    caller(&app, &request).await?;
    Ok(page(&ListQuery::default(), 2, vec![user_schema(&app), group_schema(&app)]))
}

/// What one is made of.
pub(super) async fn schema(
    app: web::Data<App>,
    request: HttpRequest,
    id: web::Path<String>,
) -> ScimResult<HttpResponse> {
    caller(&app, &request).await?;
    let all = [user_schema(&app), group_schema(&app)];
    let found = all.into_iter().find(|schema| schema.get("id").and_then(Value::as_str) == Some(id.as_str()));
    let schema = found.ok_or_else(|| ScimError::not_found("Schema", &id))?;
    Ok(answer(StatusCode::OK).body(schema.to_string()))
}

fn at(app: &App, path: &str) -> String {
    format!("{}{BASE}{path}", app.identity.base_url)
}

fn resource_type_of(app: &App, kind: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": kind,
        "name": kind,
        "endpoint": format!("/{kind}s"),
        "schema": format!("urn:ietf:params:scim:schemas:core:2.0:{kind}"),
        "meta": {"resourceType": "ResourceType", "location": at(app, &format!("/ResourceTypes/{kind}"))},
    })
}

fn schema_of(app: &App, kind: &str, attributes: &[Value]) -> Value {
    let id = format!("urn:ietf:params:scim:schemas:core:2.0:{kind}");
    let location = at(app, &format!("/Schemas/{id}"));
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": id,
        "name": kind,
        "attributes": attributes,
        "meta": {"resourceType": "Schema", "location": location},
    })
}

/// An attribute of one value.
fn attribute(name: &str, kind: &str, required: bool, uniqueness: &str) -> Value {
    json!({
        "name": name, "type": kind, "multiValued": false, "required": required, "caseExact": false,
        "mutability": "readWrite", "returned": "default", "uniqueness": uniqueness,
    })
}

/// The address of a resource.
fn reference(kind: &str) -> Value {
    let mut attribute = attribute("$ref", "reference", false, "none");
    if let Some(fields) = attribute.as_object_mut() {
        fields.insert("referenceTypes".to_owned(), json!([kind]));
        fields.insert("caseExact".to_owned(), json!(true));
    }
    attribute
}

fn complex(name: &str, multi_valued: bool, mutability: &str, parts: &[Value]) -> Value {
    json!({
        "name": name, "type": "complex", "multiValued": multi_valued, "required": false,
        "mutability": mutability, "returned": "default", "subAttributes": parts,
    })
}

fn user_schema(app: &App) -> Value {
    let text = |name: &str| attribute(name, "string", false, "none");
    let name = ["formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix"].map(text);
    let email = [text("value"), text("type"), attribute("primary", "boolean", false, "none")];
    let attributes = [
        attribute("userName", "string", true, "server"),
        text("externalId"),
        text("displayName"),
        complex("name", false, "readWrite", &name),
        complex("emails", true, "readWrite", &email),
        attribute("active", "boolean", true, "none"),
        complex("groups", true, "readOnly", &[text("value"), reference("Group"), text("display")]),
    ];
    schema_of(app, "User", &attributes)
}

fn group_schema(app: &App) -> Value {
    let text = |name: &str| attribute(name, "string", false, "none");
    let attributes = [
        attribute("displayName", "string", true, "server"),
        text("externalId"),
        complex("members", true, "readWrite", &[text("value"), reference("User")]),
    ];
    schema_of(app, "Group", &attributes)
}
