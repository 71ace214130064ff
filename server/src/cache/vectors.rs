//! Questions by their meaning: vectors in the memory of this process, looked through one by one.
//!
//! That is exact, and fast enough for as many as are held: `measure` below says how fast.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};
use parking_lot::RwLock;

use super::Key;

/// Products that are added up apart, so that the processor can do them together.
const LANES: usize = 16;

/// Questions that may have the same answer: all else that it depends on is equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Partition(
    /// The digest of all else.
    pub [u8; super::DIGEST_BYTES],
);

/// The vectors of a process. Where there are too many, the oldest go.
#[derive(Debug)]
pub struct Vectors {
    max: usize,
    held: RwLock<Held>,
}

#[derive(Debug, Default)]
struct Held {
    partitions: HashMap<Partition, Items>,
    /// Where each is, the oldest first.
    order: VecDeque<(Partition, u64)>,
    added: u64,
}

#[derive(Debug, Default)]
struct Items {
    held: Vec<Item>,
    /// How far the questions of all nodes are known.
    seen: String,
}

#[derive(Debug)]
struct Item {
    number: u64,
    vector: Box<[f32]>,
    key: Key,
    expires_ms: i64,
}

impl Vectors {
    /// Room for so many.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { max: max.max(1), held: RwLock::default() }
    }

    /// The question of `partition` that is most like this one, and how much, as the cosine of their vectors.
    #[must_use]
    pub fn nearest(&self, partition: &Partition, vector: &Unit, now: DateTime<Utc>) -> Option<(Key, f32)> {
        let now_ms = now.timestamp_millis();
        let held = self.held.read();
        let items = held.partitions.get(partition)?;
        let fitting = items.held.iter().filter(|item| now_ms < item.expires_ms && item.vector.len() == vector.0.len());
        let nearest = fitting.map(|item| (item, dot(&item.vector, &vector.0)));
        let (item, similarity) = nearest.max_by(|(_, one), (_, other)| one.total_cmp(other))?;
        Some((item.key.clone(), similarity.clamp(-1.0, 1.0)))
    }

    /// Holds a question whose answer is under `key`.
    pub fn add(&self, partition: Partition, vector: Unit, key: Key, expires_ms: i64) {
        let mut held = self.held.write();
        let number = held.added;
        held.added += 1;
        let item = Item { number, vector: vector.0, key, expires_ms };
        let items = held.partitions.entry(partition).or_default();
        items.held.retain(|known| known.key != item.key);
        items.held.push(item);
        held.order.push_back((partition, number));
        while held.order.len() > self.max {
            let Some((partition, number)) = held.order.pop_front() else { return };
            held.forget(&partition, |item| item.number == number);
        }
    }

    /// How far the questions of `partition` that all nodes share are known here.
    #[must_use]
    pub fn seen(&self, partition: &Partition) -> String {
        self.held.read().partitions.get(partition).map_or_else(String::new, |items| items.seen.clone())
    }

    /// Notes that they are known up to `place`.
    pub fn see(&self, partition: Partition, place: String) {
        self.held.write().partitions.entry(partition).or_default().seen = place;
    }

    /// Forgets the question whose answer is under `key`.
    pub fn forget(&self, partition: &Partition, key: &Key) {
        self.held.write().forget(partition, |item| item.key == *key);
    }

    /// Forgets all.
    pub fn clear(&self) {
        let mut held = self.held.write();
        held.partitions.clear();
        held.order.clear();
    }

    /// Questions held.
    #[must_use]
    pub fn count(&self) -> usize {
        self.held.read().partitions.values().map(|items| items.held.len()).sum()
    }
}

impl Held {
    fn forget(&mut self, partition: &Partition, is_meant: impl Fn(&Item) -> bool) {
        let Some(items) = self.partitions.get_mut(partition) else { return };
        items.held.retain(|item| !is_meant(item));
        if items.held.is_empty() {
            self.partitions.remove(partition);
        }
    }
}

/// A vector of length one.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit(Box<[f32]>);

impl Unit {
    /// As bytes, each number in four of them, the lowest first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    /// What was written so.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<4>();
        let numbers: Vec<f32> = numbers.iter().map(|number| f32::from_le_bytes(*number)).collect();
        if rest.is_empty() { Self::of(&numbers) } else { None }
    }

    /// The direction of a vector; `None` of one that has none.
    #[must_use]
    pub fn of(vector: &[f32]) -> Option<Self> {
        let length = dot(vector, vector).sqrt();
        let has_direction = length.is_finite() && length > f32::MIN_POSITIVE;
        has_direction.then(|| Self(vector.iter().map(|one| one / length).collect()))
    }
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    let (ones, rest_of_one) = one.as_chunks::<LANES>();
    let (others, rest_of_other) = other.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (one, other) in ones.iter().zip(others) {
        for (sum, (x, y)) in sums.iter_mut().zip(one.iter().zip(other)) {
            *sum += x * y;
        }
    }
    let rest: f32 = rest_of_one.iter().zip(rest_of_other).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Partition = Partition([1; 32]);
    const THERE: Partition = Partition([2; 32]);

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn unit(vector: &[f32]) -> Unit {
        Unit::of(vector).unwrap()
    }

    #[test]
    fn the_nearest_is_found_and_only_among_its_like() {
        let vectors = Vectors::new(10);
        for (name, vector) in [("a", [1.0, 0.0]), ("b", [1.0, 1.0]), ("c", [0.0, 1.0])] {
            vectors.add(HERE, unit(&vector), Key::named(name), 100_000);
        }
        let (key, similarity) = vectors.nearest(&HERE, &unit(&[2.0, 0.1]), at(0)).unwrap();
        assert!(key.as_str() == "a" && similarity > 0.99, "{key:?} {similarity}");
        assert!(vectors.nearest(&THERE, &unit(&[2.0, 0.1]), at(0)).is_none());
        assert!(vectors.nearest(&HERE, &unit(&[1.0, 0.0, 0.0]), at(0)).is_none(), "of another model");
        vectors.forget(&HERE, &Key::named("a"));
        assert_eq!(vectors.nearest(&HERE, &unit(&[2.0, 0.1]), at(0)).unwrap().0.as_str(), "b");
        assert!(vectors.nearest(&HERE, &unit(&[2.0, 0.1]), at(100)).is_none(), "their time is over");
        vectors.clear();
        assert_eq!(vectors.count(), 0);
    }

    #[test]
    fn there_are_never_too_many() {
        let vectors = Vectors::new(3);
        for number in 0..10 {
            let partition = if number % 2 == 0 { HERE } else { THERE };
            vectors.add(partition, unit(&[1.0, 0.0]), Key::named(&number.to_string()), 100_000);
            assert!(vectors.count() <= 3);
        }
        // The same question anew takes no more room.
        for _ in 0..10 {
            vectors.add(HERE, unit(&[1.0, 0.0]), Key::named("same"), 100_000);
        }
        assert_eq!(vectors.nearest(&HERE, &unit(&[1.0, 0.0]), at(0)).unwrap().0.as_str(), "same");
        assert_eq!(vectors.held.read().partitions[&HERE].held.len(), 1);
    }

    #[test]
    fn what_has_no_direction_is_no_vector() {
        assert_eq!(Unit::of(&[]), None);
        assert_eq!(Unit::of(&[0.0, 0.0]), None);
        assert_eq!(Unit::of(&[f32::NAN]), None);
        assert_eq!(Unit::from_bytes(&unit(&[3.0, 4.0]).to_bytes()), Some(unit(&[3.0, 4.0])));
        assert_eq!(Unit::from_bytes(&[0; 7]), None);
        let (one, other) = (unit(&[3.0; 100]), unit(&[5.0; 100]));
        assert!((dot(&one.0, &other.0) - 1.0).abs() < 1e-5);
    }

    /// `cargo test --release -p tollgate --lib vectors::tests::measure -- --ignored --nocapture`
    #[test]
    #[ignore = "a measurement"]
    #[expect(clippy::disallowed_methods, reason = "it is measured how long it takes")]
    fn measure() {
        for (count, dimensions) in [(1_000_u16, 1_536_u16), (4_096, 1_536), (10_000, 1_536), (10_000, 256)] {
            let vectors = Vectors::new(usize::from(count));
            let vector = |seed: u16| unit(&(0..dimensions).map(|at| f32::from(at ^ seed).sin()).collect::<Vec<_>>());
            (0..count).for_each(|n| vectors.add(HERE, vector(n), Key::named(&n.to_string()), 100_000));
            let started = std::time::Instant::now();
            let times = 100_u32;
            (0..times).for_each(|_| drop(vectors.nearest(&HERE, &vector(7), at(0))));
            println!("{count} vectors of {dimensions}: {:?}", started.elapsed() / times);
        }
    }
}
