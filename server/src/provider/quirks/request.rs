//! A request as a provider takes it.

use std::ops::Range;

use bytes::Bytes;
use serde_json::{Value, json};

use super::messages::{rewrite_messages, unmarked_tools};
use super::{FormatField, Quirks};
use crate::provider::chat::unsupported::Unsupported;
use crate::provider::openai::members::{Edits, Member};
use crate::provider::openai::params::{is_accounted, is_for_gateway};
use crate::provider::openai::request::Changes;
use crate::provider::openai::{ChatRequest, RequestError};

impl Quirks {
    /// Adds to `edits` what `body` has to say differently here.
    ///
    /// # Errors
    /// When it has a parameter that is not taken here and not to be dropped.
    pub fn edit(
        &self,
        request: &ChatRequest,
        body: &Bytes,
        changes: &Changes<'_>,
        edits: &mut Edits,
    ) -> Result<(), RequestError> {
        for (index, name, member) in request.members().named(body) {
            let value = body.get(member.value.clone()).unwrap_or_default();
            match self.fate(&name, value, request, changes)? {
                Fate::Kept => self.edit_value(&name, member, body, edits),
                Fate::Removed => edits.remove(index),
                Fate::Renamed(to) if request.members().find(body, to).is_some() => edits.remove(index),
                Fate::Renamed(to) => edits.set(&name, Some(&member.name), &format!("\"{to}\""), body),
            }
        }
        if let Some((_, member)) = request.members().find(body, "messages") {
            self.edit_messages(&member.value, body, changes, edits)?;
        }
        for (name, value) in extra_body(request, changes) {
            match request.members().find(body, name) {
                // The client's own word goes before the configuration's.
                Some(_) if !request.params.extra_body.contains_key(name) => {}
                Some((index, member)) if !edits.removes(index) => {
                    edits.set(name, Some(&member.value), &value.to_string(), body);
                }
                _ => edits.set(name, None, &value.to_string(), body),
            }
        }
        Ok(())
    }

    fn fate(
        &self,
        name: &str,
        value: &[u8],
        request: &ChatRequest,
        changes: &Changes<'_>,
    ) -> Result<Fate, RequestError> {
        let (of_client, of_deployment) = (&request.params, changes.params);
        let is_in = |one: &[String], other: &[String]| one.iter().chain(other).any(|listed| listed == name);
        let is_dropped = is_in(&of_client.additional_drop_params, &of_deployment.additional_drop_params);
        if is_for_gateway(name) || (is_dropped && !is_accounted(name)) {
            return Ok(Fate::Removed);
        }
        if is_in(&of_client.allowed_openai_params, &of_deployment.allowed_openai_params) {
            return Ok(Fate::Kept);
        }
        if self.ignored.contains(&name) {
            return Ok(Fate::Removed);
        }
        let unsupported = self.unsupported(changes);
        if let Some(param) = self.unsupported.iter().find(|param| **param == name) {
            unsupported.check(param, !says_nothing(name, value))?;
            return Ok(Fate::Removed);
        }
        if unsupported.drop_params && self.refused.contains(&name) {
            return Ok(Fate::Removed);
        }
        let renamed = self.renamed.iter().find(|(from, _)| *from == name);
        Ok(renamed.map_or(Fate::Kept, |(_, to)| Fate::Renamed(to)))
    }

    fn unsupported(&self, changes: &Changes<'_>) -> Unsupported<'_> {
        Unsupported { provider: self.provider, drop_params: changes.drop_params, wishes: &[] }
    }

    fn edit_value(&self, name: &str, member: &Member, body: &Bytes, edits: &mut Edits) {
        let value = || serde_json::from_slice::<Value>(body.get(member.value.clone())?).ok();
        let changed = match name {
            "stop" if self.lists_stop => value().filter(Value::is_string).map(|word| json!([word])),
            "response_format" if self.response_format == FormatField::Tgi => {
                value().and_then(|format| tgi_format(&format))
            }
            "tools" if self.messages.dropped.contains(&"cache_control") => {
                unmarked_tools(body.get(member.value.clone()).unwrap_or_default())
            }
            _ => None,
        };
        if let Some(changed) = changed {
            edits.set(name, Some(&member.value), &changed.to_string(), body);
        }
    }

    fn edit_messages(
        &self,
        span: &Range<usize>,
        body: &Bytes,
        changes: &Changes<'_>,
        edits: &mut Edits,
    ) -> Result<(), RequestError> {
        let text = body.get(span.clone()).unwrap_or_default();
        if let Some(rewritten) = rewrite_messages(text, &self.messages, &self.unsupported(changes))? {
            edits.set("messages", Some(span), &rewritten, body);
        }
        Ok(())
    }
}

/// What becomes of a member.
enum Fate {
    Kept,
    Removed,
    Renamed(&'static str),
}

/// A parameter that is there but asks for nothing: clients send their defaults along.
fn says_nothing(name: &str, value: &[u8]) -> bool {
    matches!((name, value), (_, b"null") | ("n", b"1") | ("logprobs", b"false") | ("modalities", b"[\"text\"]"))
}

/// Members for the provider's body alone: the client's before the configuration's.
fn extra_body<'a>(
    request: &'a ChatRequest,
    changes: &Changes<'a>,
) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    let of_client = &request.params.extra_body;
    let of_deployment = changes.params.extra_body.iter().filter(|(name, _)| !of_client.contains_key(*name));
    of_client.iter().chain(of_deployment)
}

/// `{"type": "json_schema", "value": {"name": …, "schema": …}}`; any JSON is an object's schema; text is no format.
fn tgi_format(format: &Value) -> Option<Value> {
    match format.get("type").and_then(Value::as_str)? {
        "json_schema" => Some(json!({ "type": "json_schema", "value": format.get("json_schema")? })),
        "json_object" if format.get("value").is_none() => {
            Some(json!({ "type": "json_object", "value": { "type": "object" } }))
        }
        "text" => Some(Value::Null),
        _ => None,
    }
}
