//! Passwords: argon2id with OWASP's parameters, off the async workers.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use zxcvbn::{Score, zxcvbn};

use crate::error::{ApiError, ApiResult};

/// Memory of one hash, in KiB.
const MEMORY_KIB: u32 = 19_456;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;
/// Hashes computed at once: each takes [`MEMORY_KIB`], and an attacker decides how many are asked for.
const CONCURRENT_MAX: usize = 4;

static SLOTS: Semaphore = Semaphore::const_new(CONCURRENT_MAX);

/// A password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed: {0}")]
pub struct PasswordError(String);

/// Hashes `password` into PHC form, with a random salt.
///
/// # Errors
/// When the random source fails or the process shuts down.
pub async fn hash(password: String) -> Result<String, PasswordError> {
    off_worker(move || {
        let hash = argon2().and_then(|argon2| argon2.hash_password(password.as_bytes()).map_err(failed));
        hash.map(|hash: PasswordHash| hash.to_string())
    })
    .await?
}

/// Whether `password` is the one behind `hash`. Without a hash the same work is done and the answer is no, so that
/// the time taken does not tell whether an account exists.
///
/// # Errors
/// When the process shuts down.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool, PasswordError> {
    off_worker(move || {
        let argon2 = argon2()?;
        let Some(hash) = hash else {
            let burnt: Result<PasswordHash, _> = argon2.hash_password(password.as_bytes());
            return burnt.map(|_| false).map_err(failed);
        };
        let hash = PasswordHash::new(&hash).map_err(failed)?;
        Ok(argon2.verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await?
}

/// Checks that a new password is long enough and not among the first that anybody would guess, and hashes it. `about`
/// is what others know of its owner, such as their address.
///
/// No kinds of characters are asked for (NIST SP 800-63B, OWASP ASVS): they make passwords no harder to guess.
///
/// # Errors
/// 400 naming `field` where it will not do.
pub async fn accept(field: &'static str, secret: String, chars_min: usize, about: Vec<String>) -> ApiResult<String> {
    let chars = secret.chars().count();
    if chars < chars_min {
        let message = format!("{field}: expected at least {chars_min} characters, got {chars}");
        return Err(ApiError::bad_request(field, message));
    }
    let checked = off_worker(move || {
        let about: Vec<&str> = about.iter().map(String::as_str).chain(["tollgate", "litellm"]).collect();
        let is_easy = zxcvbn(&secret, &about).score() < Score::Three;
        (!is_easy).then_some(secret)
    });
    let Some(secret) = checked.await.map_err(ApiError::internal)? else {
        let message =
            format!("{field}: this is too easy to guess; several words that do not belong together are better");
        return Err(ApiError::bad_request(field, message));
    };
    hash(secret).await.map_err(ApiError::internal)
}

/// Whether `hash` was made with other parameters than today's.
#[must_use]
pub fn is_outdated(hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    let today = [("m", MEMORY_KIB), ("t", PASSES), ("p", LANES)];
    let is_same = |(name, value): (&str, u32)| hash.params.get_decimal(name) == Some(value);
    hash.algorithm.as_str() != "argon2id" || !today.into_iter().all(is_same)
}

async fn off_worker<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
    let _slot = SLOTS.acquire().await.map_err(failed)?;
    tokio::task::spawn_blocking(work).await.map_err(failed)
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn failed(error: impl std::fmt::Display) -> PasswordError {
    PasswordError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let stored = hash("correct horse".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify("correct horse".to_owned(), Some(stored.clone())).await.unwrap());
        assert!(!verify("correct hors".to_owned(), Some(stored.clone())).await.unwrap());
        assert!(!verify("correct horse".to_owned(), None).await.unwrap());
        assert!(!is_outdated(&stored) && is_outdated(&stored.replace("m=19456", "m=4096")));
    }

    #[tokio::test]
    async fn what_is_short_or_easy_to_guess_is_refused() {
        let about = || vec!["ada.lovelace@example.com".to_owned()];
        let refused = async |secret: &str| {
            let refusal = accept("password", secret.to_owned(), 12, about()).await.unwrap_err();
            refusal.message().into_owned()
        };
        assert!(refused("12345678901").await.contains("at least 12"));
        for easy in
            ["password1234", "qwertyuiopas", "aaaaaaaaaaaaaaaa", "123456789012", "ada.lovelace", "tollgatetollgate"]
        {
            assert!(refused(easy).await.contains("too easy"), "{easy}");
        }
        for good in ["correct horse battery", "nnuehthqpx ö9", "sechs Ähren im Feldsalat"] {
            accept("password", good.to_owned(), 12, about()).await.unwrap();
        }
    }
}
