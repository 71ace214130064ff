//! What calls cost: the log of calls, and sums read from rollups, never from the log.

mod by_day;
pub(super) mod dates;
pub mod global;
pub mod interrupted;
pub mod logs;
pub mod overview;
pub mod usage;
mod view;
