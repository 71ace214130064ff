//! Whose names become labels. Clients and customers are without number, and every label is kept for as long as the
//! process lives, here and again in Prometheus: so many of each kind have metrics of their own, those that came first.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;

/// What stands for all the others.
pub(super) const OTHER: &str = "other";

static MAX: AtomicUsize = AtomicUsize::new(1_000);

/// Keys that called, by their ids.
pub static KEYS: Names = Names::new();
/// Users whose keys called.
pub static USERS: Names = Names::new();
/// Teams whose keys called.
pub static TEAMS: Names = Names::new();
/// Organizations whose keys called.
pub static ORGANIZATIONS: Names = Names::new();
/// Customers with limits that calls were for.
pub static CUSTOMERS: Names = Names::new();
/// Tags with limits that calls had.
pub static TAGS: Names = Names::new();
/// Models that were called: by a provider's own API clients name what they like.
pub(super) static MODELS: Names = Names::new();

/// Names of one kind that have metrics of their own.
#[derive(Debug)]
pub struct Names(RwLock<BTreeSet<Arc<str>>>);

/// Lets so many of each kind have metrics of their own.
pub fn keep(at_most: usize) {
    MAX.store(at_most, Ordering::Relaxed);
}

impl Names {
    const fn new() -> Self {
        Self(RwLock::new(BTreeSet::new()))
    }

    /// Whether `name` has metrics of its own, from now on if there is room.
    pub(super) fn keeps(&self, name: &Arc<str>) -> bool {
        self.knows(name).unwrap_or_else(|| self.add(Arc::clone(name)))
    }

    /// The same by a name that is not shared yet.
    pub(super) fn keeps_text(&self, name: &str) -> bool {
        self.knows(name).unwrap_or_else(|| self.add(Arc::from(name)))
    }

    /// `None` where there is room for it.
    fn knows(&self, name: &str) -> Option<bool> {
        let names = self.0.read();
        let is_known = names.contains(name);
        (is_known || names.len() >= MAX.load(Ordering::Relaxed)).then_some(is_known)
    }

    fn add(&self, name: Arc<str>) -> bool {
        let mut names = self.0.write();
        // Somebody else may have taken the last place.
        names.contains(&name) || (names.len() < MAX.load(Ordering::Relaxed) && names.insert(name))
    }

    /// Those that have.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<str>> {
        self.0.read().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_come_first_are_kept() {
        let names = Names::new();
        let many: Vec<Arc<str>> = (0..1_001).map(|number| Arc::from(format!("{number}"))).collect();
        assert!(many[..1_000].iter().all(|name| names.keeps(name)));
        assert!(!names.keeps(&many[1_000]) && names.keeps(&many[0]) && names.keeps_text("999"));
        assert_eq!(names.all().len(), 1_000);
    }
}
