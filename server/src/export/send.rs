//! Sending one batch, once.
//!
//! Tools are named by whoever runs the gateway: they may be anywhere, behind the proxy that the environment names, too.
//! That is why the guard against addresses that others name is not in the way here; it would also keep no connections, and
//! has only so many places, which calls need.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};

use super::destination::{Destination, Message};

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

/// What all tools are called with.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    // The only TLS there is here; whoever set one before is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(SEND_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        // A redirect would carry the tool's key elsewhere.
        .redirect(redirect::Policy::none())
        .referer(false)
        .user_agent(concat!("tollgate/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Sends a message and reads the answer.
pub(super) async fn send(client: &Client, destination: &Destination, message: &Message) -> Result<Vec<u8>, NotTaken> {
    let request = client
        .post(message.url.clone())
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .headers(destination.headers.clone())
        .body(message.body.clone());
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let answer = read(response).await?;
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
