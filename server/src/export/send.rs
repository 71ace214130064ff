//! Sending one batch, once.
//!
//! Tools that whoever runs the gateway names may be anywhere, behind the proxy that the environment names, too: the guard
//! against addresses that others name is not in their way. Those that keys and teams name are called by it.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Body, Method, Request, Response, StatusCode, redirect};

use super::destination::{Message, Place};
use super::files;
use crate::outbound::{Answered, Outbound, OutboundError};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long sending a batch may take.
const SEND_TIMEOUT: Duration = Duration::from_secs(15);
/// Connections to a tool that are kept: as many as it is told by at once.
const IDLE_CONNECTIONS: usize = super::worker::SENDING_MAX;
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Characters of an answer that are shown.
const ANSWER_CHARS_MAX: usize = 160;

/// Why a batch was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotTaken {
    /// For whoever looks after the gateway.
    pub(super) reason: String,
    /// It may be taken another time.
    pub(super) may_pass: bool,
    /// When the tool says that it takes more.
    pub(super) retry_after: Option<Duration>,
}

/// What tools are called with.
#[derive(Clone, Debug)]
pub(super) enum Client {
    /// Those that whoever runs the gateway names.
    Ours(reqwest::Client),
    /// Those that keys and teams name: by the guard against addresses that others name. It has places of its own, so that
    /// no tool keeps calls from theirs.
    Guarded(Arc<Outbound>),
}

impl Client {
    pub(super) fn ours() -> Result<Self, reqwest::Error> {
        // The only TLS there is here; whoever set one before is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(SEND_TIMEOUT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            // A redirect would carry the tool's key elsewhere.
            .redirect(redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("tollgate/", env!("CARGO_PKG_VERSION")));
        Ok(Self::Ours(client.build()?))
    }

    async fn post(&self, request: Request) -> Result<(StatusCode, HeaderMap, Vec<u8>), NotTaken> {
        match self {
            Self::Ours(client) => {
                let response = client.execute(request).await.map_err(unreachable)?;
                let (status, headers) = (response.status(), response.headers().clone());
                Ok((status, headers, read(response).await?))
            }
            Self::Guarded(outbound) => {
                let bytes_max = u64::try_from(ANSWER_BYTES_MAX).unwrap_or(u64::MAX);
                let Answered { status, headers, bytes } =
                    outbound.send(request, false, bytes_max).await.map_err(barred)?;
                Ok((status, headers, bytes.to_vec()))
            }
        }
    }
}

/// Why the guard does not let a message pass, or it does not arrive.
#[expect(clippy::needless_pass_by_value, reason = "an error is given away")]
fn barred(error: OutboundError) -> NotTaken {
    let may_pass = matches!(error, OutboundError::Unreachable | OutboundError::Timeout(_));
    NotTaken { reason: error.to_string(), may_pass, retry_after: None }
}

/// Sends a message and reads the answer.
pub(super) async fn send(client: &Client, message: &Message) -> Result<Vec<u8>, NotTaken> {
    match &message.place {
        Place::Web { url, headers, content_type } => {
            let mut request = Request::new(Method::POST, url.clone());
            *request.headers_mut() = headers.clone();
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            *request.body_mut() = Some(Body::from(message.body.clone()));
            post(client, request).await
        }
        Place::File { storage, name } => files::put(storage, name, message.body.clone()).await.map(|()| Vec::new()),
    }
}

async fn post(client: &Client, request: Request) -> Result<Vec<u8>, NotTaken> {
    let (status, headers, answer) = client.post(request).await?;
    let retry_after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    if status.is_success() {
        return Ok(answer);
    }
    let said: String = String::from_utf8_lossy(&answer).chars().filter(|one| !one.is_control()).collect();
    let said: String = said.trim().chars().take(ANSWER_CHARS_MAX).collect();
    let reason = format!("it answers with status {}: {said}", status.as_u16());
    let may_pass = status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY);
    Err(NotTaken { reason, may_pass, retry_after: retry_after.map(Duration::from_secs) })
}

async fn read(mut response: Response) -> Result<Vec<u8>, NotTaken> {
    let mut whole = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        whole.extend_from_slice(&chunk);
        if whole.len() > ANSWER_BYTES_MAX {
            break;
        }
    }
    Ok(whole)
}

/// Addresses may have secrets in them.
#[expect(clippy::needless_pass_by_value, reason = "an error is given away")]
fn unreachable(error: reqwest::Error) -> NotTaken {
    let what = if error.is_timeout() {
        "it does not answer in time"
    } else if error.is_connect() {
        "it cannot be reached"
    } else {
        "the connection to it breaks off"
    };
    NotTaken { reason: what.to_owned(), may_pass: true, retry_after: None }
}
