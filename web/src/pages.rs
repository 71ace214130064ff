//! The pages, one folder a resource.

pub(crate) mod key;
pub(crate) mod model;
pub(crate) mod overview;
pub(crate) mod policy;
pub(crate) mod session;
pub(crate) mod spend;
