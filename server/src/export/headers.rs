//! Lists of headers as variables of the environment have them: `name=value,name=value`.

use percent_encoding::percent_decode_str;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::destination::DestinationError;

/// The headers of a list. Values may be percent-encoded, as OpenTelemetry has them.
pub(super) fn parse(variable: &'static str, list: &str) -> Result<HeaderMap, DestinationError> {
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let mut headers = HeaderMap::new();
    for entry in entries {
        let (name, value) = read(entry).ok_or(DestinationError::Headers(variable))?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn read(entry: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = entry.split_once('=')?;
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
    Some((HeaderName::try_from(name.trim()).ok()?, secret(&value)?))
}

/// A value that no log shows.
pub(super) fn secret(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_headers_is_read_and_a_wrong_one_is_not() {
        let headers = parse("H", " authorization=Bearer%20abc= , x-a = 1,,").unwrap();
        assert_eq!(headers["authorization"].to_str().unwrap(), "Bearer abc=");
        assert_eq!(headers["x-a"], "1");
        assert!(headers["authorization"].is_sensitive());
        assert!(parse("H", "").unwrap().is_empty());
        for wrong in ["a", "a b=c", "a=\u{1}", "=x"] {
            assert!(parse("H", wrong).is_err(), "{wrong}");
        }
    }
}
