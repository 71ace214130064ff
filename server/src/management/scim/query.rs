//! What of a list or a resource is asked for (RFC 7644, 3.4.2 and 3.9).

use actix_web::HttpRequest;
use serde::Deserialize;
use serde_json::Value;

use super::PAGE_MAX;
use super::error::{ScimError, ScimResult};

/// Resources of a page where nobody says how many.
const PAGE_DEFAULT: i64 = 100;
/// What is shown whatever is asked for.
const ALWAYS: [&str; 2] = ["id", "schemas"];

/// A query string, or the body of a search.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ListQuery {
    pub(super) filter: Option<String>,
    pub(super) start_index: i64,
    count: i64,
    attributes: Names,
    excluded_attributes: Names,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            filter: None,
            start_index: 1,
            count: PAGE_DEFAULT,
            attributes: Names::default(),
            excluded_attributes: Names::default(),
        }
    }
}

impl ListQuery {
    pub(super) fn of(request: &HttpRequest) -> ScimResult<Self> {
        serde_urlencoded::from_str(request.query_string())
            .map_err(|error| ScimError::invalid("invalidValue", format!("the query: {error}")))
    }

    /// How many to leave out, and how many to take. RFC 7644, 3.4.2.4: below the least there is stands for it.
    pub(super) fn range(&self) -> (u64, u64) {
        let skip = u64::try_from(self.start_index.saturating_sub(1)).unwrap_or(0);
        (skip, u64::try_from(self.count).unwrap_or(0).min(PAGE_MAX))
    }

    /// Whether an attribute of resources, in lower case, is asked for at all.
    pub(super) fn wants(&self, attribute: &str) -> bool {
        let asked = self.attributes.paths();
        let is_asked = asked.is_empty() || asked.iter().any(|path| head(path) == attribute);
        is_asked && !self.excluded_attributes.paths().iter().any(|path| path == attribute)
    }

    /// A resource with what is asked for.
    pub(super) fn project(&self, mut resource: Value) -> Value {
        let (asked, excluded) = (self.attributes.paths(), self.excluded_attributes.paths());
        if let (Some(fields), false) = (resource.as_object_mut(), asked.is_empty() && excluded.is_empty()) {
            fields.retain(|name, value| {
                let name = name.to_ascii_lowercase();
                ALWAYS.contains(&name.as_str())
                    || (asked.is_empty() || keep(&asked, &name, value)) && !remove(&excluded, &name, value)
            });
        }
        resource
    }
}

/// Names of attributes: separated by commas in a query, a list in a body.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Names {
    Text(String),
    List(Vec<String>),
}

impl Default for Names {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Names {
    /// In lower case and without their schema: `name.familyname`.
    fn paths(&self) -> Vec<String> {
        let named: Vec<&str> = match self {
            Self::Text(text) => text.split(',').collect(),
            Self::List(list) => list.iter().map(String::as_str).collect(),
        };
        let plain =
            named.into_iter().map(|name| name.trim().rsplit(':').next().unwrap_or_default().to_ascii_lowercase());
        plain.filter(|name| !name.is_empty()).collect()
    }
}

fn head(path: &str) -> &str {
    path.split_once('.').map_or(path, |(head, _)| head)
}

/// The parts of an attribute that the paths name; `None`: the whole of it is named.
fn parts<'a>(paths: &'a [String], name: &str) -> Option<Vec<&'a str>> {
    let named = paths.iter().filter(|path| head(path) == name);
    named.map(|path| path.split_once('.').map(|(_, part)| part)).collect()
}

/// Keeps what the paths name of an attribute, and tells whether that is anything.
fn keep(asked: &[String], name: &str, value: &mut Value) -> bool {
    match parts(asked, name) {
        None => true,
        Some(parts) if parts.is_empty() => false,
        Some(parts) => {
            retain_parts(value, |part| parts.contains(&part));
            true
        }
    }
}

/// Removes what the paths name of an attribute, and tells whether that is the whole of it.
fn remove(excluded: &[String], name: &str, value: &mut Value) -> bool {
    match parts(excluded, name) {
        None => true,
        Some(parts) => {
            retain_parts(value, |part| !parts.contains(&part));
            false
        }
    }
}

fn retain_parts(value: &mut Value, is_kept: impl Fn(&str) -> bool) {
    let retain = |value: &mut Value| {
        if let Some(fields) = value.as_object_mut() {
            fields.retain(|part, _| is_kept(&part.to_ascii_lowercase()));
        }
    };
    match value {
        Value::Array(items) => items.iter_mut().for_each(retain),
        single => retain(single),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn projected(query: Value) -> Value {
        let query: ListQuery = serde_json::from_value(query).unwrap();
        query
            .project(json!({"id": "1", "schemas": [], "userName": "ada", "name": {"familyName": "L", "givenName": "A"},
            "emails": [{"value": "a@b.c", "type": "work"}]}))
    }

    #[test]
    fn what_is_asked_for_is_shown() {
        let family = json!({"id": "1", "schemas": [], "name": {"familyName": "L"}});
        assert_eq!(projected(json!({"attributes": "name.familyName"})), family);
        let of_schema = json!({"attributes": ["urn:ietf:params:scim:schemas:core:2.0:User:NAME.familyname"]});
        assert_eq!(projected(of_schema), family);
        let named = json!({"id": "1", "schemas": [], "userName": "ada", "emails": [{"type": "work"}]});
        assert_eq!(projected(json!({"excludedAttributes": "id, name,emails.value"})), named);
    }

    #[test]
    fn members_are_read_where_they_are_shown() {
        let wants = |query: Value| serde_json::from_value::<ListQuery>(query).unwrap().wants("members");
        assert!(wants(json!({})) && wants(json!({"attributes": "members.value"})));
        assert!(!wants(json!({"attributes": "displayName"})) && !wants(json!({"excludedAttributes": "members"})));
    }
}
