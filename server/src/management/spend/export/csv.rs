//! Comma-separated values (RFC 4180) that a spreadsheet opens without running them.

use std::fmt::Write as _;

use super::cell::Cell;

/// What makes a formula of a cell that begins with it, in one spreadsheet or another (OWASP, "CSV Injection").
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

pub(in crate::management) fn push_header(text: &mut String, columns: &[&str]) {
    text.push_str(&columns.join(","));
    text.push_str("\r\n");
}

pub(in crate::management) fn push_line(text: &mut String, cells: &[Cell<'_>]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        push_cell(text, cell);
    }
    text.push_str("\r\n");
}

/// Only what somebody wrote can be a formula or need quoting: a negative amount stays a number.
fn push_cell(text: &mut String, cell: &Cell<'_>) {
    match cell {
        Cell::Text(written) => push_text(text, written),
        Cell::Texts(_) => push_text(text, &cell.to_string()),
        // Writing to a string does not fail.
        _ => drop(write!(text, "{cell}")),
    }
}

fn push_text(text: &mut String, written: &str) {
    let guard = if written.starts_with(FORMULA) { "'" } else { "" };
    if !written.contains([',', '"', '\n', '\r']) {
        text.extend([guard, written]);
        return;
    }
    text.extend(["\"", guard]);
    text.push_str(&written.replace('"', "\"\""));
    text.push('"');
}

#[cfg(test)]
mod tests {
    use tollgate_openapi::money::NanoUsd;

    use super::*;

    fn line(cells: &[Cell<'_>]) -> String {
        let mut text = String::new();
        push_line(&mut text, cells);
        text
    }

    #[test]
    fn texts_are_quoted_where_the_format_needs_it() {
        let tags = ["a".to_owned(), "b\"c".to_owned()];
        let cells = [Cell::text("a,b"), Cell::text("say \"hi\""), Cell::text("two\nlines"), Cell::Texts(&tags)];
        assert_eq!(line(&cells), "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\"[\"\"a\"\",\"\"b\\\"\"c\"\"]\"\r\n");
        assert_eq!(line(&[Cell::text(""), Cell::Texts(&[]), Cell::Flag(true)]), ",,true\r\n");
    }

    #[test]
    fn texts_that_would_be_formulas_are_defused_and_numbers_stay_numbers() {
        for (written, shown) in [
            ("=1+1", "'=1+1\r\n"),
            ("+49", "'+49\r\n"),
            ("-2", "'-2\r\n"),
            ("@SUM(A1)", "'@SUM(A1)\r\n"),
            ("\tx", "'\tx\r\n"),
            ("\rx", "\"'\rx\"\r\n"),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"\r\n"),
            ("＝1", "'＝1\r\n"),
            ("a=b", "a=b\r\n"),
        ] {
            assert_eq!(line(&[Cell::text(written)]), shown);
        }
        assert_eq!(line(&[Cell::Money(NanoUsd(-5)), Cell::Count(-3)]), "-0.000000005,-3\r\n");
    }
}
