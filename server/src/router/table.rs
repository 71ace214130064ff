//! The deployments as they are now, in groups by public name.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::deployment::Deployment;
use super::fastest::Search;
use super::patterns::Patterns;
use super::rules::Rules;

/// The deployments and what choices go by, replaced as a whole.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) rules: Rules,
    /// In the order of the configuration.
    pub(super) deployments: Vec<Arc<Deployment>>,
    pub(super) groups: HashMap<Arc<str>, Group, ahash::RandomState>,
    /// What other names may become deployments.
    pub(super) patterns: Arc<Patterns>,
    /// Names that did.
    met: Vec<Arc<str>>,
}

/// Names that patterns are asked for and remembered; one more, and all are forgotten.
const MET_MAX: usize = 500;

/// Deployments that share a public name.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// Those that can be called, cooling down or not.
    pub(super) callable: Vec<Arc<Deployment>>,
    /// Why the first of the others cannot be.
    pub(super) reason: Option<String>,
    /// How many there are, the others included.
    pub(super) size: usize,
    /// Some have an `order`.
    has_tiers: bool,
    pub(super) live: Arc<Live>,
}

/// What a group has learned, kept when the table is replaced.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) search: Search,
}

impl Table {
    /// What is known of deployments and groups that `former` has as well is kept.
    pub(super) fn new(models: Models, rules: Rules, former: Option<&Self>) -> Self {
        let Models { deployments, patterns } = models;
        let known: HashMap<&str, &Arc<Deployment>> =
            former.iter().flat_map(|table| &table.deployments).map(|one| (&*one.id, one)).collect();
        let keep = |mut one: Deployment| {
            if let Some(known) = known.get(&*one.id) {
                one.health = Arc::clone(&known.health);
            }
            Arc::new(one)
        };
        let configured: Vec<Arc<Deployment>> = deployments.into_iter().map(keep).collect();
        let (groups, met) = (HashMap::default(), Vec::new());
        let mut table = Self { rules, deployments: Vec::new(), groups, patterns: Arc::new(patterns), met };
        table.add(configured);
        for name in former.into_iter().flat_map(|former| &former.met) {
            if !table.groups.contains_key(name) {
                table.meet(Arc::clone(name), table.patterns.deployments(name).into_iter().map(keep).collect());
            }
        }
        for (name, group) in &mut table.groups {
            if let Some(known) = former.and_then(|table| table.groups.get(name)) {
                group.live = Arc::clone(&known.live);
            }
        }
        table
    }

    /// The same with the deployments that patterns have for `name`; `None` where none fits it.
    pub(super) fn with(&self, name: &str) -> Option<Self> {
        let made: Vec<Arc<Deployment>> = self.patterns.deployments(name).into_iter().map(Arc::new).collect();
        if made.is_empty() {
            return None;
        }
        let mut table = Self {
            rules: self.rules.clone(),
            deployments: self.deployments.clone(),
            groups: self.groups.clone(),
            patterns: Arc::clone(&self.patterns),
            met: self.met.clone(),
        };
        if table.met.len() >= MET_MAX {
            table.forget();
        }
        table.meet(Arc::from(name), made);
        Some(table)
    }

    fn meet(&mut self, name: Arc<str>, deployments: Vec<Arc<Deployment>>) {
        if !deployments.is_empty() {
            self.met.push(name);
            self.add(deployments);
        }
    }

    fn forget(&mut self) {
        for name in std::mem::take(&mut self.met) {
            self.groups.remove(&name);
            self.deployments.retain(|one| one.model_name != name);
        }
    }

    fn add(&mut self, deployments: Vec<Arc<Deployment>>) {
        for deployment in deployments {
            // A pattern is shown, and serves nothing by its own name.
            if !deployment.is_pattern() {
                let group = self.groups.entry(Arc::clone(&deployment.model_name)).or_default();
                group.size += 1;
                if deployment.unavailable.is_none() {
                    group.has_tiers |= deployment.order.is_some();
                    group.callable.push(Arc::clone(&deployment));
                } else if group.reason.is_none() {
                    group.reason.clone_from(&deployment.unavailable);
                }
            }
            self.deployments.push(deployment);
        }
    }
}

/// What a router serves.
#[derive(Debug, Default)]
pub struct Models {
    /// In the order of the configuration.
    pub deployments: Vec<Deployment>,
    /// What other names may become deployments.
    pub patterns: Patterns,
}

impl From<Vec<Deployment>> for Models {
    fn from(deployments: Vec<Deployment>) -> Self {
        Self { deployments, patterns: Patterns::default() }
    }
}

/// The deployments of a group that a call may be sent to now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready<'a> {
    pub(super) group: &'a Group,
    barred: &'a [Arc<Deployment>],
    /// The tier whose turn it is, where there are tiers.
    tier: Option<u32>,
    pub(super) now: Instant,
}

impl<'a> Ready<'a> {
    pub(super) fn new(group: &'a Group, barred: &'a [Arc<Deployment>], now: Instant) -> Self {
        let all = Self { group, barred, tier: None, now };
        let tier = if group.has_tiers { all.iter().filter_map(|one| one.order).min() } else { None };
        Self { tier, ..all }
    }

    /// Whether `one` may be called now.
    pub(super) fn has(&self, one: &Deployment) -> bool {
        (self.tier.is_none() || one.order == self.tier)
            && one.health.cooldown_left(self.now).is_none()
            && !is_barred(self.barred, one)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a Arc<Deployment>> {
        let ready = *self;
        self.group.callable.iter().filter(move |one| ready.has(one))
    }

    /// Of those that are not barred, the one that has cooled down soonest.
    pub(super) fn soonest(&self) -> Option<&'a Arc<Deployment>> {
        let untried = self.group.callable.iter().filter(|one| !is_barred(self.barred, one));
        untried.min_by_key(|one| one.health.cooldown_left(self.now))
    }
}

/// By id: after the table was replaced, a call may still bar what it knows from before.
fn is_barred(barred: &[Arc<Deployment>], one: &Deployment) -> bool {
    barred.iter().any(|other| Arc::ptr_eq(&other.health, &one.health))
}
