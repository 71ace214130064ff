//! The Tollgate server: gateway (data plane), management API (control plane) and jobs.
//!
//! Modules are listed from the ground up; each uses only those above it.

pub mod clock;
pub mod domain;
pub mod config;
pub mod error;
pub mod crypto;
pub mod db;
pub mod counters;
pub mod ledger;
pub mod provider;
pub mod policy;
pub mod router;
pub mod app;
pub mod auth;
pub mod management;
