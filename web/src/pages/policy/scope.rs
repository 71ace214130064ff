//! The scopes that limit a call, each with what is left of its limits.

use leptos::prelude::*;
use tollgate_openapi::money::NanoUsd;
use tollgate_openapi::policy::{PolicyCheck, PolicyCheckKind};

use crate::app::use_session;
use crate::format;
use crate::pages::policy::words::{MODEL_SUFFIX, is_limit, kind_name, short_name};
use crate::ui::badge::{Badge, Tone};
use crate::ui::meter::{Budget, BudgetGauge, CountMeter};
use crate::url::encode;

/// What one entity allows, out of the checks of a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScopeLimits {
    /// `key`, `team`, …
    pub(crate) kind: String,
    pub(crate) id: String,
    /// The entity as people know it.
    pub(crate) name: String,
    pub(crate) budget: Option<Budget>,
    /// Limits by count: what is used, and the limit.
    counts: Vec<(PolicyCheckKind, f64, f64)>,
    /// What is said where the figures are not for the reader.
    hidden: Option<String>,
}

impl ScopeLimits {
    pub(crate) fn new(kind: &str, id: &str, name: &str) -> Self {
        let (kind, id, name) = (kind.to_owned(), id.to_owned(), name.to_owned());
        Self { kind, id, name, budget: None, counts: Vec::new(), hidden: None }
    }

    pub(crate) fn with_budget(self, budget: Option<Budget>) -> Self {
        Self { budget, ..self }
    }

    /// Is it the limits of `entity`, or of it for a single model?
    pub(crate) fn is_part_of(&self, entity: &Self) -> bool {
        self.kind.strip_suffix(MODEL_SUFFIX).unwrap_or(&self.kind) == entity.kind
    }

    fn add(&mut self, check: &PolicyCheck) {
        let (Some(limit), Some(used)) = (check.limit, check.used) else {
            self.hidden = Some(check.detail.clone());
            return;
        };
        if check.check != PolicyCheckKind::MaxBudget {
            self.counts.push((check.check, used, limit));
            return;
        }
        let money = |usd: f64| NanoUsd::from_usd(usd).unwrap_or_default();
        self.budget = Some(Budget {
            spent: money(used),
            reserved: money(check.reserved.unwrap_or_default()),
            max: Some(money(limit)),
            resets_at: check.resets_at,
            ..Budget::default()
        });
    }

    /// Something is used up, so that no call passes.
    fn is_exhausted(&self) -> bool {
        self.budget.as_ref().is_some_and(Budget::is_used_up) || self.counts.iter().any(|(_, used, limit)| used >= limit)
    }
}

/// The scopes among the checks, in their order, each once.
pub(crate) fn scopes_of(checks: &[PolicyCheck]) -> Vec<ScopeLimits> {
    let mut scopes: Vec<ScopeLimits> = Vec::new();
    for check in checks.iter().filter(|check| is_limit(check.check)) {
        let Some(kind) = check.scope.as_deref() else { continue };
        let (id, name) =
            (check.scope_id.as_deref().unwrap_or_default(), check.scope_name.as_deref().unwrap_or_default());
        let index = scopes.iter().position(|scope| scope.kind == kind && scope.id == id).unwrap_or(scopes.len());
        if index == scopes.len() {
            scopes.push(ScopeLimits::new(kind, id, name));
        }
        if let Some(scope) = scopes.get_mut(index) {
            scope.add(check);
        }
    }
    scopes
}

const fn count_name(kind: PolicyCheckKind) -> &'static str {
    match kind {
        PolicyCheckKind::RpmLimit => "Requests in the last minute",
        PolicyCheckKind::TpmLimit => "Tokens in the last minute",
        _ => "Calls in flight",
    }
}

/// One scope: whose limits, then each limit with what is left.
#[component]
pub(crate) fn Scope(
    limits: ScopeLimits,
    /// It is the one that is open already: nothing leads there.
    is_open: bool,
) -> impl IntoView {
    let is_exhausted = limits.is_exhausted();
    let ScopeLimits { kind, id, name, budget, counts, hidden } = limits;
    // The gateway is called what it is.
    let name = Some(name).filter(|name| !name.is_empty() && *name != kind);
    let counts = counts
        .into_iter()
        .map(|(kind, used, limit)| view! { <CountMeter label=count_name(kind) used=used limit=limit /> })
        .collect_view();
    view! {
        <li class="scope">
            <div class="scope-head">
                <h4>{kind_name(&kind)}</h4>
                {name.map(|name| named(&kind, &id, &name, is_open))}
                {is_exhausted.then(|| view! { <Badge tone=Tone::Bad text="Nothing left" /> })}
            </div>
            {budget.map(|budget| view! { <BudgetGauge budget=budget /> })}
            {counts}
            {hidden.map(|text| view! { <p class="muted">{format::sentence(&text)}</p> })}
        </li>
    }
}

/// The entity's name, which leads to its page where it has one that the reader may see.
fn named(kind: &str, id: &str, name: &str, is_open: bool) -> AnyView {
    let (short, title) = (short_name(name, id), name.to_owned());
    let sees_everything = use_session().sees_everything();
    let path = match kind {
        _ if is_open => None,
        "team" => Some("/ui/teams?team="),
        "user" if sees_everything => Some("/ui/users?user="),
        "organization" if sees_everything => Some("/ui/organizations?organization="),
        "customer" if sees_everything => Some("/ui/customers?customer="),
        "tag" if sees_everything => Some("/ui/tags?tag="),
        _ => None,
    };
    match path {
        Some(path) => {
            view! { <a class="ellipsis" title=title href=format!("{path}{}", encode(id))>{short}</a> }.into_any()
        }
        None => view! { <span class="muted ellipsis" title=title>{short}</span> }.into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(kind: &str, scope: Value, limit: Value, used: Value) -> PolicyCheck {
        serde_json::from_value(json!({"check": kind, "passed": true, "detail": "within it", "scope": scope,
            "scope_id": scope, "scope_name": scope, "limit": limit, "used": used, "reserved": null, "resets_at": null}))
        .unwrap()
    }

    #[test]
    fn checks_of_one_scope_stand_together_in_the_order_they_came() {
        let checks = [
            check("blocked", Value::Null, Value::Null, Value::Null),
            check("max_budget", json!("key"), json!(50.0), json!(12.5)),
            check("rpm_limit", json!("key"), json!(60), json!(60)),
            check("tpm_limit", json!("team"), json!(1000), json!(10)),
            check("max_budget", json!("gateway"), Value::Null, Value::Null),
        ];
        let scopes = scopes_of(&checks);
        let kinds: Vec<_> = scopes.iter().map(|scope| scope.kind.as_str()).collect();
        assert_eq!(kinds, ["key", "team", "gateway"]);
        assert_eq!(scopes[0].budget.as_ref().unwrap().left(), Some(NanoUsd(37_500_000_000)));
        assert!(scopes[0].is_exhausted());
        assert!(!scopes[1].is_exhausted());
        assert_eq!(scopes[2].hidden.as_deref(), Some("within it"));
    }
}
