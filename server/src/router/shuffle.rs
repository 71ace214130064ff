//! `simple-shuffle`: at random, by weight. As in LiteLLM, weights are the first of `weight`, `rpm` and `tpm` that any
//! deployment of the group has; one without it then gets no traffic, and without any all are alike.

use std::sync::Arc;

use rand::RngExt;

use super::Deployment;

/// One of `ready`, or none where there is none.
pub(super) fn pick<'a>(ready: &[&'a Arc<Deployment>]) -> Option<&'a Arc<Deployment>> {
    if let [only] = ready {
        return Some(only);
    }
    let weights = weights(ready);
    let total: f64 = weights.iter().sum();
    let mut left = rand::rng().random_range(0.0..1.0) * total;
    let drawn = ready.iter().zip(&weights).find(|(_, weight)| {
        left -= **weight;
        left < 0.0
    });
    drawn.map(|(deployment, _)| *deployment).or_else(|| ready.last().copied())
}

fn weights(ready: &[&Arc<Deployment>]) -> Vec<f64> {
    let metrics: [fn(&Deployment) -> Option<f64>; 3] = [|one| one.weight, |one| one.rpm, |one| one.tpm];
    for metric in metrics {
        let weights: Vec<f64> = ready.iter().map(|one| metric(one).unwrap_or(0.0)).collect();
        if weights.iter().sum::<f64>() > 0.0 {
            return weights;
        }
    }
    vec![1.0; ready.len()]
}
