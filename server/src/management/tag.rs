//! Tags that calls carry.

pub mod create;
pub mod delete;
pub mod read;
pub mod update;
mod view;

/// The fields of a tag, besides its limits.
const FIELDS: &[&str] = &["name", "description", "models", "budget_id"];
/// What refusals call a tag that is not registered.
const NOT_FOUND: &str = "Tag not found.";
