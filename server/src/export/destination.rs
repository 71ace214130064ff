//! A tool that is told of calls: where it is, and in which form it wants them.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

use super::call::Call;
use super::files::{self, Files};
use super::{headers, helicone, langfuse, lunary, otlp, webhook};
use crate::config::{Callback, CallbackSettings};
use crate::storage::Storage;

/// What makes a batch for tools of the web. Langfuse takes 3.5 MB, in which it is told everything twice.
pub(super) const USUAL: Pace = Pace { wait: Duration::from_secs(1), calls: 100, bytes: 1024 * 1024 };

/// What most tools read.
const JSON: &str = "application/json";

/// Finds a variable of the environment.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why a tool cannot be told of anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// A variable is missing.
    #[error("{0} is not set")]
    NotSet(&'static str),
    /// An address is none.
    #[error("{0} is not an http or https address")]
    Address(&'static str),
    /// A list of headers is none.
    #[error("{0} is not a list of headers such as \"name=value,name=value\"")]
    Headers(&'static str),
    /// A key cannot be sent.
    #[error("{0} has characters that cannot be sent")]
    Key(&'static str),
    /// A secret cannot be opened.
    #[error("a secret was sealed under another key, or for something else: set it anew")]
    Sealed,
    /// A variable says what there is not.
    #[error("{variable} is {value:?}, and not {expected}")]
    Value {
        /// Which.
        variable: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        expected: &'static str,
    },
    /// Files cannot be put there.
    #[error("{0}")]
    Storage(String),
}

/// In which form calls are told.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// As LiteLLM tells them anybody.
    Webhook,
    /// As Langfuse takes them.
    Langfuse,
    /// As OpenTelemetry has them.
    Otlp(otlp::Sender),
    /// As Helicone takes them: one at a time.
    Helicone,
    /// As Lunary takes them, for this project.
    Lunary {
        /// Its public key.
        project: String,
    },
}

/// What makes a batch: whichever is reached first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How long its first call waits for others.
    pub(super) wait: Duration,
    /// Calls.
    pub(super) calls: usize,
    /// What they asked and were answered, in bytes, as they wait.
    pub(super) bytes: u64,
}

/// Where a message goes.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// A tool of the web.
    Web {
        /// Where it is.
        url: Url,
        /// What it wants to see besides.
        headers: HeaderMap,
        /// What the body is.
        content_type: &'static str,
    },
    /// A file.
    File {
        /// Where it is put.
        storage: Storage,
        /// What it is called.
        name: String,
    },
}

/// What is sent at once.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// Where to.
    pub(super) place: Place,
    /// As the tool reads it.
    pub(super) body: Bytes,
    /// Calls that it tells of.
    pub(super) calls: usize,
}

/// What became of a batch that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rejected {
    /// Calls of it that were not.
    pub(super) calls: usize,
    /// Why the first of them was not.
    pub(super) reason: String,
}

/// A tool that is told of calls.
#[derive(Clone, Debug)]
pub(super) struct Destination {
    /// Which.
    pub(super) callback: Callback,
    /// It is told of calls that were answered.
    pub(super) on_success: bool,
    /// It is told of calls that failed.
    pub(super) on_failure: bool,
    way: Way,
}

/// How it is told.
#[derive(Clone, Debug)]
enum Way {
    Web { url: Url, headers: HeaderMap, form: Form },
    Files(Files),
}

impl Destination {
    /// Every tool that is named.
    pub(super) fn named_in(callbacks: &CallbackSettings) -> impl Iterator<Item = Callback> {
        let is_named = |one: &Callback| callbacks.success.contains(one) || callbacks.failure.contains(one);
        Callback::ALL.into_iter().filter(is_named)
    }

    /// What the environment says of a tool.
    pub(super) fn read(
        callback: Callback,
        callbacks: &CallbackSettings,
        lookup: Lookup<'_>,
    ) -> Result<Self, DestinationError> {
        let way = match callback {
            Callback::GenericApi => web(webhook::read(lookup)?),
            Callback::Langfuse => web(langfuse::read(lookup)?),
            Callback::Otel => web(otlp::traces(lookup)?),
            Callback::Helicone => web(helicone::read(lookup)?),
            Callback::Lunary => web(lunary::read(lookup)?),
            Callback::S3 => Way::Files(files::read(&callbacks.s3)?),
        };
        let (on_success, on_failure) = (callbacks.success.contains(&callback), callbacks.failure.contains(&callback));
        Ok(Self { callback, on_success, on_failure, way })
    }

    /// What makes a batch.
    pub(super) const fn pace(&self) -> Pace {
        match &self.way {
            Way::Web { .. } => USUAL,
            Way::Files(files) => files.pace,
        }
    }

    /// A batch as it is sent.
    pub(super) fn messages(&self, calls: &[Call]) -> Vec<Message> {
        let (url, headers, form) = match &self.way {
            Way::Web { url, headers, form } => (url, headers, form),
            Way::Files(files) => return files.messages(calls),
        };
        let message = |url: Url, content_type: &'static str, body: Bytes, calls: usize| {
            let place = Place::Web { url, headers: headers.clone(), content_type };
            Message { place, body, calls }
        };
        let json = |url: Url, body: &Value, calls: usize| message(url, JSON, Bytes::from(body.to_string()), calls);
        let whole = |body: &Value| vec![json(url.clone(), body, calls.len())];
        let alone = |call: &Call| json(helicone::url(url, call), &helicone::body(call), 1);
        match form {
            Form::Webhook => whole(&webhook::body(calls)),
            Form::Langfuse => whole(&langfuse::body(calls)),
            Form::Otlp(sender) => {
                let content_type = sender.protocol.content_type();
                vec![message(url.clone(), content_type, otlp::body(sender, calls), calls.len())]
            }
            Form::Lunary { project } => whole(&lunary::body(project, calls)),
            Form::Helicone => calls.iter().map(alone).collect(),
        }
    }

    /// What of a batch was not taken though its answer is a good one.
    pub(super) fn rejected(&self, answer: &[u8]) -> Rejected {
        let Way::Web { form, .. } = &self.way else { return Rejected::default() };
        match form {
            Form::Webhook | Form::Helicone => Rejected::default(),
            Form::Langfuse => langfuse::rejected(answer),
            Form::Lunary { .. } => lunary::rejected(answer),
            Form::Otlp(sender) => otlp::rejected(sender.protocol, answer),
        }
    }
}

fn web((url, headers, form): (Url, HeaderMap, Form)) -> Way {
    Way::Web { url, headers, form }
}

/// The address in a variable.
pub(super) fn address(variable: &'static str, lookup: Lookup<'_>) -> Result<Url, DestinationError> {
    let text = lookup(variable).ok_or(DestinationError::NotSet(variable))?;
    web_address(variable, &text)
}

/// An address of the web.
pub(super) fn web_address(variable: &'static str, text: &str) -> Result<Url, DestinationError> {
    let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or(DestinationError::Address(variable))
}

/// The headers in a variable, if it is set.
pub(super) fn listed_headers(variable: &'static str, lookup: Lookup<'_>) -> Result<HeaderMap, DestinationError> {
    lookup(variable).map_or_else(|| Ok(HeaderMap::new()), |list| headers::parse(variable, &list))
}

/// The key in a variable as the header `authorization` has it.
pub(super) fn bearer(variable: &'static str, lookup: Lookup<'_>) -> Result<HeaderValue, DestinationError> {
    let key = lookup(variable).ok_or(DestinationError::NotSet(variable))?;
    headers::secret(&format!("Bearer {}", key.trim())).ok_or(DestinationError::Key(variable))
}
