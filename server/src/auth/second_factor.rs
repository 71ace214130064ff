//! Second factors: time-based one-time passwords (RFC 6238), and recovery codes for who has lost their app.

use chrono::{DateTime, Utc};
use qrcode::QrCode;
use qrcode::render::svg;
use totp_rs::{Algorithm, Builder, Secret, Totp};

use crate::app::App;
use crate::crypto::{KeyDigest, random_base62, random_bytes};
use crate::db::second_factor::Model;
use crate::db::user::Model as User;
use crate::db::{self, Strings};
use crate::error::{ApiError, ApiResult};

/// Whom authenticator apps name beside a code.
const ISSUER: &str = "Tollgate";
/// Digits of a code.
const DIGITS: u8 = 6;
/// How long a code is shown, in seconds.
const STEP_S: u64 = 30;
/// Codes before and after the present one that are taken, for clocks that are not right.
const SKEW_STEPS: u16 = 1;
/// Bytes of a secret, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
/// Recovery codes that are made.
const RECOVERY_CODES: usize = 10;
/// Letters and digits of a recovery code, 5 bits each.
const RECOVERY_CHARS: usize = 16;
/// Side of the picture of a code, in pixels at least.
const PICTURE_SIDE: u32 = 220;

/// A secret that nobody has but who is about to put it into their app.
#[derive(Clone)]
pub struct Enrolment {
    /// In base 32, to be typed.
    pub secret: String,
    /// As an address that apps open.
    pub url: String,
    /// The address as a picture that apps read, in SVG.
    pub picture: String,
    /// The secret as the database keeps it.
    pub sealed_secret: String,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enrolment")
    }
}

/// Makes a secret for `user`.
///
/// # Errors
/// When the random source fails.
pub fn enrol(app: &App, user: &User) -> ApiResult<Enrolment> {
    let bytes = random_bytes::<SECRET_BYTES>().map_err(ApiError::internal)?;
    let secret = Secret::from(bytes.to_vec()).to_base32();
    let account = user.user_email.as_deref().unwrap_or(&user.user_id);
    let label: String = percent_encoding::utf8_percent_encode(account, percent_encoding::NON_ALPHANUMERIC).collect();
    let url = format!(
        "otpauth://totp/{ISSUER}:{label}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits={DIGITS}&period={STEP_S}"
    );
    let code = QrCode::new(url.as_bytes()).map_err(|error| ApiError::internal(error.to_string()))?;
    let picture = code.render::<svg::Color<'_>>().min_dimensions(PICTURE_SIDE, PICTURE_SIDE).build();
    let sealed_secret = app.sealer.seal(&place(&user.user_id), &secret).map_err(ApiError::internal)?;
    Ok(Enrolment { secret, url, picture, sealed_secret })
}

/// New recovery codes, and their hashes.
///
/// # Errors
/// When the random source fails.
pub fn recovery_codes() -> ApiResult<(Vec<String>, Strings)> {
    let codes: ApiResult<Vec<String>> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    let codes = codes?;
    let hashes = codes.iter().map(|code| KeyDigest::of(&plain(code)).to_hex()).collect();
    Ok((codes, Strings(hashes)))
}

/// Four times four letters and digits that are not taken for each other.
fn recovery_code() -> ApiResult<String> {
    let mut characters = Vec::with_capacity(RECOVERY_CHARS);
    while characters.len() < RECOVERY_CHARS {
        let random = random_base62(RECOVERY_CHARS).map_err(ApiError::internal)?;
        let legible = |one: &char| matches!(one, 'a'..='k' | 'm' | 'n' | 'p'..='z' | '2'..='9');
        characters.extend(random.chars().filter(legible).take(RECOVERY_CHARS - characters.len()));
    }
    let groups = characters.chunks(4).map(|group| group.iter().collect::<String>());
    Ok(groups.collect::<Vec<_>>().join("-"))
}

/// Whether `code`, of an app or for recovery, is right now. It is not a second time.
///
/// # Errors
/// When the database is away, or the secret cannot be opened.
pub async fn accept(app: &App, factor: &Model, code: &str) -> ApiResult<bool> {
    let code = plain(code);
    if let Some(step) = step_of(app, factor, &code, app.clock.now())? {
        return Ok(db::second_factor::take_step(&app.db, &factor.user_id, step).await?);
    }
    let hash = KeyDigest::of(&code).to_hex();
    if !factor.recovery_hashes.0.contains(&hash) {
        return Ok(false);
    }
    let transaction = db::begin(&app.db).await?;
    let Some(current) = db::second_factor::find_for_update(&transaction, &factor.user_id).await? else {
        return Ok(false);
    };
    let left: Vec<String> = current.recovery_hashes.0.iter().filter(|known| **known != hash).cloned().collect();
    if left.len() == current.recovery_hashes.0.len() {
        return Ok(false);
    }
    db::second_factor::keep_recovery(&transaction, &factor.user_id, Strings(left)).await?;
    transaction.commit().await?;
    Ok(true)
}

/// The step of time whose code this is, at `now` or nearly so.
///
/// # Errors
/// When the secret cannot be opened.
pub fn step_of(app: &App, factor: &Model, code: &str, now: DateTime<Utc>) -> ApiResult<Option<i64>> {
    let secret = app.sealer.open(&place(&factor.user_id), &factor.sealed_secret).map_err(ApiError::internal)?;
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    let step = totp(&secret)?.check(&plain(code), seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

fn totp(secret: &str) -> ApiResult<Totp> {
    let secret = Secret::try_from_base32(secret).map_err(|error| ApiError::internal(error.to_string()))?;
    let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(DIGITS).with_skew(SKEW_STEPS);
    let built = builder.with_step_duration(STEP_S).with_secret(secret).build();
    built.map_err(|error| ApiError::internal(error.to_string()))
}

/// A code as it counts: people type spaces and hyphens, and capitals.
fn plain(code: &str) -> String {
    code.chars().filter(|one| !one.is_whitespace() && *one != '-').flat_map(char::to_lowercase).collect()
}

/// What a secret is sealed for.
fn place(user_id: &str) -> String {
    format!("second_factor/{user_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, the last six of its eight digits; the secret is its ASCII text in base 32.
        let totp = totp("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
        for (at, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(totp.check(code, at), Some(at / 30), "{at}");
        }
        assert_eq!(totp.check("287082", 59 + 30), Some(1));
        assert_eq!(totp.check("287082", 59 + 61), None);
    }

    #[test]
    fn recovery_codes_are_told_apart_and_read_as_typed() {
        let (codes, hashes) = recovery_codes().unwrap();
        assert_eq!((codes.len(), codes[0].len()), (RECOVERY_CODES, RECOVERY_CHARS + 3));
        assert!(codes.iter().all(|code| !code.contains(['l', 'o', '0', '1'])), "{codes:?}");
        let typed = codes[3].to_uppercase().replace('-', " ");
        assert_eq!(KeyDigest::of(&plain(&typed)).to_hex(), hashes.0[3]);
        let mut unique = codes.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), codes.len());
    }
}
