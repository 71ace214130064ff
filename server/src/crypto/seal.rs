//! Secrets as the database keeps them: AES-256-GCM under a key that follows from the salt key.
//!
//! A sealed text is base64url of a version, the id of the key, a random nonce, and the ciphertext with its tag.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::SysRng;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::{MacKey, RandomError};

/// The form of what is sealed.
const VERSION: u8 = 1;
/// Bytes of a key's id.
const KEY_ID_BYTES: usize = 4;
/// What comes before the ciphertext, in bytes.
const HEAD_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_LEN;

/// Seals secrets and opens them. Clones share the key.
#[derive(Clone)]
pub struct Sealer {
    key: std::sync::Arc<LessSafeKey>,
    key_id: [u8; KEY_ID_BYTES],
}

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// No nonce can be had.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// It was sealed under another salt key.
    #[error("it was sealed under another LITELLM_SALT_KEY")]
    OtherKey,
    /// It is not what was sealed, or was sealed for something else.
    #[error("the sealed text is damaged, or belongs to something else")]
    Damaged,
    /// The key cannot be used.
    #[error("the key cannot be used")]
    Key,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// A sealer under this installation's salt key.
    ///
    /// # Errors
    /// Never, as far as the cipher takes every key of its length.
    pub fn new(salt_key: &str) -> Result<Self, SealError> {
        let of_salt = MacKey::new(salt_key);
        let key = UnboundKey::new(&AES_256_GCM, &of_salt.mac(&[b"tollgate seal 1"])).map_err(|_| SealError::Key)?;
        let mut key_id = [0; KEY_ID_BYTES];
        key_id.iter_mut().zip(of_salt.mac(&[b"tollgate seal id 1"])).for_each(|(byte, of_mac)| *byte = of_mac);
        Ok(Self { key: std::sync::Arc::new(LessSafeKey::new(key)), key_id })
    }

    /// Seals `secret` for `place`, such as `sso_provider/okta`: it opens for the same place only, so that nobody who can
    /// write to the database moves a secret to where it is shown.
    ///
    /// # Errors
    /// When the system's random source fails.
    pub fn seal(&self, place: &str, secret: &str) -> Result<String, SealError> {
        let mut nonce = [0; NONCE_LEN];
        SysRng.try_fill_bytes(&mut nonce).map_err(|error| RandomError(error.to_string()))?;
        let mut text = secret.as_bytes().to_vec();
        let sealing = Nonce::assume_unique_for_key(nonce);
        let sealed = self.key.seal_in_place_append_tag(sealing, Aad::from(place.as_bytes()), &mut text);
        sealed.map_err(|_| SealError::Key)?;
        let whole = [&[VERSION][..], &self.key_id, &nonce, &text].concat();
        Ok(URL_SAFE_NO_PAD.encode(whole))
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// When it was sealed under another key, for another place, or is damaged.
    pub fn open(&self, place: &str, sealed: &str) -> Result<String, SealError> {
        let whole = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| SealError::Damaged)?;
        let (head, text) = whole.split_at_checked(HEAD_BYTES).ok_or(SealError::Damaged)?;
        let (form, nonce) = head.split_at_checked(1 + KEY_ID_BYTES).ok_or(SealError::Damaged)?;
        match form.split_first() {
            Some((&VERSION, key_id)) if key_id == self.key_id => {}
            Some((&VERSION, _)) => return Err(SealError::OtherKey),
            _ => return Err(SealError::Damaged),
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Damaged)?;
        let mut text = text.to_vec();
        let opened = self.key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut text);
        let opened = opened.map_err(|_| SealError::Damaged)?;
        String::from_utf8(opened.to_vec()).map_err(|_| SealError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_at_its_place_under_its_key_alone() {
        let sealer = Sealer::new("salt").unwrap();
        let sealed = sealer.seal("sso_provider/okta", "hush").unwrap();
        assert_ne!(sealed, sealer.seal("sso_provider/okta", "hush").unwrap());
        assert_eq!(sealer.open("sso_provider/okta", &sealed).unwrap(), "hush");
        assert!(matches!(sealer.open("sso_provider/other", &sealed), Err(SealError::Damaged)));
        let other = Sealer::new("pepper").unwrap();
        assert!(matches!(other.open("sso_provider/okta", &sealed), Err(SealError::OtherKey)));
    }

    #[test]
    fn what_is_damaged_does_not_open() {
        let sealer = Sealer::new("salt").unwrap();
        let sealed = sealer.seal("p", "hush").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            if changed != sealed {
                assert!(sealer.open("p", &changed).is_err(), "{at}");
            }
        }
        assert!(sealer.open("p", "").is_err());
        assert!(sealer.open("p", "AQ").is_err());
    }
}
