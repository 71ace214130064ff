//! A schema of an answer in the part of JSON Schema that Claude can be held to.
//!
//! Source: Anthropic's documentation, "Structured outputs", "JSON Schema limitations".

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Formats of texts that are known there.
const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];
/// What is passed on as it is.
const KEPT: [&str; 3] = ["title", "description", "default"];
/// Rules: most are refused there, so that the model is asked for them in words.
const RULES: [&str; 14] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];
/// What is said of values of some types only.
const OF_KINDS: [(&[&str], &[&str]); 4] = [
    (&["integer", "number"], &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
    (&["string"], &["minLength", "maxLength", "pattern", "format"]),
    (&["array"], &["items", "minItems", "maxItems", "uniqueItems"]),
    (&["object"], &["properties", "required", "additionalProperties", "minProperties", "maxProperties"]),
];
/// What is no rule.
const PASSED_OVER: [&str; 6] = ["$schema", "$id", "$comment", "examples", "deprecated", "nullable"];
/// Where schemas are kept that others refer to.
const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];

/// The schema as it is sent, of an object; `None` where it cannot be said there: objects with any fields, schemas that
/// contain themselves, and whatever is less usual.
pub(super) fn held_to(schema: &Value) -> Option<Value> {
    let root = schema.as_object().filter(|root| root.get("type").is_none_or(|kind| kind == "object"))?;
    root.get("properties")?;
    if contains_itself(root) {
        return None;
    }
    let mut sent = part(schema)?;
    for name in DEFINITIONS {
        let Some(definitions) = root.get(name) else { continue };
        sent.as_object_mut()?.insert(name.to_owned(), each(definitions)?);
    }
    Some(sent)
}

/// A schema within it.
fn part(schema: &Value) -> Option<Value> {
    let schema = schema.as_object()?;
    if let Some(Value::Array(kinds)) = schema.get("type") {
        return any_of(schema, kinds);
    }
    let known = [&KEPT[..], &PASSED_OVER, &DEFINITIONS].concat();
    let mut part = Part { schema, sent: fields(schema, &KEPT).collect(), known };
    part.reference()?;
    part.values()?;
    part.combinations()?;
    part.kind()?;
    part.rules();
    part.schema.keys().all(|name| part.known.contains(&name.as_str())).then_some(Value::Object(part.sent))
}

/// A schema of several types: one of each.
fn any_of(schema: &Map<String, Value>, kinds: &[Value]) -> Option<Value> {
    let of_kind = |kind: &Value| {
        let kind = kind.as_str()?;
        let elsewhere = OF_KINDS.iter().filter(|(kinds, _)| !kinds.contains(&kind)).flat_map(|(_, names)| names.iter());
        let mut one = schema.clone();
        elsewhere.chain(&KEPT).chain(&DEFINITIONS).for_each(|name| {
            one.shift_remove(*name);
        });
        one.insert("type".to_owned(), Value::from(kind));
        part(&Value::Object(one))
    };
    let kinds = kinds.iter().map(of_kind).collect::<Option<_>>()?;
    let any_of = ("anyOf".to_owned(), Value::Array(kinds));
    Some(Value::Object(fields(schema, &KEPT).chain([any_of]).collect()))
}

/// A schema on its way: `None` of what follows says that it cannot be sent.
struct Part<'s> {
    schema: &'s Map<String, Value>,
    sent: Map<String, Value>,
    /// Fields that were looked at.
    known: Vec<&'static str>,
}

impl Part<'_> {
    fn reference(&mut self) -> Option<()> {
        self.known.push("$ref");
        let Some(to) = self.schema.get("$ref") else { return Some(()) };
        let is_inside = to.as_str().is_some_and(|to| to.starts_with("#/"));
        self.sent.insert("$ref".to_owned(), to.clone());
        is_inside.then_some(())
    }

    fn values(&mut self) -> Option<()> {
        let is_plain = |value: &Value| !value.is_object() && !value.is_array();
        for name in ["enum", "const"] {
            self.known.push(name);
            let Some(value) = self.schema.get(name) else { continue };
            let are_plain = value.as_array().map_or_else(|| is_plain(value), |values| values.iter().all(is_plain));
            are_plain.then_some(())?;
            self.sent.insert(name.to_owned(), value.clone());
        }
        Some(())
    }

    fn combinations(&mut self) -> Option<()> {
        for (name, sent_as) in [("anyOf", "anyOf"), ("oneOf", "anyOf"), ("allOf", "allOf")] {
            self.known.push(name);
            let Some(parts) = self.schema.get(name) else { continue };
            let parts: Vec<Value> = parts.as_array()?.iter().map(part).collect::<Option<_>>()?;
            let refers = parts.iter().any(|part| part.get("$ref").is_some());
            (name != "allOf" || !refers).then_some(())?;
            self.sent.insert(sent_as.to_owned(), Value::Array(parts)).is_none().then_some(())?;
        }
        Some(())
    }

    fn kind(&mut self) -> Option<()> {
        self.known.extend(["type", "properties", "required", "additionalProperties", "items"]);
        let kind = self.schema.get("type");
        self.sent.extend(kind.map(|kind| ("type".to_owned(), kind.clone())));
        if kind.is_some_and(|kind| kind == "array") {
            self.sent.insert("items".to_owned(), part(self.schema.get("items")?)?);
        } else if kind.is_some_and(|kind| kind == "object") || self.schema.contains_key("properties") {
            let is_closed = self.schema.get("additionalProperties").is_none_or(|more| *more == json!(false));
            let properties = is_closed.then(|| self.schema.get("properties")).flatten()?;
            self.sent.insert("type".to_owned(), json!("object"));
            self.sent.insert("properties".to_owned(), each(properties)?);
            self.sent.extend(fields(self.schema, &["required"]));
            self.sent.insert("additionalProperties".to_owned(), json!(false));
        }
        Some(())
    }

    /// Rules that are known there, and the others in words.
    fn rules(&mut self) {
        let mut words = Vec::new();
        for (name, value) in fields(self.schema, &RULES) {
            let is_known = match name.as_str() {
                "format" => value.as_str().is_some_and(|format| FORMATS.contains(&format)),
                "minItems" => value.as_u64().is_some_and(|items| items <= 1),
                _ => false,
            };
            if is_known {
                self.sent.insert(name, value);
            } else {
                words.push(format!("{name}: {value}"));
            }
        }
        self.known.extend(RULES);
        say(&mut self.sent, &words);
    }
}

/// Those fields of `schema` that it has.
fn fields<'s>(schema: &'s Map<String, Value>, names: &'s [&str]) -> impl Iterator<Item = (String, Value)> + 's {
    names.iter().filter_map(|name| Some(((*name).to_owned(), schema.get(*name)?.clone())))
}

/// Each schema of an object of them.
fn each(schemas: &Value) -> Option<Value> {
    let sent = schemas.as_object()?.iter().map(|(name, schema)| Some((name.clone(), part(schema)?)));
    Some(Value::Object(sent.collect::<Option<_>>()?))
}

/// Says in the description what cannot be a rule.
fn say(sent: &mut Map<String, Value>, words: &[String]) {
    if words.is_empty() {
        return;
    }
    let words = format!("{{{}}}", words.join(", "));
    let described = sent.get("description").and_then(Value::as_str).filter(|text| !text.is_empty());
    let description = described.map_or_else(|| words.clone(), |text| format!("{text} {words}"));
    sent.insert("description".to_owned(), Value::from(description));
}

/// Whether following what it refers to ever leads back.
fn contains_itself(root: &Map<String, Value>) -> bool {
    let mut refers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for place in DEFINITIONS {
        for (name, schema) in root.get(place).and_then(Value::as_object).into_iter().flatten() {
            let mut to = Vec::new();
            references(schema, &mut to);
            refers.insert(format!("#/{place}/{name}"), to);
        }
    }
    let leads_back = |start: &String| {
        let (mut seen, mut next) = (Vec::new(), refers.get(start).cloned().unwrap_or_default());
        while let Some(to) = next.pop() {
            if to == *start || to == "#" {
                return true;
            }
            if !seen.contains(&to) {
                next.extend(refers.get(&to).cloned().unwrap_or_default());
                seen.push(to);
            }
        }
        false
    };
    refers.keys().any(leads_back)
}

/// Everything that a schema refers to.
fn references(schema: &Value, to: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            to.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| references(value, to));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, to)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(properties: Value) -> Value {
        json!({ "type": "object", "properties": properties })
    }

    #[test]
    fn objects_are_closed_and_rules_become_words() {
        let sent = held_to(&json!({
            "type": "object",
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "properties": {
                "name": { "type": "string", "minLength": 1, "description": "Of a person." },
                "age": { "type": ["integer", "null"], "minimum": 0 },
                "mail": { "type": "string", "format": "email" },
                "color": { "type": "string", "format": "color", "enum": ["red", "blue"] },
                "tags": { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": 3 },
                "place": { "oneOf": [{ "$ref": "#/$defs/place" }, { "type": "null" }] },
            },
            "required": ["name"],
            "$defs": { "place": { "type": "object", "properties": { "city": { "type": "string" } } } },
        }));
        let expected = json!({
            "type": "object",
            "properties": {
                "name": { "type": "string", "description": "Of a person. {minLength: 1}" },
                "age": { "anyOf": [{ "type": "integer", "description": "{minimum: 0}" }, { "type": "null" }] },
                "mail": { "type": "string", "format": "email" },
                "color": { "type": "string", "enum": ["red", "blue"], "description": "{format: \"color\"}" },
                "tags": {
                    "type": "array", "items": { "type": "string" }, "minItems": 1, "description": "{maxItems: 3}",
                },
                "place": { "anyOf": [{ "$ref": "#/$defs/place" }, { "type": "null" }] },
            },
            "required": ["name"],
            "additionalProperties": false,
            "$defs": { "place": {
                "type": "object", "properties": { "city": { "type": "string" } }, "additionalProperties": false,
            } },
        });
        assert_eq!(sent, Some(expected));
    }

    #[test]
    fn what_cannot_be_said_there_is_left_to_the_tool() {
        for schema in [
            json!({ "type": "array", "items": { "type": "string" } }),
            json!({ "type": "object" }),
            json!({ "type": "object", "properties": {}, "additionalProperties": true }),
            object(json!({ "any": {"type": "object", "additionalProperties": { "type": "string" } } })),
            object(json!({ "any": { "type": "array" } })),
            object(json!({ "any": true })),
            object(json!({ "a": { "not": { "type": "string" } } })),
            object(json!({ "a": { "enum": [{ "b": 1 }] } })),
            object(json!({ "a": { "$ref": "https://example.com/schema" } })),
            object(json!({ "a": { "allOf": [{ "$ref": "#/$defs/b" }] } })),
            object(json!({ "a": { "$ref": "#" } })),
            json!({
                "properties": { "tree": { "$ref": "#/$defs/tree" } },
                "$defs": { "tree": object(json!({ "of": { "type": "array", "items": { "$ref": "#/$defs/tree" } } })) },
            }),
            json!({
                "properties": { "a": { "$ref": "#/$defs/a" } },
                "$defs": { "a": object(json!({ "b": { "$ref": "#/$defs/b" } })), "b": object(json!({ "a": { "$ref": "#/$defs/a" } })) },
            }),
            json!("x"),
        ] {
            assert_eq!(held_to(&schema), None, "{schema}");
        }
    }

    #[test]
    fn what_is_sent_once_is_sent_the_same_again() {
        let schema = json!({ "properties": { "a": { "type": "string", "format": "date" } }, "required": ["a"] });
        let sent = held_to(&schema).unwrap();
        assert_eq!(held_to(&sent), Some(sent));
    }
}
