//! Metrics of calls that were not let through.

use metrics::counter;

use super::names::{CUSTOMERS, TAGS};
use crate::counters::{Exceeded, Refusal};

/// Counts a call that a limit refused.
pub fn refused(refusal: &Refusal) {
    let limit = match refusal.exceeded {
        Exceeded::Budget { .. } => "budget",
        Exceeded::Requests(_) => "requests",
        Exceeded::Tokens(_) => "tokens",
        Exceeded::Parallel { .. } => "parallel",
        Exceeded::Unavailable => "unavailable",
    };
    counter!("tollgate_limit_refusals_total", "scope" => refusal.scope.kind, "limit" => limit).increment(1);
    // What has spent its budget before this process began is charged for nothing, and is to be seen all the same.
    let id = &refusal.scope.id;
    match refusal.scope.kind {
        "customer" => _ = CUSTOMERS.keeps(id),
        "tag" => _ = TAGS.keeps(id),
        _ => {}
    }
}

/// Counts a call whose key is no good, for one of a few reasons.
pub fn unauthenticated(reason: &'static str) {
    counter!("tollgate_unauthenticated_requests_total", "reason" => reason).increment(1);
}
