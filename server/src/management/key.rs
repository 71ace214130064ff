//! Virtual keys.

pub(super) mod access;
pub mod aliases;
pub mod block;
pub mod bounds;
pub mod bulk;
mod change;
pub mod create;
pub mod delete;
mod place;
pub mod read;
pub mod regenerate;
pub mod reset_spend;
mod rules;
pub mod service_account;
pub mod update;
pub(super) mod view;
