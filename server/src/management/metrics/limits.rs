//! Limits by the minute of keys and teams that have metrics of their own, and what of them is used.

use metrics::{Label, gauge};

use super::float;
use crate::app::App;
use crate::counters::{Scope, Standing};
use crate::policy::{EntityKind, Limited, Policy};
use crate::telemetry::names;

/// Sets the gauges.
pub(super) fn read(app: &App) {
    for key in names::KEYS.all().iter().filter_map(|token| app.policy.known_key(token)) {
        let alias = key.key_alias.as_deref().unwrap_or("None").to_owned();
        let labels = vec![Label::new("hashed_api_key", key.token.to_string()), Label::new("api_key_alias", alias)];
        let names = ["litellm_api_key_rate_limit_allowed_metric", "litellm_api_key_rate_limit_used_metric"];
        read_limited(app, &key.account.whole, names, &labels);
        // What other nodes let through is known only together with a call.
        if !app.counters.is_shared() {
            read_models(app, &key, &labels);
        }
    }
    for team in names::TEAMS.all().iter().filter_map(|id| app.policy.known_entity(EntityKind::Team, id)) {
        let alias = team.alias().map_or_else(|| "None".to_owned(), |alias| alias.to_string());
        let labels = [Label::new("team", team.id.to_string()), Label::new("team_alias", alias)];
        let names = ["litellm_team_rate_limit_allowed_metric", "litellm_team_rate_limit_used_metric"];
        read_limited(app, &team.account.whole, names, &labels);
    }
}

fn read_limited(app: &App, limited: &Limited, [allowed, used]: [&'static str; 2], labels: &[Label]) {
    let (rpm, tpm) = (limited.limits.rpm, limited.limits.tpm);
    if rpm.is_none() && tpm.is_none() {
        return;
    }
    let standing = standing(app, &limited.scope(app.clock.now()));
    for (kind, limit, count) in [("requests", rpm, standing.requests), ("tokens", tpm, standing.tokens)] {
        let Some(limit) = limit else { continue };
        let mut labels = labels.to_vec();
        labels.push(Label::new("rate_limit_type", kind));
        gauge!(allowed, labels.clone()).set(float(limit));
        gauge!(used, labels).set(float(count));
    }
}

/// What is left this minute of a key's limits for single models: no more than what the key itself has left.
fn read_models(app: &App, key: &Policy, labels: &[Label]) {
    let own = left(app, &key.account.whole);
    for (model, limited) in &key.account.by_model {
        let of_model = left(app, limited);
        let names = ["litellm_remaining_api_key_requests_for_model", "litellm_remaining_api_key_tokens_for_model"];
        for ((name, own), of_model) in names.into_iter().zip(own).zip(of_model) {
            let Some(of_model) = of_model else { continue };
            let mut labels = labels.to_vec();
            labels.push(Label::new("model", model.clone()));
            gauge!(name, labels).set(float(own.unwrap_or(u64::MAX).min(of_model)));
        }
    }
}

/// Requests and tokens that are left this minute.
fn left(app: &App, limited: &Limited) -> [Option<u64>; 2] {
    let standing = standing(app, &limited.scope(app.clock.now()));
    let left = |limit: Option<u64>, used: u64| limit.map(|limit| limit.saturating_sub(used));
    [left(limited.limits.rpm, standing.requests), left(limited.limits.tpm, standing.tokens)]
}

fn standing(app: &App, scope: &Scope) -> Standing {
    app.counters.glance(std::slice::from_ref(scope)).into_iter().next().unwrap_or_default()
}
