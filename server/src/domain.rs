//! Pure rules: prices and the cost of a usage, budget windows, permissions, which provider a model belongs to.
//!
//! Nothing here reads a clock, a file, a socket or a database; every rule is a function of its arguments.

pub mod forecast;
pub mod address;
pub mod alert;
pub mod allowed_routes;
pub mod anomaly;
pub mod key_bounds;
pub mod model_limits;
pub mod operation;
pub mod permission;
pub mod price;
pub mod provider;
pub mod proxy;
pub mod redact;
pub mod region;
pub mod report;
pub mod sketch;
pub mod sso;
pub mod usage;
pub mod webhook;
pub mod window;
