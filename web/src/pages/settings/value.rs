//! Values of settings as they are typed.

use serde_json::{Number, Value};
use tollgate_openapi::settings::SettingType;

/// A value as it stands in its field; empty: none.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What was typed, as the server takes it; null: what config.yaml says.
pub(crate) fn read(text: &str, kind: SettingType) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    match kind {
        SettingType::String => Ok(Value::String(text.to_owned())),
        // What is no number is the server's to refuse, which knows what it expects.
        SettingType::Number => Ok(number(text).unwrap_or_else(|| Value::String(text.to_owned()))),
        SettingType::Boolean => Ok(Value::Bool(text == "true")),
        SettingType::List => {
            serde_json::from_str(text).map_err(|_| "expected a list, such as [\"a\", \"b\"]".to_owned())
        }
        SettingType::Dict => {
            serde_json::from_str(text).map_err(|_| "expected a mapping, such as {\"a\": 1}".to_owned())
        }
    }
}

fn number(text: &str) -> Option<Value> {
    let whole = text.parse::<i64>().ok().map(Value::from);
    whole.or_else(|| Number::from_f64(text.parse().ok()?).map(Value::Number))
}
