//! What is wrong with a request, in pydantic's form, which LiteLLM's clients know.

use serde_path_to_error::{Error, Path, Segment};
use tollgate_openapi::error::ValidationError;
use tollgate_openapi::limit::LIMIT_FIELDS;

/// The kind of a problem with a value of the right type.
pub(crate) const VALUE_ERROR: &str = "value_error";

/// One problem at `loc`.
pub(crate) fn problem(kind: &str, loc: &[&str], msg: impl Into<String>) -> ValidationError {
    let loc = loc.iter().map(|part| (*part).to_owned()).collect();
    ValidationError { r#type: kind.to_owned(), loc, msg: msg.into() }
}

/// The name among `known` that `name` is most like, where one is alike.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const LIKENESS_MIN: f64 = 0.7;
    let scored = known.map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= LIKENESS_MIN).then_some(best.1)
}

/// One problem for each of `names`, none of which is `known`.
pub(crate) fn unknown_fields<'a>(names: impl Iterator<Item = &'a str>, known: &[&str]) -> Vec<ValidationError> {
    let text = |name| unknown_text(name, known.iter().copied());
    names.map(|name| problem("extra_forbidden", &["body", name], text(name))).collect()
}

fn unknown_text<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some(nearest) => format!("Unknown field `{name}`. Did you mean `{nearest}`?"),
        None => format!("Unknown field `{name}`."),
    }
}

/// The problem behind a JSON error.
pub(super) fn from_json(error: &Error<serde_json::Error>) -> ValidationError {
    let is_syntax = error.inner().is_syntax() || error.inner().is_eof();
    let kind = if is_syntax { "json_invalid" } else { "value_error" };
    from_serde(kind, "body", error.path(), &error.inner().to_string())
}

/// The problem behind a query's error.
pub(super) fn from_query(error: &Error<serde_urlencoded::de::Error>) -> ValidationError {
    from_serde("value_error", "query", error.path(), &error.inner().to_string())
}

fn from_serde(kind: &str, place: &str, path: &Path, text: &str) -> ValidationError {
    let mut loc = vec![place.to_owned()];
    loc.extend(path.iter().filter_map(|segment| match segment {
        Segment::Map { key } => Some(key.clone()),
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    }));
    // A place within the text helps where the text is malformed; elsewhere the field's name says it better.
    let text = if kind == "json_invalid" { text } else { text.split(" at line ").next().unwrap_or(text) };
    let (flattened, text) = flattened_place(text);
    loc.extend(flattened);
    let names: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let (kind, field, msg) = match (text, names.split_first()) {
        (text, Some((name, _))) if text.starts_with("missing field") => {
            ("missing", Some(*name), "Field required".to_owned())
        }
        (text, Some((name, known))) if text.starts_with("unknown field") => {
            ("extra_forbidden", Some(*name), unknown_text(name, known.iter().copied()))
        }
        (text, Some((name, _))) if text.starts_with("duplicate field") => {
            (kind, Some(*name), "expected the field once".to_owned())
        }
        _ => (kind, None, in_plain_words(text)),
    };
    loc.extend(field.filter(|field| loc.last().is_none_or(|last| last != field)).map(str::to_owned));
    ValidationError { r#type: kind.to_owned(), loc, msg }
}

/// The place of a flattened field, which is lost but for the text that then begins with it.
fn flattened_place(text: &str) -> (Vec<String>, &str) {
    match text.split_once(": ") {
        Some((path, text)) if LIMIT_FIELDS.contains(&path.split('.').next().unwrap_or(path)) => {
            (path.split('.').map(str::to_owned).collect(), text)
        }
        _ => (Vec::new(), text),
    }
}

/// What serde and chrono say, without the names of Rust's types.
fn in_plain_words(text: &str) -> String {
    const DATE_TEXTS: [&str; 4] =
        ["input contains invalid characters", "premature end of input", "input is out of range", "trailing input"];
    const TYPES: [(&str, &str); 5] = [
        ("expected f64", "expected a number"),
        ("expected i64", "expected a whole number"),
        ("expected u64", "expected a whole number"),
        ("expected a sequence", "expected an array"),
        ("expected a map", "expected an object"),
    ];
    if DATE_TEXTS.contains(&text) {
        return "expected a day such as 2026-11-21".to_owned();
    }
    if text == "invalid digit found in string" || text == "number too large to fit in target type" {
        return "expected a whole number".to_owned();
    }
    TYPES.iter().fold(text.to_owned(), |text, (rusty, plain)| text.replace(rusty, plain))
}

/// The problems of values that have the right type and are out of range.
pub(super) fn from_report(report: &garde::Report, place: &str) -> Vec<ValidationError> {
    let problems = report.iter().map(|(path, error)| {
        let path = path.to_string();
        // Limits are flattened: callers do not see that they are a part of their own.
        let path = path.strip_prefix("limits.").unwrap_or(&path);
        let parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
        ValidationError {
            r#type: VALUE_ERROR.to_owned(),
            loc: std::iter::once(place).chain(parts).map(str::to_owned).collect(),
            msg: error.message().to_owned(),
        }
    });
    problems.collect()
}
