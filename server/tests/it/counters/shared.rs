//! Nodes that count together: when one dies, when Redis does, and when the ledger has to say what was spent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sea_orm::DatabaseConnection;
use tollgate::clock::Clock;
use tollgate::counters::{Admission, Correction, Counters, Exceeded, Limits, OnOutage, Refusal, Scope, SharedSettings};
use tollgate::crypto::random_base62;
use tollgate::db::{self, budget_spend};
use tollgate_openapi::money::NanoUsd;

use super::{START, budget, cost, granted, scope};
use crate::kit::RedisServer;

const PATIENCE: Duration = Duration::from_secs(10);

/// Nodes that share one Redis and one database. Each cluster has keys of its own.
pub(super) struct Cluster {
    pub(super) nodes: Vec<Arc<Counters>>,
    pub(super) clock: Clock,
    namespace: String,
    db: DatabaseConnection,
}

impl Cluster {
    pub(super) async fn start(redis: &RedisServer, nodes: usize) -> Self {
        Self::with(redis, nodes, OnOutage::Allow).await
    }

    async fn with(redis: &RedisServer, nodes: usize, on_outage: OnOutage) -> Self {
        let db = db::connect("sqlite::memory:", 1, PATIENCE).await.unwrap();
        db::migrate(&db).await.unwrap();
        let (clock, namespace) = (Clock::manual(START), random_base62(12).unwrap());
        let mut cluster = Self { nodes: Vec::new(), clock, namespace, db };
        for number in 0..nodes {
            let node = cluster.node(redis, &number.to_string(), on_outage);
            assert!(node.joined(PATIENCE).await);
            cluster.nodes.push(node);
        }
        cluster
    }

    fn node(&self, redis: &RedisServer, name: &str, on_outage: OnOutage) -> Arc<Counters> {
        let settings = SharedSettings {
            client: redis.client(),
            namespace: self.namespace.clone(),
            timeout: Duration::from_secs(2),
            on_outage,
            node: name.to_owned(),
        };
        Counters::shared(settings, self.db.clone(), self.clock.clone())
    }

    pub(super) async fn close(self) {
        for node in self.nodes {
            node.close(PATIENCE).await;
        }
    }

    async fn joined(&self) {
        for node in &self.nodes {
            assert!(node.joined(PATIENCE).await);
        }
    }

    async fn told(&self) {
        for node in &self.nodes {
            assert!(node.told(PATIENCE).await);
        }
    }

    /// What all nodes say the scope has spent and reserved: the same.
    async fn stands(&self, scope: &Scope) -> (i64, i64) {
        self.told().await;
        let mut all = Vec::new();
        for node in &self.nodes {
            let standing = node.standings(std::slice::from_ref(scope)).await;
            all.push((standing[0].spent.0, standing[0].reserved.0));
        }
        assert!(all.windows(2).all(|two| two[0] == two[1]), "{all:?}");
        all[0]
    }

    /// Waits until every node says that the scope has spent and reserved so much, which none knows by itself.
    async fn until_all_say(&self, scope: &Scope, expected: (i64, i64)) {
        for node in &self.nodes {
            let says = async || {
                let standing = node.standings(std::slice::from_ref(scope)).await[0];
                (standing.spent.0, standing.reserved.0)
            };
            while says().await != expected {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    /// Lets the ledger's database have what `node` has spent.
    async fn write(&self, node: usize, scope: &Scope, nano: i64) {
        self.add_to_ledger(scope, nano).await;
        let charge = (scope.id.clone(), scope.window_start, NanoUsd(nano));
        self.nodes[node].written(vec![charge], vec![]).await;
    }

    async fn add_to_ledger(&self, scope: &Scope, nano: i64) {
        let row = budget_spend::Model {
            scope_kind: scope.id.kind.to_owned(),
            scope_id: scope.id.id.to_string(),
            window_start: budget_spend::window_key(scope.window_start),
            spent: nano,
            adjusted: 0,
            pruned_spent: 0,
        };
        db::ledger::add::<db::budget_spend::Entity>(&self.db, vec![row]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_thousand_calls_at_once_exactly_those_that_the_budget_affords_are_made() {
    let redis = RedisServer::start().await;
    let cluster = Cluster::start(&redis, 3).await;
    let scopes = [scope("key", budget(137 * 1_000_003)), scope("gateway", budget(i64::MAX / 2))];
    let calls = (0..10_000).map(|call| {
        let (node, scopes) = (Arc::clone(&cluster.nodes[call % 3]), scopes.clone());
        tokio::spawn(async move { node.admit(&scopes, cost(1_000_003), None).await })
    });
    let mut tickets = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        if let Admission::Granted(ticket) = call.await.unwrap() {
            tickets.push(ticket);
        }
    }
    assert_eq!(tickets.len(), 137);
    tickets.into_iter().for_each(|ticket| ticket.settle(cost(1_000_003)));
    assert_eq!(cluster.stands(&scopes[0]).await, (137 * 1_000_003, 0));
    assert_eq!(cluster.stands(&scopes[1]).await, (137 * 1_000_003, 0));
}

#[tokio::test]
async fn what_is_written_to_the_ledger_is_counted_once() {
    let redis = RedisServer::start().await;
    let cluster = Cluster::start(&redis, 2).await;
    let scope = scope("key", budget(1_000));
    let scopes = std::slice::from_ref(&scope);
    for (node, nano) in [(0, 100), (1, 40)] {
        granted(cluster.nodes[node].admit(scopes, cost(200), None).await).settle(cost(nano));
    }
    assert_eq!(cluster.stands(&scope).await, (140, 0));
    cluster.write(0, &scope, 100).await;
    assert_eq!(cluster.stands(&scope).await, (140, 0));
    cluster.write(1, &scope, 30).await;
    assert_eq!(cluster.stands(&scope).await, (140, 0));
    // A node that no shared counters know of has written, too.
    cluster.write(1, &scope, 10).await;
    cluster.write(1, &scope, 5).await;
    assert_eq!(cluster.stands(&scope).await, (145, 0));
}

#[tokio::test]
async fn what_a_process_wrote_and_did_not_live_to_tell_is_counted_once() {
    let redis = RedisServer::start().await;
    let mut cluster = Cluster::start(&redis, 2).await;
    let scope = scope("customer", budget(1_000));
    let scopes = std::slice::from_ref(&scope);
    granted(cluster.nodes[0].admit(scopes, cost(200), None).await).settle(cost(100));
    assert_eq!(cluster.stands(&scope).await, (100, 0));
    // It reached the database, and the process died before it said so.
    cluster.add_to_ledger(&scope, 100).await;
    cluster.nodes.remove(0).close(PATIENCE).await;
    granted(cluster.nodes[0].admit(scopes, cost(50), None).await).settle(cost(5));
    cluster.write(0, &scope, 5).await;
    let again = cluster.node(&redis, "0", OnOutage::Allow);
    again.former_written();
    cluster.nodes.push(again);
    cluster.joined().await;
    cluster.until_all_say(&scope, (105, 0)).await;
}

#[tokio::test]
async fn a_budget_that_is_new_to_redis_starts_from_the_ledger() {
    let redis = RedisServer::start().await;
    let cluster = Cluster::start(&redis, 2).await;
    let scope = scope("team", budget(1_000));
    cluster.write(0, &scope, 990).await;
    let scopes = std::slice::from_ref(&scope);
    let admission = cluster.nodes[1].admit(scopes, cost(11), None).await;
    assert!(matches!(admission, Admission::Short { room, .. } if room.cost == Some(NanoUsd(10))), "{admission:?}");
    drop(granted(cluster.nodes[1].admit(scopes, cost(10), None).await));
}

/// Each by itself, they would keep each other from the few connections there are.
#[tokio::test]
async fn calls_on_a_budget_that_is_new_to_redis_share_what_is_read_of_the_ledger() {
    let redis = RedisServer::start().await;
    let mut cluster = Cluster::start(&redis, 0).await;
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&reads);
    cluster.db.set_metric_callback(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let node = cluster.node(&redis, "one", OnOutage::Deny);
    assert!(node.joined(PATIENCE).await);
    reads.store(0, Ordering::Relaxed);
    let scopes = [scope("key", budget(1_000)), scope("team", budget(1_000))];
    let calls = std::iter::repeat_with(|| node.admit(&scopes, cost(1), None)).take(200);
    let tickets: Vec<_> = futures_util::future::join_all(calls).await.into_iter().map(granted).collect();
    assert_eq!(tickets.len(), 200);
    let reads = reads.load(Ordering::Relaxed);
    assert!((1..=50).contains(&reads), "{reads} reads");
}

#[tokio::test]
async fn what_a_dead_node_reserved_comes_back_with_its_lease() {
    let redis = RedisServer::start().await;
    let mut cluster = Cluster::start(&redis, 2).await;
    let scope = scope("key", Limits { parallel: Some(1), ..budget(100) });
    let scopes = std::slice::from_ref(&scope);
    let ticket = granted(cluster.nodes[0].admit(scopes, cost(80), None).await);
    let admission = cluster.nodes[1].admit(scopes, cost(10), None).await;
    assert!(matches!(admission, Admission::Refused(Refusal { exceeded: Exceeded::Parallel { limit: 1 }, .. })));
    // Giving the lease back is what its end looks like to others.
    let dead = cluster.nodes.remove(0);
    std::mem::forget(ticket);
    dead.close(PATIENCE).await;
    loop {
        if let Admission::Granted(ticket) = cluster.nodes[0].admit(scopes, cost(100), None).await {
            ticket.settle(cost(7));
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(cluster.stands(&scope).await, (7, 0));
}

#[tokio::test]
async fn counters_that_were_emptied_are_rebuilt_from_the_ledger_and_from_what_nodes_hold() {
    let redis = RedisServer::start().await;
    let cluster = Cluster::start(&redis, 3).await;
    let scope = scope("key", budget(1_000));
    let scopes = std::slice::from_ref(&scope);
    for (node, nano) in [(0, 100), (1, 40), (2, 3)] {
        granted(cluster.nodes[node].admit(scopes, cost(200), None).await).settle(cost(nano));
    }
    cluster.write(0, &scope, 100).await;
    let held = granted(cluster.nodes[1].admit(scopes, cost(500), None).await);
    assert_eq!(cluster.stands(&scope).await, (143, 500));
    redis.run(&mut redis::cmd("FLUSHALL")).await;
    cluster.until_all_say(&scope, (143, 500)).await;
    held.settle(cost(450));
    assert_eq!(cluster.stands(&scope).await, (593, 0));
}

#[tokio::test]
async fn without_redis_nodes_count_alone_and_together_again_when_it_is_back() {
    let mut redis = RedisServer::start().await;
    let cluster = Cluster::start(&redis, 2).await;
    let scope = scope("key", budget(1_000));
    let scopes = std::slice::from_ref(&scope);
    granted(cluster.nodes[0].admit(scopes, cost(200), None).await).settle(cost(150));
    let held = granted(cluster.nodes[0].admit(scopes, cost(300), None).await);
    assert_eq!(cluster.stands(&scope).await, (150, 300));
    redis.stop();
    // Each goes on from what it saw last.
    let admission = cluster.nodes[0].admit(scopes, cost(551), None).await;
    assert!(matches!(admission, Admission::Short { room, .. } if room.cost == Some(NanoUsd(550))), "{admission:?}");
    assert!(cluster.nodes[0].is_degraded());
    granted(cluster.nodes[0].admit(scopes, cost(100), None).await).settle(cost(60));
    granted(cluster.nodes[1].admit(scopes, cost(100), None).await).settle(cost(70));
    let late = granted(cluster.nodes[1].admit(scopes, cost(100), None).await);
    // What one wrote meanwhile reaches the other through the database.
    cluster.write(0, &scope, 150 + 60).await;
    while cluster.nodes[1].spent(&scope.id, None) != Some(NanoUsd(210 + 70)) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    redis.start_again().await;
    cluster.joined().await;
    assert_eq!(cluster.stands(&scope).await, (150 + 60 + 70, 300 + 100));
    held.settle(cost(299));
    late.settle(cost(1));
    assert_eq!(cluster.stands(&scope).await, (580, 0));
}

#[tokio::test]
async fn what_a_node_holds_counts_once_when_it_is_back() {
    let redis = RedisServer::start().await;
    let cluster = Cluster::start(&redis, 2).await;
    let scope = scope("key", Limits { parallel: Some(2), ..budget(1_000) });
    let scopes = std::slice::from_ref(&scope);
    let held = granted(cluster.nodes[0].admit(scopes, cost(300), None).await);
    // The connection breaks; Redis keeps everything, the old lease among it.
    redis.run(redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal").arg("SKIPME").arg("yes")).await;
    let lone = granted(cluster.nodes[0].admit(scopes, cost(100), None).await);
    cluster.until_all_say(&scope, (0, 400)).await;
    assert_eq!(cluster.nodes[1].standings(scopes).await[0].in_flight, 2);
    held.settle(cost(1));
    drop(lone);
    assert_eq!(cluster.stands(&scope).await, (1, 0));
}

#[tokio::test]
async fn a_node_that_was_silent_for_too_long_tells_again_what_it_holds() {
    let redis = RedisServer::start().await;
    let cluster = Cluster::start(&redis, 2).await;
    let scope = scope("key", budget(1_000));
    let scopes = std::slice::from_ref(&scope);
    let held = granted(cluster.nodes[0].admit(scopes, cost(800), None).await);
    // As those of processes that were stopped for a while: their leases have run out, and nobody has told them.
    let mut connection = redis.client().get_multiplexed_async_connection().await.unwrap();
    let pattern = format!("{{{}}}:lease:*", cluster.namespace);
    let leases: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await.unwrap();
    let gone: usize = redis::cmd("DEL").arg(leases).query_async(&mut connection).await.unwrap();
    assert_eq!(gone, 2);
    drop(cluster.nodes[1].standings(scopes).await);
    cluster.until_all_say(&scope, (0, 800)).await;
    let admission = cluster.nodes[1].admit(scopes, cost(300), None).await;
    assert!(matches!(admission, Admission::Short { .. }), "{admission:?}");
    held.settle(cost(1));
    assert_eq!(cluster.stands(&scope).await, (1, 0));
}

#[tokio::test]
async fn a_node_that_cannot_join_for_lack_of_a_database_holds_nothing_twice() {
    let redis = RedisServer::start().await;
    let cluster = Cluster::start(&redis, 1).await;
    let scope = scope("key", budget(1_000));
    let _held = granted(cluster.nodes[0].admit(std::slice::from_ref(&scope), cost(300), None).await);
    cluster.db.clone().close().await.unwrap();
    redis.run(redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal").arg("SKIPME").arg("yes")).await;
    let mut connection = redis.client().get_multiplexed_async_connection().await.unwrap();
    let mut seen = std::collections::HashSet::new();
    while seen.len() < 4 {
        let pattern = format!("{{{}}}:lease:*", cluster.namespace);
        let leases: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await.unwrap();
        assert!(leases.len() <= 2, "one at a time, and the one before it until all is told: {leases:?}");
        seen.extend(leases);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn calls_with_hard_budgets_are_refused_without_redis_where_that_was_chosen() {
    let mut redis = RedisServer::start().await;
    let cluster = Cluster::with(&redis, 1, OnOutage::Deny).await;
    let scopes = [scope("key", budget(1_000))];
    redis.stop();
    let admission = cluster.nodes[0].admit(&scopes, cost(1), None).await;
    assert!(matches!(admission, Admission::Refused(Refusal { exceeded: Exceeded::Unavailable, .. })), "{admission:?}");
    assert!(cluster.nodes[0].refuses_budgets());
    let without_budget = [scope("key", Limits { rpm: Some(5), ..Limits::default() })];
    drop(granted(cluster.nodes[0].admit(&without_budget, cost(1), None).await));
    redis.start_again().await;
    cluster.joined().await;
    drop(granted(cluster.nodes[0].admit(&scopes, cost(1), None).await));
}

#[tokio::test]
async fn a_budget_that_nobody_can_say_the_spend_of_is_refused_where_that_was_chosen() {
    let redis = RedisServer::start().await;
    let cluster = Cluster::with(&redis, 1, OnOutage::Deny).await;
    let (known, unknown) = ([scope("key", budget(1_000))], [scope("team", budget(1_000))]);
    drop(granted(cluster.nodes[0].admit(&known, cost(1), None).await));
    cluster.db.clone().close().await.unwrap();
    for admission in
        [cluster.nodes[0].admit(&unknown, cost(1), None).await, cluster.nodes[0].try_out(&unknown, cost(1)).await]
    {
        assert!(
            matches!(admission, Admission::Refused(Refusal { exceeded: Exceeded::Unavailable, .. })),
            "{admission:?}"
        );
    }
    drop(granted(cluster.nodes[0].admit(&known, cost(1), None).await));
}

#[tokio::test]
async fn a_caller_that_does_not_wait_for_its_admission_leaves_nothing_behind() {
    let redis = RedisServer::start().await;
    let cluster = Cluster::start(&redis, 1).await;
    let scope = scope("key", Limits { parallel: Some(1_000), ..budget(1_000_000) });
    for _ in 0..200 {
        let admission = cluster.nodes[0].admit(std::slice::from_ref(&scope), cost(7), None);
        let mut admission = std::pin::pin!(admission);
        // Begun, and given up before the answer can be there.
        assert!(futures_util::poll!(admission.as_mut()).is_pending());
    }
    loop {
        let standing = cluster.nodes[0].standings(std::slice::from_ref(&scope)).await[0];
        if (standing.reserved, standing.in_flight) == (NanoUsd::ZERO, 0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_correction_counts_on_every_node() {
    let redis = RedisServer::start().await;
    let cluster = Cluster::start(&redis, 2).await;
    let scope = scope("key", budget(1_000));
    let scopes = std::slice::from_ref(&scope);
    for node in &cluster.nodes {
        granted(node.admit(scopes, cost(200), None).await).settle(cost(200));
    }
    budget_spend::adjust(&cluster.db, "key", &scope.id.id, None, NanoUsd(-300)).await.unwrap();
    let correction = Correction { scope: scope.id.clone(), window_start: None, counted: NanoUsd(-300), moved: None };
    cluster.nodes[0].correct(vec![correction]).await;
    cluster.nodes[1].corrected(std::slice::from_ref(&scope.id)).await;
    assert_eq!(cluster.stands(&scope).await, (100, 0));
    cluster.write(0, &scope, 200).await;
    assert_eq!(cluster.stands(&scope).await, (100, 0));
    drop(granted(cluster.nodes[1].admit(scopes, cost(1), None).await));
    assert_eq!(cluster.nodes[1].spent(&scope.id, None), Some(NanoUsd(100)));
}

#[tokio::test]
async fn a_correction_counts_where_the_node_that_made_it_has_counted_nothing() {
    let redis = RedisServer::start().await;
    let cluster = Cluster::start(&redis, 2).await;
    let scope = scope("key", budget(1_000));
    let scopes = std::slice::from_ref(&scope);
    granted(cluster.nodes[1].admit(scopes, cost(200), None).await).settle(cost(200));
    cluster.write(1, &scope, 200).await;
    cluster.told().await;
    budget_spend::adjust(&cluster.db, "key", &scope.id.id, None, NanoUsd(-150)).await.unwrap();
    cluster.nodes[0]
        .correct(vec![Correction { scope: scope.id.clone(), window_start: None, counted: NanoUsd(-150), moved: None }])
        .await;
    assert_eq!(cluster.nodes[1].standings(scopes).await[0].spent, NanoUsd(50));
}

#[tokio::test]
async fn a_node_tells_no_more_than_was_spent_while_others_write() {
    let redis = RedisServer::start().await;
    let cluster = Cluster::start(&redis, 2).await;
    let scope = scope("key", budget(1_000));
    let scopes = std::slice::from_ref(&scope);
    let told = |node: usize, in_ledger: i64| cluster.nodes[node].spent_with(&scope.id, None, NanoUsd(in_ledger)).0;
    for node in &cluster.nodes {
        granted(node.admit(scopes, cost(200), None).await).settle(cost(100));
    }
    cluster.told().await;
    // The first has written and not said so yet; the second says what it finds in the ledger.
    let charge = (scope.id.clone(), None, NanoUsd(100));
    cluster.nodes[0].note_writing(std::slice::from_ref(&charge), true);
    cluster.add_to_ledger(&scope, 100).await;
    cluster.write(1, &scope, 100).await;
    granted(cluster.nodes[1].admit(scopes, cost(1), None).await).settle(cost(1));
    assert_eq!((told(0, 200), told(1, 200)), (200, 201));
    cluster.nodes[0].written(vec![charge], vec![]).await;
    assert_eq!(cluster.stands(&scope).await, (201, 0));
    assert_eq!((told(0, 200), told(1, 200)), (200, 201));
    // What was not written after all is still on top of what the ledger has.
    granted(cluster.nodes[0].admit(scopes, cost(10), None).await).settle(cost(10));
    let charge = (scope.id.clone(), None, NanoUsd(10));
    cluster.nodes[0].note_writing(std::slice::from_ref(&charge), true);
    cluster.nodes[0].note_writing(std::slice::from_ref(&charge), false);
    assert_eq!(told(0, 200), 210);
}
