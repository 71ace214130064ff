//! Calls to addresses that others name: the one guard against being made to call what only the gateway can reach.
//!
//! A host is looked up once, all its addresses are judged, and the connection is made to these. Redirects are followed by
//! hand, each judged like the first address. No proxy is used, since it would look the host up again.

mod resolver;

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Client, Request, Response, StatusCode, Url, redirect};
use tokio::sync::Semaphore;

use crate::config::{Config, FetchSettings};
use crate::domain::address::AddressRules;
use resolver::{Forbidden, Resolver};

/// Redirects that are followed.
const REDIRECTS_MAX: usize = 3;
/// How long connecting may take at most.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Fetches what others name by address.
#[derive(Debug)]
pub struct Outbound {
    rules: Arc<AddressRules>,
    /// Connects to addresses that the rules allow.
    judging: Client,
    /// Connects to any, for hosts that are listed.
    trusting: Client,
    places: Semaphore,
    timeout: Duration,
}

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The media type its server gives it, in lower case and without parameters.
    pub media_type: Option<String>,
    /// It.
    pub bytes: Bytes,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub bytes: Bytes,
}

/// Why something cannot be fetched, as whoever named the address may know it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// It is no address of the web.
    #[error("it is not an http or https address")]
    NotOfTheWeb,
    /// It has a user or password in it.
    #[error("an address may not have a user or a password in it")]
    Credentials,
    /// The port is not one of those that may be called.
    #[error("port {0} may not be called")]
    Port(u16),
    /// Its host is not found, or only where nobody may have something fetched from: the two are not told apart.
    #[error("its host has no public address")]
    Forbidden,
    /// It leads elsewhere too often, or nowhere.
    #[error("it leads to more than {REDIRECTS_MAX} other addresses")]
    Redirects,
    /// Its server refuses.
    #[error("its server answers with status {0}")]
    Status(u16),
    /// Its server cannot be reached, breaks off, or is one whose answers are not told.
    #[error("it cannot be fetched")]
    Unreachable,
    /// It takes too long.
    #[error("it takes longer than {} seconds", .0.as_secs_f64())]
    Timeout(Duration),
    /// It is too large.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
}

impl Outbound {
    /// A guard with the rules and bounds of `config`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(config: &Config) -> Result<Self, reqwest::Error> {
        // The only TLS there is here; whoever set one before is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let FetchSettings { ports, parallel_max, timeout, .. } = &config.limits.fetch;
        let rules = Arc::new(AddressRules {
            is_on: config.litellm.user_url_validation,
            allowed: config.litellm.user_url_allowed_hosts.clone(),
            ports: ports.clone(),
        });
        let builder = || {
            Client::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                // Connections would belong to whichever worker asked first, and to what was judged then.
                .pool_max_idle_per_host(0)
                .redirect(redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .user_agent(concat!("tollgate/", env!("CARGO_PKG_VERSION")))
        };
        Ok(Self {
            judging: builder().dns_resolver(Arc::new(Resolver(Arc::clone(&rules)))).build()?,
            trusting: builder().build()?,
            places: Semaphore::new(usize::try_from(*parallel_max).unwrap_or(Semaphore::MAX_PERMITS)),
            timeout: *timeout,
            rules,
        })
    }

    /// Fetches what is at `address`, up to `bytes_max` bytes; `accept` says what is wanted.
    ///
    /// # Errors
    /// When it may not be fetched, or cannot.
    pub async fn get(&self, address: &str, accept: &'static str, bytes_max: u64) -> Result<Fetched, OutboundError> {
        let fetched = async {
            let _place = self.places.acquire().await.map_err(|_| OutboundError::Unreachable)?;
            let (response, is_trusted) = self.follow(address, accept).await?;
            let media_type = media_type(&response);
            let status = response.status();
            if !status.is_success() {
                let told = OutboundError::Status(status.as_u16());
                return Err(if is_trusted { OutboundError::Unreachable } else { told });
            }
            Ok(Fetched { media_type, bytes: read(response, bytes_max).await? })
        };
        tokio::time::timeout(self.timeout, fetched).await.map_err(|_| OutboundError::Timeout(self.timeout))?
    }

    /// Makes a request and reads the whole answer, whatever its status; redirects are not followed. What `is_ours` was
    /// named by whoever runs the gateway: it may be anywhere.
    ///
    /// # Errors
    /// When the address may not be called, or no answer of at most `bytes_max` bytes comes in time.
    pub async fn send(&self, request: Request, is_ours: bool, bytes_max: u64) -> Result<Answered, OutboundError> {
        let answered = async {
            let _place = self.places.acquire().await.map_err(|_| OutboundError::Unreachable)?;
            let client = if is_ours { &self.trusting } else { self.client_for(request.url())?.0 };
            let response = client.execute(request).await.map_err(|error| failure(&error))?;
            let (status, headers) = (response.status(), response.headers().clone());
            Ok(Answered { status, headers, bytes: read(response, bytes_max).await? })
        };
        tokio::time::timeout(self.timeout, answered).await.map_err(|_| OutboundError::Timeout(self.timeout))?
    }

    /// The answer at the end of all redirects, and whether it comes from where only the gateway may reach.
    async fn follow(&self, address: &str, accept: &'static str) -> Result<(Response, bool), OutboundError> {
        let mut url = Url::parse(address).map_err(|_| OutboundError::NotOfTheWeb)?;
        for _ in 0..=REDIRECTS_MAX {
            let (client, is_trusted) = self.client_for(&url)?;
            let request = client.get(url.clone()).header(ACCEPT, HeaderValue::from_static(accept));
            let response = request.send().await.map_err(|error| failure(&error))?;
            if !response.status().is_redirection() {
                return Ok((response, is_trusted));
            }
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            url = url.join(to.ok_or(OutboundError::Unreachable)?).map_err(|_| OutboundError::NotOfTheWeb)?;
        }
        Err(OutboundError::Redirects)
    }

    /// Who may call `url`, if anybody, and whether it is inside.
    fn client_for(&self, url: &Url) -> Result<(&Client, bool), OutboundError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(OutboundError::NotOfTheWeb);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundError::Credentials);
        }
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(OutboundError::NotOfTheWeb);
        };
        if self.rules.trusts(host, port) {
            return Ok((&self.trusting, true));
        }
        // A number is not looked up, so that nobody else judges it.
        let number = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        let is_listed = number.is_some_and(|address| self.rules.lists(address));
        if number.is_some_and(|address| !self.rules.allows(address)) {
            return Err(OutboundError::Forbidden);
        }
        if !is_listed && !self.rules.ports.contains(&port) {
            return Err(OutboundError::Port(port));
        }
        Ok((&self.judging, is_listed))
    }
}

fn media_type(response: &Response) -> Option<String> {
    let text = response.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    let name = text.split(';').next().unwrap_or(text).trim();
    (!name.is_empty()).then(|| name.to_ascii_lowercase())
}

async fn read(mut response: Response, bytes_max: u64) -> Result<Bytes, OutboundError> {
    let too_large = |bytes: u64| bytes > bytes_max;
    if response.content_length().is_some_and(too_large) {
        return Err(OutboundError::TooLarge(bytes_max));
    }
    let mut whole = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        if too_large(u64::try_from(whole.len() + chunk.len()).unwrap_or(u64::MAX)) {
            return Err(OutboundError::TooLarge(bytes_max));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

fn failure(error: &reqwest::Error) -> OutboundError {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<Forbidden>() {
            return OutboundError::Forbidden;
        }
        source = cause.source();
    }
    OutboundError::Unreachable
}
