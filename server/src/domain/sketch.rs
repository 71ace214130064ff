//! How large something usually is, such as the length of answers: a sketch of many figures that forgets.

/// Steps of a doubling: a figure is known to an eighth of itself.
const STEPS: u32 = 8;
/// Doublings told apart: up to a million.
const DOUBLINGS: u32 = 20;
/// Above this many samples all counts are halved, so that new figures outweigh old ones.
const SAMPLES_MAX: u32 = 1_024;

/// Figures counted by size. Sizes that were not seen take no memory: keys are many, and the answers of each alike.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    /// Step and count, in the order of steps.
    counts: Vec<(u8, u16)>,
    samples: u32,
}

impl Sketch {
    /// Samples that count.
    #[must_use]
    pub const fn samples(&self) -> u32 {
        self.samples
    }

    /// Counts a figure.
    pub fn note(&mut self, figure: u64) {
        if self.samples >= SAMPLES_MAX {
            self.counts.iter_mut().for_each(|(_, count)| *count /= 2);
            self.counts.retain(|(_, count)| *count > 0);
            self.samples = self.counts.iter().map(|(_, count)| u32::from(*count)).sum();
        }
        let step = step_of(figure);
        match self.counts.binary_search_by_key(&step, |(known, _)| *known) {
            Ok(index) => {
                if let Some((_, count)) = self.counts.get_mut(index) {
                    *count = count.saturating_add(1);
                }
            }
            Err(index) => self.counts.insert(index, (step, 1)),
        }
        self.samples += 1;
    }

    /// What 95 of 100 figures do not exceed; `None` without any sample.
    #[must_use]
    pub fn p95(&self) -> Option<u64> {
        let wanted = (self.samples * 95).div_ceil(100);
        let mut seen = 0;
        let step = self.counts.iter().find(|(_, count)| {
            seen += u32::from(*count);
            seen >= wanted && seen > 0
        });
        step.map(|(step, _)| largest_of(*step))
    }
}

/// The step that `figure` belongs to: step `STEPS × d + s` ends at `2^d × (1 + s/STEPS)`.
fn step_of(figure: u64) -> u8 {
    let figure = figure.clamp(1, 1 << DOUBLINGS);
    let doublings = figure.ilog2();
    let base = 1_u64 << doublings;
    let steps = ((figure - base) * u64::from(STEPS)).div_ceil(base);
    u8::try_from(u64::from(doublings * STEPS) + steps).unwrap_or(u8::MAX)
}

fn largest_of(step: u8) -> u64 {
    let step = u32::from(step);
    let base = 1_u64 << (step / STEPS).min(63);
    base + base * u64::from(step % STEPS) / u64::from(STEPS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn most_answers_are_not_longer() {
        let mut lengths = Sketch::default();
        assert_eq!(lengths.p95(), None);
        (1..=100).for_each(|tokens| lengths.note(tokens));
        let p95 = lengths.p95().unwrap();
        assert!((95..=108).contains(&p95), "{p95}");
    }

    #[test]
    fn an_absurd_length_is_the_longest_there_is() {
        let mut lengths = Sketch::default();
        lengths.note(u64::MAX);
        assert_eq!(lengths.p95(), Some(1 << DOUBLINGS));
    }

    #[test]
    fn what_was_is_forgotten() {
        let mut lengths = Sketch::default();
        (0..2_000).for_each(|_| lengths.note(4_000));
        (0..10_000).for_each(|_| lengths.note(100));
        assert!(lengths.p95().unwrap() < 120);
    }

    proptest! {
        #[test]
        fn one_answer_is_known_to_an_eighth(tokens in 0u64..1_000_000) {
            let mut lengths = Sketch::default();
            lengths.note(tokens);
            let p95 = lengths.p95().unwrap();
            prop_assert!(p95 >= tokens && p95 <= tokens.max(1) + tokens / 8 + 1, "{tokens} {p95}");
        }
    }
}
