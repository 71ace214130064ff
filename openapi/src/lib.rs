//! Wire types of Tollgate's management API: what the server sends and the console reads.
//!
//! One file a resource, named as in every other layer. Types end in what they are for: `…Create` and
//! `…Patch` come in, `…View` and `…Page` go out. Money is [`money::NanoUsd`] everywhere and shows as dollars in JSON.

pub mod access_token;
pub mod alert;
pub mod audit;
pub mod budget;
pub mod cache;
mod check;
pub mod credential;
pub mod customer;
pub mod error;
pub mod health;
pub mod invitation;
pub mod key;
pub mod limit;
pub mod model;
pub mod money;
pub mod organization;
pub mod page;
pub mod patch;
pub mod paths;
pub mod policy;
pub mod provider;
pub mod report;
pub mod second_factor;
pub mod scim;
pub mod session;
pub mod settings;
pub mod spend;
pub mod sso;
pub mod stored;
pub mod tag;
pub mod team;
pub mod user;
