//! Virtual keys.

pub mod block;
mod change;
pub mod create;
pub mod delete;
pub mod read;
mod rules;
pub mod update;
pub(super) mod view;
