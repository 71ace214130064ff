//! What the deployments in force cost, on its way into the history of prices.
//!
//! A change by the management API is entered in its own transaction. What a node finds changed in config.yaml or the
//! catalog waits in a bounded queue until a job has entered it: nothing that is put in force waits for the database. An
//! entry is made where the newest one of the deployment says something else, and one node after the other looks: what all
//! of them find changed is entered once. A node looks at all deployments when it starts, and later at those that change
//! there, so nodes that differ do not answer each other; where they start again and again, [`FOUND_MAX`] holds them back.

use std::collections::{HashMap, HashSet, VecDeque};
use std::iter;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use serde_json::{Map, Value};
use tokio::sync::Notify;

use super::LiveModels;
use crate::config::DeploymentConfig;
use crate::db::model_price::{self, CATALOG, CONFIG, DATABASE, Model, UNKNOWN};
use crate::db::{self, JsonMap, stored_time};
use crate::domain::price::Prices;
use crate::provider::catalog::Catalog;
use crate::router;

/// Changes that wait for the database; beyond, the newest takes the place of the one before it.
const WAITING_MAX: usize = 64;
/// Entries of one deployment that nodes make in [`FOUND_WITHIN`]; what is more waits until there is room. Nobody's prices
/// change so often: it is nodes with different configurations that start again and again.
const FOUND_MAX: i64 = 10;
/// The time in which these are counted.
const FOUND_WITHIN: TimeDelta = TimeDelta::hours(1);

/// What a deployment costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Price {
    model_id: String,
    model_name: String,
    provider: String,
    upstream_model: String,
    prices: Map<String, Value>,
    source: &'static str,
    /// What it was read from, where it is one of the database.
    row: Option<Arc<Row>>,
}

/// A row of the database, as it was.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    model_id: String,
    /// Those of a row that was changed since are others.
    sealed_params: String,
}

/// What deployments cost from a moment on.
#[derive(Debug)]
pub struct PricesInForce {
    at: DateTime<Utc>,
    prices: Arc<Vec<Price>>,
    /// The deployments whose prices may have changed; `None`: any.
    changed: Option<HashSet<String>>,
}

/// What waits to be entered.
#[derive(Debug, Default)]
pub(super) struct PriceQueue {
    last: Mutex<Option<Arc<Vec<Price>>>>,
    waiting: Mutex<VecDeque<Arc<PricesInForce>>>,
    has_more: Notify,
}

impl PriceQueue {
    /// Takes note of what is in force now.
    pub(super) fn note(&self, at: DateTime<Utc>, prices: Vec<Price>) {
        let mut last = self.last.lock();
        let mut changed = last.as_ref().map(|last| differing(last, &prices));
        if changed.as_ref().is_some_and(HashSet::is_empty) {
            return;
        }
        let prices = Arc::new(prices);
        *last = Some(Arc::clone(&prices));
        let mut waiting = self.waiting.lock();
        if waiting.len() >= WAITING_MAX {
            let before = waiting.pop_back().and_then(|before| before.changed.clone());
            changed = changed.zip(before).map(|(changed, before)| changed.into_iter().chain(before).collect());
        }
        waiting.push_back(Arc::new(PricesInForce { at: stored_time(at), prices, changed }));
        self.has_more.notify_one();
    }
}

/// The deployments of which the two say different things.
fn differing(former: &[Price], now: &[Price]) -> HashSet<String> {
    let (former, now) = (by_id(former), by_id(now));
    let ids = former.keys().chain(now.keys()).filter(|id| former.get(*id) != now.get(*id));
    ids.map(|id| (*id).to_owned()).collect()
}

fn by_id(prices: &[Price]) -> HashMap<&str, &Price> {
    prices.iter().map(|one| (one.model_id.as_str(), one)).collect()
}

impl LiveModels {
    /// The prices that have waited longest to be entered, and whether others wait behind them.
    #[must_use]
    pub fn waiting_prices(&self) -> Option<(Arc<PricesInForce>, bool)> {
        let waiting = self.prices.waiting.lock();
        waiting.front().map(|first| (Arc::clone(first), waiting.len() > 1))
    }

    /// These prices wait no more.
    pub fn forget_prices(&self, entered: &Arc<PricesInForce>) {
        let mut waiting = self.prices.waiting.lock();
        if waiting.front().is_some_and(|first| Arc::ptr_eq(first, entered)) {
            waiting.pop_front();
        }
    }

    /// Waits until there may be other prices to be entered.
    pub async fn other_prices(&self) {
        self.prices.has_more.notified().await;
    }

    /// Enters what the deployment `model_id` of the database costs from `at` on, in the transaction in which `changed_by`
    /// changes it. `None`: it is deleted.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn enter_price(
        &self,
        transaction: &DatabaseTransaction,
        (model_id, deployment): (&str, Option<DeploymentConfig>),
        (changed_by, at): (&str, DateTime<Utc>),
    ) -> Result<(), DbErr> {
        // What is in force is config.yaml's, whatever becomes of the row.
        if self.is_configured(model_id) {
            return Ok(());
        }
        let deployment = deployment.map(|one| DeploymentConfig { is_stored: true, ..one });
        let prices: Vec<Price> = deployment.iter().flat_map(|one| of_one(one, None)).collect();
        model_price::lock(transaction).await?;
        let newest = model_price::newest(transaction).await?;
        let others: HashSet<_> = self.router.deployments().iter().map(|one| one.id.to_string()).collect();
        let is_gone = |id: &str| id == model_id || is_of(id, model_id) && !others.contains(id);
        let mut entries = changes(&newest, prices.iter(), is_gone, at);
        entries.iter_mut().for_each(|entry| entry.changed_by = Some(changed_by.to_owned()));
        model_price::enter(transaction, entries).await
    }
}

/// Enters what a node has found changed, as of `now`, of its deployments and of those of `deferred`. Returns those that have
/// changed too often lately: they are to be entered later.
///
/// # Errors
/// When the database is away.
pub async fn enter_prices(
    db: &DatabaseConnection,
    in_force: &PricesInForce,
    deferred: &HashSet<String>,
    now: DateTime<Utc>,
) -> Result<HashSet<String>, DbErr> {
    let transaction = db::begin(db).await?;
    model_price::lock(&transaction).await?;
    let newest = model_price::newest(&transaction).await?;
    let rows = db::model::sealed_params(&transaction).await?;
    let is_meant =
        |id: &str| in_force.changed.as_ref().is_none_or(|changed| changed.contains(id)) || deferred.contains(id);
    // Whoever has changed a row since has entered its price.
    let is_current = |row: &Row| rows.get(&row.model_id) == Some(&row.sealed_params);
    let prices = in_force.prices.iter().filter(|one| is_meant(&one.model_id));
    let prices = prices.filter(|one| one.row.as_deref().is_none_or(is_current));
    let known: HashSet<_> = in_force.prices.iter().map(|one| one.model_id.as_str()).collect();
    // One of the database that is not served here may be elsewhere.
    let is_stored = |id: &str| rows.keys().any(|row| id == row || is_of(id, row));
    let is_gone = |id: &str| is_meant(id) && !known.contains(id) && !is_stored(id);
    let entries = changes(&newest, prices, is_gone, in_force.at);
    if entries.is_empty() {
        return Ok(HashSet::new());
    }
    let found = model_price::count_found(&transaction, stored_time(now - FOUND_WITHIN)).await?;
    let has_room = |entry: &Model| found.get(&entry.model_id).is_none_or(|count| *count < FOUND_MAX);
    let (entries, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(has_room);
    let (count, left_out) = (entries.len(), others.len());
    model_price::enter(&transaction, entries).await?;
    transaction.commit().await?;
    if count > 0 {
        tracing::info!(count, "prices of deployments have changed");
    }
    if left_out > 0 {
        tracing::warn!(left_out, "prices of deployments change too often: do all nodes have the same config.yaml?");
    }
    Ok(others.into_iter().map(|entry| entry.model_id).collect())
}

/// What these deployments cost, those of the database by these rows.
pub(super) fn of(deployments: &[DeploymentConfig], rows: &[db::model::Model]) -> Vec<Price> {
    let row = |one: &DeploymentConfig| {
        let row = rows.iter().find(|row| one.is_stored && row.model_id == one.id)?;
        Some(Arc::new(Row { model_id: row.model_id.clone(), sealed_params: row.sealed_params.clone() }))
    };
    // One that cannot be read here may be elsewhere.
    let readable = deployments.iter().filter(|one| !one.model.is_empty());
    readable.flat_map(|one| of_one(one, row(one))).collect()
}

/// What a deployment costs; of a pattern, what the models cost that are known to fit it, too.
fn of_one(one: &DeploymentConfig, row: Option<Arc<Row>>) -> Vec<Price> {
    let names = if one.is_pattern() { router::known_names(one) } else { Vec::new() };
    let named = names.iter().filter_map(|name| one.of_name(name));
    iter::once(price(one, row.clone())).chain(named.map(|one| price(&one, row.clone()))).collect()
}

fn price(one: &DeploymentConfig, row: Option<Arc<Row>>) -> Price {
    let prices = router::prices_of(one, Catalog::embedded());
    let is_own = one.mock_response.is_some() || one.prices != Prices::default();
    let source = match (&prices, is_own) {
        (None, _) => UNKNOWN,
        (Some(_), false) => CATALOG,
        (Some(_), true) if one.is_stored => DATABASE,
        (Some(_), true) => CONFIG,
    };
    let named = prices.map(|prices| prices.named()).unwrap_or_default();
    Price {
        model_id: one.id.clone(),
        model_name: one.model_name.clone(),
        provider: one.provider.map_or("mock", |provider| provider.as_str()).to_owned(),
        upstream_model: one.provider_model.clone(),
        prices: named.into_iter().map(|(name, rate)| (name, Value::from(rate.to_string()))).collect(),
        source,
        row,
    }
}

/// Whether this is the id of a model that a pattern serves.
fn is_of(id: &str, pattern: &str) -> bool {
    id.strip_prefix(pattern).is_some_and(|name| name.starts_with('/'))
}

/// The entries after which the newest say that these prices hold, and that others are gone.
fn changes<'p>(
    newest: &HashMap<String, Model>,
    prices: impl Iterator<Item = &'p Price>,
    is_gone: impl Fn(&str) -> bool,
    at: DateTime<Utc>,
) -> Vec<Model> {
    let (mut held, mut entries) = (HashSet::new(), Vec::new());
    for price in prices {
        let is_first = held.insert(price.model_id.as_str());
        let is_told = newest.get(&price.model_id).is_some_and(|known| price.is_told_by(known));
        if is_first && !is_told {
            entries.push(price.entry(at));
        }
    }
    let gone = newest.values().filter(|known| !held.contains(known.model_id.as_str()) && is_gone(&known.model_id));
    entries.extend(gone.map(|known| end(known, at)));
    entries
}

impl Price {
    fn is_told_by(&self, known: &Model) -> bool {
        self.model_name == known.model_name
            && self.provider == known.provider
            && self.upstream_model == known.upstream_model
            && self.prices == known.prices.0
            && self.source == known.source
    }

    fn entry(&self, at: DateTime<Utc>) -> Model {
        Model {
            id: 0,
            model_id: self.model_id.clone(),
            model_name: self.model_name.clone(),
            provider: self.provider.clone(),
            upstream_model: self.upstream_model.clone(),
            prices: JsonMap(self.prices.clone()),
            source: self.source.to_owned(),
            effective_at: at,
            is_end: false,
            changed_by: None,
        }
    }
}

fn end(known: &Model, at: DateTime<Utc>) -> Model {
    Model { effective_at: at, is_end: true, prices: JsonMap::default(), changed_by: None, ..known.clone() }
}
