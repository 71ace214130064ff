//! A chat request: the few fields the gateway reads, and the few it may change.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use bytes::Bytes;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::content::ContentFields;
use super::members::{Edits, Members};
use super::params::{ParamFields, RequestParams, is_accounted, is_for_gateway};
use super::routing::{RoutingFields, RoutingParams};
use super::tags;
use super::telling::{self, TellingParams};
use crate::config::RequestConfig;
use crate::domain::operation::Operation;
use crate::domain::price::ServiceTier;
use crate::provider::anthropic::budget;
use crate::provider::quirks::Quirks;

/// Why a request cannot be served as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RequestError {
    /// The field at fault; `None` where the body as a whole is.
    pub param: Option<Cow<'static, str>>,
    /// What was expected.
    pub message: String,
}

/// What the gateway reads of a chat request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatRequest {
    /// Public model name.
    pub model: String,
    /// The name by which the client asks for it, where that is another.
    pub alias: Option<String>,
    /// The answer is wanted as a stream.
    pub stream: bool,
    /// The client asked for the usage chunk at the end of the stream.
    pub wants_usage: bool,
    /// Output tokens the client allows, in each choice.
    pub max_output_tokens: Option<u64>,
    /// Choices asked for.
    pub choices: u64,
    /// The end user, from `user`.
    pub user: Option<String>,
    /// The tags of the body; those of headers and keys are not among them.
    pub tags: Vec<String>,
    /// How tools are told of it.
    pub telling: TellingParams,
    /// The processing tier asked for.
    pub service_tier: ServiceTier,
    /// What becomes of its parameters.
    pub params: RequestParams,
    /// How it is to be routed.
    pub routing: RoutingParams,
    /// The provider reads what is not in the body and may be as long as its model can read: a conversation that it keeps,
    /// what its own tools find.
    pub reads_unknown: bool,
    members: Members,
    /// Of the brace that closes the body.
    end: usize,
}

/// What the provider's copy of a request says differently.
#[derive(Clone, Copy, Debug)]
pub struct Changes<'a> {
    /// The provider's name of the model.
    pub model: &'a str,
    /// Upper limit of output tokens, where what is left of a budget affords no more.
    pub max_output_tokens: Option<u64>,
    /// What the provider does differently.
    pub quirks: &'a Quirks,
    /// What the configuration says of parameters.
    pub params: &'a RequestConfig,
    /// Parameters it does not take are left out instead of refused.
    pub drop_params: bool,
}

/// The members that the gateway reads.
#[derive(Default)]
struct Fields<'a> {
    model: Option<&'a RawValue>,
    content: ContentFields<'a>,
    stream: Option<&'a RawValue>,
    stream_options: Option<&'a RawValue>,
    max_tokens: Option<&'a RawValue>,
    max_completion_tokens: Option<&'a RawValue>,
    n: Option<&'a RawValue>,
    user: Option<&'a RawValue>,
    service_tier: Option<&'a RawValue>,
    tags: Option<&'a RawValue>,
    metadata: Option<&'a RawValue>,
    litellm_metadata: Option<&'a RawValue>,
    turn_off_message_logging: Option<&'a RawValue>,
    no_log: Option<&'a RawValue>,
    params: ParamFields<'a>,
    routing: RoutingFields<'a>,
    values: Vec<&'a RawValue>,
}

impl<'a> Fields<'a> {
    fn slot(&mut self, name: &str) -> Option<&mut Option<&'a RawValue>> {
        Some(match name {
            "model" => &mut self.model,
            "stream" => &mut self.stream,
            "stream_options" => &mut self.stream_options,
            "max_tokens" => &mut self.max_tokens,
            "max_completion_tokens" => &mut self.max_completion_tokens,
            "n" => &mut self.n,
            "user" => &mut self.user,
            "service_tier" => &mut self.service_tier,
            "tags" => &mut self.tags,
            "metadata" => &mut self.metadata,
            "litellm_metadata" => &mut self.litellm_metadata,
            "turn_off_message_logging" => &mut self.turn_off_message_logging,
            telling::NO_LOG => &mut self.no_log,
            _ => {
                let params = &mut self.params;
                let known = self.content.slot(name).or_else(|| params.slot(name));
                return known.or_else(|| self.routing.slot(name));
            }
        })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor(PhantomData))
    }
}

struct FieldsVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for FieldsVisitor<'a> {
    type Value = Fields<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'a>, A::Error> {
        #[derive(Deserialize)]
        struct Name<'n>(#[serde(borrow)] Cow<'n, str>);
        let mut fields = Fields::default();
        while let Some(Name(name)) = map.next_key::<Name<'de>>()? {
            let value: &'de RawValue = map.next_value()?;
            fields.values.push(value);
            if let Some(slot) = fields.slot(&name)
                && slot.replace(value).is_some()
            {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
        }
        Ok(fields)
    }
}

impl ChatRequest {
    /// Reads a request, and gives the body as it is to be sent on: without tags, which are the gateway's.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn read(body: Bytes, model_from_path: Option<&str>) -> Result<(Self, Bytes), RequestError> {
        Self::read_for(Operation::Chat, body, model_from_path)
    }

    /// The same of a request for any `operation`.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn read_for(
        operation: Operation,
        body: Bytes,
        model_from_path: Option<&str>,
    ) -> Result<(Self, Bytes), RequestError> {
        let (request, has_tags) = Self::parse_fields(operation, &body, model_from_path)?;
        if !has_tags {
            return Ok((request, body));
        }
        let body = Bytes::from(tags::without(&body).map_err(malformed)?);
        let (rest, _) = Self::parse_fields(operation, &body, model_from_path)?;
        Ok((Self { tags: request.tags, ..rest }, body))
    }

    /// Reads a request. `model` from the path, where the route has it, wins over the body's.
    ///
    /// # Errors
    /// When the body is not a JSON object or a field the gateway reads has the wrong type.
    pub fn parse(body: &[u8], model_from_path: Option<&str>) -> Result<Self, RequestError> {
        Ok(Self::parse_fields(Operation::Chat, body, model_from_path)?.0)
    }

    /// The request, and whether its body names tags.
    fn parse_fields(
        operation: Operation,
        body: &[u8],
        model_from_path: Option<&str>,
    ) -> Result<(Self, bool), RequestError> {
        let fields: Fields<'_> = serde_json::from_slice(body).map_err(malformed)?;
        fields.content.check(operation)?;
        let body_model: Option<String> = read("model", "a string", fields.model)?;
        let model = model_from_path.map(str::to_owned).or(body_model).filter(|model| !model.is_empty());
        let model = model.or_else(|| operation.default_model().map(str::to_owned));
        let model = model.ok_or_else(|| wrong("model", "a string that names a model"))?;
        let max_tokens: Option<u64> = read("max_tokens", "a whole number from 1", fields.max_tokens)?;
        let max_completion: Option<u64> =
            read("max_completion_tokens", "a whole number from 1", fields.max_completion_tokens)?;
        let options: Option<Map<String, Value>> = read("stream_options", "an object", fields.stream_options)?;
        let wants_usage = options.as_ref().and_then(|options| options.get("include_usage")) == Some(&Value::Bool(true));
        let tier: Option<String> = read("service_tier", "a string", fields.service_tier)?;
        let choices = read("n", "a whole number from 1 to 128", fields.n)?.unwrap_or(1);
        if !(1..=128).contains(&choices) {
            return Err(wrong("n", "a whole number from 1 to 128"));
        }
        let routing = RoutingParams::read(&fields.routing, &model)?;
        let about = [fields.metadata, fields.litellm_metadata];
        let request = Self {
            model,
            alias: None,
            stream: read("stream", "true or false", fields.stream)?.unwrap_or(false),
            wants_usage,
            // Which of the two a provider heeds is not known.
            max_output_tokens: max_completion.max(max_tokens),
            choices: fields.content.answers(choices)?,
            user: read("user", "a string", fields.user)?,
            tags: tags::read(fields.tags, about)?,
            telling: telling::read(fields.turn_off_message_logging, fields.no_log, about)?,
            service_tier: tier.as_deref().map_or(ServiceTier::Standard, ServiceTier::from_name),
            params: RequestParams::read(&fields.params)?,
            routing,
            reads_unknown: false,
            members: members(body, &fields.values),
            end: body.iter().rposition(|byte| *byte == b'}').unwrap_or(0),
        };
        Ok((request, tags::are_in(fields.tags, fields.metadata)))
    }

    /// Asks for `model` in the place of its other name.
    pub fn resolve(&mut self, model: &str) {
        self.alias = Some(std::mem::replace(&mut self.model, model.to_owned()));
    }

    /// The end user, where the call names one.
    #[must_use]
    pub fn end_user(&self) -> Option<&str> {
        self.user.as_deref().filter(|user| !user.is_empty())
    }

    /// The copy of a `body` in Anthropic's protocol, in which the fields that may be changed have the same names: the
    /// same bytes but for the model's name, a lower limit of output tokens and what is meant for the gateway.
    #[must_use]
    pub fn messages_body(&self, body: &Bytes, model: &str, max_output_tokens: Option<u64>) -> Bytes {
        let mut edits = Edits::default();
        edits.set("model", self.span(body, "model"), &Value::from(model).to_string(), body);
        for (index, name, _) in self.members.named(body) {
            if is_for_gateway(&name) {
                edits.remove(index);
            }
        }
        for (index, name, _) in self.members.named(body) {
            if is_for_gateway(&name) {
                edits.remove(index);
            }
        }
        if let Some(limit) = max_output_tokens {
            self.limit_output(&mut edits, limit, "max_tokens", body);
            self.limit_thinking(&mut edits, limit, body);
        }
        edits.apply(body, &self.members, self.end)
    }

    /// Where the members of its body stand.
    #[must_use]
    pub const fn members(&self) -> &Members {
        &self.members
    }

    /// The provider's copy of `body`: the same bytes but for the model's name, the request for usage, a lower limit of
    /// output tokens and what the provider wants differently.
    ///
    /// # Errors
    /// When it has a parameter that the provider does not take and that is not to be dropped.
    pub fn upstream_body(&self, body: &Bytes, changes: &Changes<'_>) -> Result<Bytes, RequestError> {
        let mut edits = Edits::default();
        let model = Value::from(changes.model).to_string();
        edits.set("model", self.span(body, "model"), &model, body);
        changes.quirks.edit(self, body, changes, &mut edits)?;
        if self.stream && !self.wants_usage && changes.quirks.takes_stream_options {
            let options = self.options_with_usage(body);
            edits.set("stream_options", self.span(body, "stream_options"), &options, body);
        }
        if let Some(limit) = changes.max_output_tokens {
            self.limit_output(&mut edits, limit, changes.quirks.max_tokens, body);
        }
        Ok(edits.apply(body, &self.members, self.end))
    }

    /// Whether `body`, of which this was read, has a member of this name.
    #[must_use]
    pub fn names(&self, body: &[u8], name: &str) -> bool {
        self.span(body, name).is_some()
    }

    /// The member of this name as it came.
    #[must_use]
    pub fn value<'a>(&self, body: &'a [u8], name: &str) -> Option<&'a [u8]> {
        body.get(self.span(body, name)?.clone())
    }

    /// `body` with members that it does not have.
    #[must_use]
    pub fn with_members(&self, body: &Bytes, members: &Map<String, Value>) -> Bytes {
        let mut edits = Edits::default();
        for (name, value) in members {
            edits.set(name, None, &value.to_string(), body);
        }
        edits.apply(body, &self.members, self.end)
    }

    /// The body without the members whose names are `dropped` or `taken`, if it has any of them, and those taken. Members
    /// that decide what a call may cost stay where they are.
    #[must_use]
    pub fn split(
        &self,
        body: &Bytes,
        dropped: impl Fn(&str) -> bool,
        taken: impl Fn(&str) -> bool,
    ) -> (Option<Bytes>, Map<String, Value>) {
        let (mut edits, mut out) = (Edits::default(), Map::new());
        let mut has_any = false;
        for (index, name, member) in self.members.named(body) {
            if is_accounted(&name) || !(dropped(&name) || taken(&name)) {
                continue;
            }
            has_any = true;
            edits.remove(index);
            let value = body.get(member.value.clone()).and_then(|text| serde_json::from_slice(text).ok());
            out.extend(value.filter(|_| !dropped(&name)).map(|value| (name.into_owned(), value)));
        }
        (has_any.then(|| edits.apply(body, &self.members, self.end)), out)
    }

    fn span<'a>(&'a self, body: &'a [u8], name: &str) -> Option<&'a Range<usize>> {
        self.members.find(body, name).map(|(_, member)| &member.value)
    }

    fn limit_output(&self, edits: &mut Edits, limit: u64, absent_field: &'static str, body: &[u8]) {
        let value = limit.to_string();
        let mut is_sent = false;
        for field in ["max_tokens", "max_completion_tokens"] {
            let Some((index, member)) = self.members.find(body, field) else { continue };
            if edits.removes(index) {
                continue;
            }
            is_sent = true;
            let asked = body.get(member.value.clone());
            let asked = asked.and_then(|text| serde_json::from_slice::<Option<u64>>(text).ok().flatten());
            if asked.is_none_or(|asked| asked > limit) {
                edits.set(field, Some(&member.value), &value, body);
            }
        }
        if !is_sent {
            edits.set(absent_field, None, &value, body);
        }
    }

    /// Anthropic wants a budget for thinking below the limit of output tokens. Where the limit is the client's own, it is
    /// left to Anthropic to say so.
    fn limit_thinking(&self, edits: &mut Edits, limit: u64, body: &[u8]) {
        let is_lowered = self.max_output_tokens.is_none_or(|asked| asked > limit);
        let Some((index, member)) = self.members.find(body, "thinking").filter(|_| is_lowered) else { return };
        let thinking = body.get(member.value.clone()).and_then(|text| serde_json::from_slice::<Value>(text).ok());
        let Some(thinking) = thinking.filter(|thinking| !budget::fits(thinking, limit)) else { return };
        match budget::fitted(thinking, limit) {
            Some(fitted) => edits.set("thinking", Some(&member.value), &fitted.to_string(), body),
            None => edits.remove(index),
        }
    }

    /// The client's `stream_options` with the usage chunk asked for; its other options stay.
    fn options_with_usage(&self, body: &[u8]) -> String {
        let sent = self.span(body, "stream_options").and_then(|span| body.get(span.clone()));
        let mut options: Map<String, Value> =
            sent.and_then(|json| serde_json::from_slice(json).ok()).unwrap_or_default();
        options.insert("include_usage".to_owned(), Value::Bool(true));
        Value::Object(options).to_string()
    }
}

pub(super) fn read<T: DeserializeOwned>(
    param: &'static str,
    expected: &str,
    value: Option<&RawValue>,
) -> Result<Option<T>, RequestError> {
    match value {
        None => Ok(None),
        Some(value) => serde_json::from_str::<Option<T>>(value.get()).map_err(|_| wrong(param, expected)),
    }
}

pub(super) fn wrong(param: &'static str, expected: &str) -> RequestError {
    RequestError { param: Some(param.into()), message: format!("Invalid '{param}': expected {expected}.") }
}

pub(in crate::provider) fn malformed(error: serde_json::Error) -> RequestError {
    RequestError { param: None, message: format!("The request body is not a JSON object: {error}.") }
}

pub(in crate::provider) fn members(body: &[u8], values: &[&RawValue]) -> Members {
    let mut members = Members::default();
    for value in values {
        let text = value.get();
        if let Some(start) = text.as_ptr().addr().checked_sub(body.as_ptr().addr()) {
            members.push(body, start..start + text.len());
        }
    }
    members
}

#[cfg(test)]
mod tests;
