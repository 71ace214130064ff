//! Models: the deployments behind each public name.

pub mod block;
pub mod create;
pub mod delete;
pub mod deprecation;
pub mod group;
pub mod info;
mod rules;
pub mod test;
pub mod update;
mod view;

pub(super) use info::status;

/// What refusals call a deployment that does not exist.
const NOT_FOUND: &str = "Model not found: no deployment has this id. See GET /v1/model/info.";
