//! What each owner has of what is there for the tools of all keys and teams, so that nobody's calls fill it for others.
//!
//! The owner is the team that calls are booked to, else the user, else the key: whoever may make keys makes no more room
//! with them. As long as there is plenty, an owner may have as much of it as it needs; the last quarter is for owners that
//! have little.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// Tools that are told of calls, those included that nobody leaves a call for any more.
    tools: AtomicUsize,
    /// Room for messages that are under way.
    pub(super) places: Semaphore,
}

impl Share {
    /// Nothing yet.
    pub(super) const fn new(of_all: Arc<Room>) -> Self {
        Self { of_all, used: AtomicU64::new(0), tools: AtomicUsize::new(0), places: Semaphore::const_new(SENDING_MAX) }
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

/// The shares of all owners that have a tool.
#[derive(Debug)]
pub(super) struct Shares {
    room: Arc<Room>,
    /// Tools of all owners.
    tools: Arc<AtomicUsize>,
    of: HashMap<Owner, Weak<Share>>,
}

/// A tool's place among those of its owner and of all, as long as somebody tells it of calls.
#[derive(Debug)]
pub(super) struct ToolPlace {
    pub(super) share: Arc<Share>,
    of_all: Arc<AtomicUsize>,
}

impl Shares {
    pub(super) fn new() -> Self {
        Self { room: Arc::new(Room::new(BYTES_MAX)), tools: Arc::default(), of: HashMap::new() }
    }

    /// A place for one more tool of this owner, where it may have one.
    pub(super) fn place(&mut self, owner: Owner) -> Option<ToolPlace> {
        let all = self.tools.load(Ordering::Relaxed);
        let known = self.of.get(&owner).and_then(Weak::upgrade);
        let share = known.unwrap_or_else(|| Arc::new(Share::new(Arc::clone(&self.room))));
        if !may_have_tool(share.tools.load(Ordering::Relaxed), all) {
            return None;
        }
        share.tools.fetch_add(1, Ordering::Relaxed);
        self.tools.fetch_add(1, Ordering::Relaxed);
        self.of.insert(owner, Arc::downgrade(&share));
        Some(ToolPlace { share, of_all: Arc::clone(&self.tools) })
    }

    /// Forgets owners without a tool.
    pub(super) fn prune(&mut self) {
        self.of.retain(|_, share| share.strong_count() > 0);
    }
}

impl Drop for ToolPlace {
    fn drop(&mut self) {
        self.share.tools.fetch_sub(1, Ordering::Relaxed);
        self.of_all.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether an owner that has `own` of `all` tools may have one more.
const fn may_have_tool(own: usize, all: usize) -> bool {
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

    #[test]
    fn what_an_owner_has_is_the_same_until_its_last_tool_has_ended() {
        let mut shares = Shares::new();
        let owner = || Owner::Team("red".into());
        let first = shares.place(owner()).unwrap();
        assert!(first.share.take(BYTES_LITTLE));
        shares.prune();
        let second = shares.place(owner()).unwrap();
        assert!(Arc::ptr_eq(&first.share, &second.share));
        let mut places: Vec<_> = std::iter::from_fn(|| shares.place(owner())).collect();
        assert_eq!(places.len() + 2, TOOLS_MAX - TOOLS_KEPT);
        let other = shares.place(Owner::Team("blue".into())).unwrap();
        assert!(!Arc::ptr_eq(&first.share, &other.share));
        drop(other);
        places.pop();
        assert!(shares.place(owner()).is_some(), "one has ended");
        drop((first, second, places));
        shares.prune();
        assert!(shares.of.is_empty());
    }
}
