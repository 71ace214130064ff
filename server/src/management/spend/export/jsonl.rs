//! One JSON object a line.

use std::fmt::Write as _;

use super::cell::Cell;

pub(in crate::management) fn push_line(text: &mut String, columns: &[&str], cells: &[Cell<'_>]) {
    for (index, (column, cell)) in columns.iter().zip(cells).enumerate() {
        text.push(if index == 0 { '{' } else { ',' });
        text.extend(["\"", column, "\":"]);
        push_value(text, cell);
    }
    text.push_str("}\n");
}

fn push_value(text: &mut String, cell: &Cell<'_>) {
    match cell {
        Cell::Text(written) if written.is_empty() => text.push_str("null"),
        Cell::Text(written) => push_string(text, written),
        Cell::Texts([]) => text.push_str("[]"),
        Cell::Day(_) | Cell::Instant(_) => push_string(text, &cell.to_string()),
        // Money as a number of as many digits as it has: whoever reads it as a decimal has it to the nano-dollar.
        _ => drop(write!(text, "{cell}")),
    }
}

fn push_string(text: &mut String, written: &str) {
    // A string is always JSON.
    text.push_str(&serde_json::to_string(written).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tollgate_openapi::money::NanoUsd;

    use super::*;

    #[test]
    fn a_line_is_an_object() {
        let tags = ["\"=".to_owned()];
        let cells = [
            Cell::text("two\nlines"),
            Cell::nothing(),
            Cell::Texts(&tags),
            Cell::Texts(&[]),
            Cell::Count(-1),
            Cell::Money(NanoUsd(10_500_000_001)),
            Cell::Day("2026-11-21".parse().unwrap()),
            Cell::Instant("2026-11-21T09:30:00Z".parse().unwrap()),
            Cell::Flag(false),
        ];
        let mut text = String::new();
        push_line(&mut text, &["a", "b", "c", "d", "e", "f", "g", "h", "i"], &cells);
        assert!(text.ends_with("}\n") && text.contains("\"f\":10.500000001,"), "{text}");
        let expected = json!({"a": "two\nlines", "b": null, "c": ["\"="], "d": [], "e": -1, "f": 10.500_000_001,
            "g": "2026-11-21", "h": "2026-11-21T09:30:00Z", "i": false});
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    }
}
