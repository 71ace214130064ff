//! Parameters that a provider does not take: refused, or dropped where `drop_params` says so.

use serde_json::{Map, Value};

use crate::provider::openai::RequestError;
use crate::provider::openai::params::is_for_gateway;

/// Fields that tell the gateway or OpenAI something that changes no answer: no other provider is told.
const BOOKKEEPING: [&str; 7] = [
    "metadata",
    "tags",
    "store",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "input_cost_per_token",
];

/// Whether no provider but OpenAI is told of a field of this name.
#[must_use]
pub fn is_not_sent_on(name: &str) -> bool {
    BOOKKEEPING.contains(&name) || is_for_gateway(name)
}

/// What becomes of parameters that a provider does not take.
#[derive(Clone, Copy, Debug)]
pub struct Unsupported<'a> {
    /// The provider's name, for the message.
    pub provider: &'a str,
    /// They are left out without a word.
    pub drop_params: bool,
    /// The same of these alone.
    pub wishes: &'a [&'static str],
}

impl Unsupported<'_> {
    /// `param` was sent, if `is_sent`, and cannot be passed on.
    ///
    /// # Errors
    /// When it was sent and is not to be dropped.
    pub fn check(&self, param: &'static str, is_sent: bool) -> Result<(), RequestError> {
        if is_sent && !self.drop_params && !self.wishes.contains(&param) {
            return Err(RequestError { param: Some(param.into()), message: self.message(param) });
        }
        Ok(())
    }

    fn message(&self, param: &str) -> String {
        format!(
            "{} does not support the parameter '{param}'. Leave it out, or set litellm_settings.drop_params: true to have it dropped.",
            self.provider
        )
    }

    /// Of the fields nobody here knows, those that the provider takes under the same name.
    ///
    /// # Errors
    /// When one is neither `taken`, nor meant for the gateway, nor to be dropped.
    pub fn others(&self, other: &Map<String, Value>, taken: &[&str]) -> Result<Map<String, Value>, RequestError> {
        let mut passed = Map::new();
        for (name, value) in other {
            if taken.contains(&name.as_str()) {
                passed.insert(name.clone(), value.clone());
            } else if !is_not_sent_on(name) && !value.is_null() && !self.drop_params {
                return Err(RequestError { param: Some(name.clone().into()), message: self.message(name) });
            }
        }
        Ok(passed)
    }

    /// The same of several.
    ///
    /// # Errors
    /// Of the first that was sent.
    pub fn check_all(&self, params: impl IntoIterator<Item = (&'static str, bool)>) -> Result<(), RequestError> {
        params.into_iter().try_for_each(|(param, is_sent)| self.check(param, is_sent))
    }
}
