//! What deployments cost, and since when.

use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tollgate::db::{self, model_price};
use tollgate::settings::Reloaded;
use tollgate_openapi::session::UserRole;
use tollgate_openapi::spend::{PricePage, PriceSource, PriceView};

use crate::chat::{CHAT, ask};
use crate::kit::{FakeUpstream, TestApp};
use crate::ledger::migrate_again;
use crate::session::add_user;

const INPUT: &str = "input_cost_per_token";
const PATIENCE: Duration = Duration::from_secs(30);

async fn page(app: &TestApp, query: &str) -> PricePage {
    app.get(&format!("/spend/prices?{query}")).expect_status(200).await.json()
}

/// The entries of a query, the latest first, once what this node put in force is in them.
async fn entries(app: &TestApp, query: &str) -> Vec<PriceView> {
    let entered = async {
        while app.app.models.waiting_prices().is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, entered).await.expect("prices wait to be entered");
    page(app, query).await.prices
}

/// Their input prices in dollars a million tokens; of an end, nothing.
fn inputs(entries: &[PriceView]) -> Vec<Option<u32>> {
    let millions = |price: &f64| format!("{:.0}", price * 1e6).parse().unwrap();
    entries.iter().map(|entry| entry.prices.get(INPUT).map(millions)).collect()
}

/// A configuration whose one model, `gpt`, costs so many dollars a million input tokens.
fn costing(upstream: &FakeUpstream, dollars: u32) -> String {
    let deployment = upstream.deployment("gpt", "one");
    format!("model_list:\n{}", deployment.replace("0.000001", &format!("0.00000{dollars}")))
}

async fn reload(app: &TestApp, yaml: &str) {
    std::fs::write(app.config_file(), yaml).unwrap();
    let reloaded = app.app.settings.reload().await;
    // A node that has just started looks once more by itself, and may have been quicker.
    assert!(!matches!(reloaded, Reloaded::Refused(_)), "{reloaded:?}");
}

fn model(upstream: &FakeUpstream, id: &str) -> Value {
    json!({"model_name": "new", "model_info": {"id": id}, "litellm_params": {"model": "openai/new-upstream",
        "api_base": upstream.base(), "api_key": "sk", "input_cost_per_token": 0.000001,
        "output_cost_per_token": 0.000002}})
}

async fn change(app: &TestApp, params: Value) {
    let body = json!({"model_info": {"id": "n1"}, "litellm_params": params});
    app.post("/model/update", body).expect_status(200).await;
}

#[tokio::test]
async fn a_changed_price_is_an_entry_the_former_one_stays_and_calls_keep_their_cost() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    app.post("/model/new", model(&upstream, "n1")).expect_status(200).await;
    app.post(CHAT, ask("new")).expect_status(200).await;
    app.advance(Duration::from_secs(3600));
    let dearer = json!({"input_cost_per_token": 0.000004, "input_cost_per_token_above_200k_tokens": 0.000008,
        "output_cost_per_token_batches": "0.000000000000001"});
    change(&app, dearer).await;
    app.post(CHAT, ask("new")).expect_status(200).await;
    // What is no price changes none.
    change(&app, json!({"rpm": 600})).await;
    app.post("/model/block", json!({"model_id": "n1"})).expect_status(200).await;
    app.settled().await;

    let history = entries(&app, "model_id=n1").await;
    assert_eq!(inputs(&history), [Some(4), Some(1)]);
    let [dearer, first] = &*history else { panic!("{history:?}") };
    assert_eq!((dearer.changed_by.as_deref(), dearer.source), (Some("default_user_id"), PriceSource::Database));
    assert_eq!(
        (&*dearer.model_name, &*dearer.provider, &*dearer.upstream_model, dearer.is_end),
        ("new", "openai", "new-upstream", false)
    );
    assert_eq!(dearer.prices["input_cost_per_token_above_200k_tokens"], 0.000008);
    assert_eq!(dearer.prices["output_cost_per_token_batches"], 1e-15);
    assert_eq!(dearer.prices.len(), 4);
    assert_eq!((dearer.effective_at - first.effective_at).num_seconds(), 3600);
    let logged = app.get("/spend/logs/v2?sort_order=asc").expect_status(200).await.value();
    let spent: Vec<_> = logged["data"].as_array().unwrap().iter().map(|call| call["spend"].as_f64().unwrap()).collect();
    assert_eq!((spent[0], spent.len()), (0.00005, 2));
    assert!(spent[1] > spent[0], "{spent:?}");

    app.post("/model/delete", json!({"id": "n1"})).expect_status(200).await;
    let all = entries(&app, "model=new").await;
    assert_eq!((all.len(), &all[1..]), (3, &*history));
    assert_eq!((all[0].is_end, all[0].prices.len(), all[0].changed_by.as_deref()), (true, 0, Some("default_user_id")));
    // One that comes back begins again.
    app.post("/model/new", model(&upstream, "n1")).expect_status(200).await;
    assert_eq!(inputs(&entries(&app, "model_id=n1").await), [Some(1), None, Some(4), Some(1)]);
}

#[tokio::test]
async fn a_restart_enters_what_changed_meanwhile_and_nothing_else() {
    let upstream = FakeUpstream::start();
    let app = TestApp::builder().config(&costing(&upstream, 1)).start().await;
    let first = entries(&app, "").await;
    assert_eq!(inputs(&first), [Some(1)]);
    assert_eq!((first[0].source, first[0].changed_by.as_deref()), (PriceSource::Config, None));
    app.post("/model/new", model(&upstream, "n1")).expect_status(200).await;
    let app = app.stop().await.start().await;
    assert_eq!(entries(&app, "").await.len(), 2);
    app.advance(Duration::from_secs(60));
    let app = app.stop().await.with_config(&costing(&upstream, 3)).start().await;
    let changed = entries(&app, "model=gpt").await;
    assert_eq!((inputs(&changed), &changed[1]), (vec![Some(3), Some(1)], &first[0]));
    assert_eq!(changed[0].effective_at, app.app.clock.now());
    // Back to what was, and gone.
    let app = app.stop().await.with_config(&costing(&upstream, 1)).start().await;
    assert_eq!(inputs(&entries(&app, "model=gpt").await), [Some(1), Some(3), Some(1)]);
    let other = format!("model_list:\n{}", upstream.deployment("other", "two"));
    let app = app.stop().await.with_config(&other).start().await;
    let gone = entries(&app, "model=gpt").await;
    assert_eq!((gone.len(), gone[0].is_end), (4, true));
    assert_eq!(entries(&app, "model=new").await.len(), 1, "the database has it still");
}

#[tokio::test]
async fn a_reload_enters_changes_renames_and_ends() {
    let upstream = FakeUpstream::start();
    let app = TestApp::builder().config(&costing(&upstream, 1)).start().await;
    for yaml in [costing(&upstream, 2), costing(&upstream, 2) + "litellm_settings: {drop_params: true}\n"] {
        reload(&app, &yaml).await;
        assert_eq!(inputs(&entries(&app, "").await), [Some(2), Some(1)]);
    }
    reload(&app, &costing(&upstream, 2).replace("model_name: gpt", "model_name: renamed")).await;
    let renamed = entries(&app, "model_id=one").await;
    assert_eq!((renamed.len(), &*renamed[0].model_name, &renamed[0].prices), (3, "renamed", &renamed[1].prices));
    reload(&app, &format!("model_list:\n{}", upstream.deployment("other", "two"))).await;
    let ended = entries(&app, "model_id=one").await;
    assert_eq!((ended.len(), ended[0].is_end, &*ended[0].model_name), (4, true, "renamed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_all_nodes_find_changed_is_entered_once() {
    let upstream = FakeUpstream::start();
    let first = TestApp::builder().config(&costing(&upstream, 1)).start().await;
    let (second, third) = tokio::join!(Box::pin(first.beside()), Box::pin(first.beside()));
    let nodes = [&first, &second, &third];
    for node in nodes {
        assert_eq!(inputs(&entries(node, "").await), [Some(1)]);
    }
    let yaml = costing(&upstream, 5);
    futures_util::future::join_all(nodes.map(|node| reload(node, &yaml))).await;
    for node in nodes {
        entries(node, "").await;
    }
    assert_eq!(inputs(&entries(&first, "").await), [Some(5), Some(1)]);
    // A change by one is not undone by others that have not heard of it yet.
    first.post("/model/new", model(&upstream, "n1")).expect_status(200).await;
    for dollars in [2, 3, 4] {
        second.post("/model/update", update(dollars)).expect_status(200).await;
        third.followed().await;
    }
    third.post("/model/delete", json!({"id": "n1"})).expect_status(200).await;
    for node in nodes {
        node.followed().await;
        entries(node, "").await;
    }
    assert_eq!(inputs(&entries(&first, "model_id=n1").await), [None, Some(4), Some(3), Some(2), Some(1)]);
}

fn update(dollars: u32) -> Value {
    let price = f64::from(dollars) / 1e6;
    json!({"model_info": {"id": "n1"}, "litellm_params": {"input_cost_per_token": price}})
}

#[tokio::test]
async fn nodes_that_differ_do_not_fill_the_history() {
    let upstream = FakeUpstream::start();
    let one = TestApp::builder().config(&costing(&upstream, 1)).start().await;
    entries(&one, "").await;
    let other = one.beside().await;
    reload(&other, &costing(&upstream, 2)).await;
    assert_eq!(inputs(&entries(&other, "").await), [Some(2), Some(1)]);
    // Each goes on as it is, whatever else changes.
    one.post("/model/new", model(&upstream, "n1")).expect_status(200).await;
    one.followed().await;
    assert_eq!(entries(&one, "model=gpt").await.len(), 2);
    // And where they begin anew all the time, most of it is left out.
    for _ in 0..20 {
        for dollars in [1, 2] {
            reload(&other, &costing(&upstream, dollars)).await;
        }
    }
    let looks_again = async {
        while other.app.models.waiting_prices().is_some_and(|(_, has_more)| has_more) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looks_again).await.unwrap();
    assert_eq!(page(&other, "model=gpt").await.total, 10);
    other.advance(Duration::from_secs(3601));
    reload(&other, &costing(&upstream, 7)).await;
    assert_eq!(inputs(&entries(&other, "model=gpt&page_size=1").await), [Some(7)]);
}

#[tokio::test]
async fn a_database_that_is_busy_stops_no_reload_and_is_told_later_since_when() {
    let upstream = FakeUpstream::start();
    let app = TestApp::builder().config(&costing(&upstream, 1)).start().await;
    entries(&app, "").await;
    app.new_key(json!({})).await;
    app.followed().await;
    let busy = db::begin(&app.app.db).await.unwrap();
    model_price::lock(&busy).await.unwrap();
    let since = app.app.clock.now();
    for dollars in [2, 3] {
        reload(&app, &costing(&upstream, dollars)).await;
        app.advance(Duration::from_secs(60));
    }
    let shown = app.get("/v1/model/info").expect_status(200).await.value();
    assert_eq!(shown["data"][0]["model_info"][INPUT], 0.000003);
    assert_eq!(page(&app, "").await.total, 1);
    busy.rollback().await.unwrap();
    let history = entries(&app, "").await;
    assert_eq!(inputs(&history), [Some(3), Some(2), Some(1)]);
    assert_eq!((history[1].effective_at, (history[0].effective_at - since).num_seconds()), (since, 60));
}

#[tokio::test]
async fn what_the_catalog_changes_and_what_an_upgrade_finds_are_entered_at_the_start() {
    let upstream = FakeUpstream::start();
    let yaml = format!(
        "model_list:\n  - {{model_name: mini, model_info: {{id: one}}, litellm_params: {{model: openai/gpt-4o-mini, \
         api_key: sk, api_base: \"{0}\"}}}}\n  - {{model_name: nobody, model_info: {{id: two}}, litellm_params: {{model: \
         hosted_vllm/nobody-knows, api_base: \"{0}\"}}}}\n",
        upstream.base()
    );
    let app = TestApp::builder().config(&yaml).start().await;
    app.post("/model/new", model(&upstream, "n1")).expect_status(200).await;
    let mini = entries(&app, "model=mini").await;
    assert_eq!((mini.len(), mini[0].source, mini[0].prices[INPUT]), (1, PriceSource::Catalog, 0.000_000_15));
    let nobody = entries(&app, "model=nobody").await;
    assert_eq!((nobody[0].source, nobody[0].prices.len()), (PriceSource::Unknown, 0));
    // As a version with another catalog entered it.
    let former =
        "UPDATE model_prices SET prices = '{\"input_cost_per_token\":\"0.0000002\"}' WHERE model_name = 'mini'";
    app.app.db.execute_unprepared(former).await.unwrap();
    let app = app.stop().await.start().await;
    let changed = entries(&app, "model=mini").await;
    assert_eq!((changed.len(), &changed[0].prices, changed[1].prices[INPUT]), (2, &mini[0].prices, 0.000_000_2));
    // As a version without a history left it.
    migrate_again(&app, "prices").await;
    let app = app.stop().await.start().await;
    let begun = entries(&app, "").await;
    assert_eq!(begun.len(), 3);
    let stored = begun.iter().find(|entry| entry.model_id == "n1").unwrap();
    assert_eq!((stored.source, stored.changed_by.as_deref()), (PriceSource::Database, None));
}

#[tokio::test]
async fn models_of_a_wildcard_have_a_price_each() {
    let upstream = FakeUpstream::start();
    let app = TestApp::start().await;
    let any = json!({"model_name": "openai/*", "model_info": {"id": "any"}, "litellm_params": {"model": "openai/*",
        "api_base": upstream.base(), "api_key": "sk"}});
    app.post("/model/new", any).expect_status(200).await;
    let mini = entries(&app, "model=openai/gpt-4o-mini").await;
    assert_eq!((mini.len(), &*mini[0].model_id, mini[0].source), (1, "any/openai/gpt-4o-mini", PriceSource::Catalog));
    assert_eq!(mini[0].prices[INPUT], 0.000_000_15);
    let all = page(&app, "provider=openai").await.total;
    assert!(all > 50, "{all}");
    let patch = json!({"model_info": {"id": "any"}, "litellm_params": {"input_cost_per_token": 0.000009}});
    app.post("/model/update", patch).expect_status(200).await;
    assert_eq!(inputs(&entries(&app, "model=openai/gpt-4o-mini").await), [Some(9), Some(0)]);
    app.post("/model/delete", json!({"id": "any"})).expect_status(200).await;
    assert!(entries(&app, "model=openai/gpt-4o-mini").await[0].is_end);
    assert_eq!(page(&app, "provider=openai").await.total, 3 * all);
}

#[tokio::test]
async fn the_list_is_narrowed_by_page_day_and_provider_and_read_by_people() {
    let upstream = FakeUpstream::start();
    let app = TestApp::with_upstream(&upstream).await;
    app.post("/model/new", model(&upstream, "n1")).expect_status(200).await;
    app.advance(Duration::from_secs(86_400));
    for dollars in [2, 3] {
        app.post("/model/update", update(dollars)).expect_status(200).await;
    }
    let all = entries(&app, "").await;
    assert_eq!(inputs(&all), [Some(3), Some(2), Some(1), Some(1)]);
    assert_eq!(inputs(&entries(&app, "start_date=2026-11-22").await), [Some(3), Some(2)]);
    assert_eq!(inputs(&entries(&app, "end_date=2026-11-21").await), [Some(1), Some(1)]);
    assert_eq!(entries(&app, "provider=anthropic").await, []);
    app.get("/spend/prices?start_date=yesterday").expect_status(422).await;
    let first = page(&app, "page_size=3").await;
    assert_eq!((first.total, first.total_pages), (4, 2));
    let second = page(&app, &format!("page_size=3&cursor={}", first.next_cursor.unwrap())).await;
    assert_eq!([first.prices, second.prices].concat(), all);
    assert_eq!((second.page, second.next_cursor), (2, None));

    for (name, role) in [("ada", UserRole::InternalUser), ("eve", UserRole::InternalUserViewer)] {
        add_user(&app, name, None, role, name).await;
        let seen: PricePage = app.sign_in(name, name).await.get("/spend/prices").expect_status(200).await.json();
        assert_eq!(inputs(&seen.prices), inputs(&all));
        assert!(seen.prices.iter().all(|entry| entry.changed_by.is_none()), "{seen:?}");
    }
    add_user(&app, "kim", None, UserRole::ProxyAdminViewer, "kim").await;
    let seen: PricePage = app.sign_in("kim", "kim").await.get("/spend/prices").expect_status(200).await.json();
    assert_eq!(seen.prices, all);
    let key = app.new_key(json!({})).await;
    app.bearer(&key).get("/spend/prices").expect_status(403).await;
    app.nobody().get("/spend/prices").expect_status(401).await;
}
