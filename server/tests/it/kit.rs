//! What tests start and talk through.

mod app;
mod client;
mod database;

pub(crate) use app::{MASTER_KEY, TestApp};
pub(crate) use client::Client;
