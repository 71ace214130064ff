//! Admission counters: what each scope has spent and reserved in its budget window.
//!
//! They live in this process. When the database is away they go on counting; what they hold is rebuilt from the
//! ledger when a scope is first seen.

mod local;

pub use local::{Admission, Counters, Refusal, Scope, ScopeId, Ticket};
