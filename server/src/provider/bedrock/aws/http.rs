//! AWS's crates ask for credentials over HTTP with a client like the gateway's.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use reqwest::{Client, Request};

use crate::provider::token;

/// How long one question may take where AWS's crates do not say.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The client.
#[derive(Clone, Debug)]
pub(super) struct Http(Client);

#[derive(Debug)]
struct Connector {
    client: Client,
    timeout: Duration,
}

impl Http {
    /// The client of all services that give tokens.
    pub(super) fn new() -> Result<Self, String> {
        token::client().map(Self)
    }
}

impl HttpClient for Http {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let waits = [settings.connect_timeout(), settings.read_timeout()];
        let timeout = waits.into_iter().flatten().reduce(|sum, wait| sum + wait).unwrap_or(TIMEOUT);
        SharedHttpConnector::new(Connector { client: self.0.clone(), timeout })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (client, timeout) = (self.client.clone(), self.timeout);
        HttpConnectorFuture::new(send(client, request, timeout))
    }
}

async fn send(client: Client, request: HttpRequest, timeout: Duration) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let request = request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
    let mut request = Request::try_from(request).map_err(|error| ConnectorError::user(error.into()))?;
    *request.timeout_mut() = Some(timeout);
    let failed = |error: reqwest::Error| {
        if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
    };
    let answer = client.execute(request).await.map_err(failed)?;
    let status =
        StatusCode::try_from(answer.status().as_u16()).map_err(|error| ConnectorError::other(error.into(), None))?;
    let headers = answer.headers().clone();
    let body = answer.bytes().await.map_err(failed)?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    for (name, value) in &headers {
        if let Ok(value) = value.to_str() {
            response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
        }
    }
    Ok(response)
}
