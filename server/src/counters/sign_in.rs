//! A limit on failed sign-ins by account and by address, on this node.
//!
//! An attempt is counted before the password is looked at, so guesses made at once are all counted.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Failed sign-ins of one account in [`WINDOW`], from anywhere.
const ACCOUNT_FAILURES_MAX: u32 = 10;
/// Failed sign-ins from one address in [`WINDOW`], whatever the account.
const ADDRESS_FAILURES_MAX: u32 = 30;
/// How long failures are remembered, from the first.
const WINDOW: Duration = Duration::from_secs(300);
/// Accounts and addresses remembered; beyond it the oldest is forgotten.
const ENTRIES_MAX: usize = 20_000;

/// Counts of recent failures.
#[derive(Debug, Default)]
pub struct SignInThrottle {
    failures: Mutex<HashMap<Subject, Failures>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Subject {
    Account(String),
    Address(String),
}

impl Subject {
    const fn limit(&self) -> u32 {
        match self {
            Self::Account(_) => ACCOUNT_FAILURES_MAX,
            Self::Address(_) => ADDRESS_FAILURES_MAX,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    since: Instant,
    count: u32,
}

impl SignInThrottle {
    /// Counts an attempt as failed until [`Self::forgive`] says otherwise.
    ///
    /// # Errors
    /// When the account or the address has failed too often: how long to wait.
    pub fn attempt(&self, account: &str, address: Option<&str>, now: Instant) -> Result<(), Duration> {
        let mut failures = self.failures.lock();
        for subject in subjects(account, address) {
            let Some(found) = failures.get(&subject) else { continue };
            let age = now.saturating_duration_since(found.since);
            if age < WINDOW && found.count >= subject.limit() {
                return Err(WINDOW.saturating_sub(age));
            }
        }
        for subject in subjects(account, address) {
            make_room(&mut failures, now);
            let entry = failures.entry(subject).or_insert(Failures { since: now, count: 0 });
            if now.saturating_duration_since(entry.since) >= WINDOW {
                *entry = Failures { since: now, count: 0 };
            }
            entry.count = entry.count.saturating_add(1);
        }
        Ok(())
    }

    /// The attempt was right: the account starts afresh and the address gets this attempt back.
    pub fn forgive(&self, account: &str, address: Option<&str>) {
        let mut failures = self.failures.lock();
        for subject in subjects(account, address) {
            match (&subject, failures.get_mut(&subject)) {
                (Subject::Address(_), Some(entry)) => entry.count = entry.count.saturating_sub(1),
                (Subject::Account(_), Some(_)) => drop(failures.remove(&subject)),
                (_, None) => {}
            }
        }
    }
}

impl SignInThrottle {
    /// The attempt was right as far as it went: the address gets it back, and the account's failures still count.
    pub fn forgive_address(&self, address: Option<&str>) {
        let Some(address) = address else { return };
        if let Some(entry) = self.failures.lock().get_mut(&Subject::Address(address.to_owned())) {
            entry.count = entry.count.saturating_sub(1);
        }
    }
}

fn subjects(account: &str, address: Option<&str>) -> impl Iterator<Item = Subject> {
    let account = Subject::Account(account.to_lowercase());
    std::iter::once(account).chain(address.map(|address| Subject::Address(address.to_owned())))
}

fn make_room(failures: &mut HashMap<Subject, Failures>, now: Instant) {
    if failures.len() < ENTRIES_MAX {
        return;
    }
    failures.retain(|_, entry| now.saturating_duration_since(entry.since) < WINDOW);
    if failures.len() >= ENTRIES_MAX {
        let oldest = failures.iter().min_by_key(|(_, entry)| entry.since).map(|(subject, _)| subject.clone());
        oldest.map(|subject| failures.remove(&subject));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn clock() -> Clock {
        Clock::manual("2026-11-21T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn an_account_is_refused_from_everywhere_until_its_window_ends() {
        let (throttle, clock) = (SignInThrottle::default(), clock());
        for n in 0..ACCOUNT_FAILURES_MAX {
            throttle.attempt("Admin", Some(&format!("10.0.0.{n}")), clock.monotonic()).unwrap();
        }
        clock.advance(Duration::from_secs(100));
        let wait = throttle.attempt("admin", Some("10.0.1.1"), clock.monotonic()).unwrap_err();
        assert_eq!(wait, Duration::from_secs(200));
        throttle.attempt("somebody", Some("10.0.0.1"), clock.monotonic()).unwrap();
        clock.advance(wait);
        throttle.attempt("admin", Some("10.0.1.1"), clock.monotonic()).unwrap();
    }

    #[test]
    fn an_address_is_refused_whatever_the_account() {
        let (throttle, clock) = (SignInThrottle::default(), clock());
        for n in 0..ADDRESS_FAILURES_MAX {
            throttle.attempt(&format!("user{n}"), Some("10.0.0.1"), clock.monotonic()).unwrap();
        }
        throttle.attempt("another", Some("10.0.0.1"), clock.monotonic()).unwrap_err();
        throttle.attempt("another", Some("10.0.0.2"), clock.monotonic()).unwrap();
    }

    #[test]
    fn success_is_never_held_against_anyone() {
        let (throttle, clock) = (SignInThrottle::default(), clock());
        for _ in 0..ADDRESS_FAILURES_MAX * 2 {
            throttle.attempt("admin", Some("10.0.0.1"), clock.monotonic()).unwrap();
            throttle.forgive("admin", Some("10.0.0.1"));
        }
    }

    #[test]
    fn memory_is_bounded() {
        let (throttle, clock) = (SignInThrottle::default(), clock());
        for n in 0..ENTRIES_MAX + 50 {
            throttle.attempt(&n.to_string(), None, clock.monotonic()).unwrap();
        }
        assert!(throttle.failures.lock().len() <= ENTRIES_MAX);
    }
}
