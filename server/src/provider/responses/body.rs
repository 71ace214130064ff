//! A body that passes through: the same bytes but for the few fields that must change.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::config::RequestConfig;
use crate::provider::openai::members::{Edits, Members};
use crate::provider::openai::params::{RequestParams, is_for_gateway};
use crate::provider::openai::request::{malformed, members};
use crate::provider::openai::telling::{self, TellingParams};
use crate::provider::openai::{RequestError, tags};

/// The limit of output tokens.
const MAX_OUTPUT_TOKENS: &str = "max_output_tokens";
/// OpenAI refuses a lower one.
pub(super) const MAX_OUTPUT_TOKENS_MIN: u64 = 16;
/// Fields that decide what a call may cost: nobody puts others in their place or takes them out.
const ACCOUNTED: [&str; 14] = [
    "background",
    "context_management",
    "conversation",
    "input",
    "instructions",
    MAX_OUTPUT_TOKENS,
    "max_tool_calls",
    "model",
    "previous_response_id",
    "prompt",
    "service_tier",
    "stream",
    "text",
    "tools",
];

/// Where the members of a body stand.
#[derive(Clone, Debug)]
pub struct NativeBody {
    /// Its bytes, without tags, which are the gateway's.
    pub bytes: Bytes,
    /// The tags.
    pub tags: Vec<String>,
    /// How tools are told of it.
    pub telling: TellingParams,
    members: Members,
    /// Of the brace that closes it.
    end: usize,
}

/// What the provider's copy says differently.
#[derive(Clone, Copy, Debug)]
pub struct NativeChanges<'a> {
    /// The provider's name of the model.
    pub model: &'a str,
    /// Upper limit of output tokens: what is left of a budget affords no more, or the client names none.
    pub max_output_tokens: Option<u64>,
    /// The provider's id of the response that the call goes on from.
    pub previous_response_id: Option<&'a str>,
    /// What the client says of parameters.
    pub of_client: &'a RequestParams,
    /// What the configuration says of them.
    pub of_deployment: &'a RequestConfig,
}

/// The members of an object, in their order, each once.
#[derive(Debug)]
pub struct Raw<'a>(
    /// Names and values.
    pub Vec<(Cow<'a, str>, &'a RawValue)>,
);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Raw<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                #[derive(Deserialize)]
                struct Name<'n>(#[serde(borrow)] Cow<'n, str>);
                let mut read: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    if read.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
                    }
                    read.push((name, value));
                }
                Ok(Raw(read))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

impl NativeBody {
    /// Reads where the members stand.
    ///
    /// # Errors
    /// When it is not a JSON object, or names a field twice.
    pub fn read(body: Bytes) -> Result<Self, RequestError> {
        let (tags, telling, rest) = {
            let Raw(raw) = serde_json::from_slice(&body).map_err(malformed)?;
            let find = |wanted: &str| raw.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
            let (tags, metadata) = (find("tags"), find("metadata"));
            let rest = tags::are_in(tags, metadata).then(|| tags::without(&body)).transpose().map_err(malformed)?;
            let about = [metadata, find("litellm_metadata")];
            let telling = telling::read(find("turn_off_message_logging"), find(telling::NO_LOG), about)?;
            (tags::read(tags, about)?, telling, rest)
        };
        let bytes = rest.map_or(body, Bytes::from);
        let Raw(raw) = serde_json::from_slice(&bytes).map_err(malformed)?;
        let values: Vec<&RawValue> = raw.into_iter().map(|(_, value)| value).collect();
        let members = members(&bytes, &values);
        let end = bytes.iter().rposition(|byte| *byte == b'}').unwrap_or(0);
        Ok(Self { tags, telling, members, end, bytes })
    }

    /// The member of this name as it came.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.bytes.get(self.span(name)?.clone())
    }

    /// The bytes with members that they do not have.
    pub fn with_members<'a>(&self, members: impl Iterator<Item = (&'a str, Value)>) -> Bytes {
        let mut edits = Edits::default();
        for (name, value) in members.filter(|(name, _)| self.span(name).is_none()) {
            edits.set(name, None, &value.to_string(), &self.bytes);
        }
        edits.apply(&self.bytes, &self.members, self.end)
    }

    /// The provider's copy.
    ///
    /// # Errors
    /// When a change is not possible: the limit is one the API does not take, or the client's `extra_body` names a field
    /// that has to stand in the body itself.
    pub fn upstream(&self, changes: &NativeChanges<'_>) -> Result<Bytes, RequestError> {
        let body = &self.bytes;
        let mut edits = Edits::default();
        self.edit_params(changes, &mut edits)?;
        edits.set("model", self.span("model"), &Value::from(changes.model).to_string(), body);
        if let Some(id) = changes.previous_response_id {
            let name = "previous_response_id";
            edits.set(name, self.span(name), &Value::from(id).to_string(), body);
        }
        let span = self.span(MAX_OUTPUT_TOKENS);
        let asked: Option<u64> = span.and_then(|span| serde_json::from_slice(body.get(span.clone())?).ok().flatten());
        if let Some(limit) = changes.max_output_tokens
            && asked.is_none_or(|asked| asked > limit)
        {
            if limit < MAX_OUTPUT_TOKENS_MIN {
                let message = format!(
                    "What is left of the budget affords {limit} output tokens, and the Responses API writes at least \
                     {MAX_OUTPUT_TOKENS_MIN}."
                );
                return Err(RequestError { param: Some(MAX_OUTPUT_TOKENS.into()), message });
            }
            edits.set(MAX_OUTPUT_TOKENS, span, &limit.to_string(), body);
        }
        Ok(edits.apply(body, &self.members, self.end))
    }

    fn edit_params(&self, changes: &NativeChanges<'_>, edits: &mut Edits) -> Result<(), RequestError> {
        let NativeChanges { of_client, of_deployment, .. } = changes;
        let dropped = |name: &str| {
            let both = of_client.additional_drop_params.iter().chain(&of_deployment.additional_drop_params);
            both.into_iter().any(|listed| listed == name) && !ACCOUNTED.contains(&name)
        };
        for (index, name, _) in self.members.named(&self.bytes) {
            if is_for_gateway(&name) || dropped(&name) {
                edits.remove(index);
            }
        }
        if let Some(name) = of_client.extra_body.keys().find(|name| ACCOUNTED.contains(&name.as_str())) {
            let message = format!("Invalid 'extra_body': '{name}' has to stand in the body itself.");
            return Err(RequestError { param: Some("extra_body".into()), message });
        }
        let of_deployment = of_deployment.extra_body.iter().filter(|(name, _)| self.span(name).is_none());
        let of_deployment = of_deployment.filter(|(name, _)| !of_client.extra_body.contains_key(*name));
        for (name, value) in of_client.extra_body.iter().chain(of_deployment) {
            let member = self.members.find(&self.bytes, name).filter(|(index, _)| !edits.removes(*index));
            edits.set(name, member.map(|(_, member)| &member.value), &value.to_string(), &self.bytes);
        }
        Ok(())
    }

    fn span(&self, name: &str) -> Option<&Range<usize>> {
        self.members.find(&self.bytes, name).map(|(_, member)| &member.value)
    }
}
