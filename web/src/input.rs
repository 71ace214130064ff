//! What somebody typed, understood. Pure.

use serde_json::{Map, Value};
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::patch::Patch;

/// The text without the space around it; nothing where nothing is left.
pub(crate) fn some_text(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// What a patch says about a field that was `old`.
pub(crate) fn change<T: Clone + PartialEq>(new: &Option<T>, old: &Option<T>) -> Patch<T> {
    match new {
        new if new == old => Patch::Absent,
        None => Patch::Clear,
        Some(value) => Patch::Set(value.clone()),
    }
}

/// Dollars without the zeros nobody typed.
pub(crate) fn plain_dollars(amount: NanoUsd) -> String {
    let text = amount.to_string();
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An amount of dollars, if one is typed.
///
/// # Errors
/// What to type instead.
pub(crate) fn parse_dollars(text: &str) -> Result<Option<NanoUsd>, String> {
    let Some(text) = some_text(&text.replace([',', '$'], "")) else {
        return Ok(None);
    };
    let usd: f64 = text.parse().map_err(|_| "Enter dollars, such as 25 or 0.50.".to_owned())?;
    if usd < 0.0 {
        return Err("Enter zero or more.".to_owned());
    }
    NanoUsd::from_usd(usd).map(Some).map_err(|error| error.to_string())
}

/// A whole number, if one is typed.
///
/// # Errors
/// What to type instead.
pub(crate) fn parse_count(text: &str) -> Result<Option<i64>, String> {
    let Some(text) = some_text(&text.replace(',', "")) else {
        return Ok(None);
    };
    match text.parse::<i64>() {
        Ok(count) if count >= 0 => Ok(Some(count)),
        _ => Err("Enter a whole number, zero or more.".to_owned()),
    }
}

/// A JSON object; an empty one where nothing is typed.
///
/// # Errors
/// What to type instead.
pub(crate) fn parse_object(text: &str) -> Result<Map<String, Value>, String> {
    let Some(text) = some_text(text) else {
        return Ok(Map::new());
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) | Err(_) => Err("Enter a JSON object, such as {\"team\": \"search\"}.".to_owned()),
    }
}
