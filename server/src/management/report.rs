//! Saved reports: what somebody wants to read of spend again and again, and where it is sent.
//!
//! What is sent tells what the report's owner may see when it is made. Whoever else reads it, with whom it is shared, sees of
//! it what they may see themselves.

pub mod create;
pub mod delete;
mod deliver;
mod file;
mod places;
pub mod read;
mod rules;
pub mod run;
mod summary;
pub mod update;
mod view;

pub(crate) use deliver::{deliver, give_up};
pub(crate) use rules::{days_due, due_after};

/// What refusals call a report that is not there.
const NOT_FOUND: &str = "Report not found.";
/// What reports are called in the audit log.
const KIND: &str = "report";
