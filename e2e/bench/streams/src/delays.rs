//! How long chunks took.

/// Width of a range, in microseconds.
const RANGE_US: u64 = 20;
/// Delays above `RANGE_US * RANGES` count as that.
const RANGES: usize = 100_000;

/// Delays, counted by ranges.
#[derive(Debug)]
pub(crate) struct Delays {
    ranges: Vec<u64>,
    count: u64,
}

impl Default for Delays {
    fn default() -> Self {
        Self { ranges: vec![0; RANGES], count: 0 }
    }
}

impl Delays {
    /// Counts one.
    pub(crate) fn add(&mut self, delay_us: u64) {
        let at = usize::try_from(delay_us / RANGE_US).unwrap_or(RANGES).min(RANGES - 1);
        if let Some(range) = self.ranges.get_mut(at) {
            *range += 1;
            self.count += 1;
        }
    }

    /// How many there are.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// The delay that `percent` of them do not exceed, in microseconds.
    pub(crate) fn percentile_us(&self, percent: u64) -> u64 {
        let wanted = (self.count * percent).div_ceil(100);
        let mut seen = 0;
        for (index, range) in self.ranges.iter().enumerate() {
            seen += range;
            if seen >= wanted {
                return RANGE_US * u64::try_from(index + 1).unwrap_or(u64::MAX);
            }
        }
        RANGE_US * u64::try_from(RANGES).unwrap_or(u64::MAX)
    }
}
