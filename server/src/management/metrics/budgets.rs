//! What is left of budgets, of those that have metrics of their own and whose limits are in memory.

use std::sync::Arc;

use metrics::{Label, gauge};

use crate::app::App;
use crate::counters::{Scope, Standing};
use crate::policy::{Account, Entity, EntityKind, GATEWAY};
use crate::router::Router;
use crate::telemetry::names::{self, Names};

/// LiteLLM's names of what is left of a budget, of the budget, and of the time until it starts anew.
#[derive(Clone, Copy)]
struct Metrics {
    left: &'static str,
    max: &'static str,
    hours: &'static str,
}

macro_rules! metrics_of {
    ($kind:literal) => {
        Metrics {
            left: concat!("litellm_remaining_", $kind, "_budget_metric"),
            max: concat!("litellm_", $kind, "_max_budget_metric"),
            hours: concat!("litellm_", $kind, "_budget_remaining_hours_metric"),
        }
    };
}

/// Sets the gauges.
pub(super) fn read(app: &App, router: &Router) {
    for key in names::KEYS.all().iter().filter_map(|token| app.policy.known_key(token)) {
        let alias = text(key.key_alias.as_deref());
        let labels = vec![Label::new("hashed_api_key", key.token.to_string()), Label::new("api_key_alias", alias)];
        read_account(app, &key.account, Some((metrics_of!("api_key"), labels)));
    }
    read_kind(app, EntityKind::User, &names::USERS, metrics_of!("user"), &["user"]);
    read_kind(app, EntityKind::Team, &names::TEAMS, metrics_of!("team"), &["team", "team_alias"]);
    read_kind(app, EntityKind::Organization, &names::ORGANIZATIONS, metrics_of!("org"), &["org_id", "org_alias"]);
    read_kind(app, EntityKind::Customer, &names::CUSTOMERS, metrics_of!("customer"), &["end_user"]);
    for tag in known(app, EntityKind::Tag, names::TAGS.all()) {
        read_account(app, &tag.account, None);
    }
    let mut providers: Vec<Arc<str>> = router.deployments().iter().map(|one| Arc::clone(&one.provider_name)).collect();
    providers.sort_unstable();
    providers.dedup();
    for provider in known(app, EntityKind::Provider, providers) {
        read_account(app, &provider.account, None);
        if let Some((left, _, _)) = budget(app, &provider.account.whole.scope(app.clock.now())) {
            gauge!("litellm_provider_remaining_budget_metric", "api_provider" => provider.id.to_string()).set(left);
        }
    }
    if let Some(gateway) = app.policy.known_entity(EntityKind::Gateway, GATEWAY) {
        read_account(app, &gateway.account, None);
        if let Some((left, _, _)) = budget(app, &gateway.account.whole.scope(app.clock.now())) {
            gauge!("tollgate_gateway_remaining_budget_usd").set(left);
        }
    }
}

fn known(app: &App, kind: EntityKind, ids: Vec<Arc<str>>) -> impl Iterator<Item = Arc<Entity>> {
    ids.into_iter().filter_map(move |id| app.policy.known_entity(kind, &id))
}

fn read_kind(app: &App, kind: EntityKind, names: &Names, metrics: Metrics, labels: &[&'static str]) {
    for entity in known(app, kind, names.all()) {
        let values = [entity.id.to_string(), text(entity.alias().as_deref())];
        let labels = labels.iter().zip(values).map(|(name, value)| Label::new(*name, value)).collect();
        read_account(app, &entity.account, Some((metrics, labels)));
    }
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or("None").to_owned()
}

/// Of an entity, and its limits for single models: these have a share that is spent, and LiteLLM has no metrics of them.
fn read_account(app: &App, account: &Account, metrics: Option<(Metrics, Vec<Label>)>) {
    let now = app.clock.now();
    for limited in account.all().filter(|limited| limited.limits.max_budget.is_some()) {
        read_share(app, &limited.scope(now), &limited.name);
    }
    let scope = account.whole.scope(now);
    let (Some((metrics, labels)), Some((left, max, _))) = (metrics, budget(app, &scope)) else { return };
    gauge!(metrics.left, labels.clone()).set(left);
    gauge!(metrics.max, labels.clone()).set(max);
    if let Some(end) = scope.window_end {
        let left = (end - now).to_std().unwrap_or_default();
        gauge!(metrics.hours, labels).set(left.as_secs_f64() / 3600.0);
    }
}

/// What is left of the budget of `scope`, the budget, and the share of it that is spent.
fn budget(app: &App, scope: &Scope) -> Option<(f64, f64, f64)> {
    let max = scope.limits.max_budget?;
    let [Standing { spent, .. }] = app.counters.glance(std::slice::from_ref(scope)).try_into().ok()?;
    let (left, max, spent) = ((max - spent).to_usd(), max.to_usd(), spent.to_usd());
    // Of a budget of nothing, everything is spent.
    Some((left, max, if max > 0.0 { spent / max } else { 1.0 }))
}

fn read_share(app: &App, scope: &Scope, name: &str) {
    if let Some((_, _, share)) = budget(app, scope) {
        let labels = [("scope", scope.id.kind.to_owned()), ("id", scope.id.id.to_string()), ("name", name.to_owned())];
        gauge!("tollgate_budget_used_ratio", &labels).set(share);
    }
}
