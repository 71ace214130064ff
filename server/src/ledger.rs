//! The ledger: every settled call ends up in the database exactly once.
//!
//! An event is written to the spool, a local file, before the last byte of its answer leaves; the writer brings
//! spooled events into the database in batches, each batch one transaction. Writing an event twice changes nothing.

mod batch;
pub mod contents;
mod correct;
pub mod event;
pub mod retention;
pub mod spool;
pub mod verify;
pub mod watch;
pub mod writer;

pub use correct::correct;
pub use event::{BeginRecord, Charge, RefusingBudget, Saved, SpendEvent};
pub use spool::{Spool, SpoolError, SpoolLimits, set_aside};
