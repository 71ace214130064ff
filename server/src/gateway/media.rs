//! Between choosing a deployment and telling it the call: what messages link to is fetched where its provider does not
//! fetch by itself. Once a call, whoever is asked in the end; calls without links pass without a step.

mod kind;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{StreamExt, TryStreamExt, stream};
use parking_lot::RwLock;

use super::incoming::Incoming;
use super::{Gateway, outgoing};
use crate::config::FetchSettings;
use crate::outbound::{Outbound, OutboundError};
use crate::provider::chat::{ChatBody, Dialect, Link, LinkKind};
use crate::provider::openai::RequestError;
use crate::router::Deployment;

/// Items of one call that are fetched at once.
const PARALLEL: usize = 8;
/// An address is shown up to here, in characters.
const SHOWN_CHARS: usize = 120;

/// What of a call's links was fetched: `data:` URIs by address.
#[derive(Clone, Debug, Default)]
pub(super) struct Media(Arc<RwLock<HashMap<String, Arc<str>>>>);

/// Something to be fetched.
struct Wanted {
    url: String,
    kind: LinkKind,
    format: Option<String>,
    /// Where in the call it stands, for messages: the field, and the place in it.
    field: &'static str,
    place: String,
}

/// Fetches what `deployment` has to be sent as bytes and was not fetched before.
///
/// # Errors
/// When something cannot be fetched, or may not; the message names the part.
pub(super) async fn fetch(gateway: &Gateway, deployment: &Deployment, incoming: &Incoming) -> Result<(), RequestError> {
    let Some(dialect) = deployment.dialect() else { return Ok(()) };
    if outgoing::native(deployment, incoming).is_some() {
        return Ok(());
    }
    let chat = incoming.chat()?;
    let wanted = wanted(&chat, incoming, dialect, &deployment.upstream_model);
    if wanted.is_empty() {
        return Ok(());
    }
    let settings = gateway.settings.load_full();
    let settings = &settings.fetch;
    let fetched = incoming.media.len();
    if u64::try_from(fetched + wanted.len()).unwrap_or(u64::MAX) > settings.items_max {
        let reason =
            format!("the messages link to more than {} items that would have to be fetched", settings.items_max);
        return Err(refusal(incoming.input_field(), &reason));
    }
    let left = AtomicU64::new(settings.call_bytes_max.saturating_sub(incoming.media.bytes()));
    let fetches = wanted.into_iter().map(|one| fetch_one(&gateway.outbound, settings, &left, one));
    let found: Vec<(String, Arc<str>)> = stream::iter(fetches).buffer_unordered(PARALLEL).try_collect().await?;
    incoming.media.0.write().extend(found);
    Ok(())
}

fn wanted(chat: &ChatBody, incoming: &Incoming, dialect: &dyn Dialect, model: &str) -> Vec<Wanted> {
    let is_openais = incoming.is_chat();
    let mut wanted: Vec<Wanted> = Vec::new();
    for (message, part, link) in chat.links().filter(|(.., link)| dialect.needs_bytes(link, model)) {
        if incoming.media.has(link.url) || wanted.iter().any(|one| one.url == link.url) {
            continue;
        }
        // Other protocols number their messages otherwise.
        let field = incoming.input_field();
        let place = if is_openais { format!("messages[{message}].content[{part}]") } else { field.to_owned() };
        let format = link.format.map(str::to_owned);
        wanted.push(Wanted { url: link.url.to_owned(), kind: link.kind, format, field, place });
    }
    wanted
}

async fn fetch_one(
    outbound: &Outbound,
    settings: &FetchSettings,
    left: &AtomicU64,
    wanted: Wanted,
) -> Result<(String, Arc<str>), RequestError> {
    let Wanted { url, kind, format, field, place } = wanted;
    let fail = |reason: &str| refusal(field, &format!("{place}: {} cannot be used: {reason}", shown(&url)));
    let fetched = outbound.get(&url, kind::accept(kind), settings.item_bytes_max).await;
    let fetched = fetched.map_err(|error| fail(&told(&error)))?;
    let size = u64::try_from(fetched.bytes.len()).unwrap_or(u64::MAX);
    if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(size)).is_err() {
        let all = settings.call_bytes_max;
        return Err(fail(&format!("everything that this call links to is larger than {all} bytes")));
    }
    let named = [format.as_deref(), fetched.media_type.as_deref(), kind::by_ending(&url)];
    let media_type = kind::of(kind, &fetched.bytes, named.into_iter().flatten());
    let media_type = media_type.ok_or_else(|| fail(&format!("it is not {}", kind::expected(kind))))?;
    Ok((url, Arc::from(format!("data:{media_type};base64,{}", STANDARD.encode(&fetched.bytes)))))
}

/// Why something was not fetched; where an address is not public, how it can be fetched nevertheless.
fn told(error: &OutboundError) -> String {
    match error {
        OutboundError::Forbidden => {
            format!("{error} (litellm_settings.user_url_allowed_hosts lists others to fetch from)")
        }
        _ => error.to_string(),
    }
}

/// An address without its query, which may be a secret.
fn shown(url: &str) -> String {
    let shown = crate::provider::endpoint::shown(url);
    if shown.chars().count() <= SHOWN_CHARS {
        return shown;
    }
    shown.chars().take(SHOWN_CHARS).chain(std::iter::once('…')).collect()
}

fn refusal(field: &'static str, reason: &str) -> RequestError {
    RequestError { param: Some(field.into()), message: format!("Invalid '{field}': {reason}.") }
}

impl Media {
    /// As if `data_uri` had been found at `url`.
    #[cfg(test)]
    pub(super) fn note(&self, url: &str, data_uri: &str) {
        self.0.write().insert(url.to_owned(), Arc::from(data_uri));
    }

    fn len(&self) -> usize {
        self.0.read().len()
    }

    /// About as many bytes as were fetched.
    fn bytes(&self) -> u64 {
        let bytes: usize = self.0.read().values().map(|data| data.len() / 4 * 3).sum();
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    fn has(&self, url: &str) -> bool {
        self.0.read().contains_key(url)
    }

    /// `chat` with bytes in the place of the links that `dialect` does not follow.
    pub(super) fn embedded(&self, chat: Arc<ChatBody>, dialect: &dyn Dialect, model: &str) -> Arc<ChatBody> {
        let fetched = self.0.read();
        if fetched.is_empty() {
            return chat;
        }
        let mut chat = (*chat).clone();
        for part in chat.parts_mut() {
            let needed = |link: Link<'_>| dialect.needs_bytes(&link, model).then(|| fetched.get(link.url)).flatten();
            if let Some(data) = part.link().and_then(needed).cloned() {
                part.embed(&data);
            }
        }
        Arc::new(chat)
    }
}
