use super::*;
use crate::pages::limit::draft::model::ModelLimitDraft;
use tollgate_openapi::money::NanoUsd;

fn view() -> KeyView {
    serde_json::from_value(serde_json::json!({
        "token": "abc", "key_name": "sk-...wxyz", "key_alias": "search", "spend": 1.0, "total_spend": 2.0,
        "max_budget": 10.5, "soft_budget": null, "budget_duration": "monthly", "budget_reset_at": null,
        "models": ["demo"], "user_id": null, "team_id": null, "organization_id": null,
        "max_parallel_requests": null, "rpm_limit": 60, "tpm_limit": null, "metadata": {"a": 1}, "blocked": false,
        "expires": null, "last_used_at": null, "created_at": "2026-11-01T00:00:00Z", "created_by": null,
        "updated_at": "2026-11-01T00:00:00Z", "updated_by": null
    }))
    .unwrap()
}

#[test]
fn an_empty_draft_creates_a_key_without_limits() {
    assert_eq!(Draft::default().to_create().unwrap(), KeyCreate::default());
}

#[test]
fn every_field_arrives() {
    let draft = Draft {
        alias: " search ".to_owned(),
        models: vec!["demo".to_owned()],
        limits: LimitDraft {
            max_budget: "$1,000.50".to_owned(),
            soft_budget: "900".to_owned(),
            budget_duration: "30d".to_owned(),
            rpm: "60".to_owned(),
            tpm: "10,000".to_owned(),
            parallel: "0".to_owned(),
            models: vec![ModelLimitDraft {
                model: "demo".to_owned(),
                rpm: "5".to_owned(),
                ..ModelLimitDraft::default()
            }],
        },
        budget_id: "starter".to_owned(),
        duration: "24h".to_owned(),
        metadata: r#"{"team": "x"}"#.to_owned(),
    };
    let create = draft.to_create().unwrap();
    assert_eq!(create.key_alias.as_deref(), Some("search"));
    assert_eq!(create.max_budget, Some(NanoUsd(1_000_500_000_000)));
    assert_eq!(create.soft_budget, Some(NanoUsd(900_000_000_000)));
    assert_eq!(create.budget_duration.as_deref(), Some("30d"));
    assert_eq!(create.duration.as_deref(), Some("24h"));
    assert_eq!((create.rpm_limit, create.tpm_limit, create.max_parallel_requests), (Some(60), Some(10_000), Some(0)));
    assert_eq!(create.metadata["team"], "x");
    assert_eq!(create.other["budget_id"], "starter");
    assert_eq!(create.other["model_rpm_limit"], serde_json::json!({"demo": 5}));
    assert_eq!(create.other.len(), 2);
}

#[test]
fn each_wrong_field_is_named() {
    let draft = Draft {
        limits: LimitDraft {
            max_budget: "-1".to_owned(),
            rpm: "1.5".to_owned(),
            tpm: "many".to_owned(),
            parallel: "-2".to_owned(),
            ..LimitDraft::default()
        },
        metadata: "[1]".to_owned(),
        ..Draft::default()
    };
    let errors = draft.to_create().unwrap_err();
    let names: Vec<_> = errors.keys().map(String::as_str).collect();
    assert_eq!(names, ["max_budget", "max_parallel_requests", "metadata", "rpm_limit", "tpm_limit"]);
    let limits = LimitDraft { max_budget: "1e300".to_owned(), ..LimitDraft::default() };
    let absurd = Draft { limits, ..Draft::default() };
    assert!(absurd.to_create().is_err());
}

#[test]
fn an_unchanged_draft_patches_nothing() {
    let patch = Draft::from_view(&view()).to_patch(&view()).unwrap();
    let nothing = KeyPatch { key: Some("abc".to_owned()), ..KeyPatch::default() };
    assert_eq!(patch, nothing);
}

#[test]
fn a_patch_says_only_what_changed() {
    let before = Draft::from_view(&view());
    let draft = Draft {
        limits: LimitDraft { max_budget: String::new(), rpm: "120".to_owned(), ..before.limits.clone() },
        models: Vec::new(),
        duration: "7d".to_owned(),
        metadata: String::new(),
        ..before
    };
    let patch = draft.to_patch(&view()).unwrap();
    assert_eq!(
        serde_json::to_value(&patch).unwrap(),
        serde_json::json!({
            "key": "abc", "max_budget": null, "models": [], "rpm_limit": 120, "duration": "7d", "metadata": {}
        })
    );
}

#[test]
fn a_key_is_attached_to_a_budget_and_detached() {
    let attached = |id: &str| Draft { budget_id: id.to_owned(), ..Draft::from_view(&view()) };
    let patch = attached("starter").to_patch(&view()).unwrap();
    assert_eq!(serde_json::to_value(&patch).unwrap(), serde_json::json!({"key": "abc", "budget_id": "starter"}));
    let mut key = view();
    key.other.insert("budget_id".to_owned(), "starter".into());
    assert_eq!(Draft::from_view(&key).budget_id, "starter");
    let patch = attached("").to_patch(&key).unwrap();
    assert_eq!(serde_json::to_value(&patch).unwrap(), serde_json::json!({"key": "abc", "budget_id": null}));
}

#[test]
fn limits_of_single_models_are_cleared_with_their_last_row() {
    let mut key = view();
    key.other.insert("model_max_budget".to_owned(), serde_json::json!({"demo": 5.0}));
    let before = Draft::from_view(&key);
    assert_eq!(before.limits.models.len(), 1);
    let limits = LimitDraft { models: Vec::new(), ..before.limits.clone() };
    let patch = Draft { limits, ..before }.to_patch(&key).unwrap();
    assert_eq!(serde_json::to_value(&patch).unwrap(), serde_json::json!({"key": "abc", "model_max_budget": null}));
}
