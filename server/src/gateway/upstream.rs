//! Step 4: the provider is called.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, Url, multipart, redirect};

use crate::config::Limits;
use crate::provider::endpoint::Endpoint;
use crate::router::Failure;

/// A provider's error body is read up to here, in bytes.
const ERROR_BYTES_MAX: usize = 1024 * 1024;
/// A whole answer is read up to here, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Idle connections kept to one provider by one worker.
const IDLE_CONNECTIONS: usize = 256;
/// How long they are kept; shorter than providers' own limits.
const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(50);

/// A worker's connections to providers. Each worker has its own, so that a connection lives where it is used.
#[derive(Clone, Debug)]
pub struct Upstream {
    client: Client,
}

/// What a provider is sent.
#[derive(Debug)]
pub enum Payload {
    /// JSON.
    Json(Bytes),
    /// A form, with files.
    Form(multipart::Form),
}

/// Why a provider gave no answer that can be used.
#[derive(Debug)]
pub enum UpstreamFailure {
    /// It could not be reached, or broke off.
    Unreachable(String),
    /// It took too long.
    Timeout(Duration),
    /// It answered with an error.
    Status {
        /// HTTP status.
        status: u16,
        /// Its headers.
        headers: HeaderMap,
        /// Its body.
        body: Bytes,
    },
}

impl Upstream {
    /// A client within `limits`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(limits: &Limits) -> Result<Self, reqwest::Error> {
        // The only TLS there is here; whoever set one before is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        // What is compressed all the same is unpacked; nothing is gained by asking for it.
        let plain = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
        let client = Client::builder()
            .default_headers(plain)
            .connect_timeout(limits.connect_timeout)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .pool_idle_timeout(IDLE_CONNECTION_TIMEOUT)
            .tcp_nodelay(true)
            // A redirect would carry the provider's key elsewhere.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("tollgate/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client })
    }

    /// Sends a JSON body to an address of `endpoint`, with headers of this call, and waits for the head of the answer.
    ///
    /// # Errors
    /// When the provider is away, slow, or answers with an error status.
    pub async fn post_json(
        &self,
        endpoint: &Endpoint,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        timeout: Duration,
    ) -> Result<Response, UpstreamFailure> {
        self.post(endpoint, url, headers, Payload::Json(body), timeout).await
    }

    /// A request of any kind, to be sent by [`Self::send`].
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// The same with any payload.
    ///
    /// # Errors
    /// As [`Self::post_json`].
    pub async fn post(
        &self,
        endpoint: &Endpoint,
        url: &Url,
        headers: HeaderMap,
        payload: Payload,
        timeout: Duration,
    ) -> Result<Response, UpstreamFailure> {
        let request = self.client.post(url.clone()).headers(endpoint.headers.clone()).headers(headers);
        let request = match payload {
            Payload::Json(body) => {
                request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body)
            }
            Payload::Form(form) => request.multipart(form),
        };
        match self.send(endpoint, request, timeout).await {
            // It leads elsewhere, which is no answer.
            Err(UpstreamFailure::Status { status, .. }) if !(400..600).contains(&status) => {
                Err(UpstreamFailure::Unreachable(format!("it answers with HTTP {status}, which is no answer")))
            }
            sent => sent,
        }
    }

    /// Sends a request to an address of `endpoint`, with the proof of whose it is, and waits for the head of the answer.
    ///
    /// # Errors
    /// When the provider is away, slow, or answers with an error status.
    pub async fn send(
        &self,
        endpoint: &Endpoint,
        request: RequestBuilder,
        timeout: Duration,
    ) -> Result<Response, UpstreamFailure> {
        let mut request = request.build().map_err(|error| UpstreamFailure::from_reqwest(&error, timeout))?;
        let sent = async {
            if let Some(authorize) = &endpoint.authorize {
                authorize.authorize(&mut request).await.map_err(UpstreamFailure::Unreachable)?;
            }
            self.client.execute(request).await.map_err(|error| UpstreamFailure::from_reqwest(&error, timeout))
        };
        let response = tokio::time::timeout(timeout, sent).await.map_err(|_| UpstreamFailure::Timeout(timeout))??;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = tokio::time::timeout(timeout, read_body(response, ERROR_BYTES_MAX)).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        Err(UpstreamFailure::Status { status, headers, body })
    }
}

/// Reads a whole answer.
///
/// # Errors
/// When it breaks off or is absurdly long.
pub async fn read_answer(response: Response) -> Result<Bytes, UpstreamFailure> {
    read_body(response, ANSWER_BYTES_MAX).await
}

async fn read_body(mut response: Response, limit: usize) -> Result<Bytes, UpstreamFailure> {
    let broke_off = |error: reqwest::Error| UpstreamFailure::Unreachable(describe(&error));
    let first = response.chunk().await.map_err(broke_off)?.unwrap_or_default();
    let mut whole: Option<BytesMut> = None;
    while let Some(chunk) = response.chunk().await.map_err(broke_off)? {
        let so_far = whole.get_or_insert_with(|| BytesMut::from(first.as_ref()));
        if so_far.len() + chunk.len() > limit {
            return Err(UpstreamFailure::Unreachable(format!("its answer is over {limit} bytes")));
        }
        so_far.extend_from_slice(&chunk);
    }
    // Most answers come in one piece, which is passed on as it is.
    Ok(whole.map_or(first, BytesMut::freeze))
}

impl UpstreamFailure {
    fn from_reqwest(error: &reqwest::Error, timeout: Duration) -> Self {
        if error.is_timeout() && !error.is_connect() {
            return Self::Timeout(timeout);
        }
        Self::Unreachable(describe(error))
    }

    /// What the router makes of it.
    #[must_use]
    pub fn for_router(&self) -> Failure {
        match self {
            Self::Unreachable(reason) => Failure { status: None, retry_after: None, reason: reason.clone() },
            Self::Timeout(after) => {
                let reason = format!("no answer within {} s", after.as_secs_f64());
                Failure { status: Some(408), retry_after: None, reason }
            }
            Self::Status { status, headers, body } => Failure {
                status: Some(*status),
                retry_after: retry_after(headers),
                reason: format!("HTTP {status}: {}", excerpt(body)),
            },
        }
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse::<u64>().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The beginning of an error body, for people.
fn excerpt(body: &Bytes) -> String {
    const CHARS: usize = 300;
    String::from_utf8_lossy(body).chars().take(CHARS).collect()
}

/// reqwest hides the cause in its sources; the address may hold a secret and is left out.
pub(super) fn describe(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    if causes.is_empty() { "the connection failed".to_owned() } else { causes.join(": ") }
}
