//! Changes of JSON objects that were shown with their secrets masked: what comes back masked stays as it is.

use serde_json::{Map, Value};

use crate::config::MASK;
use crate::error::{ApiError, ApiResult};

/// Writes what `patch` says into `kept`: `null` removes a member, a mask leaves what there is. `path` is what refusals
/// call the object.
///
/// # Errors
/// 400 where a mask stands for nothing.
pub(super) fn merge(kept: &mut Map<String, Value>, patch: Map<String, Value>, path: &str) -> ApiResult<()> {
    for (name, value) in patch {
        let path = format!("{path}.{name}");
        match value {
            Value::Null => drop(kept.shift_remove(&name)),
            value => {
                let value = unmasked(value, kept.get(&name), &path)?;
                kept.insert(name, value);
            }
        }
    }
    Ok(())
}

/// `new` with what was masked in it as it was before.
fn unmasked(new: Value, old: Option<&Value>, path: &str) -> ApiResult<Value> {
    match new {
        Value::String(text) if text == MASK => old.cloned().ok_or_else(|| {
            ApiError::bad_request(path.to_owned(), format!("{path}: expected the value itself, not its mask"))
        }),
        Value::Object(members) => {
            let inner = |(name, value): (String, Value)| {
                let value = unmasked(value, old.and_then(|old| old.get(&name)), &format!("{path}.{name}"))?;
                Ok((name, value))
            };
            members.into_iter().map(inner).collect::<ApiResult<Map<_, _>>>().map(Value::Object)
        }
        Value::Array(items) => {
            let inner = |(at, value)| unmasked(value, old.and_then(|old| old.get(at)), &format!("{path}[{at}]"));
            items.into_iter().enumerate().map(inner).collect::<ApiResult<Vec<_>>>().map(Value::Array)
        }
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(kept: Value, patch: Value) -> ApiResult<Value> {
        let mut kept = kept.as_object().unwrap().clone();
        merge(&mut kept, patch.as_object().unwrap().clone(), "p")?;
        Ok(Value::Object(kept))
    }

    #[test]
    fn what_is_masked_stays_and_null_removes() {
        let kept = json!({"api_key": "sk-1", "rpm": 5, "extra_headers": {"x-key": "hush", "x-team": "red"}});
        let patch = json!({"api_key": "****", "rpm": null, "extra_headers": {"x-key": "****", "x-team": "blue"}});
        let after = json!({"api_key": "sk-1", "extra_headers": {"x-key": "hush", "x-team": "blue"}});
        assert_eq!(merged(kept, patch).unwrap(), after);
    }

    #[test]
    fn a_mask_of_nothing_is_refused() {
        let error = merged(json!({}), json!({"headers": [{"key": "****"}]})).unwrap_err();
        assert_eq!(error.message(), "p.headers[0].key: expected the value itself, not its mask");
    }
}
