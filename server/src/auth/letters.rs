//! Letters about accounts.

use crate::mail::Letter;

/// `by` invites whoever reads `to` to open `link`.
#[must_use]
pub fn invitation(to: &str, by: &str, link: &str) -> Letter {
    let first = format!("{by} invites you to Tollgate, the gateway to your company's language models.");
    let rest = "The link works once, for seven days. If you did not expect this letter, you can ignore it.";
    Letter::new(to, "You are invited to Tollgate", &[&first, rest], Some(("Set your password", link)))
}

/// Somebody, from `address`, says that they forgot the password of `to`.
#[must_use]
pub fn reset(to: &str, address: Option<&str>, link: &str) -> Letter {
    let from = address.map(|address| format!(" at the address {address}")).unwrap_or_default();
    let first = format!("Somebody{from} asked to set a new password for your account on Tollgate.");
    let rest = "The link works once, for an hour. If it was not you, ignore this letter: your password stays as it is.";
    Letter::new(to, "Set a new password for Tollgate", &[&first, rest], Some(("Set a new password", link)))
}

/// What happened to the account of `to`, which its owner should know of.
#[must_use]
pub fn notice(to: &str, what: &str) -> Letter {
    let rest = "If it was not you, tell an administrator of your gateway at once.";
    Letter::new(to, "Your Tollgate account has changed", &[what, rest], None)
}
