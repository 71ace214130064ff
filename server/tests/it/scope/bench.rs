//! What admission costs. By hand, on a quiet machine:
//! `cargo test --release -p tollgate --test it -- --ignored bench_admit --nocapture`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use tollgate::clock::Clock;
use tollgate::counters::Demand;
use tollgate::crypto::KeyDigest;
use tollgate::gateway::Gateway;
use tollgate::gateway::admit::{Wanted, admit};
use tollgate::provider::openai::ChatRequest;
use tollgate_openapi::money::NanoUsd;

use super::{set_limits, small};
use crate::kit::{FakeUpstream, TestApp};

/// Calls that are measured, after as many that are not.
const CALLS: usize = 100_000;

/// How long each step of an admission took.
#[derive(Default)]
struct Steps([Vec<Duration>; 4]);

impl Steps {
    const NAMES: [&str; 4] = ["policy of the call", "admit", "settle", "all"];

    fn note(&mut self, at: [Instant; 4]) {
        for (step, pair) in self.0.iter_mut().zip(at.windows(2)) {
            step.push(pair[1] - pair[0]);
        }
        self.0[3].push(at[3] - at[0]);
    }

    #[expect(clippy::print_stdout, reason = "a measurement is read by a person")]
    fn show(mut self) {
        for (step, name) in self.0.iter_mut().zip(Self::NAMES) {
            step.sort_unstable();
            let at = |share: usize| step[step.len() * share / 1000];
            println!("{name}: p50 {:?}, p99 {:?}, p99.9 {:?}", at(500), at(990), at(999));
        }
    }
}

/// Every scope with every limit, none of them reached.
async fn nine_scopes(app: &TestApp) -> String {
    let scopes = [
        ("team_member", "t/u"),
        ("user", "u"),
        ("team", "t"),
        ("organization", "o"),
        ("customer", "c"),
        ("tag", "g"),
        ("provider", "openai"),
    ];
    for (kind, id) in scopes {
        set_limits(app, kind, id, |limit| {
            limit.max_budget = Some(1_000_000_000_000);
            limit.budget_duration = Some("30d".to_owned());
            limit.rpm_limit = Some(1_000_000_000);
            limit.tpm_limit = Some(1_000_000_000_000);
            limit.max_parallel_requests = Some(1_000_000);
        })
        .await;
    }
    let fields = json!({"user_id": "u", "team_id": "t", "organization_id": "o", "max_budget": 1000,
        "budget_duration": "30d", "rpm_limit": 1_000_000_000, "tpm_limit": 1_000_000_000_000_i64,
        "max_parallel_requests": 1_000_000});
    app.new_key(fields).await
}

async fn measure(gateway: &Arc<Gateway>, key: &str, clock: &Clock, steps: &mut Steps) {
    let (digest, tag) = (KeyDigest::of(key), Arc::from("g"));
    let body = Bytes::from(small().to_string());
    let request = ChatRequest::parse(&body, None).unwrap();
    let start = clock.monotonic();
    let policy = gateway.policy.resolve(&digest).await.unwrap();
    let call = gateway.policy.call(policy, Some("c"), std::slice::from_ref(&tag)).await.unwrap();
    let deployments = gateway.router.callable("gpt").unwrap();
    let known = clock.monotonic();
    let wanted = Wanted::conversation(&request, &body, &deployments);
    let admitted = admit(gateway, &call, wanted, deployments).await.unwrap();
    let granted = clock.monotonic();
    assert_eq!(admitted.ticket.charged().len(), 9);
    admitted.ticket.settle(Demand { cost: NanoUsd(50_000), tokens: 30 });
    steps.note([start, known, granted, clock.monotonic()]);
}

#[tokio::test]
#[ignore = "a measurement, by hand"]
async fn bench_admit() {
    let upstream = FakeUpstream::start();
    let yaml = format!("litellm_settings:\n  max_budget: 100000\nmodel_list:\n{}", upstream.deployment("gpt", "one"));
    let app = TestApp::builder().config(&yaml).start().await;
    let key = nine_scopes(&app).await;
    let (gateway, clock) = (&app.running.gateway, Clock::system());
    let mut warm = Steps::default();
    for _ in 0..CALLS {
        measure(gateway, &key, &clock, &mut warm).await;
    }
    let mut steps = Steps::default();
    for _ in 0..CALLS {
        measure(gateway, &key, &clock, &mut steps).await;
    }
    steps.show();
}
