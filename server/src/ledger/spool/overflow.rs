//! Records that the disk refused, kept in memory until it takes them.

use std::collections::VecDeque;

use metrics::counter;

/// Oldest first; bounded.
#[derive(Debug)]
pub(super) struct Overflow {
    records: VecDeque<Vec<u8>>,
    bytes: u64,
    bytes_max: u64,
}

impl Overflow {
    pub(super) const fn new(bytes_max: u64) -> Self {
        Self { records: VecDeque::new(), bytes: 0, bytes_max }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// What is kept, in bytes.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Keeps a record. No call starts while any is kept, so that only calls in flight can fill the memory.
    pub(super) fn push(&mut self, record: &[u8]) {
        let size = size(record);
        if self.bytes.saturating_add(size) > self.bytes_max {
            tracing::error!("an event is lost: the spool's disk is full and the memory kept for it, too");
            counter!("tollgate_events_lost_total").increment(1);
            return;
        }
        self.bytes += size;
        self.records.push_back(record.to_vec());
    }

    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        let record = self.records.pop_front()?;
        self.bytes = self.bytes.saturating_sub(size(&record));
        Some(record)
    }

    /// Puts a record back that was popped.
    pub(super) fn put_back(&mut self, record: Vec<u8>) {
        self.bytes += size(&record);
        self.records.push_front(record);
    }
}

fn size(record: &[u8]) -> u64 {
    u64::try_from(record.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_given_back() {
        let mut overflow = Overflow::new(1_000);
        for number in 0..9 {
            overflow.push(&[number; 300]);
        }
        assert_eq!(overflow.bytes(), 900);
        let first = overflow.pop().unwrap();
        assert_eq!((first[0], overflow.bytes()), (0, 600));
        overflow.put_back(first);
        let kept: Vec<u8> = std::iter::from_fn(|| overflow.pop()).map(|record| record[0]).collect();
        assert_eq!((kept, overflow.bytes()), (vec![0, 1, 2], 0));
        assert!(overflow.is_empty());
    }
}
