//! What a body says of how tools are told of the call. It is the gateway's, and providers do not know it.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::request::{RequestError, wrong};

/// The member, in the body or in what it says of itself.
const NAME: &str = "turn_off_message_logging";
/// LiteLLM's name for a call that no tool is told of, in the body.
pub(in crate::provider) const NO_LOG: &str = "no-log";

/// What a body says of how tools are told of the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TellingParams {
    /// Whether what is said is told to no tool, where it says so.
    pub turn_off_message_logging: Option<bool>,
    /// No tool is to be told of the call at all (`no-log`).
    pub is_unlogged: bool,
}

/// What the members of these names say: `turn_off` and `no_log` are those of the body, and `about` are those in which the
/// call says something of itself.
pub(in crate::provider) fn read(
    turn_off: Option<&RawValue>,
    no_log: Option<&RawValue>,
    about: [Option<&RawValue>; 2],
) -> Result<TellingParams, RequestError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct About {
        turn_off_message_logging: Value,
    }
    let value = |own: Option<&RawValue>| -> Value {
        own.and_then(|own| serde_json::from_str(own.get()).ok()).unwrap_or_default()
    };
    let named = |about: &RawValue| about.get().contains(NAME);
    let read = |about: &RawValue| serde_json::from_str::<About>(about.get()).unwrap_or_default();
    let about = about.into_iter().flatten().filter(|about| named(about));
    let mut turn_off_message_logging = None;
    for value in std::iter::once(value(turn_off)).chain(about.map(|about| read(about).turn_off_message_logging)) {
        turn_off_message_logging = is_true(NAME, &value)?;
        if turn_off_message_logging.is_some() {
            break;
        }
    }
    let is_unlogged = is_true(NO_LOG, &value(no_log))?.unwrap_or(false);
    Ok(TellingParams { turn_off_message_logging, is_unlogged })
}

fn is_true(name: &'static str, value: &Value) -> Result<Option<bool>, RequestError> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(is_true) => Ok(Some(*is_true)),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        _ => Err(wrong(name, "true or false")),
    }
}
