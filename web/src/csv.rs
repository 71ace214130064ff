//! Tables as CSV (RFC 4180).

/// One CSV document with a header line.
pub(crate) fn document(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    push_line(&mut text, header.iter().copied());
    for row in rows {
        push_line(&mut text, row.iter().map(String::as_str));
    }
    text
}

fn push_line<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&escape(cell));
    }
    text.push_str("\r\n");
}

/// Quotes where the format needs it. A cell that a spreadsheet would run as a formula gets an apostrophe in front:
/// aliases are written by users and opened by finance.
fn escape(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    let cell = if is_formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_needed() {
        let rows = [vec!["a,b".to_owned(), "say \"hi\"".to_owned(), "two\nlines".to_owned()]];
        assert_eq!(document(&["x", "y", "z"], &rows), "x,y,z\r\n\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n");
    }

    #[test]
    fn formulas_are_defused_and_negative_numbers_are_not() {
        assert_eq!(escape("=1+1"), "'=1+1");
        assert_eq!(escape("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(escape("-0.5"), "-0.5");
    }
}
