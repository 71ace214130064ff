//! Virtual keys.

pub(super) mod access;
pub mod block;
mod change;
pub mod create;
pub mod delete;
pub mod read;
mod rules;
pub mod update;
pub(super) mod view;
