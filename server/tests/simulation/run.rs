//! Calls come, are sent where the balancer says, and end; every event at its time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::time::Duration;

use super::chance::{self, part};
use super::traces::Trace;
use super::world::{Fate, TIMEOUT, World};

/// Tries after the first: the gateway's own number.
const RETRIES: usize = 2;
/// Time that the tokens of a stream take after the first, each.
const PER_TOKEN: Duration = Duration::from_millis(15);

/// Who chooses.
pub(crate) trait Balancer {
    /// Where a call is sent, but not to those that were tried; `None`: nobody.
    fn choose(&mut self, world: &mut World, tried: &[usize]) -> Option<usize>;
    /// It is sent.
    fn sent(&mut self, _call: usize, _to: usize, _now: Duration) {}
    /// What the client waits for came: the first token of a stream, or the whole answer of so many tokens.
    fn answered(&mut self, _call: usize, _to: usize, _waited: Duration, _tokens: u32, _now: Duration) {}
    /// The answer is at its end.
    fn ended(&mut self, _call: usize, _to: usize, _tokens: u32, _now: Duration) {}
    /// The attempt failed.
    fn failed(&mut self, _call: usize, _to: usize, _failure: Failed, _now: Duration) {}
}

/// How an attempt failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failed {
    pub(crate) status: Option<u16>,
    pub(crate) retry_after: Option<Duration>,
}

/// How a run went.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// What clients waited, in the order of the answers.
    pub(crate) waited: Vec<Duration>,
    pub(crate) failed: usize,
    /// Attempts, by time: when, and where.
    pub(crate) attempts: Vec<(Duration, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrives,
    /// A slot is free again.
    WorkDone {
        to: usize,
    },
    Answered {
        call: usize,
        to: usize,
    },
    Ended {
        call: usize,
        to: usize,
    },
    Fails {
        call: usize,
        to: usize,
        status: Option<u16>,
        retry_after: Option<Duration>,
    },
    GivenUp {
        call: usize,
        to: usize,
        attempt: usize,
    },
}

#[derive(Debug, Default)]
struct Call {
    arrived: Duration,
    sent: Duration,
    work: Duration,
    tried: Vec<usize>,
}

struct Run<'a> {
    world: World,
    balancer: &'a mut dyn Balancer,
    calls: Vec<Call>,
    events: BinaryHeap<Reverse<(Duration, usize, Event)>>,
    scheduled: usize,
    /// Attempts that wait for a slot.
    queued: HashSet<usize>,
    outcome: Outcome,
}

/// Runs `trace` with `seed`.
pub(crate) fn run(trace: &Trace, seed: u64, make: impl FnOnce(&Trace) -> Box<dyn Balancer>) -> Outcome {
    let mut balancer = make(trace);
    let world = World::new((trace.deployments)(), trace.is_stream, seed);
    let mut run = Run {
        world,
        balancer: &mut *balancer,
        calls: Vec::new(),
        events: BinaryHeap::new(),
        scheduled: 0,
        queued: HashSet::new(),
        outcome: Outcome::default(),
    };
    run.schedule(Duration::ZERO, Event::Arrives);
    while let Some(Reverse((at, _, event))) = run.events.pop() {
        run.world.now = at;
        run.happen(event, trace);
    }
    run.outcome
}

impl Run<'_> {
    fn schedule(&mut self, after: Duration, event: Event) {
        self.scheduled += 1;
        self.events.push(Reverse((self.world.now + after, self.scheduled, event)));
    }

    fn happen(&mut self, event: Event, trace: &Trace) {
        let now = self.world.now;
        match event {
            Event::Arrives => {
                let call = self.calls.len();
                self.calls.push(Call { arrived: now, ..Call::default() });
                // Independent clients: pauses between calls are exponential.
                let pause = -(1.0 - chance::unit(&[self.world.seed, part(call), 3])).ln();
                let pause = Duration::from_secs_f64(pause / (trace.calls_per_second)(now.as_secs_f64()));
                if now + pause < trace.length {
                    self.schedule(pause, Event::Arrives);
                }
                self.send(call);
            }
            Event::WorkDone { to } => {
                self.world.busy[to] -= 1;
                if let Some(next) = self.world.waiting[to].pop_front() {
                    self.queued.remove(&next);
                    self.work(next, to);
                }
            }
            Event::Answered { call, to } => {
                let Call { arrived, sent, .. } = self.calls[call];
                let tokens = self.world.tokens(call);
                self.outcome.waited.push(now - arrived);
                self.balancer.answered(call, to, now - sent, tokens, now);
                let rest = if self.world.is_stream { PER_TOKEN * tokens } else { Duration::ZERO };
                self.schedule(rest, Event::Ended { call, to });
            }
            Event::Ended { call, to } => self.balancer.ended(call, to, self.world.tokens(call), now),
            Event::Fails { call, to, status, retry_after } => self.fail(call, to, Failed { status, retry_after }),
            Event::GivenUp { call, to, attempt } => {
                if self.calls[call].tried.len() == attempt && self.queued.remove(&call) {
                    self.world.waiting[to].retain(|other| *other != call);
                    self.fail(call, to, Failed { status: Some(408), retry_after: None });
                }
            }
        }
    }

    fn send(&mut self, call: usize) {
        let tried = std::mem::take(&mut self.calls[call].tried);
        let to = self.balancer.choose(&mut self.world, &tried);
        self.calls[call].tried = tried;
        let Some(to) = to else { return self.lose(call) };
        let now = self.world.now;
        self.calls[call].sent = now;
        self.outcome.attempts.push((now, to));
        self.balancer.sent(call, to, now);
        match self.world.send(call, to) {
            Fate::Failure { after, status, retry_after } => {
                self.schedule(after, Event::Fails { call, to, status, retry_after });
            }
            Fate::Answer { work } => {
                self.calls[call].work = work;
                let slots = self.world.deployments[to].slots.unwrap_or(u32::MAX);
                if self.world.busy[to] < slots {
                    self.work(call, to);
                } else {
                    self.world.waiting[to].push_back(call);
                    self.queued.insert(call);
                    let attempt = self.calls[call].tried.len();
                    self.schedule(TIMEOUT, Event::GivenUp { call, to, attempt });
                }
            }
        }
    }

    fn work(&mut self, call: usize, to: usize) {
        self.world.busy[to] += 1;
        let work = self.calls[call].work;
        self.schedule(work, Event::WorkDone { to });
        self.schedule(work, Event::Answered { call, to });
    }

    fn fail(&mut self, call: usize, to: usize, failed: Failed) {
        self.balancer.failed(call, to, failed, self.world.now);
        self.calls[call].tried.push(to);
        if self.calls[call].tried.len() > RETRIES { self.lose(call) } else { self.send(call) }
    }

    fn lose(&mut self, call: usize) {
        self.outcome.failed += 1;
        self.outcome.waited.push(self.world.now - self.calls[call].arrived);
    }
}
