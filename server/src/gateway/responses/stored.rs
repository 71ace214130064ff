//! Responses that a provider keeps: read, deleted, cancelled, by whoever asked for them.
//!
//! Nothing of this costs money, so nothing is written down.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use futures_util::{StreamExt, stream};
use reqwest::{Method, Response, Url};

use super::id::{self, Kept, Sealing};
use crate::error::ApiError;
use crate::gateway::error::GatewayError;
use crate::gateway::settle::attempts::Tried;
use crate::gateway::upstream::{self, Upstream, UpstreamFailure};
use crate::gateway::{Gateway, authenticate, headers, outgoing};
use crate::policy::CallPolicy;
use crate::provider::endpoint::Endpoint;
use crate::provider::responses::ids::{StreamRenamer, renamed};
use crate::router::Deployment;
use crate::router::deployment::Target;

/// The response.
///
/// # Errors
/// When it is not the caller's, or the provider no longer has it.
pub async fn get(http: HttpRequest, gateway: web::Data<Gateway>, upstream: web::Data<Upstream>) -> Answer {
    ask(Method::GET, None, &http, &gateway, &upstream).await
}

/// Has the provider forget it.
///
/// # Errors
/// As [`get`].
pub async fn delete(http: HttpRequest, gateway: web::Data<Gateway>, upstream: web::Data<Upstream>) -> Answer {
    ask(Method::DELETE, None, &http, &gateway, &upstream).await
}

/// Stops one that is made in the background.
///
/// # Errors
/// As [`get`].
pub async fn cancel(http: HttpRequest, gateway: web::Data<Gateway>, upstream: web::Data<Upstream>) -> Answer {
    ask(Method::POST, Some("cancel"), &http, &gateway, &upstream).await
}

/// What the model read.
///
/// # Errors
/// As [`get`].
pub async fn input_items(http: HttpRequest, gateway: web::Data<Gateway>, upstream: web::Data<Upstream>) -> Answer {
    ask(Method::GET, Some("input_items"), &http, &gateway, &upstream).await
}

type Answer = Result<HttpResponse, ApiError>;

/// A response that the caller may use.
struct Found {
    policy: CallPolicy,
    deployment: Arc<Deployment>,
    kept: Kept,
    sealing: Sealing,
}

async fn ask(method: Method, what: Option<&str>, http: &HttpRequest, gateway: &Gateway, upstream: &Upstream) -> Answer {
    let Found { policy, deployment, kept, sealing } = find(http, gateway).await?;
    let Target::Provider(endpoint) = &deployment.target else { return Err(not_found(&kept.response)) };
    let url = address(endpoint, &kept.response, what, http.query_string());
    let url = url.ok_or_else(|| not_found(&kept.response))?;
    let request_id = gateway.call_ids.next(gateway.clock.now());
    let head = |status: StatusCode| {
        let mut head = HttpResponse::build(status);
        headers::describe(&mut head, &request_id, &policy.key, Some(&deployment), Tried::default());
        head
    };
    let request = upstream.request(method, url).headers(endpoint.headers.clone());
    match upstream.send(endpoint, request, deployment.timeout).await {
        Ok(response) => answer(head(StatusCode::OK), response, sealing, &deployment).await,
        Err(failure) => match outgoing::openai_error(&endpoint.protocol, failure) {
            UpstreamFailure::Status { status, headers, body } => {
                let mut head = head(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY));
                headers::forward(&mut head, &headers);
                Ok(head.insert_header((CONTENT_TYPE, "application/json")).body(body))
            }
            failure => Err(failed(failure)),
        },
    }
}

async fn find(http: &HttpRequest, gateway: &Gateway) -> Result<Found, ApiError> {
    let id = http.match_info().get("response_id").unwrap_or_default();
    let policy = authenticate::authenticate(gateway, http.path(), http.headers()).await?;
    let policy = gateway.policy.call(policy, None, &[]).await.map_err(GatewayError::from)?;
    let owner = id::owner(&policy.key);
    let kept = gateway.response_ids.open(&owner, id).ok_or_else(|| not_found(id))?;
    let all = gateway.router.deployments();
    let deployment = all.into_iter().find(|one| *one.id == kept.deployment).ok_or_else(|| not_found(id))?;
    let model = &deployment.model_name;
    policy.check(model).map_err(|denial| GatewayError::denied(denial, model))?;
    let sealing = Sealing { ids: gateway.response_ids.clone(), owner, deployment: kept.deployment.clone() };
    Ok(Found { policy, deployment, kept, sealing })
}

fn not_found(id: &str) -> ApiError {
    ApiError::not_found(format!("Response with id '{id}' not found."))
}

/// Where `endpoint` keeps the response, with what the client asks of it.
fn address(endpoint: &Endpoint, response: &str, what: Option<&str>, query: &str) -> Option<Url> {
    let mut url = endpoint.responses_url.clone()?;
    url.path_segments_mut().ok()?.push(response).extend(what);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(form_urlencoded::parse(query.as_bytes()));
    }
    Some(url)
}

async fn answer(mut head: HttpResponseBuilder, response: Response, names: Sealing, deployment: &Deployment) -> Answer {
    headers::forward(&mut head, response.headers());
    let kind = response.headers().get(CONTENT_TYPE.as_str()).and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| kind.starts_with("text/event-stream")) {
        let start = (response.bytes_stream(), Some(StreamRenamer::new(Box::new(names))));
        let events = stream::unfold(start, |(mut chunks, renamer)| async move {
            let mut renamer = renamer?;
            Some(match chunks.next().await {
                Some(Ok(bytes)) => (Ok(renamer.push(bytes)), (chunks, Some(renamer))),
                Some(Err(error)) => (Err(error), (chunks, None)),
                None => (Ok(renamer.finish()), (chunks, None)),
            })
        });
        return Ok(head.insert_header((CONTENT_TYPE, "text/event-stream; charset=utf-8")).streaming(events));
    }
    let read = tokio::time::timeout(deployment.timeout, upstream::read_answer(response)).await;
    let body = read.unwrap_or(Err(UpstreamFailure::Timeout(deployment.timeout))).map_err(failed)?;
    Ok(head.insert_header((CONTENT_TYPE, "application/json")).body(renamed(&body, &names)))
}

fn failed(failure: UpstreamFailure) -> ApiError {
    match failure {
        UpstreamFailure::Timeout(after) => GatewayError::ProviderTimeout { after }.into(),
        failure => GatewayError::ProviderUnreachable { reason: failure.for_router().reason }.into(),
    }
}
