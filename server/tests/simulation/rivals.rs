//! Who else could choose: round robin, and an oracle.

use super::run::Balancer;
use super::world::World;

/// One after the other, whatever becomes of it.
#[derive(Debug, Default)]
pub(crate) struct RoundRobin(usize);

impl Balancer for RoundRobin {
    fn choose(&mut self, world: &mut World, tried: &[usize]) -> Option<usize> {
        let count = world.deployments.len();
        for _ in 0..count {
            self.0 = (self.0 + 1) % count;
            if !tried.contains(&self.0) {
                return Some(self.0);
            }
        }
        None
    }
}

/// Knows of each deployment what a call can expect there now, its queue included, and takes the best. It does not know
/// what is left to chance, nor what comes later.
#[derive(Debug)]
pub(crate) struct Oracle;

impl Balancer for Oracle {
    fn choose(&mut self, world: &mut World, tried: &[usize]) -> Option<usize> {
        let untried: Vec<usize> = (0..world.deployments.len()).filter(|one| !tried.contains(one)).collect();
        let expected: Vec<(f64, usize)> = untried.into_iter().map(|one| (world.expected(one), one)).collect();
        expected.into_iter().min_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, one)| one)
    }
}
