//! YAML as a tree that knows where everything was written.

use std::sync::Arc;

use saphyr::{LoadableYamlNode, MarkedYaml, Marker, Scalar, YamlData};
use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value as Json};

use super::problem::Place;

/// A value and where it is written.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: Place,
    pub(super) value: Value,
}

/// A YAML value. Merge keys (`<<`) and aliases are resolved.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// Text that came from the environment variable named first.
    FromEnv {
        name: String,
        text: String,
    },
    /// A reference to this environment variable, which is not set.
    Missing(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a map.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: Place,
    pub(super) node: Node,
}

/// Why a text is not a tree.
#[derive(Debug)]
pub(super) struct Malformed {
    pub(super) at: Place,
    pub(super) message: String,
}

impl Node {
    /// Reads one YAML document. An empty one is null.
    pub(super) fn parse(text: &str, file: &str) -> Result<Self, Malformed> {
        let file: Arc<str> = file.into();
        check_depth(text, &file)?;
        let documents = MarkedYaml::load_from_str(text).map_err(|error| Malformed {
            at: place(&file, error.marker()),
            message: format!("malformed YAML: {}", error.info()),
        })?;
        let mut documents = documents.iter();
        let root = match documents.next() {
            Some(document) => convert(document, &file)?,
            None => Self { at: Place::whole(&file), value: Value::Null },
        };
        match documents.next() {
            Some(second) => Err(Malformed {
                at: place(&file, &second.span.start),
                message: "expected one YAML document, found a second one (after \"---\")".to_owned(),
            }),
            None => Ok(root),
        }
    }

    /// The same value of JSON, all of it written at `at`.
    pub(super) fn of_json(json: &Json, at: &Place) -> Self {
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Value::Int(whole),
                (None, float) => Value::Float(float.unwrap_or_default()),
            },
            Json::String(text) => Value::Text(text.clone()),
            Json::Array(items) => Value::List(items.iter().map(|item| Self::of_json(item, at)).collect()),
            Json::Object(members) => return Self::of_map(members, at),
        };
        Self { at: at.clone(), value }
    }

    /// The same map of JSON, all of it written at `at`.
    pub(super) fn of_map(members: &Map<String, Json>, at: &Place) -> Self {
        let entry =
            |(key, json): (&String, &Json)| Entry { key: key.clone(), at: at.clone(), node: Self::of_json(json, at) };
        Self { at: at.clone(), value: Value::Map(members.iter().map(entry).collect()) }
    }

    /// What kind of value this is, for messages. Never shows a secret: only the kind.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Text(_) | Value::FromEnv { .. } | Value::Missing(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The same value as JSON; variables that are not set are null.
    pub(super) fn to_json(&self) -> Json {
        match &self.value {
            Value::Null | Value::Missing(_) => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Int(i) => (*i).into(),
            Value::Float(f) => (*f).into(),
            Value::Text(text) | Value::FromEnv { text, .. } => Json::String(text.clone()),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect(),
        }
    }
}

/// How deep lists and maps may lie in each other. Building a tree recurses; this keeps it off the end of the stack.
const MAX_DEPTH: usize = 64;

/// Refuses what is nested too deep, and what is no YAML at all, without building anything.
fn check_depth(text: &str, file: &Arc<str>) -> Result<(), Malformed> {
    let mut depth: usize = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Malformed {
            at: place(file, error.marker()),
            message: format!("malformed YAML: {}", error.info()),
        })?;
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Malformed {
                at: place(file, &span.start),
                message: format!("expected lists and mappings at most {MAX_DEPTH} deep"),
            });
        }
    }
    Ok(())
}

fn place(file: &Arc<str>, marker: &Marker) -> Place {
    Place { file: Arc::clone(file), line: marker.line(), column: marker.col() + 1 }
}

fn convert(yaml: &MarkedYaml<'_>, file: &Arc<str>) -> Result<Node, Malformed> {
    let at = place(file, &yaml.span.start);
    let value = match &yaml.data {
        YamlData::Value(scalar) => convert_scalar(scalar),
        YamlData::Sequence(items) => {
            let items: Result<_, _> = items.iter().map(|item| convert(item, file)).collect();
            Value::List(items?)
        }
        YamlData::Mapping(map) => {
            let mut entries = Vec::with_capacity(map.len());
            for (key, value) in map {
                convert_entry(key, value, file, &mut entries)?;
            }
            Value::Map(merge(entries)?)
        }
        YamlData::Tagged(_, inner) => convert(inner, file)?.value,
        YamlData::Representation(text, ..) => Value::Text(text.to_string()),
        YamlData::Alias(_) | YamlData::BadValue => {
            return Err(Malformed { at, message: "malformed YAML: this value cannot be read".to_owned() });
        }
    };
    Ok(Node { at, value })
}

fn convert_scalar(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(b) => Value::Bool(*b),
        Scalar::Integer(i) => Value::Int(*i),
        Scalar::FloatingPoint(f) => Value::Float(f.into_inner()),
        Scalar::String(text) => Value::Text(text.to_string()),
    }
}

fn convert_entry(
    key: &MarkedYaml<'_>,
    value: &MarkedYaml<'_>,
    file: &Arc<str>,
    entries: &mut Vec<Entry>,
) -> Result<(), Malformed> {
    let at = place(file, &key.span.start);
    let key = match convert(key, file)?.value {
        Value::Text(text) => text,
        Value::Int(i) => i.to_string(),
        Value::Float(f) => f.to_string(),
        Value::Bool(b) => b.to_string(),
        _ => {
            return Err(Malformed { at, message: "expected text as a key".to_owned() });
        }
    };
    let node = convert(value, file)?;
    entries.push(Entry { key, at, node });
    Ok(())
}

/// Takes in the maps under `<<`: what is written beside it wins, then the earlier map.
fn merge(entries: Vec<Entry>) -> Result<Vec<Entry>, Malformed> {
    let (merged, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|e| e.key == "<<");
    for entry in merged {
        let sources = match entry.node.value {
            Value::List(items) => items,
            value => vec![Node { at: entry.node.at, value }],
        };
        for source in sources {
            let Value::Map(inherited) = source.value else {
                return Err(Malformed { at: source.at, message: "expected a mapping to merge".to_owned() });
            };
            for candidate in inherited {
                if !own.iter().any(|known| known.key == candidate.key) {
                    own.push(candidate);
                }
            }
        }
    }
    Ok(own)
}
