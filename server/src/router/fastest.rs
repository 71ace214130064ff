//! `latency-based-routing`: the one that promises the fastest answer.
//!
//! In a group of up to [`LOOK_AT`] all are looked at; in a larger one, two choices at random and more (Mitzenmacher,
//! "The power of two choices in randomized load balancing", 2001), and the one that was chosen last (Mitzenmacher,
//! Prabhakar and Shah, "Load balancing with memory", 2002). Among those that are as good as the fastest, the less busy of
//! two at random is taken.
//!
//! What is not used tells nothing of itself. A small share of the calls finds out: each deployment is asked now and then,
//! those sooner that once were faster than the fastest is now, the one that was not asked for longest first.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use super::Deployment;
use super::dice::Draw;
use super::latency::{Kind, Outlook};
use super::rules::LatencyRule;
use super::table::Ready;

/// How many deployments are looked at for one choice.
const LOOK_AT: usize = 16;
/// One call in so many, at most, is sent where it is not expected to be answered fastest.
const PROBE_CALLS: i64 = 170;
/// One call in so many would double the mean latency, were each of them one answer slower than the fastest: what
/// exploring may cost is a fiftieth of it.
const PROBE_COST: f64 = 50.0;
/// Calls that one probe counts as at most.
const PROBE_CALLS_MAX: i64 = 240;
/// Pause between two probes of a deployment of which little is known,
const PROBE_NEW: Duration = Duration::from_millis(250);
/// of one that may be faster than the fastest is now,
const PROBE_HOPEFUL: Duration = Duration::from_secs(3);
/// and of any other.
const PROBE_ANY: Duration = Duration::from_secs(30);
/// With so many samples, a deployment is known.
const KNOWN_SAMPLES: u32 = 4;

/// What choices remember of those before them.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Calls that were not probes, up to some.
    credit: AtomicI64,
    /// Where in the group the last one chosen is.
    last: AtomicUsize,
}

type Seen<'a> = (usize, &'a Arc<Deployment>, Outlook);

/// One of `ready`, or none where there is none.
pub(super) fn pick<'a>(
    ready: &Ready<'a>,
    kind: Kind,
    rule: &LatencyRule,
    mut draw: Draw,
) -> Option<&'a Arc<Deployment>> {
    let search = &ready.group.live.search;
    let mut seen: [Option<Seen<'a>>; LOOK_AT] = [const { None }; LOOK_AT];
    look(ready, kind, rule, &mut draw, &mut seen);
    let seen = || seen.iter().flatten();
    // Whoever has never answered is asked once, before all others.
    if let Some((_, new, _)) = seen().find(|(_, _, sees)| sees.cost.is_none() && sees.waiting == 0 && !sees.is_suspect)
    {
        return Some(new);
    }
    let trusted = || seen().filter(|(_, _, sees)| !sees.is_suspect);
    let lowest = lowest(trusted()).or_else(|| lowest(seen()));
    let Some((place, best, lowest)) = lowest else {
        // Nobody has answered yet.
        let least = seen().min_by_key(|(_, _, sees)| (sees.is_suspect, sees.waiting));
        return least.map(|(_, one, _)| *one);
    };
    if let Some((one, price)) = due(seen().filter(|(at, _, _)| *at != place), lowest)
        && search.affords(price)
    {
        return Some(one);
    }
    search.last.store(place, Ordering::Relaxed);
    let highest = lowest * (1.0 + rule.buffer);
    let as_good = || trusted().filter(|(_, _, sees)| sees.cost.is_some_and(|cost| cost <= highest));
    let count = as_good().count();
    let (one, other) = (draw.below(count), draw.below(count));
    let two = [as_good().nth(one), as_good().nth(other)];
    let idler = two.into_iter().flatten().min_by_key(|(_, one, _)| one.health.in_flight());
    Some(idler.map_or(best, |(_, one, _)| *one))
}

/// Looks at those that may be called.
fn look<'a>(
    ready: &Ready<'a>,
    kind: Kind,
    rule: &LatencyRule,
    draw: &mut Draw,
    seen: &mut [Option<Seen<'a>>; LOOK_AT],
) {
    let all = &ready.group.callable;
    let outlook = |one: &Deployment| one.health.latency().outlook(kind, rule, ready.now);
    let mut places = seen.iter_mut();
    let mut look_at = |at: usize| {
        let Some(one) = all.get(at).filter(|one| ready.has(one)) else { return };
        if let Some(place) = places.next() {
            *place = Some((at, one, outlook(one)));
        }
    };
    if all.len() <= LOOK_AT {
        (0..all.len()).for_each(look_at);
        return;
    }
    look_at(ready.group.live.search.last.load(Ordering::Relaxed));
    (1..LOOK_AT).for_each(|_| look_at(draw.below(all.len())));
    if seen.iter().flatten().next().is_none() {
        // Most are cooling down or barred: whoever is left is in luck.
        let left = all.iter().enumerate().filter(|(_, one)| ready.has(one));
        seen.iter_mut().zip(left).for_each(|(place, (at, one))| *place = Some((at, one, outlook(one))));
    }
}

/// The one that promises the fastest answer, where it is and how fast.
fn lowest<'a, 's>(seen: impl Iterator<Item = &'s Seen<'a>>) -> Option<(usize, &'a Arc<Deployment>, f64)>
where
    'a: 's,
{
    let known = seen.filter_map(|(at, one, sees)| Some((*at, *one, sees.cost?)));
    known.min_by(|(_, _, one), (_, _, other)| one.total_cmp(other))
}

/// Who should be asked to find out how it is now, and how many calls that counts as.
fn due<'a, 's>(seen: impl Iterator<Item = &'s Seen<'a>>, lowest: f64) -> Option<(&'a Arc<Deployment>, i64)>
where
    'a: 's,
{
    let is_due = |sees: &Outlook| {
        let pause = if sees.samples > 0 && sees.samples < KNOWN_SAMPLES {
            PROBE_NEW
        } else if sees.hope < lowest {
            PROBE_HOPEFUL
        } else {
            PROBE_ANY
        };
        sees.unasked >= pause
    };
    let first = |sees: &Outlook| (sees.hope < lowest, sees.unasked);
    let (_, one, sees) = seen.filter(|(_, _, sees)| is_due(sees)).max_by_key(|(_, _, sees)| first(sees))?;
    let slower = sees.cost.map_or(0.0, |cost| cost / lowest - 1.0);
    Some((one, whole(slower * PROBE_COST).clamp(PROBE_CALLS, PROBE_CALLS_MAX)))
}

/// `number` without its fraction.
fn whole(number: f64) -> i64 {
    Duration::try_from_secs_f64(number).map_or(0, |seconds| i64::try_from(seconds.as_secs()).unwrap_or(i64::MAX))
}

impl Search {
    /// Counts a call; whether it may be a probe that counts as `price` of them.
    fn affords(&self, price: i64) -> bool {
        let earn = |credit: i64| {
            let credit = (credit + 1).min(PROBE_CALLS_MAX);
            Some(if credit >= price { credit - price } else { credit })
        };
        self.credit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, earn).is_ok_and(|before| before + 1 >= price)
    }
}
