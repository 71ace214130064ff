//! Admission counters: what each scope has spent and reserved in its budget window, and how often a sign-in failed.
//!
//! They live in this process. When the database is away they go on counting; what they hold is rebuilt from the
//! ledger when a scope is first seen.

mod local;
mod sign_in;

pub use local::{Admission, Counters, Refusal, Scope, ScopeId, Ticket};
pub use sign_in::SignInThrottle;
