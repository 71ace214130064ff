//! Callbacks that keys and teams have of their own, in `metadata.logging`: checked and sealed as they come in, masked as
//! they are shown.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::config::Callback;
use crate::db::JsonMap;
use crate::error::{ApiError, ApiResult};
use crate::policy::callback_variables::{
    CALLBACKS_MAX, Kind, MASK, SEALED, VALUE_BYTES_MAX, kind_of, told_of, variables,
};

/// The member of `metadata` that they are in.
pub(super) const LOGGING: &str = "logging";
/// Bytes of a mark of a sealed secret.
const MARK_BYTES: usize = 4;
/// What begins a reference to the environment, which is the gateway's.
const REFERENCE: &str = "os.environ/";

/// Checks the callbacks in `metadata` and seals their secrets for `place`. Where a secret is the mask it is shown as, it is
/// the one that was there `before`.
///
/// # Errors
/// What is wrong, by its path.
pub(super) fn seal(app: &App, place: &str, metadata: &mut JsonMap, before: Option<&JsonMap>) -> ApiResult<()> {
    // What is there is not judged again.
    if before.is_some_and(|before| before.0.get(LOGGING) == metadata.0.get(LOGGING)) {
        return Ok(());
    }
    let Some(logging) = metadata.0.get_mut(LOGGING) else { return Ok(()) };
    let entries = match logging {
        Value::Null => return Ok(()),
        Value::Array(entries) if entries.len() <= CALLBACKS_MAX => entries,
        _ => return Err(wrong("", &format!("a list of at most {CALLBACKS_MAX} callbacks"))),
    };
    let before = before.and_then(|before| before.0.get(LOGGING)?.as_array()).map(Vec::as_slice).unwrap_or_default();
    let identities: Vec<Option<Identity>> = entries.iter().map(identity).collect();
    for (index, entry) in entries.iter_mut().enumerate() {
        let is_new = !before.contains(entry);
        let earlier = identities.get(..index).unwrap_or_default();
        if is_new && identity(entry).is_some_and(|own| earlier.contains(&Some(own))) {
            let expected = "another callback_name or callback_type: there is one for these already";
            return Err(wrong(&format!("[{index}]"), expected));
        }
        seal_one(app, place, entry, (before, &identities))
            .map_err(|(field, expected)| wrong(&format!("[{index}]{field}"), &expected))?;
    }
    Ok(())
}

/// What tells callbacks of one owner apart: the tool, and whether it is told of calls that were answered, and that failed.
pub(super) type Identity = (Callback, (bool, bool));

/// The identity of an entry that says what it has to.
pub(super) fn identity(entry: &Value) -> Option<Identity> {
    let callback = Callback::of_owner(entry.get("callback_name")?.as_str()?)?;
    let told = match entry.get("callback_type") {
        None | Some(Value::Null) => told_of(None),
        Some(told) => told_of(Some(told.as_str()?)),
    };
    Some((callback, told?))
}

/// What is wrong, and what would do.
type Wrong = (String, String);

fn wrong(path: &str, expected: &str) -> ApiError {
    ApiError::bad_request("metadata", format!("metadata.{LOGGING}{path}: expected {expected}"))
}

/// Checks and seals one, given those that there were and the identities of all that there are to be.
fn seal_one(
    app: &App,
    place: &str,
    entry: &mut Value,
    (before, identities): (&[Value], &[Option<Identity>]),
) -> Result<(), Wrong> {
    let object = || (String::new(), "an object with callback_name, callback_type and callback_vars".to_owned());
    let entry = entry.as_object_mut().ok_or_else(object)?;
    let name = entry.get("callback_name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let callback = Callback::of_owner(&name).ok_or_else(|| {
        let names: Vec<&str> = Callback::ALL
            .iter()
            .map(|callback| callback.as_str())
            .filter(|name| Callback::of_owner(name).is_some())
            .collect();
        (".callback_name".to_owned(), format!("one of {}", names.join(", ")))
    })?;
    let told = match entry.get("callback_type") {
        None | Some(Value::Null) => told_of(None),
        Some(Value::String(text)) => told_of(Some(text)),
        Some(_) => None,
    };
    let told =
        told.ok_or_else(|| (".callback_type".to_owned(), "success, failure or success_and_failure".to_owned()))?;
    let known = ["callback_name", "callback_type", "callback_vars"];
    if let Some(unknown) = entry.keys().find(|name| !known.contains(&name.as_str())) {
        return Err((format!(".{unknown}"), format!("some of {}", known.join(", "))));
    }
    let values = match entry.entry("callback_vars").or_insert_with(|| Value::Object(Map::new())) {
        Value::Object(values) => values,
        _ => return Err((".callback_vars".to_owned(), "an object of texts".to_owned())),
    };
    let old = Before::of((callback, told), identities, before, values);
    for (name, value) in values.iter_mut() {
        let sealed = seal_value(app, place, callback, (name, value), &old);
        *value = Value::String(sealed.map_err(|expected| (format!(".callback_vars.{name}"), expected))?);
    }
    Ok(())
}

/// What there was of the same callback before.
struct Before<'b> {
    entries: Vec<&'b Map<String, Value>>,
    /// It is told at the same address.
    is_there: bool,
}

impl<'b> Before<'b> {
    /// Of the callback with this identity; where there was none, of those of the same tool that are no more: it may be one
    /// of them, and be told of other calls from now on.
    fn of(own: Identity, identities: &[Option<Identity>], before: &'b [Value], values: &Map<String, Value>) -> Self {
        let known = |entry: &'b Value| Some((identity(entry)?, entry.get("callback_vars")?.as_object()?));
        let all: Vec<(Identity, &Map<String, Value>)> = before.iter().filter_map(known).collect();
        let has_own = all.iter().any(|(one, _)| *one == own);
        let is_same = |one: Identity| {
            if has_own { one == own } else { one.0 == own.0 && !identities.contains(&Some(one)) }
        };
        let addresses = |of: &Map<String, Value>| -> Vec<Value> {
            let known = variables(own.0).iter().filter(|(_, kind)| *kind == Kind::Address);
            known.map(|(name, _)| of.get(*name).cloned().unwrap_or_default()).collect()
        };
        let same: Vec<_> = all.iter().filter(|(one, _)| is_same(*one)).map(|(_, vars)| *vars).collect();
        let entries: Vec<_> = same.iter().copied().filter(|old| addresses(old) == addresses(values)).collect();
        let is_there = same.is_empty() || !entries.is_empty();
        Self { entries, is_there }
    }
}

/// A value as it is kept, or what was expected.
fn seal_value(
    app: &App,
    place: &str,
    callback: Callback,
    (name, value): (&str, &Value),
    before: &Before<'_>,
) -> Result<String, String> {
    let kind = kind_of(callback, name).ok_or_else(|| {
        let names: Vec<&str> = variables(callback).iter().map(|(name, _)| *name).collect();
        format!("one of {}", names.join(", "))
    })?;
    let text = match value {
        Value::String(text) => text.trim(),
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        _ => return Err("a text".to_owned()),
    };
    if text.is_empty() || text.len() > VALUE_BYTES_MAX || text.starts_with(REFERENCE) {
        return Err(format!("a text of at most {VALUE_BYTES_MAX} bytes that is no reference to the environment"));
    }
    match kind {
        Kind::Plain => Ok(text.to_owned()),
        Kind::Flag => match text.to_ascii_lowercase().as_str() {
            known @ ("true" | "false") => Ok(known.to_owned()),
            _ => Err("true or false".to_owned()),
        },
        Kind::Address => {
            let url = reqwest::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            let is_plain = |url: &reqwest::Url| url.username().is_empty() && url.password().is_none();
            url.filter(is_plain).map(|_| text.to_owned()).ok_or_else(|| "an http or https address".to_owned())
        }
        Kind::Secret => {
            let mut kept = before.entries.iter().filter_map(|old| old.get(name)?.as_str());
            if text == MASK {
                let first = kept.next().ok_or_else(|| needs_secret(before))?;
                let is_clear = kept.all(|other| other == first);
                let unclear = || "the secret itself: there are several".to_owned();
                return is_clear.then(|| first.to_owned()).ok_or_else(unclear);
            }
            if text.starts_with(SEALED) {
                return kept.find(|old| *old == text).map(str::to_owned).ok_or_else(|| needs_secret(before));
            }
            let sealed = app.sealer.seal(place, text).map_err(|error| {
                tracing::error!(%error, "a secret cannot be sealed");
                "a secret that can be sealed".to_owned()
            })?;
            Ok(format!("{SEALED}{sealed}"))
        }
    }
}

/// A secret is told to nobody it was not meant for: with another address it has to be said again.
fn needs_secret(before: &Before<'_>) -> String {
    let why = if before.is_there { "there is none yet" } else { "the address is another one" };
    format!("the secret itself: {why}")
}

/// `metadata` as it is shown: without secrets.
pub(super) fn masked(mut metadata: Map<String, Value>) -> Map<String, Value> {
    let entries = metadata.get_mut(LOGGING).and_then(Value::as_array_mut).into_iter().flatten();
    for entry in entries {
        let callback = entry.get("callback_name").and_then(Value::as_str).and_then(Callback::named);
        let values = entry.get_mut("callback_vars").and_then(Value::as_object_mut).into_iter().flatten();
        for (name, value) in values {
            // What is not known may be a secret of whatever it was meant for.
            let kind = callback.and_then(|callback| kind_of(callback, name)).unwrap_or(Kind::Secret);
            if kind == Kind::Secret {
                *value = Value::from(MASK);
            }
        }
    }
    metadata
}

/// Adds to what an audit row keeps of `metadata` how its secrets are sealed: a mark that changes with a secret, and tells
/// nothing of it.
pub(super) fn mark(shown: &mut Value, metadata: &JsonMap) {
    let shown = shown.pointer_mut("/metadata/logging").and_then(Value::as_array_mut).into_iter().flatten();
    let kept = metadata.0.get(LOGGING).and_then(Value::as_array).into_iter().flatten();
    for (shown, kept) in shown.zip(kept) {
        let values = kept.get("callback_vars").and_then(Value::as_object).into_iter().flatten();
        let marks = values.filter_map(|(name, value)| {
            let mark = Sha256::digest(value.as_str()?.strip_prefix(SEALED)?);
            let mark: String = mark.iter().take(MARK_BYTES).map(|byte| format!("{byte:02x}")).collect();
            Some(Value::from(format!("{name} {mark}")))
        });
        let marks: Vec<Value> = marks.collect();
        if let Some(shown) = shown.as_object_mut().filter(|_| !marks.is_empty()) {
            shown.insert("sealed".to_owned(), Value::Array(marks));
        }
    }
}
