//! What each owner has of what is there for the tools of all keys and teams, so that nobody's calls fill it for others.
//!
//! The owner is the team that calls are booked to, else the user, else the key: whoever may make keys makes no more room
//! with them. As long as there is plenty, an owner may have as much of it as it needs; the last quarter is for owners that
//! have little.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

use super::queue::Room;
use crate::ledger::SpendEvent;

/// Tools of keys and teams that are told of calls at the same time.
const TOOLS_MAX: usize = 256;
/// Those of them that are only for owners with few.
const TOOLS_KEPT: usize = TOOLS_MAX / 4;
/// Few tools.
const TOOLS_FEW: usize = 16;
/// What waits for all of them together at most, in bytes.
pub(super) const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// That of it which is only for owners with little.
const BYTES_KEPT: u64 = BYTES_MAX / 4;
/// Little, in bytes.
const BYTES_LITTLE: u64 = 4 * 1024 * 1024;
/// Messages of one owner that are under way at once: an eighth of what usually is for all (`fetch_parallel_max`).
const SENDING_MAX: usize = 8;

/// Who has tools of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Team(Arc<str>),
    User(Arc<str>),
    Key(Arc<str>),
}

impl Owner {
    /// The owner of tools that are told of this call.
    pub(super) fn of(event: &SpendEvent) -> Self {
        let team = event.team_id.clone().map(Self::Team);
        let user = || event.user_id.clone().map(Self::User);
        team.or_else(user).unwrap_or_else(|| Self::Key(Arc::clone(&event.api_key)))
    }
}

/// What an owner has.
#[derive(Debug)]
pub(super) struct Share {
    of_all: Arc<Room>,
    used: AtomicU64,
    /// Room for messages that are under way.
    pub(super) places: Semaphore,
}

impl Share {
    /// Nothing yet.
    pub(super) const fn new(of_all: Arc<Room>) -> Self {
        Self { of_all, used: AtomicU64::new(0), places: Semaphore::const_new(SENDING_MAX) }
    }

    pub(super) fn take(&self, bytes: u64) -> bool {
        let used = self.used.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        let max = if used <= BYTES_LITTLE { BYTES_MAX } else { BYTES_MAX - BYTES_KEPT };
        let has_room = self.of_all.take_below(bytes, max);
        if !has_room {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
        }
        has_room
    }

    pub(super) fn give(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        self.of_all.give(bytes);
    }
}

/// Whether an owner that has `own` of `all` tools may have one more.
pub(super) const fn may_have_tool(own: usize, all: usize) -> bool {
    all < TOOLS_MAX - TOOLS_KEPT || (own < TOOLS_FEW && all < TOOLS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_much_leaves_room_for_others() {
        let of_all = Arc::new(Room::new(BYTES_MAX));
        let share = || Share::new(Arc::clone(&of_all));
        let (greedy, modest) = (share(), share());
        let taken = (0..100).filter(|_| greedy.take(1024 * 1024)).count();
        assert_eq!(taken, 48);
        assert!(modest.take(BYTES_LITTLE) && !modest.take(1));
        // What is given back is there again, for whoever wants it.
        greedy.give(5 * 1024 * 1024);
        assert!(modest.take(1024 * 1024));
        assert!((0..48).all(|own| may_have_tool(own, own)), "there is plenty");
        assert!(!may_have_tool(192, 192) && may_have_tool(15, 192) && !may_have_tool(16, 192));
        assert!(!may_have_tool(0, 256));
    }
}
