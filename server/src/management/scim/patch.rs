//! Partial changes (RFC 7644, 3.5.2), in the spellings of Entra and Okta: operations in any case, paths or none, booleans
//! as text.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::{ScimError, ScimResult};

/// Operations of one request at most.
const OPERATIONS_MAX: usize = 1000;

/// The body of a partial change.
#[derive(Debug, Deserialize)]
pub(super) struct PatchBody {
    #[serde(alias = "operations", rename = "Operations")]
    operations: Vec<RawOperation>,
}

#[derive(Debug, Deserialize)]
struct RawOperation {
    op: String,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    value: Value,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Replace,
    Remove,
}

/// One attribute to change.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Operation {
    pub(super) op: Op,
    /// The attribute, in lower case and without its schema: `active`, `name.givenname`, `emails`, `members`.
    pub(super) attribute: String,
    /// The value that a filter in the path asks for: `members[value eq "…"]`.
    pub(super) selected: Option<String>,
    pub(super) value: Value,
}

impl PatchBody {
    /// The changes, one for each attribute.
    pub(super) fn operations(self) -> ScimResult<Vec<Operation>> {
        if self.operations.is_empty() || self.operations.len() > OPERATIONS_MAX {
            let detail = format!("expected 1 to {OPERATIONS_MAX} Operations");
            return Err(ScimError::invalid("invalidSyntax", detail));
        }
        let each = self.operations.into_iter().map(RawOperation::read);
        Ok(each.collect::<ScimResult<Vec<_>>>()?.into_iter().flatten().collect())
    }
}

impl RawOperation {
    fn read(self) -> ScimResult<Vec<Operation>> {
        let op = match self.op.to_ascii_lowercase().as_str() {
            "add" => Op::Add,
            "replace" => Op::Replace,
            "remove" => Op::Remove,
            other => {
                let detail = format!("expected add, replace or remove, got {other}");
                return Err(ScimError::invalid("invalidSyntax", detail));
            }
        };
        match (self.path.filter(|path| !path.is_empty()), self.value) {
            (Some(path), value) => {
                let (attribute, selected) = read_path(&path)?;
                Ok(vec![Operation { op, attribute, selected, value }])
            }
            (None, Value::Object(members)) => flatten(op, members),
            (None, _) if op == Op::Remove => Err(ScimError::invalid("noTarget", "remove needs a path")),
            (None, _) => Err(ScimError::invalid("invalidValue", "without a path the value is to be an object")),
        }
    }
}

/// `{"active": false, "name.givenName": "Ada", "name": {"familyName": "Lovelace"}}`.
fn flatten(op: Op, members: Map<String, Value>) -> ScimResult<Vec<Operation>> {
    let mut operations = Vec::new();
    for (name, value) in members {
        let (attribute, selected) = read_path(&name)?;
        match value {
            Value::Object(parts) if attribute == "name" => {
                for (part, value) in parts {
                    let attribute = format!("name.{}", part.to_ascii_lowercase());
                    operations.push(Operation { op, attribute, selected: None, value });
                }
            }
            value => operations.push(Operation { op, attribute, selected, value }),
        }
    }
    Ok(operations)
}

/// `emails[type eq "work"].value`, `members[value eq "id"]`, `urn:…:User:active`.
fn read_path(path: &str) -> ScimResult<(String, Option<String>)> {
    let refuse = || ScimError::invalid("invalidPath", format!("the path {path} is not one that can be changed"));
    let (before, selected, after) = match path.split_once('[') {
        None => (path, None, ""),
        Some((before, rest)) => {
            let (filter, after) = rest.split_once(']').ok_or_else(refuse)?;
            (before, Some(super::filter::Filter::parse(filter)?.value), after)
        }
    };
    let plain = if before.starts_with("urn:") { before.rsplit(':').next().unwrap_or(before) } else { before };
    Ok((format!("{plain}{after}").to_ascii_lowercase(), selected))
}

/// True or false, also as Entra writes them.
pub(super) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(is_true) => Some(*is_true),
        Value::String(word) if word.eq_ignore_ascii_case("true") => Some(true),
        Value::String(word) if word.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(operations: Value) -> Vec<(Op, String, Option<String>, Value)> {
        let body: PatchBody = serde_json::from_value(json!({ "Operations": operations })).unwrap();
        let read = body.operations().unwrap();
        read.into_iter().map(|one| (one.op, one.attribute, one.selected, one.value)).collect()
    }

    #[test]
    fn entras_and_oktas_forms_are_one() {
        let off = vec![(Op::Replace, "active".to_owned(), None, json!("False"))];
        assert_eq!(read(json!([{"op": "Replace", "path": "active", "value": "False"}])), off);
        assert_eq!(read(json!([{"op": "replace", "value": {"active": "False"}}])), off);
        let path = "emails[type eq \"work\"].value";
        assert_eq!(
            read(json!([{"op": "Add", "path": path, "value": "a@b.c"}])),
            [(Op::Add, "emails.value".to_owned(), Some("work".to_owned()), json!("a@b.c"))]
        );
        assert_eq!(
            read(json!([{"op": "remove", "path": "members[value eq \"u1\"]"}])),
            [(Op::Remove, "members".to_owned(), Some("u1".to_owned()), Value::Null)]
        );
        assert_eq!(
            read(json!([{"op": "Replace", "value": {"name": {"givenName": "A"}, "name.familyName": "B"}}])),
            [
                (Op::Replace, "name.givenname".to_owned(), None, json!("A")),
                (Op::Replace, "name.familyname".to_owned(), None, json!("B")),
            ]
        );
    }

    #[test]
    fn nothing_to_do_and_nonsense_are_refused() {
        for operations in
            [json!([]), json!([{"op": "burn"}]), json!([{"op": "remove"}]), json!([{"op": "add", "value": 1}])]
        {
            let body: PatchBody = serde_json::from_value(json!({ "Operations": operations })).unwrap();
            assert!(body.operations().is_err());
        }
    }

    #[test]
    fn booleans_may_be_text() {
        assert_eq!(boolean(&json!("False")), Some(false));
        assert_eq!(boolean(&json!(true)), Some(true));
        assert_eq!(boolean(&json!("no")), None);
    }
}
