//! Admission counters: what each scope has spent and reserved, how often it was called, and how often a sign-in failed.
//!
//! They live in this process. When the database is away they go on counting; what they hold is rebuilt from the
//! ledger when a scope is first seen.

mod counter;
mod line;
mod local;
mod scope;
mod sign_in;
mod sliding;

#[cfg(test)]
mod tests;

pub use line::Place;
pub use local::{Admission, Counters, Room, Ticket};
pub use scope::{Charged, Demand, Exceeded, Limits, RateState, RateStates, Refusal, Scope, ScopeId, Standing};
pub use sign_in::SignInThrottle;
