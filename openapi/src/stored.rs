//! Fields of LiteLLM's that are kept as they came and have no effect yet.

use serde_json::Value;

/// JSON type of a field that is only kept. `null` is as good as no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredKind {
    /// An array.
    Array,
    /// Zero or a whole number above it.
    Count,
    /// `true` or `false`.
    Flag,
    /// An object.
    Object,
    /// A string.
    Text,
}

impl StoredKind {
    /// Whether `value` is of this type.
    #[must_use]
    pub fn fits(self, value: &Value) -> bool {
        match self {
            _ if value.is_null() => true,
            Self::Array => value.is_array(),
            Self::Count => value.is_u64(),
            Self::Flag => value.is_boolean(),
            Self::Object => value.is_object(),
            Self::Text => value.is_string(),
        }
    }

    /// What to expect, in words.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Array => "expected an array",
            Self::Count => "expected a whole number, zero or more",
            Self::Flag => "expected true or false",
            Self::Object => "expected an object",
            Self::Text => "expected a string",
        }
    }
}
