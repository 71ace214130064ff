//! JSON as snapshots show it: what fits on a line is on one.

use serde_json::Value;

/// Characters of a line.
const WIDTH: usize = 118;

/// Writes `value` behind `label`, indented.
pub(super) fn write(out: &mut String, indent: usize, label: &str, value: &Value) {
    let (margin, flat) = (" ".repeat(indent), value.to_string());
    let nested: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (format!("{name}: "), value)).collect(),
        Value::Array(items) => items.iter().map(|item| ("- ".to_owned(), item)).collect(),
        _ => Vec::new(),
    };
    if nested.is_empty() || indent + label.len() + flat.len() <= WIDTH {
        out.push_str(&format!("{margin}{label}{flat}\n"));
        return;
    }
    out.push_str(&format!("{margin}{}\n", label.trim_end()));
    for (label, value) in nested {
        write(out, indent + 2, &label, value);
    }
}

/// The members of `value` under a heading.
pub(super) fn section(out: &mut String, heading: &str, value: &Value) {
    out.push_str(&format!("{heading}\n"));
    for (name, value) in value.as_object().into_iter().flatten() {
        write(out, 2, &format!("{name}: "), value);
    }
}
