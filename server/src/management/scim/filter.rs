//! Filters of lists: `attribute eq "value"`, which is what directories send.

use super::error::{ScimError, ScimResult};

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    /// The attribute, in lower case and without its schema.
    pub(super) attribute: String,
    /// What it is to be.
    pub(super) value: String,
}

impl Filter {
    /// Reads one.
    pub(super) fn parse(text: &str) -> ScimResult<Self> {
        let refuse = || {
            let detail = format!("expected a filter such as userName eq \"ada@acme.com\", got {text}");
            ScimError::invalid("invalidFilter", detail)
        };
        let mut parts = text.trim().splitn(3, char::is_whitespace);
        let (Some(attribute), Some(operator), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(refuse());
        };
        if !operator.eq_ignore_ascii_case("eq") {
            return Err(refuse());
        }
        // A JSON text, with nothing after it.
        let value: String = serde_json::from_str(value.trim()).map_err(|_| refuse())?;
        // `urn:ietf:params:scim:schemas:core:2.0:User:userName`
        let attribute = attribute.rsplit(':').next().unwrap_or(attribute).to_ascii_lowercase();
        Ok(Self { attribute, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_directories_send_is_read() {
        for (text, attribute, value) in [
            ("userName eq \"Ada@Acme.com\"", "username", "Ada@Acme.com"),
            ("externalId EQ \"a b \\\"c\\\"\"", "externalid", "a b \"c\""),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"x\"", "username", "x"),
        ] {
            let filter = Filter::parse(text).unwrap();
            assert_eq!((filter.attribute.as_str(), filter.value.as_str()), (attribute, value));
        }
    }

    #[test]
    fn other_filters_are_refused() {
        for text in ["", "userName", "userName co \"a\"", "userName eq a", "userName eq \"a\" or id eq \"b\""] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
    }
}
