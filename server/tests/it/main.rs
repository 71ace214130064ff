//! The server through its public door: a real listener, a real database, time that the test moves.
//!
//! SQLite in a temporary folder by default; Postgres where `TOLLGATE_TEST_DATABASE_URL` names one, with a schema of
//! its own for each test.

#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod kit;
#[path = "../simulation/lib.rs"]
mod simulation;

mod alert;
mod audit;
mod budget;
mod cache;
mod callback;
mod cap;
mod chat;
mod conditional;
mod cost;
mod counters;
mod credential;
mod customer;
mod health;
mod identity;
mod key;
mod layers;
mod ledger;
mod limit;
mod media;
mod messages;
mod metrics;
mod model;
mod nodes;
mod openapi;
mod organization;
mod pass_through;
mod policy;
mod provider;
mod reload;
mod report;
mod responses;
mod routing;
mod scope;
mod scim;
mod session;
mod settings;
mod spend;
mod sso;
mod tag;
mod task;
mod team;
mod tenancy;
mod user;
