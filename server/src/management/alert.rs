//! Alerts, and the channels they are told in.

pub mod create;
pub mod delete;
pub mod read;
pub(super) mod rules;
pub mod test;
pub mod update;
mod view;

/// What refusals call a channel that is not there.
const NOT_FOUND: &str = "Channel not found.";
/// What channels are called in the audit log.
const KIND: &str = "alert_channel";
