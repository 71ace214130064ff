//! What deployments go through. Times are seconds, latencies means of a log-normal distribution.

use std::time::Duration;

use super::world::{Course, State};

/// A trace.
pub(crate) struct Trace {
    pub(crate) name: &'static str,
    pub(crate) length: Duration,
    pub(crate) calls_per_second: fn(f64) -> f64,
    /// Clients want streams, and wait for the first token; else whole answers.
    pub(crate) is_stream: bool,
    pub(crate) deployments: fn() -> Vec<Course>,
    /// When which deployment is the best again.
    pub(crate) recoveries: &'static [(u64, usize)],
    /// Which deployment is dead, from when to when.
    pub(crate) dead: &'static [(usize, u64, u64)],
}

const TRACE: Trace = Trace {
    name: "",
    length: Duration::from_secs(600),
    calls_per_second: |_| 50.0,
    is_stream: true,
    deployments: Vec::new,
    recoveries: &[],
    dead: &[],
};

/// All of them.
pub(crate) const TRACES: [Trace; 12] = [
    // Nothing changes.
    Trace { name: "steady", deployments: || flat(&[0.4, 0.5, 0.7, 1.0]), ..TRACE },
    // Every two minutes another one is the fastest.
    Trace { name: "shifts", deployments: shifting, recoveries: &[(480, 0)], ..TRACE },
    // The fastest slows down tenfold, for six seconds every 100.
    Trace { name: "spikes", deployments: spiking, ..TRACE },
    // The fastest gets four times slower in four minutes, and then recovers at once.
    Trace { name: "degrades", deployments: degrading, recoveries: &[(420, 0)], ..TRACE },
    // The fastest takes a third of the calls and refuses the others.
    Trace { name: "rate limit", deployments: rate_limited, ..TRACE },
    // The fastest fails three calls of four for ten seconds of every 100, and all fail one in 300.
    Trace { name: "fails in bursts", deployments: failing, ..TRACE },
    // The fastest refuses connections for two minutes.
    Trace {
        name: "dies: refuses",
        deployments: || dying(State::Refuses),
        recoveries: &[(240, 0)],
        dead: &[(0, 120, 240)],
        ..TRACE
    },
    // The fastest does not answer for two minutes; the gateway waits 10 s.
    Trace {
        name: "dies: hangs",
        deployments: || dying(State::Hangs),
        recoveries: &[(240, 0)],
        dead: &[(0, 120, 240)],
        ..TRACE
    },
    // Each works on so many calls at once; the load doubles and halves.
    Trace {
        name: "queues",
        deployments: queueing,
        is_stream: false,
        calls_per_second: |at| if (200.0..400.0).contains(&at) { 60.0 } else { 30.0 },
        ..TRACE
    },
    // Whole answers of different length; every two minutes another one is the fastest.
    Trace { name: "whole answers", deployments: shifting, is_stream: false, recoveries: &[(480, 0)], ..TRACE },
    // Shifts in a group of forty.
    Trace { name: "forty", deployments: forty, ..TRACE },
    // Two calls a second, for two hours; every half an hour another one is the fastest.
    Trace {
        name: "little traffic",
        length: Duration::from_secs(7200),
        calls_per_second: |_| 2.0,
        deployments: slowly_shifting,
        ..TRACE
    },
];

fn flat(means: &[f64]) -> Vec<Course> {
    means
        .iter()
        .map(|mean| {
            let mean = *mean;
            Course::new(move |_| mean)
        })
        .collect()
}

/// Which of four phases of `length` seconds it is.
fn phase(at: f64, length: f64) -> usize {
    let phase = (at / length).floor() % 4.0;
    [0.0, 1.0, 2.0, 3.0].iter().position(|one| (phase - one).abs() < 0.5).unwrap_or(0)
}

fn rotating(length: f64) -> Vec<Course> {
    const MEANS: [f64; 4] = [0.4, 0.8, 1.2, 1.6];
    (0..4).map(|own: usize| Course::new(move |at| MEANS[(own + 4 - phase(at, length)) % 4])).collect()
}

fn shifting() -> Vec<Course> {
    rotating(120.0)
}

fn slowly_shifting() -> Vec<Course> {
    rotating(1800.0)
}

fn spiking() -> Vec<Course> {
    let spike = |at: f64| if at % 100.0 >= 60.0 && at % 100.0 < 66.0 { 4.0 } else { 0.4 };
    let mut all = flat(&[0.4, 0.6, 0.8, 1.2]);
    all[0] = Course::new(spike);
    all
}

fn degrading() -> Vec<Course> {
    let mut all = flat(&[0.4, 0.6, 0.8, 1.2]);
    all[0] = Course::new(|at| if (180.0..420.0).contains(&at) { 0.4 + 1.2 * (at - 180.0) / 240.0 } else { 0.4 });
    all
}

fn rate_limited() -> Vec<Course> {
    let mut all = flat(&[0.4, 0.6, 0.8, 1.2]);
    all[0].per_minute = Some(1000);
    all
}

fn failing() -> Vec<Course> {
    let mut all = flat(&[0.4, 0.6, 0.8, 1.2]);
    for one in &mut all {
        one.failing = Box::new(|_| 1.0 / 300.0);
    }
    all[0].failing = Box::new(|at| if at % 100.0 >= 50.0 && at % 100.0 < 60.0 { 0.75 } else { 1.0 / 300.0 });
    all
}

fn dying(state: State) -> Vec<Course> {
    let mut all = flat(&[0.4, 0.6, 0.8, 1.2]);
    all[0].state = Box::new(move |at| if (120.0..240.0).contains(&at) { state } else { State::Up });
    all
}

fn queueing() -> Vec<Course> {
    let mut all = flat(&[0.5, 0.8, 1.0, 1.5]);
    for (one, slots) in all.iter_mut().zip([8, 16, 32, 64]) {
        one.slots = Some(slots);
    }
    all
}

fn forty() -> Vec<Course> {
    let mean = |own: u32, at: f64| {
        let turn = if at < 200.0 {
            7
        } else if at < 400.0 {
            23
        } else {
            31
        };
        0.4 + 0.05 * f64::from((own + 40 - turn) % 40)
    };
    (0..40).map(|own| Course::new(move |at| mean(own, at))).collect()
}
