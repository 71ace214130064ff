//! Values that must not be seen.

use std::fmt;

use serde::{Serialize, Serializer};

/// What stands for a secret wherever it is shown.
pub const MASK: &str = "****";

/// A password, key or token. It shows as `****` in every text and in JSON; only [`Secret::expose`] gives it away.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself. Never log it, never put it into an error.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

/// Parts of a setting's name that say its text is a secret. Numbers are never secrets, so `max_tokens` is not.
const SECRET_WORDS: &[&str] = &[
    "api_key",
    "access_key",
    "_key",
    "auth",
    "bearer",
    "cookie",
    "credential",
    "password",
    "secret",
    "signature",
    "token",
    "webhook_url",
];

/// Names that contain such a word and are none.
const PLAIN_NAMES: &[&str] = &[
    "custom_tokenizer",
    "default_key_generate_params",
    "litellm_credential_name",
    "tokenizer",
    "upperbound_key_generate_params",
];

/// True when a text setting of this name is a secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    !PLAIN_NAMES.contains(&name.as_str()) && (name == "key" || SECRET_WORDS.iter().any(|word| name.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_shows() {
        let secret = Secret::new("sk-1234567890");
        let shown = format!("{secret} {secret:?} {:#?}", Some(&secret));
        let json = serde_json::to_string(&secret).unwrap();
        assert!(!shown.contains("1234") && !json.contains("1234"));
        assert_eq!(secret.expose(), "sk-1234567890");
    }

    #[test]
    fn names_of_secrets() {
        for name in
            ["api_key", "aws_secret_access_key", "vertex_credentials", "Authorization", "x-api-key", "redis_password"]
        {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["model", "api_base", "aws_region_name", "litellm_credential_name", "rpm"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
