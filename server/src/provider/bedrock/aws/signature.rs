//! Signature Version 4 of a request.

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use futures_util::future::BoxFuture;
use reqwest::Request;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use super::credentials::Keeper;
use crate::clock::Clock;
use crate::config::AwsConfig;
use crate::provider::endpoint::Authorize;

/// The service's name in a signature.
const SERVICE: &str = "bedrock";

/// Signs the requests of one deployment.
#[derive(Debug)]
pub(in crate::provider::bedrock) struct Signature {
    region: String,
    credentials: Keeper,
    clock: Clock,
}

impl Signature {
    pub(in crate::provider::bedrock) fn new(aws: AwsConfig, region: String) -> Self {
        Self { credentials: Keeper::new(aws, region.clone()), region, clock: Clock::system() }
    }

    async fn add_to(&self, request: &mut Request) -> Result<(), String> {
        let identity = Identity::from(self.credentials.get().await?);
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(self.clock.now().into())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?
            .into();
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        // What AWS wants signed: the others may change on their way.
        let is_signed = |name: &HeaderName| name == CONTENT_TYPE || name.as_str().starts_with("x-amz");
        let headers = request.headers().iter().filter(|(name, _)| is_signed(name));
        let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable =
            SignableRequest::new(request.method().as_str(), request.url().as_str(), headers, SignableBody::Bytes(body));
        let signed = signable.and_then(|signable| sign(signable, &params)).map_err(|error| error.to_string())?;
        let (instructions, _) = signed.into_parts();
        for (name, value) in instructions.headers() {
            let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
            let mut value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
        }
        Ok(())
    }
}

impl Authorize for Signature {
    fn authorize<'a>(&'a self, request: &'a mut Request) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self.add_to(request))
    }
}
