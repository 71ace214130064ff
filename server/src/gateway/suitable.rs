//! Which deployments of a model suit a call, beyond being able to do what it asks: where they run, its tags, and, where
//! `enable_pre_call_checks` is set, what it shows the model and how long it is.

use std::sync::Arc;

use bytes::Bytes;
use memchr::memmem;

use super::call::Deployments;
use super::error::GatewayError;
use crate::config::RouterSettings;
use crate::domain::region::Region;
use crate::provider::tokens;
use crate::router::Deployment;

/// The tag of deployments that serve calls without tags, and those whose tags nobody else has.
const DEFAULT_TAG: &str = "default";
/// What a body has where the model is to see a picture, and where it is to call tools.
const PICTURES: [&[u8]; 2] = [b"\"image_url\"", b"\"input_image\""];
const TOOLS: &[u8] = b"\"tools\"";

/// Why no deployment of a model suits a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsuitable {
    /// None is meant for calls with such tags.
    Tags,
    /// None is known to run where the call's customer has to be served.
    Region(Region),
    /// None reads so much.
    TooLong {
        /// Tokens of the prompt.
        tokens: u64,
        /// The most that any of them reads.
        limit: u64,
    },
}

/// Of `deployments`, those in the part of the world that a call may not leave.
///
/// # Errors
/// When none is known to be there.
pub(super) fn by_region(deployments: Deployments, region: Option<Region>) -> Result<Deployments, GatewayError> {
    let Some(region) = region else { return Ok(deployments) };
    let deployments = deployments.only(|one| one.region == Some(region));
    if deployments.able.is_empty() {
        Err(GatewayError::Unsuitable(Unsuitable::Region(region)))
    } else {
        Ok(deployments)
    }
}

/// Of `deployments`, those whose tags suit a call with `tags`. A model of which no deployment has tags serves all calls.
///
/// # Errors
/// When none does.
pub(super) fn by_tags(
    deployments: Deployments,
    tags: &[Arc<str>],
    settings: &RouterSettings,
) -> Result<Deployments, GatewayError> {
    if !settings.enable_tag_filtering || deployments.able.iter().all(|one| one.tags.is_empty()) {
        return Ok(deployments);
    }
    let has = |one: &Deployment, tag: &str| one.tags.iter().any(|known| known == tag);
    let is_meant = |one: &Deployment| match (tags.is_empty(), settings.tag_filtering_match_any) {
        (true, _) => false,
        (false, true) => tags.iter().any(|tag| has(one, tag)),
        (false, false) => tags.iter().all(|tag| has(one, tag)),
    };
    let is_default = |one: &Deployment| has(one, DEFAULT_TAG);
    if deployments.able.iter().any(|one| is_meant(one)) {
        return Ok(deployments.only(is_meant));
    }
    if deployments.able.iter().any(|one| is_default(one)) {
        return Ok(deployments.only(is_default));
    }
    if tags.is_empty() { Ok(deployments) } else { Err(GatewayError::Unsuitable(Unsuitable::Tags)) }
}

/// Of `deployments`, those that can see what a conversation in OpenAI's form shows them, call its tools, and read all of
/// it. Where none is known to be able to, all of them may try.
///
/// # Errors
/// When it is too long for each of them.
pub(super) async fn by_contents(deployments: Deployments, body: &Bytes) -> Result<Deployments, GatewayError> {
    let has = |text: &[u8]| memmem::find(body, text).is_some();
    let needs = [(PICTURES.iter().any(|text| has(text)), "supports_vision"), (has(TOOLS), "supports_function_calling")];
    let mut deployments = deployments;
    for (_, capability) in needs.into_iter().filter(|(is_needed, _)| *is_needed) {
        if deployments.able.iter().any(|one| one.may(capability)) {
            deployments = deployments.only(|one| one.may(capability));
        }
    }
    by_length(deployments, body).await
}

async fn by_length(deployments: Deployments, body: &Bytes) -> Result<Deployments, GatewayError> {
    // A token is a byte at least: most prompts need not be counted.
    let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let reads = |one: &Deployment| one.max_input_tokens.unwrap_or(u64::MAX);
    if deployments.able.iter().all(|one| bytes <= reads(one)) {
        return Ok(deployments);
    }
    let counted = body.clone();
    let model = deployments.able.first().map(|one| Arc::clone(&one.upstream_model)).unwrap_or_default();
    let counting = tokio::task::spawn_blocking(move || tokens::count_prompt(&counted, &model));
    let Ok(length) = counting.await else { return Ok(deployments) };
    if deployments.able.iter().all(|one| length > reads(one)) {
        let limit = deployments.able.iter().map(|one| reads(one)).max().unwrap_or(0);
        return Err(GatewayError::Unsuitable(Unsuitable::TooLong { tokens: length, limit }));
    }
    Ok(deployments.only(|one| length <= reads(one)))
}
