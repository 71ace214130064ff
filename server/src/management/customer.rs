//! Customers: the end users that calls name.

pub mod block;
pub mod create;
pub mod delete;
pub mod read;
pub mod update;
mod view;

/// The fields of a customer, besides their limits.
const FIELDS: &[&str] = &["user_id", "alias", "blocked", "models", "metadata", "spend", "budget_id"];
/// What refusals call a customer who is not registered.
const NOT_FOUND: &str = "Customer not found.";
