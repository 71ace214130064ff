//! Users: people who own keys and sign in.

pub mod create;
pub mod delete;
mod make;
mod named;
pub mod password;
pub mod read;
mod rules;
mod save;
pub mod update;
mod view;

pub(super) use make::{blank, make};
pub(super) use named::{Named, find_or_make, id_of};
pub(super) use save::save;

/// What refusals call a user who does not exist, or not for the caller.
const NOT_FOUND: &str = "User not found.";
