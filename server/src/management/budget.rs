//! Reusable budgets.

pub mod create;
pub mod delete;
pub mod read;
pub mod update;
mod view;

/// The fields of a budget, besides its limits.
const FIELDS: &[&str] = &["budget_id"];
/// What refusals call a budget that does not exist.
const NOT_FOUND: &str = "Budget not found.";
