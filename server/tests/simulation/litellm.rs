//! LiteLLM's `latency-based-routing` and its cooldowns, as its source has them: an average of the last samples of each
//! deployment, the lowest of which wins; an unknown one counts as 0; a timeout as 1,000 s. Where its code keeps the first
//! nine samples and replaces only the last, what it says it does is done here: the last ten count.

use std::collections::VecDeque;
use std::time::Duration;

use super::chance;
use super::run::{Balancer, Failed};
use super::world::World;

const SAMPLES: usize = 10;
const TTL: Duration = Duration::from_secs(3600);
const COOLDOWN: Duration = Duration::from_secs(5);
const MINUTE: u64 = 60;
/// In a minute with so many calls of which more than half failed, a deployment has to cool down.
const REQUESTS_MIN: u32 = 5;

#[derive(Clone, Debug, Default)]
struct Known {
    samples: VecDeque<(Duration, f64)>,
    cools_until: Duration,
    minute: u64,
    requests: u32,
    failures: u32,
}

#[derive(Debug)]
pub(crate) struct LiteLlm {
    known: Vec<Known>,
    is_stream: bool,
    drawn: u64,
}

impl LiteLlm {
    pub(crate) fn new(count: usize, is_stream: bool) -> Self {
        Self { known: vec![Known::default(); count], is_stream, drawn: 0 }
    }

    fn learn(&mut self, of: usize, seconds: f64, now: Duration) {
        let samples = &mut self.known[of].samples;
        samples.push_back((now, seconds));
        if samples.len() > SAMPLES {
            samples.pop_front();
        }
    }

    fn count(&mut self, of: usize, failed: bool, now: Duration) -> &mut Known {
        let known = &mut self.known[of];
        let minute = now.as_secs() / MINUTE;
        if known.minute != minute {
            (known.minute, known.requests, known.failures) = (minute, 0, 0);
        }
        known.requests += 1;
        known.failures += u32::from(failed);
        known
    }
}

impl Known {
    fn average(&self, now: Duration) -> f64 {
        let valid: Vec<f64> = self.samples.iter().filter(|(at, _)| *at + TTL > now).map(|(_, one)| *one).collect();
        if valid.is_empty() { 0.0 } else { valid.iter().sum::<f64>() / f64::from(u32::try_from(valid.len()).unwrap()) }
    }
}

impl Balancer for LiteLlm {
    fn choose(&mut self, world: &mut World, tried: &[usize]) -> Option<usize> {
        let now = world.now;
        let ready = (0..self.known.len()).filter(|one| self.known[*one].cools_until <= now && !tried.contains(one));
        let averages: Vec<(usize, f64)> = ready.map(|one| (one, self.known[one].average(now))).collect();
        let lowest = averages.iter().map(|(_, average)| *average).min_by(f64::total_cmp)?;
        let alike: Vec<usize> = averages.into_iter().filter(|(_, own)| *own <= lowest).map(|(one, _)| one).collect();
        self.drawn += 1;
        Some(alike[chance::below(alike.len(), &[self.drawn, 11])])
    }

    fn answered(&mut self, _call: usize, to: usize, waited: Duration, tokens: u32, now: Duration) {
        let seconds = waited.as_secs_f64();
        self.learn(to, if self.is_stream { seconds } else { seconds / f64::from(tokens) }, now);
        self.count(to, false, now);
    }

    fn failed(&mut self, _call: usize, to: usize, failed: Failed, now: Duration) {
        if failed.status == Some(408) {
            self.learn(to, 1000.0, now);
        }
        let known = self.count(to, true, now);
        let is_mostly_failing = known.requests >= REQUESTS_MIN && known.failures * 2 > known.requests;
        if matches!(failed.status, Some(401 | 402 | 404 | 408 | 429)) || is_mostly_failing {
            known.cools_until = now + failed.retry_after.unwrap_or(COOLDOWN).max(COOLDOWN);
        }
    }
}
