//! Asking for admission.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use redis::{ScriptInvocation, Value};
use tollgate_openapi::money::{NANO_PER_USD, NanoUsd};

use super::{Away, Grant, Online, Shared, Window};
use crate::counters::scope::{Demand, RateState, RateStates, Refusal, Scope, Standing};
use crate::counters::sliding::{SLOT, SLOTS};
use crate::counters::verdict::{Position, Traffic, Verdict};

/// How long a budget that never resets is kept after it was last used; then it is read from the ledger again.
const IDLE: TimeDelta = TimeDelta::days(2);
/// How long a budget's key outlives its window: calls that began in it end.
const AFTER_WINDOW: TimeDelta = TimeDelta::hours(2);
/// A window that began this long after the counters were made was never counted elsewhere: clocks differ by less.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(10);
/// Numbers in the script's answer for each scope.
const PARTS: usize = 9;

/// What the script said.
#[derive(Debug)]
pub(in crate::counters) struct Reply {
    pub(in crate::counters) is_granted: bool,
    now_ms: u64,
    stands: Vec<Stands>,
}

/// How one scope stands.
#[derive(Clone, Copy, Debug, Default)]
struct Stands {
    standing: Standing,
    /// The slot in which another request fits; 0: now, -1: never.
    request_fits: i64,
    /// The same of the tokens asked for.
    tokens_fit: i64,
}

enum Answer {
    Decided(Reply),
    /// The ledger has to say what these scopes have spent.
    Unknown(Vec<usize>),
    OtherGeneration,
}

/// What the ledger has spent and corrected, by scope.
type Seeds = HashMap<usize, (NanoUsd, NanoUsd)>;

impl Shared {
    /// Asks for `demand` in all of `scopes`; it is reserved if `takes` and all have room.
    pub(in crate::counters) async fn ask(
        &self,
        online: &Online,
        scopes: &[Scope],
        demand: Demand,
        takes: bool,
    ) -> Result<Reply, Away> {
        let mut seeds = Seeds::new();
        loop {
            let is_seeded = !seeds.is_empty();
            let turn = self.questions.acquire().await.map_err(|_| Away)?;
            if !self.is_current(online) {
                return Err(Away);
            }
            let answer = self.ask_once(online, scopes, demand, takes, &seeds).await;
            drop(turn);
            match answer {
                Ok(Answer::Decided(reply)) => return Ok(reply),
                Ok(Answer::Unknown(missing)) if !is_seeded => seeds = self.seeds(scopes, &missing).await?,
                Ok(Answer::Unknown(_)) => return Err(Away),
                Ok(Answer::OtherGeneration) => self.lose(&online.link.lease, &"they are new"),
                Err(error) => self.lose(&online.link.lease, &error),
            }
            if !self.is_current(online) {
                return Err(Away);
            }
        }
    }

    fn is_current(&self, online: &Online) -> bool {
        self.online().is_some_and(|now| Arc::ptr_eq(&now.link, &online.link))
    }

    async fn ask_once(
        &self,
        online: &Online,
        scopes: &[Scope],
        demand: Demand,
        takes: bool,
        seeds: &Seeds,
    ) -> redis::RedisResult<Answer> {
        let mut call = self.scripts.admit.key(self.keys.generation());
        call.arg(&online.generation).arg(&*online.link.lease).arg(self.keys.leases()).arg(self.told_time());
        call.arg(u8::from(takes)).arg(demand.cost.0).arg(demand.tokens);
        for (index, scope) in scopes.iter().enumerate() {
            call.key(self.keys.budget(&Window::of(scope)));
            call.key(self.keys.traffic(&scope.id)).key(self.keys.in_flight(&scope.id));
            let limits = scope.limits;
            let text = |count: Option<u64>| count.map_or_else(String::new, |count| count.to_string());
            let seed = seeds.get(&index).copied().or_else(|| untouched(scope, online.made_ms));
            let seed = seed.map(|(spent, adjusted)| (spent.0.to_string(), adjusted.0.to_string()));
            let (spent, adjusted) = seed.unwrap_or_default();
            call.arg(limits.max_budget.map_or_else(String::new, |max| max.0.to_string())).arg(spent).arg(adjusted);
            call.arg(self.expires_ms(scope.window_end));
            call.arg(text(limits.rpm)).arg(text(limits.tpm)).arg(text(limits.parallel));
        }
        let began = self.clock.monotonic();
        let answer = self.in_time(self.answer(online, &call)).await;
        let took = self.clock.monotonic().saturating_duration_since(began);
        self.times.count(took, answer.is_ok());
        read_answer(&answer?)
    }

    async fn answer(&self, online: &Online, call: &ScriptInvocation<'_>) -> redis::RedisResult<Vec<Value>> {
        let mut connection = self.connection_here(&online.link).await?;
        call.invoke_async(&mut connection).await
    }

    async fn seeds(&self, scopes: &[Scope], missing: &[usize]) -> Result<Seeds, Away> {
        let named = missing.iter().filter_map(|index| Some((*index, Window::of(scopes.get(*index)?))));
        let named: Vec<(usize, Window)> = named.collect();
        let windows: Vec<Window> = named.iter().map(|(_, window)| window.clone()).collect();
        let found = self.readings.read(&self.db, windows).await.ok_or(Away)?;
        Ok(named.iter().filter_map(|(index, window)| Some((*index, *found.get(window)?))).collect())
    }

    /// When the key of a budget whose window ends so is not needed any more, in ms since 1970.
    pub(super) fn expires_ms(&self, window_end: Option<DateTime<Utc>>) -> i64 {
        // Redis forgets by its own clock, which tests do not move.
        let now = if self.clock.manual_now().is_some() { None } else { Some(self.clock.now()) };
        let end = match (window_end, now) {
            (Some(end), Some(_)) => end.checked_add_signed(AFTER_WINDOW),
            (None, Some(now)) => now.checked_add_signed(IDLE),
            (_, None) => None,
        };
        end.unwrap_or(DateTime::<Utc>::MAX_UTC).timestamp_millis().min(MS_MAX)
    }
}

/// The latest time Redis takes as one at which a key ends, far from where it overflows.
const MS_MAX: i64 = 1 << 50;

/// A window that began after the counters were made, so that nobody can have counted in it elsewhere.
fn untouched(scope: &Scope, made_ms: i64) -> Option<(NanoUsd, NanoUsd)> {
    let start = scope.window_start?;
    let is_new = start.timestamp_millis() > made_ms.saturating_add(CLOCKS_DIFFER.num_milliseconds());
    // What was read for this very window says more.
    let is_loaded = scope.loaded_window_start == Some(start);
    (is_new && !is_loaded).then_some((NanoUsd::ZERO, NanoUsd::ZERO))
}

fn read_answer(answer: &[Value]) -> redis::RedisResult<Answer> {
    let malformed = || redis::RedisError::from((redis::ErrorKind::UnexpectedReturnType, "the counters' answer"));
    let number = |value: &Value| match value {
        Value::Int(number) => Ok(*number),
        _ => Err(malformed()),
    };
    let numbers: Vec<i64> = answer.iter().map(number).collect::<Result<_, _>>()?;
    let decided = |is_granted, now: i64, parts: &[i64]| {
        let stands = parts.chunks_exact(PARTS).filter_map(Stands::read).collect();
        Answer::Decided(Reply { is_granted, now_ms: count(now), stands })
    };
    match numbers.as_slice() {
        [0, now, parts @ ..] => Ok(decided(false, *now, parts)),
        [1, now, parts @ ..] => Ok(decided(true, *now, parts)),
        [2, _, missing @ ..] => {
            let index = |number: &i64| usize::try_from(number - 1).map_err(|_| malformed());
            Ok(Answer::Unknown(missing.iter().map(index).collect::<Result<_, _>>()?))
        }
        [3] => Ok(Answer::OtherGeneration),
        _ => Err(malformed()),
    }
}

impl Stands {
    fn read(parts: &[i64]) -> Option<Self> {
        let [spent_usd, spent_nano, reserved_usd, reserved_nano, requests, tokens, in_flight, request_fits, tokens_fit] =
            *<&[i64; PARTS]>::try_from(parts).ok()?;
        let standing = Standing {
            spent: money(spent_usd, spent_nano),
            reserved: money(reserved_usd, reserved_nano),
            requests: count(requests),
            tokens: count(tokens),
            in_flight: count(in_flight),
        };
        Some(Self { standing, request_fits, tokens_fit })
    }
}

fn money(dollars: i64, nanos: i64) -> NanoUsd {
    NanoUsd(dollars.saturating_mul(NANO_PER_USD).saturating_add(nanos))
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

impl Reply {
    /// How each scope stands.
    pub(in crate::counters) fn standings(&self) -> Vec<Standing> {
        self.stands.iter().map(|stands| stands.standing).collect()
    }

    /// What was found, with `waiting` calls of this process in line before each of `scopes`.
    pub(in crate::counters) fn verdict(
        &self,
        scopes: &[Scope],
        demand: Demand,
        waiting: &[usize],
    ) -> Result<Verdict, Refusal> {
        let mut verdict = Verdict::default();
        for ((scope, stands), waiting) in scopes.iter().zip(&self.stands).zip(waiting) {
            let position = Position { standing: stands.standing, waiting: *waiting, is_behind: false };
            verdict.add(scope, position, demand, |traffic, _, _| {
                self.until(match traffic {
                    Traffic::Requests => stands.request_fits,
                    Traffic::Tokens => stands.tokens_fit,
                })
            })?;
        }
        Ok(verdict)
    }

    /// What was granted, call counted.
    pub(in crate::counters) fn grant(&self, online: &Online, scopes: &[Scope], demand: Demand) -> Grant {
        let (slot, rates) = (self.now_ms / slot_ms(), self.rates(scopes, (1, demand.tokens)));
        let spent = scopes.iter().zip(&self.stands);
        let spent = spent.map(|(scope, stands)| scope.limits.max_budget.map(|_| stands.standing.spent));
        Grant { lease: Arc::clone(&online.link.lease), slot: Some(slot), spent: spent.collect(), rates }
    }

    /// How the tightest limits by the minute stand once so many requests and tokens more are counted.
    pub(in crate::counters) fn rates(&self, scopes: &[Scope], (requests, tokens): (u64, u64)) -> RateStates {
        let empty = i64::try_from(self.now_ms / slot_ms() + SLOTS).unwrap_or(i64::MAX);
        let mut rates = RateStates::default();
        for (scope, stands) in scopes.iter().zip(&self.stands) {
            let state = |limit: Option<u64>, used: u64| {
                let limit = limit?;
                Some(RateState { limit, remaining: limit.saturating_sub(used), reset: self.until(empty) })
            };
            RateStates::tighten(&mut rates.requests, state(scope.limits.rpm, stands.standing.requests + requests));
            RateStates::tighten(&mut rates.tokens, state(scope.limits.tpm, stands.standing.tokens + tokens));
        }
        rates
    }

    /// Time until a slot begins; none where that is now or never.
    fn until(&self, slot: i64) -> Duration {
        let begins = count(slot).saturating_mul(slot_ms());
        Duration::from_millis(begins.saturating_sub(self.now_ms))
    }
}

fn slot_ms() -> u64 {
    u64::try_from(SLOT.as_millis()).unwrap_or(u64::MAX)
}
