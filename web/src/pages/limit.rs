//! Limits, on whatever they are set: their fields, and what is in force.

pub(crate) mod draft;
pub(crate) mod form;
pub(crate) mod in_force;
mod models;
