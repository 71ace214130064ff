//! Passwords: argon2id with OWASP's parameters, off the async workers.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

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
        assert!(!verify("correct hors".to_owned(), Some(stored)).await.unwrap());
        assert!(!verify("correct horse".to_owned(), None).await.unwrap());
    }
}
