//! `simple-shuffle`: at random, by weight. As in LiteLLM, weights are the first of `weight`, `rpm` and `tpm` that any
//! deployment of the group has; one without it then gets no traffic, and without any all are alike.
//!
//! Calls that have something in common go the same way by weighted rendezvous hashing (Schindelhauer and Schomaker,
//! "Weighted distributed hash tables", 2005): of deployments with weights `w`, the one with the least `-ln(h) / w` is
//! taken, where `h`, between 0 and 1, is a hash of what the calls have in common and the deployment's id. Each is the least
//! with a chance of its share in the weights, and while one is away only its own calls go elsewhere.

use std::sync::Arc;

use super::Deployment;
use super::dice::{Draw, mix, unit};
use super::table::Ready;

/// One of `ready`, or none where there is none: always the same for the same of `sticky`.
pub(super) fn pick<'a>(ready: &Ready<'a>, sticky: Option<&str>, mut draw: Draw) -> Option<&'a Arc<Deployment>> {
    let weight = metric(ready);
    if let Some(sticky) = sticky {
        let seed = hash(0, sticky);
        let weighty = ready.iter().filter(|one| weight(one) > 0.0);
        let distance = |one: &Deployment| -(1.0 - unit(hash(seed, &one.id))).ln() / weight(one);
        return weighty.min_by(|one, other| distance(one).total_cmp(&distance(other)));
    }
    let total: f64 = ready.iter().map(|one| weight(one)).sum();
    let mut left = draw.unit() * total;
    let mut last = None;
    for one in ready.iter().filter(|one| weight(one) > 0.0) {
        last = Some(one);
        left -= weight(one);
        if left < 0.0 {
            break;
        }
    }
    last
}

/// What the traffic is split by.
fn metric(ready: &Ready<'_>) -> fn(&Deployment) -> f64 {
    let metrics: [fn(&Deployment) -> f64; 3] =
        [|one| one.weight.unwrap_or(0.0), |one| one.rpm.unwrap_or(0.0), |one| one.tpm.unwrap_or(0.0)];
    let has_any = |metric: &fn(&Deployment) -> f64| ready.iter().any(|one| metric(one) > 0.0);
    metrics.into_iter().find(has_any).unwrap_or(|_| 1.0)
}

/// The same on every node.
fn hash(seed: u64, text: &str) -> u64 {
    text.bytes().fold(mix(seed), |hash, byte| mix(hash ^ u64::from(byte)))
}
