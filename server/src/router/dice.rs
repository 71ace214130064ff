//! Chance that can be repeated: numbers that follow from a seed and how many were drawn before.

use std::sync::atomic::{AtomicU64, Ordering};

/// The odd number nearest to 2⁶⁴ divided by the golden ratio: multiples of it are spread evenly.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A source of numbers that many threads may draw from.
#[derive(Debug)]
pub(super) struct Dice {
    seed: u64,
    drawn: AtomicU64,
}

/// The numbers of one choice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }

    /// Numbers for one choice.
    pub(super) fn draw(&self) -> Draw {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        Draw(mix(self.seed ^ mix(drawn.wrapping_mul(GOLDEN))))
    }
}

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number below `count`; 0 where that is 0.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let count = u128::try_from(count).unwrap_or(0);
        usize::try_from((u128::from(self.next()) * count) >> 64).unwrap_or(0)
    }

    /// A number from 0 to below 1.
    pub(super) fn unit(&mut self) -> f64 {
        unit(self.next())
    }
}

/// `bits` as a number from 0 to below 1.
pub(super) fn unit(bits: u64) -> f64 {
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

/// Every bit of the answer depends on every bit of `bits` (`SplitMix64`: Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014).
pub(super) const fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
