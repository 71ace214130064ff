//! The Tollgate server: gateway (data plane), management API (control plane) and jobs.
//!
//! Modules are listed from the ground up; each uses only those above it.

pub mod clock;
pub mod domain;
pub mod config;
pub mod error;
pub mod crypto;
pub mod outbound;
pub mod storage;
pub mod mail;
pub mod oidc;
pub mod db;
pub mod counters;
pub mod ledger;
pub mod telemetry;
pub mod provider;
pub mod policy;
pub mod export;
pub mod router;
pub mod cache;
pub mod gateway;
pub mod models;
pub mod alerts;
pub mod settings;
pub mod app;
pub mod auth;
pub mod management;
pub mod jobs;
pub mod http;
pub mod serve;
pub mod cli;

use std::process::ExitCode;

/// Threads for the jobs' work on files. Each keeps memory of its own, and tokio makes more of them than there is work.
const BLOCKING_THREADS_MAX: usize = 4;

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(cli::run()),
        Err(_) => ExitCode::FAILURE,
    }
}
