//! What a change changed, field by field. Pure.

use serde_json::Value;

/// One field before and after; `None`: it was not, or is not any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldChange {
    pub(crate) field: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// Says when and by whom, which the entry says itself.
const NOT_SHOWN: [&str; 2] = ["updated_at", "updated_by"];

/// The fields that differ, in the order of their names. Of what was made or deleted, all that said something.
pub(crate) fn fields(before: Option<&Value>, after: Option<&Value>) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare("", before.unwrap_or(&Value::Null), after.unwrap_or(&Value::Null), &mut changes);
    changes
}

fn compare(field: &str, before: &Value, after: &Value, changes: &mut Vec<FieldChange>) {
    if before == after {
        return;
    }
    let is_object = |value: &Value| value.is_object() || value.is_null();
    if (before.is_object() || after.is_object()) && is_object(before) && is_object(after) {
        let names = |value: &Value| -> Vec<String> {
            value.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
        };
        let mut all = names(before);
        all.extend(names(after));
        all.sort();
        all.dedup();
        for name in all.iter().filter(|name| !field.is_empty() || !NOT_SHOWN.contains(&name.as_str())) {
            let path = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
            let of = |value: &Value| value.get(name).cloned().unwrap_or(Value::Null);
            compare(&path, &of(before), &of(after), changes);
        }
        return;
    }
    let (before, after) = (shown(before), shown(after));
    if before != after {
        changes.push(FieldChange { field: field.to_owned(), before, after });
    }
}

/// A value for a person; nothing where it says nothing.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(is_set) => Some(if *is_set { "yes" } else { "no" }.to_owned()),
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) if items.iter().all(Value::is_string) => {
            Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) if members.is_empty() => None,
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(field: &str, before: Option<&str>, after: Option<&str>) -> FieldChange {
        let own = |text: Option<&str>| text.map(str::to_owned);
        FieldChange { field: field.to_owned(), before: own(before), after: own(after) }
    }

    #[test]
    fn only_what_differs_shows() {
        let before =
            json!({"max_budget": 5, "models": ["a"], "metadata": {"a": 1, "b": 2}, "updated_at": "x", "tpm": 1});
        let after =
            json!({"max_budget": 7.5, "models": ["a", "b"], "metadata": {"a": 1, "b": 3}, "updated_at": "y", "tpm": 1});
        let expected = [
            change("max_budget", Some("5"), Some("7.5")),
            change("metadata.b", Some("2"), Some("3")),
            change("models", Some("a"), Some("a, b")),
        ];
        assert_eq!(fields(Some(&before), Some(&after)), expected);
    }

    #[test]
    fn what_was_made_or_deleted_shows_what_it_said() {
        let made = json!({"blocked": false, "team_id": null, "models": [], "metadata": {}, "user_id": "ada"});
        let expected = [change("blocked", None, Some("no")), change("user_id", None, Some("ada"))];
        assert_eq!(fields(None, Some(&made)), expected);
        assert_eq!(fields(Some(&made), None).len(), 2);
        assert!(fields(None, None).is_empty());
    }

    #[test]
    fn a_value_of_another_kind_is_one_change() {
        let (before, after) = (json!({"limit": {"rpm": 1}}), json!({"limit": 4}));
        assert_eq!(fields(Some(&before), Some(&after)), [change("limit", Some("{\"rpm\":1}"), Some("4"))]);
    }
}
