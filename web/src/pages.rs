//! The pages, one folder a resource.

pub(crate) mod alert;
pub(crate) mod audit;
pub(crate) mod budget;
pub(crate) mod credential;
pub(crate) mod customer;
pub(crate) mod entity;
pub(crate) mod home;
pub(crate) mod key;
pub(crate) mod limit;
pub(crate) mod log;
pub(crate) mod model;
pub(crate) mod organization;
pub(crate) mod overview;
pub(crate) mod playground;
pub(crate) mod policy;
pub(crate) mod profile;
pub(crate) mod scim;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod spend;
pub(crate) mod sso;
pub(crate) mod statement;
pub(crate) mod tag;
pub(crate) mod team;
pub(crate) mod usage;
pub(crate) mod user;
