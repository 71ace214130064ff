use serde_json::{Value, json};

use super::*;

fn check(json: Value) -> PolicyCheck {
    let mut whole = json!({"check": "max_budget", "passed": true, "detail": "", "scope": null, "scope_id": null,
        "scope_name": null, "limit": null, "used": null, "reserved": null, "resets_at": null});
    for (name, value) in json.as_object().unwrap() {
        whole[name] = value.clone();
    }
    serde_json::from_value(whole).unwrap()
}

fn answer(verdict: PolicyVerdict, kind: Option<&str>, checks: Vec<PolicyCheck>) -> PolicyExplanation {
    serde_json::from_value(json!({"verdict": verdict, "summary": "said by the server",
        "refusal": kind.map(|kind| json!({"status": 429, "type": kind, "message": "m"})),
        "estimate": checks.iter().any(|check| check.limit.is_some()).then(|| json!({"cost": 0.25, "input_tokens": 10, "output_tokens": 64, "usual_output_tokens": null, "output_limit": 20})),
        "checks": checks, "deployments": []}))
    .unwrap()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_700_000_000_000).unwrap()
}

#[test]
fn kinds_have_plain_names_and_unknown_ones_keep_theirs() {
    let named = ["key", "team_member", "key_model", "cost_center", "model"].map(kind_name);
    assert_eq!(named, ["Key", "Team member", "Key, this model", "Cost center", "Model"]);
}

#[test]
fn names_are_said_without_ids() {
    assert_eq!(short_name("search (5b1a)", "5b1a"), "search");
    assert_eq!(short_name("search (5b1a), model openai/o3", "5b1a/openai/o3"), "search, model openai/o3");
    assert_eq!(short_name("shop (sk-...wxyz)", "0a1b"), "shop (sk-...wxyz)");
    assert_eq!(short_name("gateway", "gateway"), "gateway");
}

#[test]
fn a_used_up_budget_says_whose_it_is_and_when_it_resets() {
    let team = check(json!({"passed": false, "scope": "team", "scope_name": "search", "limit": 50.0, "used": 50.0,
        "reserved": 0.0, "resets_at": now() + chrono::TimeDelta::days(3)}));
    assert_eq!(
        whom_to_ask(&team),
        "Ask an admin of the team's organization or an administrator of the gateway to raise the limit."
    );
    let answer = answer(PolicyVerdict::Refused, Some("budget_exceeded"), vec![team]);
    let said = verdict(&answer, now());
    assert_eq!(said, "No, the budget of the team search is used up: $50 of $50 is spent. It resets in 3 days.");
}

#[test]
fn what_decides_is_of_the_kind_that_refuses() {
    let budget = check(json!({"passed": false, "scope": "key", "limit": 1.0, "used": 0.5, "reserved": 0.0}));
    let tight = check(json!({"passed": false, "scope": "user", "limit": 1.0, "used": 0.9, "reserved": 0.0}));
    let rate = check(json!({"check": "rpm_limit", "passed": false, "scope": "gateway", "scope_name": "gateway",
        "limit": 10.0, "used": 10.0}));
    let checks = vec![budget, tight, rate];
    let money = answer(PolicyVerdict::Refused, Some("budget_exceeded"), checks.clone());
    assert_eq!(deciding(&money).unwrap().scope.as_deref(), Some("user"));
    let limited = answer(PolicyVerdict::Limited, None, checks.clone());
    assert_eq!(
        verdict(&limited, now()),
        "Yes, with a shorter answer of at most 20 tokens: the budget of the user affords no more."
    );
    let rates = answer(PolicyVerdict::Refused, Some("throttling_error"), checks);
    let said = verdict(&rates, now());
    assert_eq!(said, "No, the limit of the gateway is 10 requests a minute, and 10 were made in the last one.");
}

#[test]
fn a_key_that_may_not_call_says_so() {
    let checks = vec![
        check(json!({"check": "blocked", "passed": true})),
        check(json!({"check": "model_access", "passed": false})),
    ];
    let answer = answer(PolicyVerdict::Refused, Some("key_model_access_denied"), checks);
    assert_eq!(verdict(&answer, now()), "No, the key may not use this model.");
    let stopped = stopped_before_limits(&answer, now()).unwrap_or_default();
    assert!(
        stopped.starts_with("No call gets as far as these limits: the key may not use this model. Ask"),
        "{stopped}"
    );
}

#[test]
fn a_blocked_team_stops_the_keys_of_it() {
    let checks = vec![
        check(json!({"check": "blocked", "passed": true})),
        check(json!({"check": "blocked", "passed": false, "scope": "team", "scope_name": "search"})),
    ];
    let stopped = stopped_before_limits(&answer(PolicyVerdict::Refused, Some("auth_error"), checks), now());
    let expected = "No call gets as far as these limits: the team search is blocked. Ask an administrator of the gateway to unblock it.";
    assert_eq!(stopped.as_deref(), Some(expected));
}

#[test]
fn a_budget_that_affords_no_part_names_both_amounts() {
    let key = check(json!({"passed": false, "scope": "key", "scope_name": "checkout", "limit": 1.0, "used": 0.75,
        "reserved": 0.125}));
    let answer = answer(PolicyVerdict::Refused, Some("budget_exceeded"), vec![key]);
    assert_eq!(
        verdict(&answer, now()),
        "No, the budget of the key checkout has $0.13 of $1 left, which affords no useful part of the $0.25 it may cost."
    );
}

#[test]
fn hidden_figures_are_not_made_up() {
    let gateway = check(json!({"passed": false, "scope": "gateway", "check": "tpm_limit"}));
    let answer = answer(PolicyVerdict::Refused, Some("throttling_error"), vec![gateway]);
    assert_eq!(verdict(&answer, now()), "No, a limit of the gateway is reached.");
}
