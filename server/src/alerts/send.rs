//! Telling one message in one channel.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Request, Url};
use tollgate_openapi::alert::ChannelKind;

use super::channel::Opened;
use super::form::{self, Sender};
use super::{Alerts, Channel, Message};
use crate::crypto::webhook_signature;
use crate::domain::webhook::signing_key;
use crate::outbound::Answered;

/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// Characters of an answer that are shown.
const ANSWER_CHARS_MAX: usize = 120;

/// Why a channel did not take a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotTaken {
    /// For whoever looks after the channel.
    pub(super) error: String,
    /// When the channel says that it takes more.
    pub(super) retry_after: Option<Duration>,
}

impl NotTaken {
    fn because(error: impl Into<String>) -> Self {
        Self { error: error.into(), retry_after: None }
    }
}

impl Alerts {
    /// Tells a message in a channel, once; `recipient` is whom, where it is e-mail.
    pub(super) async fn tell(&self, channel: &Channel, recipient: &str, message: &Message) -> Result<(), NotTaken> {
        let opened = channel.open(&self.sealer).map_err(|error| NotTaken::because(error.to_string()))?;
        let routing_key = (channel.kind == ChannelKind::Pagerduty).then_some(()).and(opened.secret.as_ref());
        let sender = Sender { base_url: &self.base_url, routing_key: routing_key.map(crate::config::Secret::expose) };
        let Some(bodies) = form::bodies(channel.kind, message, &sender) else {
            let letter = form::letter(recipient, message, &sender);
            return self.mailer.send_now(&letter).await.map_err(NotTaken::because);
        };
        for body in bodies {
            self.post(channel, &opened, message, &body).await?;
        }
        Ok(())
    }

    async fn post(
        &self,
        channel: &Channel,
        opened: &Opened,
        message: &Message,
        body: &serde_json::Value,
    ) -> Result<(), NotTaken> {
        let request = self.request(channel, opened, message, body.to_string())?;
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let answered = self.outbound.send(request, channel.is_ours(), ANSWER_BYTES_MAX).await;
        match answered {
            Ok(answered) if answered.status.is_success() => Ok(()),
            Ok(answered) => Err(refused(&host, &answered, channel.is_ours())),
            Err(error) => Err(NotTaken::because(format!("{host}: {error}"))),
        }
    }

    /// Tells every address of a channel a message now, once.
    ///
    /// # Errors
    /// Why it was not taken, in words.
    pub async fn tell_now(&self, channel: &Channel, message: &Message) -> Result<(), String> {
        let recipients = channel.recipients();
        if recipients.is_empty() {
            return Err("no address is set".to_owned());
        }
        for recipient in recipients {
            self.tell_at(channel, &recipient, message).await?;
        }
        Ok(())
    }

    /// Tells one of [`Channel::recipients`] a message now, once.
    ///
    /// # Errors
    /// Why it was not taken, in words.
    pub async fn tell_at(&self, channel: &Channel, recipient: &str, message: &Message) -> Result<(), String> {
        self.tell(channel, recipient, message).await.map_err(|not_taken| not_taken.error)
    }

    fn request(
        &self,
        channel: &Channel,
        opened: &Opened,
        message: &Message,
        body: String,
    ) -> Result<Request, NotTaken> {
        let Some(url) = &opened.url else {
            let variable = if channel.kind == ChannelKind::Webhook { "WEBHOOK_URL" } else { "SLACK_WEBHOOK_URL" };
            return Err(NotTaken::because(format!("{variable} is not set: it is unknown where this leads")));
        };
        let url = Url::parse(url.expose()).map_err(|_| NotTaken::because("its address is none"))?;
        let mut request = Request::new(Method::POST, url);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if channel.kind == ChannelKind::Webhook {
            let key = opened.secret.as_ref().and_then(|secret| signing_key(secret.expose()));
            sign(request.headers_mut(), &message.key, self.clock.now().timestamp(), key.as_deref(), &body);
        }
        *request.body_mut() = Some(body.into());
        Ok(request)
    }
}

/// The headers of Standard Webhooks: id, time, and with a key the signature.
fn sign(headers: &mut HeaderMap, id: &str, timestamp: i64, key: Option<&[u8]>, body: &str) {
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    set("webhook-id", id.to_owned());
    set("webhook-timestamp", timestamp.to_string());
    if let Some(key) = key {
        set("webhook-signature", webhook_signature(key, id, timestamp, body));
    }
}

fn refused(host: &str, answered: &Answered, is_ours: bool) -> NotTaken {
    let status = answered.status.as_u16();
    let said = String::from_utf8_lossy(&answered.bytes);
    let said: String = said.trim().chars().filter(|one| !one.is_control()).take(ANSWER_CHARS_MAX).collect();
    let retry_after = answered.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    // What stands behind an address that a tenant names is not read out to them.
    let error = if is_ours && !said.is_empty() {
        format!("{host} answers with status {status}: {said}")
    } else {
        format!("{host} answers with status {status}")
    };
    NotTaken { error, retry_after: retry_after.map(Duration::from_secs) }
}
