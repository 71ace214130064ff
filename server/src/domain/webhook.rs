//! Secrets that webhooks are signed with, in the form of Standard Webhooks (standardwebhooks.com): `whsec_` and the base64
//! of 24 to 64 bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// The key that a secret stands for; `None`: it is none.
#[must_use]
pub fn signing_key(secret: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    (24..=64).contains(&key.len()).then_some(key)
}

/// A key as a secret.
#[must_use]
pub fn secret_of(key: &[u8]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_key() {
        let secret = secret_of(&[7; 32]);
        assert_eq!(signing_key(&secret).unwrap(), [7; 32]);
        for wrong in ["", "whsec_", "whsec_####", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ="] {
            assert_eq!(signing_key(wrong), None, "{wrong}");
        }
    }
}
