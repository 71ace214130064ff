//! Virtual keys: how they are made, recognised and stored; secrets as the database keeps them.
//!
//! A key is `sk-`, 43 base62 characters (32 random bytes) and 6 base62 characters of checksum. The checksum lets a
//! secret scanner, or us, tell a mistyped key from an unknown one without a database. Only the SHA-256 is stored.

mod seal;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::ApiError;

pub use seal::{SealError, Sealer};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SECRET_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 6;

/// SHA-256 of a key: its id everywhere but in the client's hands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// The digest of a key in clear.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// The digest that `text` names: a key in clear (`sk-…`), or a digest in hex.
    #[must_use]
    pub fn from_key_or_hex(text: &str) -> Self {
        Self::from_hex(text).unwrap_or_else(|| Self::of(text))
    }

    /// Parses 64 hex digits.
    #[must_use]
    pub fn from_hex(hex: &str) -> Option<Self> {
        if hex.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// 64 hex digits, as the database and the API show it.
    #[must_use]
    pub fn to_hex(self) -> String {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let nibbles = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        nibbles.filter_map(|nibble| HEX.get(usize::from(nibble))).map(|digit| char::from(*digit)).collect()
    }

    /// Equality that takes the same time wherever the two differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyDigest({})", self.to_hex())
    }
}

/// Why a request presents no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// No header carries one.
    Absent,
    /// `Authorization` carries something that is no bearer's, and no other header carries a key.
    NotBearer,
}

impl From<NoKey> for ApiError {
    fn from(reason: NoKey) -> Self {
        Self::unauthorized(match reason {
            NoKey::Absent => "Authentication Error, No api key passed in.",
            NoKey::NotBearer => {
                "Authentication Error, Malformed API Key passed in. Ensure Key has `Bearer ` prefix: \
                 \"Authorization: Bearer <key>\"."
            }
        })
    }
}

/// The key a request presents, from the headers clients use for it, in LiteLLM's order. What is no bearer's, such as
/// the `Basic` of a proxy in front, does not stand in the way of the other headers; an empty one is as good as none.
///
/// # Errors
/// When no header carries a key.
pub fn presented_key<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Result<&'a str, NoKey> {
    const BARE: [&str; 4] = ["x-litellm-api-key", "api-key", "x-api-key", "x-goog-api-key"];
    let authorization = header("authorization").map(str::trim).filter(|value| !value.is_empty());
    let bearer = authorization.and_then(strip_bearer);
    let bare = BARE.into_iter().filter_map(&header).map(|value| strip_bearer(value).unwrap_or(value).trim());
    match bearer.into_iter().chain(bare).find(|key| !key.is_empty()) {
        Some(key) => Ok(key),
        None if authorization.is_some() && bearer.is_none() => Err(NoKey::NotBearer),
        None => Err(NoKey::Absent),
    }
}

fn strip_bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ').unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// The system's random source failed.
#[derive(Debug, thiserror::Error)]
#[error("the system's random source failed: {0}")]
pub struct RandomError(String);

/// Makes a new key.
///
/// # Errors
/// When the system's random source fails.
pub fn generate_key() -> Result<String, RandomError> {
    let body = random_base62(SECRET_CHARS)?;
    let checksum = checksum(&body);
    Ok(format!("sk-{body}{checksum}"))
}

/// Random bytes.
///
/// # Errors
/// When the system's random source fails.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|error| RandomError(error.to_string()))?;
    Ok(bytes)
}

/// A random token of `chars` base62 characters, each worth 5.95 bits.
///
/// # Errors
/// When the system's random source fails.
pub fn random_base62(chars: usize) -> Result<String, RandomError> {
    let mut text = String::with_capacity(chars);
    let mut bytes = [0; 64];
    while text.len() < chars {
        SysRng.try_fill_bytes(&mut bytes).map_err(|error| RandomError(error.to_string()))?;
        // 248 = 4 × 62: above it a remainder would favour the first characters.
        let fair = bytes.iter().filter(|byte| **byte < 248).filter_map(|byte| BASE62.get(usize::from(byte % 62)));
        text.extend(fair.take(chars - text.len()).map(|digit| char::from(*digit)));
    }
    Ok(text)
}

/// Whether `key` has the form and checksum of a key we made. Custom keys have not, and are as good.
#[must_use]
pub fn is_our_key(key: &str) -> bool {
    key.strip_prefix("sk-")
        .filter(|rest| rest.len() == SECRET_CHARS + CHECKSUM_CHARS)
        .and_then(|rest| rest.split_at_checked(SECRET_CHARS))
        .is_some_and(|(body, sum)| checksum(body) == sum)
}

/// A key that proves that a text was made here.
#[derive(Clone)]
pub struct MacKey(Hmac<Sha256>);

impl MacKey {
    /// The key that `secret` makes.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        // Secrets of any length become a key of the length of a block, so that none is refused.
        let mut key = [0; 64];
        key.iter_mut().zip(Sha256::digest(secret.as_bytes())).for_each(|(byte, of_digest)| *byte = of_digest);
        Self(Hmac::new(&key.into()))
    }

    /// HMAC-SHA-256 (RFC 2104) of `parts`, each with its length before it, so that none runs into the next.
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// The signature of a webhook's message as Standard Webhooks have it: HMAC-SHA-256 over id, time and body, in base64.
#[must_use]
pub fn webhook_signature(key: &[u8], id: &str, timestamp: i64, body: &str) -> String {
    // RFC 2104 takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// `sk-...` and the last four characters: how a key is shown.
#[must_use]
pub fn key_name(key: &str) -> String {
    let tail: Vec<char> = key.chars().rev().take(4).collect();
    format!("sk-...{}", tail.iter().rev().collect::<String>())
}

/// CRC-32 in base62, most significant digit first.
fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; CHECKSUM_CHARS];
    for digit in digits.iter_mut().rev() {
        let index = usize::try_from(rest % 62).unwrap_or(0);
        *digit = BASE62.get(index).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_recognised_and_a_mistyped_one_is_not() {
        let key = generate_key().unwrap();
        assert_eq!(key.len(), 3 + SECRET_CHARS + CHECKSUM_CHARS);
        assert!(is_our_key(&key));
        let last = if key.ends_with('x') { 'y' } else { 'x' };
        let mistyped = format!("{}{last}", &key[..key.len() - 1]);
        assert!(!is_our_key(&mistyped));
    }

    #[test]
    fn a_digest_survives_hex() {
        let digest = KeyDigest::of("sk-1234");
        assert_eq!(KeyDigest::from_hex(&digest.to_hex()), Some(digest));
        assert_eq!(KeyDigest::from_key_or_hex("sk-1234"), digest);
        assert_eq!(KeyDigest::from_key_or_hex(&digest.to_hex()), digest);
    }

    #[test]
    fn a_key_is_found_in_any_of_its_headers() {
        let key_of = |headers: &[(&str, &'static str)]| {
            presented_key(|name| headers.iter().find(|(other, _)| *other == name).map(|(_, value)| *value))
        };
        assert_eq!(key_of(&[("authorization", "Bearer sk-1")]), Ok("sk-1"));
        assert_eq!(key_of(&[("authorization", "bEARER   sk-1 ")]), Ok("sk-1"));
        assert_eq!(key_of(&[("x-api-key", "sk-3"), ("api-key", "sk-2")]), Ok("sk-2"));
        assert_eq!(key_of(&[("x-litellm-api-key", "Bearer sk-4")]), Ok("sk-4"));
        assert_eq!(key_of(&[("x-goog-api-key", "sk-5"), ("x-api-key", " ")]), Ok("sk-5"));
        assert_eq!(key_of(&[("authorization", "Bearer "), ("x-api-key", "sk-3")]), Ok("sk-3"));
        assert_eq!(key_of(&[("authorization", "Basic YTpi"), ("x-api-key", "sk-3")]), Ok("sk-3"));
        assert_eq!(key_of(&[("authorization", "Basic YTpi")]), Err(NoKey::NotBearer));
        assert_eq!(key_of(&[("authorization", "sk-1")]), Err(NoKey::NotBearer));
        assert_eq!(key_of(&[("authorization", "Bearer")]), Err(NoKey::Absent));
        assert_eq!(key_of(&[]), Err(NoKey::Absent));
    }

    #[test]
    fn only_the_tail_of_a_key_is_shown() {
        assert_eq!(key_name("sk-abcdefgh1234"), "sk-...1234");
    }
}
