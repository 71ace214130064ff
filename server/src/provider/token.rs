//! A token that has to be fetched: once for all calls, again before it ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use tokio::sync::{Mutex, MutexGuard};

use crate::clock::Clock;

/// A token is renewed when this part of its time is left.
const RENEWAL_SHARE: u32 = 5;
/// But not before this much is left.
const RENEWAL_MAX: Duration = Duration::from_secs(300);
/// For so long a failure is the answer to everybody who asks: a service that is away is not asked by each call.
const FAILURE_TIME: Duration = Duration::from_secs(1);
/// An answer longer than this is no token, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long a token may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A token as it was fetched.
#[derive(Clone, Debug)]
pub struct Token<T> {
    /// It.
    pub value: T,
    /// For how long it holds; `None`: for ever.
    pub lifetime: Option<Duration>,
}

/// The newest token.
#[derive(Debug)]
pub struct TokenCache<T> {
    clock: Clock,
    /// It is renewed when this much is left, if not before.
    renewal_min: Duration,
    held: ArcSwapOption<Held<T>>,
    fetching: Mutex<Option<Failure>>,
}

#[derive(Debug)]
struct Held<T> {
    value: T,
    /// When it is to be renewed, and when it ends.
    times: Option<(Instant, Instant)>,
}

impl<T> Held<T> {
    fn holds(&self, now: Instant) -> bool {
        self.times.is_none_or(|(_, ends)| now < ends)
    }

    fn is_due(&self, now: Instant) -> bool {
        self.times.is_some_and(|(renewed_from, _)| now >= renewed_from)
    }
}

#[derive(Debug)]
struct Failure {
    reason: String,
    until: Instant,
}

impl<T: Clone> TokenCache<T> {
    /// No token so far.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self::renewing(clock, Duration::ZERO)
    }

    /// The same for tokens that are renewed when no more than `renewal_min` is left, however short they hold.
    #[must_use]
    pub fn renewing(clock: Clock, renewal_min: Duration) -> Self {
        Self { clock, renewal_min, held: ArcSwapOption::empty(), fetching: Mutex::new(None) }
    }

    /// A token that holds. Where there is none, one caller fetches it and all others wait; where one is about to end,
    /// one caller renews it while the others still use it.
    ///
    /// # Errors
    /// When `fetch` fails, with its reason.
    pub async fn get<F>(&self, fetch: impl FnOnce() -> F) -> Result<T, String>
    where
        F: Future<Output = Result<Token<T>, String>>,
    {
        let now = self.clock.monotonic();
        let usable = self.held.load_full().filter(|held| held.holds(now));
        let guard = match &usable {
            Some(held) if !held.is_due(now) => return Ok(held.value.clone()),
            Some(held) => match self.fetching.try_lock() {
                Ok(guard) => guard,
                Err(_) => return Ok(held.value.clone()),
            },
            None => self.fetching.lock().await,
        };
        let fetched = self.fetch_alone(guard, fetch).await;
        match (fetched, usable) {
            (Err(reason), Some(held)) => {
                tracing::warn!(reason, "a token could not be renewed; the old one still holds");
                Ok(held.value.clone())
            }
            (fetched, _) => fetched,
        }
    }

    async fn fetch_alone<F>(
        &self,
        mut last_failure: MutexGuard<'_, Option<Failure>>,
        fetch: impl FnOnce() -> F,
    ) -> Result<T, String>
    where
        F: Future<Output = Result<Token<T>, String>>,
    {
        let now = self.clock.monotonic();
        // Somebody else may have been here while this caller waited.
        if let Some(held) = self.held.load_full().filter(|held| held.holds(now) && !held.is_due(now)) {
            return Ok(held.value.clone());
        }
        if let Some(failure) = last_failure.as_ref().filter(|failure| now < failure.until) {
            return Err(failure.reason.clone());
        }
        match fetch().await {
            Ok(Token { value, lifetime }) => {
                *last_failure = None;
                let times = lifetime.and_then(|lifetime| self.times(now, lifetime));
                self.held.store(Some(Arc::new(Held { value: value.clone(), times })));
                Ok(value)
            }
            Err(reason) => {
                let until = self.clock.monotonic() + FAILURE_TIME;
                *last_failure = Some(Failure { reason: reason.clone(), until });
                Err(reason)
            }
        }
    }

    /// When a token that holds for `lifetime` from `now` on is to be renewed, and when it ends; `None`: after all time.
    fn times(&self, now: Instant, lifetime: Duration) -> Option<(Instant, Instant)> {
        let spare = (lifetime / RENEWAL_SHARE).min(RENEWAL_MAX).max(self.renewal_min).min(lifetime);
        now.checked_add(lifetime).map(|ends| (now + (lifetime - spare), ends))
    }
}

/// A client for services that give tokens. It keeps no connections: they would belong to whichever worker asked first.
///
/// # Errors
/// When TLS cannot be set up.
pub fn client() -> Result<reqwest::Client, String> {
    // Whoever set one before is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(FETCH_TIMEOUT)
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())
}

/// Status and body of an answer.
///
/// # Errors
/// When it breaks off or is absurdly long.
pub async fn read(mut answer: reqwest::Response) -> Result<(u16, Vec<u8>), String> {
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| error.without_url().to_string())? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(format!("its answer is over {ANSWER_BYTES_MAX} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn cache() -> (Clock, TokenCache<String>) {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse().unwrap());
        (clock.clone(), TokenCache::new(clock))
    }

    async fn numbered(cache: &TokenCache<String>, fetches: &AtomicU32) -> String {
        let fetch = || async {
            tokio::task::yield_now().await;
            let number = fetches.fetch_add(1, Ordering::SeqCst) + 1;
            Ok(Token { value: format!("token-{number}"), lifetime: Some(Duration::from_secs(3600)) })
        };
        cache.get(fetch).await.unwrap()
    }

    #[tokio::test]
    async fn one_fetch_serves_everybody_until_shortly_before_the_end() {
        let (clock, cache) = cache();
        let fetches = AtomicU32::new(0);
        let together = futures_util::future::join_all((0..20).map(|_| numbered(&cache, &fetches))).await;
        assert!(together.iter().all(|token| token == "token-1"), "{together:?}");
        clock.advance(Duration::from_secs(3299));
        assert_eq!(numbered(&cache, &fetches).await, "token-1");
        clock.advance(Duration::from_secs(2));
        let renewed = futures_util::future::join_all((0..3).map(|_| numbered(&cache, &fetches))).await;
        assert_eq!(renewed, ["token-2", "token-1", "token-1"], "the others need not wait");
        assert_eq!(numbered(&cache, &fetches).await, "token-2");
    }

    #[tokio::test]
    async fn a_failure_is_remembered_briefly_and_hurts_nobody_who_has_a_token() {
        let (clock, cache) = cache();
        let asked = AtomicU32::new(0);
        let failing = || async {
            asked.fetch_add(1, Ordering::SeqCst);
            Err::<Token<String>, _>("away".to_owned())
        };
        assert_eq!(cache.get(failing).await.unwrap_err(), "away");
        assert_eq!(cache.get(failing).await.unwrap_err(), "away");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        clock.advance(FAILURE_TIME);
        let fetches = AtomicU32::new(0);
        assert_eq!(numbered(&cache, &fetches).await, "token-1");
        clock.advance(Duration::from_secs(3400));
        assert_eq!(cache.get(failing).await.unwrap(), "token-1");
        clock.advance(Duration::from_secs(200));
        assert_eq!(cache.get(failing).await.unwrap_err(), "away", "it has ended");
    }

    #[tokio::test]
    async fn what_never_ends_is_fetched_once_and_what_is_short_for_each_call() {
        let (clock, cache) = cache();
        let fetches = AtomicU32::new(0);
        let fetch = |lifetime: Option<Duration>| {
            let number = fetches.fetch_add(1, Ordering::SeqCst) + 1;
            std::future::ready(Ok(Token { value: number.to_string(), lifetime }))
        };
        assert_eq!(cache.get(|| fetch(None)).await.unwrap(), "1");
        clock.advance(Duration::from_secs(10_000_000));
        assert_eq!(cache.get(|| fetch(None)).await.unwrap(), "1");

        let short = TokenCache::renewing(clock.clone(), Duration::from_secs(300));
        for expected in ["2", "3"] {
            assert_eq!(short.get(|| fetch(Some(Duration::from_secs(200)))).await.unwrap(), expected);
        }
        let endless = TokenCache::new(clock);
        assert_eq!(endless.get(|| fetch(Some(Duration::MAX))).await.unwrap(), "4");
        assert_eq!(endless.get(|| fetch(Some(Duration::MAX))).await.unwrap(), "4");
    }
}
