//! What a body says of how tools are told of the call. It is the gateway's, and providers do not know it.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::request::{RequestError, wrong};

/// The member, in the body or in what it says of itself.
const NAME: &str = "turn_off_message_logging";

/// Whether what is said is told to nobody, as far as the body says: `own` is the member of this name, and `about` are those
/// in which the call says something of itself.
pub(in crate::provider) fn read(
    own: Option<&RawValue>,
    about: [Option<&RawValue>; 2],
) -> Result<Option<bool>, RequestError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct About {
        turn_off_message_logging: Value,
    }
    let own: Value = own.and_then(|own| serde_json::from_str(own.get()).ok()).unwrap_or_default();
    let named = |about: &RawValue| about.get().contains(NAME);
    let read = |about: &RawValue| serde_json::from_str::<About>(about.get()).unwrap_or_default();
    let about = about.into_iter().flatten().filter(|about| named(about));
    for value in std::iter::once(own).chain(about.map(|about| read(about).turn_off_message_logging)) {
        match &value {
            Value::Null => {}
            Value::Bool(is_off) => return Ok(Some(*is_off)),
            Value::String(text) if text.eq_ignore_ascii_case("true") => return Ok(Some(true)),
            Value::String(text) if text.eq_ignore_ascii_case("false") => return Ok(Some(false)),
            _ => return Err(wrong(NAME, "true or false")),
        }
    }
    Ok(None)
}
