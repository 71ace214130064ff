//! What of metrics is in the database, as a job last counted it: whoever asks for metrics does not wait for it.

use parking_lot::Mutex;

/// What the database has of some things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Users.
    pub users: u64,
    /// Teams.
    pub teams: u64,
    /// Alerts of which it is not decided yet who is told.
    pub alerts: u64,
    /// Messages that wait for their channels.
    pub deliveries: u64,
}

/// Whether the database was there, and what it had.
#[derive(Debug, Default)]
pub struct DatabaseFigures(Mutex<Option<Option<Counted>>>);

impl DatabaseFigures {
    /// Keeps what was counted; `None`: the database is away.
    pub fn set(&self, counted: Option<Counted>) {
        *self.0.lock() = Some(counted);
    }

    /// What was counted last. The outer `None`: nobody has looked yet.
    #[must_use]
    pub fn get(&self) -> Option<Option<Counted>> {
        *self.0.lock()
    }
}
